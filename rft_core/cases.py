"""Cases: completions with what people expect of a grader, to hold it against.

A case is one line of a JSONL file:

    {"id": "c1", "item": {"id": "q1", "question": "…"}, "completion": "…", "expected": 0.5}

`item` is a row as in a dataset. Cases whose items have one `id`, or are equal where they have none,
are completions of one item. `expected` is a score, or one of the forms in `expectations`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rft_core.errors import DatasetError
from rft_core.expectations import Expectation, HigherThan, read_expectation
from rft_core.suggest import did_you_mean
from rft_core.task.data import Row, make_items, read_jsonl
from rft_core.types import Item

_REQUIRED: Final = ("item", "completion", "expected")
_KEYS: Final = frozenset({"id", *_REQUIRED})
_SHAPE: Final = 'A case is {"item": {…}, "completion": "…", "expected": 0.5}.'


@dataclass(frozen=True, slots=True)
class Case:
    """A completion of an item and what people expect of a grader: a score on their own scale, say.

    `where` is `file:line`. A case without `id` is named after its line.
    """

    id: str
    item: Item
    completion: str
    expected: Expectation
    where: str


def read_cases(path: Path, expected_range: tuple[float, float] = (0.0, 1.0)) -> list[Case]:
    """Return the cases of a JSONL file, at least one; scores lie in the range, inclusive.

    Raises `DatasetError` with file and line.
    """
    reader = _Reader(expected_range)
    cases = [reader.case(row) for row in read_jsonl(path)]
    if not cases:
        raise DatasetError("the file has no cases", where=str(path), hint=_SHAPE)
    _check_comparisons(cases)
    return cases


def read_scored_cases(path: Path, expected_range: tuple[float, float] = (0.0, 1.0)) -> list[Case]:
    """Return the cases of a file in which every `expected` is a score. Raises `DatasetError`."""
    cases = read_cases(path, expected_range)
    for case in cases:
        if not isinstance(case.expected, float):
            raise DatasetError(
                f"`expected` is {case.expected}, no score",
                where=case.where,
                hint="Calibration compares scores with scores: write what people gave, a number.",
            )
    return cases


def _check_comparisons(cases: list[Case]) -> None:
    """Refuse comparisons with cases that are not there, or with themselves."""
    names = [case.id for case in cases]
    for case in cases:
        if not isinstance(case.expected, HigherThan):
            continue
        other = case.expected.case
        if other == case.id:
            raise DatasetError("a case cannot be higher than itself", where=case.where)
        if other not in names:
            raise DatasetError(
                f"there is no case {other!r}", where=case.where, hint=did_you_mean(other, names)
            )


class _Reader:
    """Reads rows one by one and knows what was there before."""

    def __init__(self, expected_range: tuple[float, float]) -> None:
        self._range = expected_range
        self._places: dict[str, str] = {}
        """Where each case's id was first."""
        self._items: dict[str, tuple[str, str, Item]] = {}
        """Text, place and item, by the item's id, or by its text where it has none."""

    def case(self, row: Row) -> Case:
        """Return the row's case. Raises `DatasetError`."""
        _check_keys(row)
        completion = row.data["completion"]
        if not isinstance(completion, str):
            raise DatasetError(
                "`completion` is not text",
                where=row.where,
                hint="Write what the model answered as a string, JSON answers too.",
            )
        return Case(
            self._identifier(row),
            self._item(row),
            completion,
            read_expectation(row.data["expected"], row.where, self._range),
            row.where,
        )

    def _identifier(self, row: Row) -> str:
        given = _name(row.data.get("id"), "id", row.where)
        name = f"line {_line(row)}" if given is None else given
        if name in self._places:
            raise DatasetError(
                f"the id {name!r} is there twice, first at {self._places[name]}",
                where=row.where,
                hint="Give each case an id of its own, or none. `item.id` may repeat.",
            )
        self._places[name] = row.where
        return name

    def _item(self, row: Row) -> Item:
        """Return the item; completions of one item share one object."""
        data = row.data["item"]
        if not isinstance(data, dict):
            raise DatasetError(
                "`item` is not an object",
                where=row.where,
                hint="It is a row as in a dataset, with the keys that the grader reads.",
            )
        text = json.dumps(data, sort_keys=True)
        name = _name(data.get("id"), "item.id", row.where)
        key = text if name is None else f"id {name}"
        if key not in self._items:
            made = _make_item(row.where, data, name or f"item of line {_line(row)}")
            self._items[key] = (text, row.where, made)
        known, where, item = self._items[key]
        if known != text:
            raise DatasetError(
                f"item {name!r} differs from the one at {where}",
                where=row.where,
                hint="Completions of one item repeat its row; other items need other ids.",
            )
        return item


def _check_keys(row: Row) -> None:
    for key in row.data.keys() - _KEYS:
        raise DatasetError(
            f"a case has no key {key!r}",
            where=row.where,
            hint=did_you_mean(key, _KEYS),
        )
    missing = [key for key in _REQUIRED if key not in row.data]
    if missing:
        names = ", ".join(f"`{key}`" for key in missing)
        raise DatasetError(f"the case has no {names}", where=row.where, hint=_SHAPE)


def _line(row: Row) -> str:
    return row.where.rpartition(":")[2]


def _name(value: Any, key: str, where: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DatasetError(f"`{key}` is neither text nor a whole number", where=where)
    return str(value)


def _make_item(where: str, data: Mapping[str, Any], name: str) -> Item:
    # A grader may do without the prompt, so a row without messages has none here.
    templates = None if "messages" in data else ()
    (located,) = make_items([Row(where, {**data, "id": name})], templates, {})
    return located.item


def items_of(cases: list[Case]) -> Iterator[list[int]]:
    """Yield, for each item, the places of its cases in the list."""
    places: dict[str, list[int]] = {}
    for index, case in enumerate(cases):
        places.setdefault(case.item.id, []).append(index)
    yield from places.values()
