"""Grading every case several times, in a new order each time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rft_core.cases import Case, items_of
from rft_core.errors import DatasetError
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GraderRunner, GradingLoop
from rft_core.types import Grade, Sample

SEED: Final = 42
BATCH_CASES: Final = 64
"""What a training step grades by default: 8 completions of 8 items."""
PIECE_CASES: Final = 8
"""Times the concurrency: so many cases are graded between two signs of progress."""
DIGITS: Final = 12
"""Scores are rounded to so many, lest 0.1 + 0.2 and 0.3 are ranked."""

Range = tuple[float, float]


@dataclass(frozen=True)
class GradedCase:
    """A case with one grade per repeat; `places` is where in its batch it stood each time.

    `human` and `scores` run from 0 to 1; a score is None where the outcome is not "graded".
    """

    case: Case
    human: float
    grades: tuple[Grade, ...]
    places: tuple[int, ...]
    scores: tuple[float | None, ...]

    @property
    def known(self) -> list[float]:
        """The scores that are there."""
        return [score for score in self.scores if score is not None]

    @property
    def mean(self) -> float | None:
        """The mean score over the repeats, None if there is none."""
        known = self.known
        return round(statistics.fmean(known), DIGITS) if known else None


def check_cases(call: GraderCall, cases: Sequence[Case]) -> None:
    """Raise `DatasetError` for the first case whose item the grader cannot grade."""
    for case in cases:
        try:
            call.grader.check_item(case.item)
        except (ValueError, LookupError) as error:
            raise DatasetError(
                f"grader {call.key!r} cannot grade this item: {error}", where=case.where
            ) from None


def grade_cases(
    call: GraderCall,
    cases: list[Case],
    human_range: Range,
    repeats: int,
    on_graded: Callable[[int], object] = lambda _: None,
) -> list[GradedCase]:
    """Grade all cases `repeats` times as a run would; `on_graded` hears of every few."""
    fresh = replace(call, grader=call.grader.without_memory())
    try:
        rounds = list(_rounds(fresh, cases, repeats, on_graded))
    finally:
        if fresh.grader is not call.grader:
            call.grader.close()
    results = []
    for index, case in enumerate(cases):
        grades = tuple(one[index][0] for one in rounds)
        scores = tuple(_scaled(grade.score, call.grader.score_range) for grade in grades)
        places = tuple(one[index][1] for one in rounds)
        expected = case.expected if isinstance(case.expected, int | float) else None
        human = _scaled(expected, human_range) or 0.0
        results.append(GradedCase(case, human, grades, places, scores))
    return results


def _rounds(
    call: GraderCall, cases: list[Case], repeats: int, on_graded: Callable[[int], object]
) -> Iterator[dict[int, tuple[Grade, int]]]:
    """Yield, for each repeat, every case's grade and its place in its batch."""
    samples = [Sample(case.item, case.completion) for case in cases]
    runner = make_runner(call)
    with GradingLoop() as loop:
        try:
            for repeat in range(repeats):
                found: dict[int, tuple[Grade, int]] = {}
                for batch in batches(cases, repeat, whole=not call.grader.is_batched()):
                    grades = _grade(loop, runner, [samples[i] for i in batch], on_graded)
                    places = enumerate(zip(batch, grades, strict=True))
                    found |= {index: (grade, place) for place, (index, grade) in places}
                yield found
        finally:
            runner.close()


def _grade(
    loop: GradingLoop,
    runner: GraderRunner,
    batch: Sequence[Sample],
    on_graded: Callable[[int], object],
) -> list[Grade]:
    """Grade a batch; in pieces for the sake of progress, where the grader does not see it."""
    call = runner.call
    size = len(batch) if call.grader.is_batched() else PIECE_CASES * call.concurrency
    grades: list[Grade] = []
    for start in range(0, len(batch), size):
        grades += loop.call(runner.run(batch[start : start + size]))
        on_graded(len(grades) - start)
    return grades


def batches(cases: list[Case], repeat: int, *, whole: bool) -> Iterator[list[int]]:
    """Yield the batches of a repeat, as places of cases; one batch if `whole`.

    The order of items and of the cases in an item differs from repeat to repeat. An item's cases
    stay together as they do in training, for graders that compare completions of one item.
    """
    shuffle = np.random.default_rng([SEED, repeat]).permutation
    items = list(items_of(cases))
    batch: list[int] = []
    for number in shuffle(len(items)):
        item = [int(index) for index in shuffle(items[number])]
        if batch and not whole and len(batch) + len(item) > BATCH_CASES:
            yield batch
            batch = []
        batch += item
    yield batch


def _scaled(score: float | None, bounds: Range) -> float | None:
    """Return a score on the scale from 0 to 1; as it is where the range has no end."""
    if score is None:
        return None
    low, high = bounds
    if not math.isfinite(high - low) or high == low:
        return score
    return round((score - low) / (high - low), DIGITS)
