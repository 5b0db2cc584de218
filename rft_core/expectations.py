"""What a case expects of a grader: a score, a range, a rank or an outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from rft_core.errors import DatasetError

ExpectedOutcome: TypeAlias = Literal["not_applicable", "error"]

_SHAPES: Final = (
    "Write a number, the human score (1 and 0 for right and wrong), [low, high], "
    '{"higher_than": "another case"} or {"outcome": "not_applicable" or "error"}.'
)


@dataclass(frozen=True, slots=True)
class Within:
    """A score from `low` to `high`, inclusive."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class HigherThan:
    """A higher score than that of the case called `case`."""

    case: str

    def __str__(self) -> str:
        return f"more than case {self.case!r}"


@dataclass(frozen=True, slots=True)
class OutcomeIs:
    """No score: the grader does not apply to the item, or grading fails."""

    outcome: ExpectedOutcome

    def __str__(self) -> str:
        return self.outcome.replace("_", " ")


Expectation: TypeAlias = float | Within | HigherThan | OutcomeIs


def read_expectation(value: Any, where: str, bounds: tuple[float, float]) -> Expectation:
    """Return what the `expected` of a case stands for; scores lie in `bounds`, inclusive.

    Raises `DatasetError`.
    """
    if isinstance(value, list) and len(value) == 2:  # noqa: PLR2004 - low and high
        low, high = (_score(end, where, bounds) for end in value)
        if low > high:
            raise DatasetError(f"`expected` runs from {low:g} to {high:g}", where=where)
        return Within(low, high)
    if isinstance(value, dict):
        return _named(value, where)
    return _score(value, where, bounds)


def _named(value: Mapping[str, Any], where: str) -> Expectation:
    match value:
        case {"higher_than": str(name), **rest} if not rest:
            return HigherThan(name)
        case {"outcome": outcome, **rest} if not rest and outcome in get_args(ExpectedOutcome):
            return OutcomeIs(outcome)
    raise DatasetError(
        f"`expected` is not understood: {json.dumps(value)[:80]}", where=where, hint=_SHAPES
    )


def _score(value: Any, where: str, bounds: tuple[float, float]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DatasetError(
            f"`expected` is not a number but {json.dumps(value)[:40]}", where=where, hint=_SHAPES
        )
    low, high = bounds
    if not low <= value <= high:
        raise DatasetError(
            f"`expected` is {str(value)[:20]}, outside of {low:g} to {high:g}",
            where=where,
            hint="Scores are on the grader's scale, or on that of --human-range LOW HIGH.",
        )
    return float(value)
