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
    """Cuts a batch into pieces, grades them concurrently and puts the grades in order.

    At most `concurrency` pieces are under way, whatever the size of the batch and the number of
    batches; the others are not even made yet.
    """

    def __init__(self, call: GraderCall) -> None:
        super().__init__(call)
        self._turns = asyncio.Semaphore(call.concurrency)

    async def run(self, samples: Sequence[Sample]) -> list[Grade]:
        """See `Executor.run`."""
        grades: list[Grade | None] = [None] * len(samples)
        units = self.units(len(samples))

        async def grade_units() -> None:
            for unit in units:  # one iterator for all: each unit is taken once
                piece = samples[unit.start : unit.stop]
                async with self._turns:
                    grades[unit.start : unit.stop] = await self.run_piece(piece)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.call.concurrency, len(samples))):
                group.create_task(grade_units())
        return [grade for grade in grades if grade is not None]

    @abstractmethod
    async def run_piece(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade one piece, within the limits of the call; failures are grades too."""

    def units(self, total: int) -> Iterator[range]:
        """Cut a batch of `total` samples into the pieces that the grader is called with."""
        size = self.piece_size(total)
        return (range(start, min(start + size, total)) for start in range(0, total, size))

    def piece_size(self, total: int) -> int:
        """Return 1 for graders that grade one, an equal share of the concurrency for others."""
        return max(1, -(-total // self.call.concurrency)) if self.call.grader.is_batched() else 1


def default_executor(grader: Grader[object]) -> str:  # type: ignore[type-var]
    """Return the name of the executor that suits the grader."""
    if grader.isolation == "process":
        return "process"
    return "asyncio" if grader.is_async() else "thread"
