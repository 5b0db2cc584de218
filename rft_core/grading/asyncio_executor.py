"""Runs async graders on the runner's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rft_core.grading.boundary import GraderCall, ainvoke
from rft_core.grading.executor import PieceExecutor
from rft_core.types import Grade, Sample


class AsyncioExecutor(PieceExecutor):
    """At most `concurrency` calls in flight; a call that passes its deadline is cancelled.

    The clock of a call starts when it gets its turn, not while it waits for one.
    """

    name: ClassVar[str] = "asyncio"

    def __init__(self, call: GraderCall) -> None:
        super().__init__(call)
        self._turns = asyncio.Semaphore(call.concurrency)

    async def run_piece(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade a piece when it gets its turn."""
        timeout = self.call.seconds_for(len(samples))
        async with self._turns:
            try:
                async with asyncio.timeout(timeout):
                    return await ainvoke(self.call, samples)
            except TimeoutError:
                return [self.call.timed_out()] * len(samples)
