"""Grading cases several times, and holding the scores against what the cases expect."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal, TypeAlias

from rft_core.cases import Case, items_of
from rft_core.errors import DatasetError
from rft_core.expectations import Expectation, HigherThan, OutcomeIs, Within
from rft_core.testing.subject import Subject
from rft_core.types import Grade, GradeError, Sample

REPEATS: Final = 3
BATCH_CASES: Final = 64
"""What a training step grades by default: 8 completions of 8 items."""
TOLERANCE: Final = 0.005
"""So far a score may be from the number that a case expects."""

Slip: TypeAlias = Literal["false pass", "false fail"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case with one grade per repeat.

    It agrees if all of them are as expected. `slip` says if the completion passed though it was to
    fail, or the other way round, in one repeat at least.
    """

    case: Case
    grades: tuple[Grade, ...]
    agrees: bool
    slip: Slip | None

    @property
    def failed(self) -> bool:
        """Whether grading failed, and was not expected to."""
        wanted = self.case.expected == OutcomeIs("error")
        return not wanted and any(grade.outcome == "error" for grade in self.grades)

    @property
    def spread(self) -> float:
        """Return the largest difference between two scores."""
        scores = [grade.score for grade in self.grades if grade.score is not None]
        return max(scores) - min(scores) if scores else 0.0

    @property
    def is_steady(self) -> bool:
        """Whether all repeats came out the same."""
        return len({(grade.outcome, grade.score) for grade in self.grades}) == 1


def digest(cases: Sequence[Case]) -> str:
    """Return what tells these cases from others: 16 hexadecimal digits."""
    rows = [
        [one.id, one.item.id, one.item.messages, one.item.fields, one.completion, str(one.expected)]
        for one in cases
    ]
    text = json.dumps(rows, sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def grade_cases(
    subject: Subject,
    cases: Sequence[Case],
    repeats: int = REPEATS,
    on_graded: Callable[[int], object] = lambda _: None,
) -> list[CaseResult]:
    """Grade all cases several times, in a new order each time; `on_graded` hears of every few.

    Raises `DatasetError` for a case whose item the subject refuses, unless an error is expected.
    """
    refused = _refused(subject, cases)
    rounds = [_grade(subject, cases, refused, repeat, on_graded) for repeat in range(repeats)]
    threshold = pass_threshold(subject.score_range, cases)
    return [
        _result(case, tuple(one[case.id] for one in rounds), rounds, threshold) for case in cases
    ]


def pass_threshold(bounds: tuple[float, float], cases: Sequence[Case]) -> float:
    """Return the score from which a completion passes.

    That is the middle of the range or, where it has no ends, of the numbers that cases expect.
    """
    low, high = bounds
    if not math.isfinite(high - low):
        numbers = [number for case in cases for number in _numbers(case.expected)]
        low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    return (low + high) / 2


def _numbers(expected: Expectation) -> tuple[float, ...]:
    if isinstance(expected, Within):
        return expected.low, expected.high
    return (expected,) if isinstance(expected, float) else ()


def _refused(subject: Subject, cases: Sequence[Case]) -> dict[str, Grade]:
    """Return an error for each case whose item cannot be graded, which is as it expects."""
    refused: dict[str, Grade] = {}
    for case in cases:
        try:
            subject.check_item(case.item)
        except (ValueError, LookupError) as error:
            if case.expected != OutcomeIs("error"):
                raise DatasetError(
                    f"{subject.name!r} cannot grade this item: {error}",
                    where=case.where,
                    hint='Mend the item, or expect {"outcome": "error"}.',
                ) from None
            failure = GradeError("exception", str(error), subject.name, subject.distribution)
            refused[case.id] = Grade(error=failure)
    return refused


def _grade(
    subject: Subject,
    cases: Sequence[Case],
    refused: dict[str, Grade],
    repeat: int,
    on_graded: Callable[[int], object],
) -> dict[str, Grade]:
    grades = dict(refused)
    on_graded(len(refused))
    known = [case for case in cases if case.id not in refused]
    for batch in batches(known, repeat):
        found = subject.grade(fresh_samples(batch))
        grades |= {case.id: grade for case, grade in zip(batch, found, strict=True)}
        on_graded(len(batch))
    return grades


def batches(cases: Sequence[Case], repeat: int) -> Iterator[list[Case]]:
    """Yield the batches of a repeat: in the file's order first, then shuffled.

    An item's cases stay together as in training, for graders that compare completions of an item.
    """
    items = [[cases[place] for place in places] for places in items_of(list(cases))]
    if repeat:
        random = Random(repeat)  # noqa: S311 - the same order each time is what is wanted
        for item in items:
            random.shuffle(item)
        random.shuffle(items)
    batch: list[Case] = []
    for item in items:
        if batch and len(batch) + len(item) > BATCH_CASES:
            yield batch
            batch = []
        batch += item
    if batch:
        yield batch


def fresh_samples(cases: Sequence[Case]) -> list[Sample]:
    """Return samples on copies of the cases' items; no grade of another batch is kept for them."""
    items = {id(case.item): replace(case.item) for case in cases}
    return [Sample(items[id(case.item)], case.completion) for case in cases]


def _result(
    case: Case,
    grades: tuple[Grade, ...],
    rounds: Sequence[dict[str, Grade]],
    threshold: float,
) -> CaseResult:
    expected = case.expected
    if isinstance(expected, HigherThan):
        others = [one[expected.case] for one in rounds]
        agrees = all(map(_is_higher, grades, others))
        return CaseResult(case, grades, agrees, None)
    agrees = all(_is_as_expected(grade, expected) for grade in grades)
    return CaseResult(case, grades, agrees, None if agrees else _slip(expected, grades, threshold))


def _is_higher(grade: Grade, other: Grade) -> bool:
    return grade.score is not None and other.score is not None and grade.score > other.score


def _is_as_expected(grade: Grade, expected: float | Within | OutcomeIs) -> bool:
    if isinstance(expected, OutcomeIs):
        return grade.outcome == expected.outcome
    if grade.score is None:
        return False
    low, high = _ends(expected)
    slack = TOLERANCE if isinstance(expected, float) else 0.0
    return low - slack <= grade.score <= high + slack


def _ends(expected: float | Within) -> tuple[float, float]:
    return (expected.low, expected.high) if isinstance(expected, Within) else (expected, expected)


def _slip(
    expected: float | Within | OutcomeIs, grades: Sequence[Grade], threshold: float
) -> Slip | None:
    if isinstance(expected, OutcomeIs):
        return None
    low, high = _ends(expected)
    scores = [grade.score for grade in grades if grade.score is not None]
    if high < threshold and any(score >= threshold for score in scores):
        return "false pass"
    if low >= threshold and any(score < threshold for score in scores):
        return "false fail"
    return None
