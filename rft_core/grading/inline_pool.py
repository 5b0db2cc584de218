"""Grades the chunks of a file in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rft_core.errors import UsageError
from rft_core.grading.chunks import Chunk, ChunkPool, ChunkWork, Result


class InlinePool(ChunkPool):
    """No workers but this process; graders still run on the executors that suit them."""

    def __init__(self, work: ChunkWork, workers: int) -> None:
        """Raise `UsageError` for more than one worker."""
        if workers != 1:
            raise UsageError(
                f"{workers} workers are asked for, but this executor grades in one process",
                hint="Use --executor process for more.",
            )
        self._work = work

    def map(self, chunks: Iterable[Chunk]) -> Iterator[Result]:
        """See `ChunkPool.map`."""
        with self._work.open() as grade:
            yield from map(grade, chunks)

    def close(self) -> None:
        """Do nothing: there are no workers."""
