"""Runs async graders on the runner's event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import ClassVar, Final

from rft_core.grading.boundary import ainvoke
from rft_core.grading.executor import PieceExecutor
from rft_core.types import Grade, Sample

SECONDS_TO_CLEAN_UP: Final = 1.0
"""So long a cancelled call may take to end; after that it is abandoned."""


class AsyncioExecutor(PieceExecutor):
    """At most `concurrency` calls in flight; a call that passes its deadline is cancelled.

    The clock of a call starts when it gets its turn, not while it waits for one. Each call is a
    task of its own, so that one that will not be cancelled (a bare `except` around a retry) holds
    up nobody.
    """

    name: ClassVar[str] = "asyncio"

    async def run_piece(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade a piece whose turn it is."""
        start = time.monotonic()
        task = asyncio.create_task(ainvoke(self.call, samples))
        task.add_done_callback(_look_at_failure)
        try:
            await asyncio.wait({task}, timeout=self.call.seconds_for(len(samples)))
            in_time = task.done()
        finally:
            task.cancel()  # does nothing to one that is done
            self.latencies.add(time.monotonic() - start)
        if in_time:
            return task.result()
        await asyncio.wait({task}, timeout=SECONDS_TO_CLEAN_UP)
        return [self.call.timed_out()] * len(samples)


def _look_at_failure(task: asyncio.Task[list[Grade]]) -> None:
    """Take the exception of a call that was given up, which asyncio would complain about."""
    if not task.cancelled():
        task.exception()
