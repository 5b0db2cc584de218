"""A batch in pieces: which are waiting, what becomes of those whose actor died."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from rft_core.grading.boundary import GraderCall
from rft_core.types import Grade, Sample

MAX_SAMPLES: Final = 256
"""A piece takes much longer than the millisecond that sending it costs, and is soon repeated."""
PIECES_PER_ACTOR: Final = 2
"""At least, so that actors end together."""


class Piece(NamedTuple):
    """Samples of a batch, by index, that are sent together; `attempt` counts from 0."""

    indexes: Sequence[int]
    attempt: int = 0


class Batch:
    """The pieces that wait for an actor, and the grades that have come."""

    def __init__(self, call: GraderCall, samples: Sequence[Sample], actors: int) -> None:
        self.call = call
        self._samples = samples
        self._grades: list[Grade | None] = [None] * len(samples)
        self._size = _piece_size(call, len(samples), actors)
        starts = range(0, len(samples), self._size)
        indexes = range(len(samples))
        self.waiting = deque(Piece(indexes[start : start + self._size]) for start in starts)

    def samples_of(self, piece: Piece) -> list[Sample]:
        """Return the samples of a piece."""
        return [self._samples[index] for index in piece.indexes]

    def set(self, piece: Piece, grades: Sequence[Grade]) -> None:
        """Note the grades of a piece."""
        for index, grade in zip(piece.indexes, grades, strict=True):
            self._grades[index] = grade

    def set_all(self, piece: Piece, grade: Grade) -> None:
        """Note one grade for all samples of a piece."""
        self.set(piece, [grade] * len(piece.indexes))

    def try_again(self, piece: Piece, grade: Grade) -> None:
        """Put back a piece whose actor died or did not answer.

        It is tried again as it is, since a lost node is no fault of it, and then sample by sample.
        What fails by itself then has `grade`.
        """
        if piece.attempt == 0:
            self.waiting.appendleft(Piece(piece.indexes, 1))
        else:
            self.take_apart(piece, grade)

    def take_apart(self, piece: Piece, grade: Grade) -> None:
        """Put back the samples of a piece one by one; what cannot be taken apart has `grade`."""
        if len(piece.indexes) == 1 or self.call.grader.whole_batches:
            self.set_all(piece, grade)
        else:
            self.waiting.extendleft(Piece((index,), 1) for index in reversed(piece.indexes))

    def fail_waiting(self, grade: Grade) -> None:
        """Note one grade for everything that still waits."""
        while self.waiting:
            self.set_all(self.waiting.popleft(), grade)

    def grades(self) -> list[Grade]:
        """Return the grades, when nothing waits any more."""
        return list(_present(self._grades))


def _present(grades: Sequence[Grade | None]) -> Iterator[Grade]:
    for grade in grades:
        assert grade is not None  # noqa: S101 - every piece got its grades
        yield grade


def _piece_size(call: GraderCall, total: int, actors: int) -> int:
    """Return how many samples a piece has.

    Batch graders get the pieces that they get from executors in this process.
    """
    if call.grader.whole_batches:
        return max(1, total)
    if call.grader.is_batched():
        return max(1, -(-total // call.concurrency))
    return max(1, min(MAX_SAMPLES, -(-total // (PIECES_PER_ACTOR * actors))))
