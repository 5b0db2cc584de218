"""The texts that a row expects: read and checked."""

from __future__ import annotations

from typing import Any, Final

from rft_core import Item
from rft_core.paths import Finder

MAX_REFERENCES: Final = 20


def read_references(find: Finder, path: str, item: Item) -> list[str]:
    """Return the row's references, at least one. Raises `ValueError`."""
    values = [one for found in find(dict(item.fields)) for one in _elements(found)]
    if not values:
        columns = ", ".join(item.fields) or "none"
        raise ValueError(f"reference: {path} selects nothing (columns of the row: {columns})")
    if len(values) > MAX_REFERENCES:
        raise ValueError(f"{len(values)} references; at most {MAX_REFERENCES} are compared")
    for value in values:
        if not isinstance(value, str):
            raise ValueError(f"a reference is no text but {value!r:.60}")  # noqa: TRY004 - the contract of check_item
        if not value.strip():
            raise ValueError("a reference is blank")
    return values


def _elements(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
