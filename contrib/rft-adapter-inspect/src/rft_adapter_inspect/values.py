"""From Inspect's scores to grades."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from inspect_ai.scorer import Score

from rft_core.types import Grade

WORTH: Final[Mapping[str, float | None]] = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""As Inspect's metrics have it: correct, partial, incorrect, no answer."""
SHOWN_CHARS: Final = 300

_BOOLEANS: Final = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


class UnscoredError(Exception):
    """The scorer says that it could not score, or its value says nothing."""


def grade_of(score: Score | None, worth: Mapping[str, float | None], key: str | None) -> Grade:
    """Return the grade that a score means; none is "not applicable".

    Raises `UnscoredError` for NaN, which is how Inspect marks what could not be scored, and for
    values that are no score.
    """
    if score is None:
        return Grade(None, "the scorer returned no score")
    value, metrics = _chosen(score.value, key)
    number = None if value is None else _number(value, worth, score)
    return Grade(number, None if number == 1 else _reason(score), metrics)


def _chosen(value: Any, key: str | None) -> tuple[Any, dict[str, float]]:
    """Return the value to be graded by, and the numbers beside it."""
    if not isinstance(value, Mapping):
        if key is not None:
            raise UnscoredError(f"there is no value {key!r}: the scorer returned {value!r}")
        return value, {}
    if key is None or key not in value:
        names = ", ".join(map(repr, value))
        raise UnscoredError(f"the scorer returned several values; set `key` to one of {names}")
    numbers = {name: other for name, other in value.items() if name != key}
    return value[key], {
        name: float(other)
        for name, other in numbers.items()
        if isinstance(other, int | float) and math.isfinite(other)
    }


def _number(value: Any, worth: Mapping[str, float | None], score: Score) -> float | None:
    if isinstance(value, str):
        return _worth(value, worth)
    if not isinstance(value, int | float):
        raise UnscoredError(f"the scorer returned {value!r}, which is no score")
    if math.isnan(value):
        details = filter(None, (score.reason, score.explanation))
        raise UnscoredError(": ".join(("unscored", *details))[:SHOWN_CHARS])
    return float(value)


def _worth(value: str, worth: Mapping[str, float | None]) -> float | None:
    if value in worth:
        return worth[value]
    if value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UnscoredError(f"the scorer returned {value!r}; say in `values` what it is worth")
    return number


def _reason(score: Score) -> str | None:
    said = (score.reason, score.answer and f"answer {score.answer!r}", score.explanation)
    return "; ".join(filter(None, said))[:SHOWN_CHARS] or None
