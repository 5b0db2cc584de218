"""Runs async graders on the runner's event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import ClassVar

from rft_core.grading.boundary import ainvoke
from rft_core.grading.executor import PieceExecutor
from rft_core.types import Grade, Sample


class AsyncioExecutor(PieceExecutor):
    """At most `concurrency` calls in flight; a call that passes its deadline is cancelled.

    The clock of a call starts when it gets its turn, not while it waits for one.
    """

    name: ClassVar[str] = "asyncio"

    async def run_piece(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade a piece whose turn it is."""
        start = time.monotonic()
        try:
            async with asyncio.timeout(self.call.seconds_for(len(samples))):
                return await ainvoke(self.call, samples)
        except TimeoutError:
            return [self.call.timed_out()] * len(samples)
        finally:
            self.latencies.add(time.monotonic() - start)
