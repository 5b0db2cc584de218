"""Where graders run: the interface of executors, and which one a grader needs."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

from rft_core.errors import UsageError
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.grading.chunks import ChunkPool, ChunkWork
from rft_core.grading.latencies import Latencies
from rft_core.types import Grade, Sample


class Executor(ABC):
    """Runs the calls of one grader under its deadline and concurrency.

    One executor object is made per grader and lives as long as the run, so it may keep workers
    warm. `run` is called on the runner's event loop and must not block it.
    """

    name: ClassVar[str]

    def __init__(self, call: GraderCall) -> None:
        self.call = call
        self.latencies = Latencies()
        """Executors add every call to it."""

    @abstractmethod
    async def run(self, samples: Sequence[Sample]) -> list[Grade]:
        """Return one grade per sample, in order; failures are grades too, never exceptions."""

    def close(self) -> None:  # noqa: B027 - most executors keep no workers
        """Stop workers."""

    @classmethod
    def chunk_pool(cls, work: ChunkWork, workers: int) -> ChunkPool:
        """Return workers for whole rewards over the chunks of a file.

        Raises `UsageError` where the executor runs single graders only.
        """
        raise UsageError(f"executor {cls.name!r} does not grade files")


class PieceExecutor(Executor):
    """Cuts a batch into pieces, grades them concurrently and puts the grades in order."""

    async def run(self, samples: Sequence[Sample]) -> list[Grade]:
        """See `Executor.run`."""
        pieces = [[samples[i] for i in unit] for unit in self.units(samples)]
        graded = await asyncio.gather(*(self.run_piece(piece) for piece in pieces))
        return [grade for grades in graded for grade in grades]

    @abstractmethod
    async def run_piece(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade one piece, within the limits of the call; failures are grades too."""

    def units(self, samples: Sequence[Sample]) -> Iterator[range]:
        """Cut the batch into the pieces that the grader is called with.

        One sample for graders that grade one; equal shares of the concurrency for batch graders.
        """
        total = len(samples)
        size = -(-total // self.call.concurrency) if self.call.grader.is_batched() else 1
        return (range(start, min(start + size, total)) for start in range(0, total, max(size, 1)))


def default_executor(grader: Grader[object]) -> str:  # type: ignore[type-var]
    """Return the name of the executor that suits the grader."""
    if grader.isolation == "process":
        return "process"
    return "asyncio" if grader.is_async() else "thread"
