"""From the lines of a chunk to samples, and to the reward that each had before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rft_core.errors import DatasetError
from rft_core.regrade.items import ItemFinder, Library
from rft_core.regrade.source import Chunk
from rft_core.suggest import did_you_mean
from rft_core.task.data import parse_row
from rft_core.types import Completion, Message, Sample

MAX_NUMBER: Final = 1e100
"""Former rewards beyond it are refused, so that sums and differences stay finite."""

_REQUIRED: Final = ("item", "completion")
_KEYS: Final = frozenset(
    {
        *_REQUIRED,
        *("index", "num_tokens", "finish_reason", "messages", "task"),
        *("reward", "composed", "grades", "contributions", "masked", "failed_gate"),
    }
)
_SHAPE: Final = 'A row is {"item": {…} or "id", "completion": "…"}.'
_BOM: Final = "\ufeff"


# Both are made for every row of a file; freezing them would cost more than reading the row's keys.


@dataclass(slots=True)
class Before:
    """What a row says of an earlier grading: the reward (None: masked) and grades by name.

    A grade is as in a run's samples, None if the grader did not run.
    """

    reward: float | None
    grades: Mapping[str, Mapping[str, Any] | None]


@dataclass(slots=True)
class GivenRow:
    """A row to be graded, at a line of the chunk (from 0). Without a reward, `before` is None."""

    line: int
    sample: Sample
    before: Before | None


def read_rows(chunk: Chunk, library: Library) -> Iterator[GivenRow]:
    """Yield the rows of a chunk; empty lines are skipped. Raises `DatasetError`."""
    items = ItemFinder(library, chunk.split)
    for number, line in enumerate(_text(chunk).split("\n")):
        if line and not line.isspace():
            where = chunk.where(number)
            yield _row(parse_row(line, where), number, where, items)


def _text(chunk: Chunk) -> str:
    try:
        text = chunk.data.decode()
    except UnicodeDecodeError as error:
        line = chunk.data.count(b"\n", 0, error.start)
        raise DatasetError("the row is not UTF-8 text", where=chunk.where(line)) from None
    return text.removeprefix(_BOM) if chunk.first_line == 1 else text


def _row(data: Mapping[str, Any], line: int, where: str, items: ItemFinder) -> GivenRow:
    if not data.keys() <= _KEYS or "item" not in data:
        _refuse_keys(data, where)
    sample = Sample(
        items.find(data["item"], data.get("task"), where),
        _completion(data, where),
    )
    return GivenRow(line, sample, _before(data, where) if "reward" in data else None)


def _refuse_keys(data: Mapping[str, Any], where: str) -> None:
    for key in data:
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS)
            raise DatasetError(f"a row has no key {key!r}", where=where, hint=hint)
    raise DatasetError("the row has no `item`", where=where, hint=_SHAPE)


def _completion(data: Mapping[str, Any], where: str) -> Completion:
    text = data.get("completion")
    if not isinstance(text, str):
        raise DatasetError("the row has no `completion` that is text", where=where, hint=_SHAPE)
    num_tokens, finish_reason = data.get("num_tokens"), data.get("finish_reason")
    if num_tokens is not None and type(num_tokens) is not int:
        raise DatasetError("`num_tokens` is no whole number", where=where)
    if finish_reason is not None and not isinstance(finish_reason, str):
        raise DatasetError("`finish_reason` is not text", where=where)
    messages = data.get("messages")
    return Completion(
        text, num_tokens, finish_reason, _messages(messages, where) if messages else ()
    )


def _messages(messages: Any, where: str) -> tuple[Message, ...]:
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise DatasetError("`messages` is no list of messages", where=where)
    return tuple(messages)


def _before(data: Mapping[str, Any], where: str) -> Before:
    grades = data.get("grades") or {}
    if not isinstance(grades, dict):
        raise DatasetError("`grades` is no object", where=where)
    for name, grade in grades.items():
        if grade is None:
            continue
        if not isinstance(grade, dict):
            raise DatasetError(
                f"`grades.{name}` is no grade", where=where, hint='A grade is {"score": 0.5}.'
            )
        _check_number(grade.get("score"), f"grades.{name}.score", where)
    _check_number(data["reward"], "reward", where)
    return Before(data["reward"], grades)


def _check_number(value: Any, name: str, where: str) -> None:
    if value is None or (type(value) is float and -MAX_NUMBER <= value <= MAX_NUMBER):
        return
    if type(value) not in {int, float} or not -MAX_NUMBER <= value <= MAX_NUMBER:
        shown = json.dumps(value)[:40]
        raise DatasetError(f"`{name}` is no number from -1e100 to 1e100 but {shown}", where=where)
