"""A spec's cases as rows: what was expected, and what they scored when it was published.

A page holds the first ones; more stand in a script of data, which the page's script turns into a
table with a filter. Cases are plain data that nobody has checked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from grader_registry.document import SharedSpec
from grader_registry.site.text import as_line, number, shorten, visible
from rft_core.testing.casework import TOLERANCE

ON_PAGE: Final = 25
"""So many cases stand on the page itself, which works without scripts."""
MAX_SHOWN: Final = 600
"""Characters of an item or a completion; the document has all."""


class CaseRow(NamedTuple):
    """A case; `state` is "as expected", "other than expected", "failed" or ""."""

    id: str
    item: str
    completion: str
    expected: str
    score: str
    state: str


def case_rows(spec: SharedSpec) -> list[CaseRow]:
    """Return all cases of a spec, in their order."""
    scores: Sequence[Any] = spec.scores or [""] * len(spec.cases)
    by_id = {str(case.get("id")): score for case, score in zip(spec.cases, scores, strict=True)}
    return [
        _row(place, case, score, by_id)
        for place, (case, score) in enumerate(zip(spec.cases, scores, strict=True), start=1)
    ]


def case_name(place: int, case: dict[str, Any]) -> str:
    """Return what a case is called, as `rft_core.cases` calls it."""
    name = case.get("id")
    return f"line {place}" if name is None else str(name)


def _row(place: int, case: dict[str, Any], score: Any, by_id: dict[str, Any]) -> CaseRow:
    expected = case.get("expected")
    row = CaseRow(
        case_name(place, case),
        _item(case.get("item")),
        told(case.get("completion")),
        _expectation(expected),
        score_text(score),
        _state(expected, score, by_id),
    )
    return CaseRow(*(visible(shorten(text, MAX_SHOWN)) for text in row))


def _item(item: Any) -> str:
    """Return an item without what the row says already: one text as it is, else JSON."""
    if isinstance(item, dict):
        item = {key: value for key, value in item.items() if key != "id"} or item
        if len(item) == 1:
            (item,) = item.values()
    return told(item)


def told(value: Any) -> str:
    """Return text as it is, and anything else as JSON."""
    return value if isinstance(value, str) else as_line(value)


def score_text(score: Any) -> str:
    """Return a published score in words."""
    if score is None:
        return "not applicable"
    return score if isinstance(score, str) else number(score)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _expectation(expected: Any) -> str:
    match expected:
        case [low, high] if _is_number(low) and _is_number(high):
            return f"{number(low)} to {number(high)}"
        case {"higher_than": str(name)}:
            return f"more than case {name}"
        case {"outcome": str(outcome)}:
            return outcome.replace("_", " ")
    return number(expected) if _is_number(expected) else told(expected)


def _state(expected: Any, score: Any, by_id: dict[str, Any]) -> str:
    """Return how a case came out; "" where that is not known."""
    if score == "":
        return ""
    wanted = _wanted(expected, score, by_id)
    if wanted is None:
        return "failed" if score == "error" else ""
    if wanted:
        return "as expected"
    return "failed" if score == "error" else "other than expected"


def _wanted(expected: Any, score: Any, by_id: dict[str, Any]) -> bool | None:
    """Return whether the score is what was expected, None where that cannot be told."""
    match expected:
        case {"outcome": "error"}:
            return bool(score == "error")
        case {"outcome": "not_applicable"}:
            return score is None
        case [low, high] if _is_number(low) and _is_number(high):
            return _is_number(score) and low <= score <= high
        case {"higher_than": str(name)}:
            other = by_id.get(name)
            return score > other if _is_number(score) and _is_number(other) else None
    if not _is_number(expected):
        return None
    return _is_number(score) and abs(expected - score) <= TOLERANCE


def data_script(rows: Sequence[CaseRow]) -> str:
    """Return a script that hands all rows to the page's. It is ASCII and holds no markup."""
    text = json.dumps(rows, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return f"window.rftCases={text};\n"
