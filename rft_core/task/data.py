"""From dataset rows to items."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias

from rft_core.errors import DatasetError
from rft_core.task.templates import Template
from rft_core.types import Item, Message

MAX_LINE_CHARS: Final = 10_000_000
_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool"})


@dataclass(frozen=True)
class Row:
    """A dataset row and where it stands, for messages: `file:line` or `dataset[index]`."""

    where: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class LocatedItem:
    """An item and where its row stands."""

    where: str
    item: Item


MessageTemplates: TypeAlias = tuple[tuple[str, Template], ...]
"""Role and content of each message."""

RowReader: TypeAlias = Callable[[Any], Iterable[Row]]
"""Reads the rows of a `DatasetSpec`."""


def read_jsonl(path: Path) -> Iterator[Row]:
    """Yield the rows of a JSONL file; empty lines are skipped.

    Raises `DatasetError` with file and line.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield Row(f"{path}:{number}", parse_row(line, f"{path}:{number}"))
    except FileNotFoundError:
        raise DatasetError("no such file", where=str(path)) from None
    except UnicodeDecodeError:
        raise DatasetError("the file is not UTF-8 text", where=str(path)) from None
    except OSError as error:
        raise DatasetError(error.strerror or str(error), where=str(path)) from None


def rows_of_cases(path: Path) -> Iterator[Row]:
    """Yield the items of a file of cases as rows, each once. Raises `DatasetError`.

    Cases that expect no score are left out: their items are those that graders do not apply to, or
    fail on.
    """
    seen: set[str] = set()
    for row in read_jsonl(path):
        item = row.data.get("item")
        if not isinstance(item, dict):
            raise DatasetError("the case has no `item` that is an object", where=row.where)
        text = json.dumps(item, sort_keys=True)
        expected = row.data.get("expected")
        has_score = not (isinstance(expected, dict) and "outcome" in expected)
        if has_score and text not in seen:
            seen.add(text)
            yield Row(row.where, item)


def parse_row(line: str, where: str) -> dict[str, Any]:
    """Return the object on a line, bounded and without NaN. Raises `DatasetError`."""
    if len(line) > MAX_LINE_CHARS:
        raise DatasetError(f"the row is longer than {MAX_LINE_CHARS} characters", where=where)
    try:
        row = _DECODER.decode(line)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"the row is not JSON: {error}", where=where) from None
    if not isinstance(row, dict):
        raise DatasetError("a row must be a JSON object", where=where)
    return row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)
"""Made once: `json.loads` makes one per call where it is given options."""


def make_items(
    rows: Iterable[Row], templates: MessageTemplates | None, constants: Mapping[str, Any]
) -> list[LocatedItem]:
    """Return the rows as items.

    Prompts come from `templates`, over the row as `item` and over `constants`, or from the row's
    `messages`. A row without `id`, or with one that was there before, is named after its place.
    """
    items: list[LocatedItem] = []
    seen: set[str] = set()
    for index, row in enumerate(rows):
        identifier = _unique(row.data.get("id"), index, seen)
        seen.add(identifier)
        items.append(LocatedItem(row.where, _make_item(row, identifier, templates, constants)))
    return items


def _unique(identifier: Any, index: int, seen: set[str]) -> str:
    name = str(index) if identifier is None else str(identifier)
    candidates = chain([name], (f"{name}#{number}" for number in count(index)))
    return next(candidate for candidate in candidates if candidate not in seen)


def _make_item(
    row: Row, identifier: str, templates: MessageTemplates | None, constants: Mapping[str, Any]
) -> Item:
    if templates is None:
        messages = _messages_of(row)
    else:
        names = {**constants, "item": {"id": identifier, **row.data}}
        messages = _render(row, templates, names)
    fields = {key: value for key, value in row.data.items() if key not in {"id", "messages"}}
    return Item(identifier, messages, fields)


def _render(row: Row, templates: MessageTemplates, names: Mapping[str, Any]) -> tuple[Message, ...]:
    try:
        return tuple({"role": role, "content": text.render(names)} for role, text in templates)
    except LookupError as error:
        raise DatasetError(str(error.args[0]), where=row.where) from None


def _messages_of(row: Row) -> tuple[Message, ...]:
    messages = row.data.get("messages")
    if not isinstance(messages, list) or not messages:
        raise DatasetError(
            "the row has no messages",
            where=row.where,
            hint="Add a `messages` list to the rows, or a `messages:` template to the task file.",
        )
    for index, message in enumerate(messages):
        _check_message(message, f"messages[{index}]", row.where)
    if messages[-1]["role"] == "assistant":
        raise DatasetError(
            "the last message is the assistant's",
            where=row.where,
            hint="The policy writes that one: move the answer into a key such as reference_answer.",
        )
    return tuple(messages)


def _check_message(message: Any, name: str, where: str) -> None:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(role, str) or role not in _ROLES:
        raise DatasetError(
            f"{name} is no message", where=where, hint=f"Known roles: {', '.join(sorted(_ROLES))}."
        )
    if not isinstance(message.get("content"), str):
        raise DatasetError(f"{name}.content is not text", where=where)
