"""Runs sync graders in the event loop's own thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from rft_core.grading.boundary import invoke, sample_function
from rft_core.grading.chunks import ChunkPool, ChunkWork
from rft_core.grading.executor import Executor
from rft_core.grading.inline_pool import InlinePool
from rft_core.types import Grade, Sample


class InlineExecutor(Executor):
    """Calls the grader where it stands: no thread, no deadline, one sample after the other.

    For cheap graders that are trusted to return: while one grades, every other grader of the run
    waits, and one that hangs, hangs the run. A task file has to ask for it.
    """

    name: ClassVar[str] = "inline"

    @classmethod
    def chunk_pool(cls, work: ChunkWork, workers: int) -> ChunkPool:
        """See `Executor.chunk_pool`."""
        return InlinePool(work, workers)

    async def run(self, samples: Sequence[Sample]) -> list[Grade]:
        """See `Executor.run`."""
        return self._as_one(samples) if self.call.grader.is_batched() else self._by_sample(samples)

    def _as_one(self, samples: Sequence[Sample]) -> list[Grade]:
        if not samples:
            return []
        start = time.monotonic()
        grades = invoke(self.call, samples)
        self.latencies.add(time.monotonic() - start)
        return grades

    def _by_sample(self, samples: Sequence[Sample]) -> list[Grade]:
        grade, now = sample_function(self.call), time.monotonic
        grades, seconds = [], []
        start = now()
        for sample in samples:
            grades.append(grade(sample))
            end = now()
            seconds.append(end - start)
            start = end
        self.latencies.extend(seconds)
        return grades
