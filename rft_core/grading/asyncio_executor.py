"""Runs async graders on the runner's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rft_core.grading.boundary import GraderCall, ainvoke
from rft_core.grading.executor import Executor
from rft_core.types import Grade, Sample


class AsyncioExecutor(Executor):
    """At most `concurrency` calls in flight; a call that passes its deadline is cancelled.

    The clock of a call starts when it gets its turn, not while it waits for one.
    """

    name: ClassVar[str] = "asyncio"

    def __init__(self, call: GraderCall) -> None:
        super().__init__(call)
        self._turns = asyncio.Semaphore(call.concurrency)

    async def run(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade all pieces of the batch concurrently."""
        pieces = [[samples[i] for i in unit] for unit in self.units(samples)]
        graded = await asyncio.gather(*(self._one(piece) for piece in pieces))
        return [grade for grades in graded for grade in grades]

    async def _one(self, samples: Sequence[Sample]) -> list[Grade]:
        timeout = None if self.call.timeout is None else self.call.timeout * len(samples)
        async with self._turns:
            try:
                async with asyncio.timeout(timeout):
                    return await ainvoke(self.call, samples)
            except TimeoutError:
                return [self.call.timed_out()] * len(samples)
