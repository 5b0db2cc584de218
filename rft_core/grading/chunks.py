"""Work that is cut into chunks, for files that are larger than a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

Chunk: TypeAlias = Any
"""What a worker is given: anything that pickles."""
Result: TypeAlias = Any
"""What a worker gives back: anything that pickles."""


class ChunkWork(Protocol):
    """What workers do. It is pickled, and opened once in every worker."""

    def open(self) -> AbstractContextManager[Callable[[Chunk], Result]]:
        """Return what turns a chunk into a result, for as long as the worker lives."""


class ChunkPool(ABC):
    """Workers that turn chunks into results."""

    @abstractmethod
    def map(self, chunks: Iterable[Chunk]) -> Iterator[Result]:
        """Yield the results in order.

        Chunks are taken from the iterable as workers become free, so memory holds a few per worker
        and not all of them. Raises what the work raised, and `RunError` if workers die on a chunk.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop the workers."""
