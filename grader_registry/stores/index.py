"""`index.json`: what a store has, in one file.

    {"index": 1,
     "specs": {"team/name": {"1.0.0": {digest, description, kind, keywords, graders, date, passed,
                                       yanked?}}},
     "made_from": {"team/name": "…"}}

Whoever serves an index may be hostile: anything that is not exactly so is refused. Keys that are
not known are left aside, so that an index may say more some day without shutting out old readers;
one that means something else has another number.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from grader_registry.canonical import strict_json
from grader_registry.errors import StoreError
from grader_registry.naming import check_name, shown
from grader_registry.stores.layout import (
    check_version,
    from_low_to_high,
    plain_entry,
    read_entry,
)
from grader_registry.stores.store import Entry

INDEX: Final = "index.json"
FORMAT: Final = 1
MAX_BYTES: Final = 50_000_000
MAX_VALUES: Final = 3_000_000
"""Of commas and brackets; they bound what reading takes of memory."""
_MAX_MARK: Final = 100


@dataclass(frozen=True)
class Index:
    """What an index says."""

    entries: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    """By name; each name's from low to high."""
    made_from: Mapping[str, str] = field(default_factory=dict)
    """By name: a mark of the files that its entries were made from. Only a folder has it."""


def read_index(data: bytes, where: str) -> Index:
    """Read an index; `where` names the store in messages. Raises `StoreError`."""
    with without_collection():
        return _read_index(data, where)


def _read_index(data: bytes, where: str) -> Index:
    plain = load_json(data, where)
    if not isinstance(plain, dict) or type(plain.get("index")) is not int:
        raise StoreError("no index of a store", where=where)
    if plain["index"] != FORMAT:
        raise StoreError(
            f"an index of format {shown(str(plain['index']))[1:-1]}, and {FORMAT} is known here",
            where=where,
            hint="Update rft-core.",
        )
    specs, made_from = plain.get("specs"), plain.get("made_from", {})
    if not isinstance(specs, dict) or not isinstance(made_from, dict):
        raise StoreError("a broken index: specs is no JSON object", where=where)
    entries = {name: _versions(name, specs[name], where) for name in sorted(specs)}
    for name, mark in made_from.items():
        if not isinstance(mark, str) or len(mark) > _MAX_MARK:
            raise StoreError(f"a broken index: made_from of {shown(name)}", where=where)
    return Index(entries, made_from)


def write_index(index: Index) -> bytes:
    """Return the bytes of an index: a line for each spec, so that a diff shows what changed."""
    specs = {
        name: {entry.version: plain_entry(entry) for entry in entries}
        for name, entries in sorted(index.entries.items())
    }
    parts = [f'"index": {FORMAT}', f'"specs": {_lines(specs)}']
    if index.made_from:
        parts.append(f'"made_from": {_lines(dict(sorted(index.made_from.items())))}')
    return ("{" + ",\n".join(parts) + "}\n").encode()


@contextmanager
def without_collection() -> Iterator[None]:
    """Keep the garbage collector from looking again and again at thousands of new entries.

    It takes as much time as all the rest, and finds nothing: none of them is dropped meanwhile.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def load_json(data: bytes, where: str) -> Any:
    """Read JSON of which nothing is known. Raises `StoreError`."""
    if len(data) > MAX_BYTES:
        raise StoreError(f"the index has more than {MAX_BYTES} bytes", where=where)
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_VALUES:
        raise StoreError(f"the index has more than {MAX_VALUES} values", where=where)
    try:
        return strict_json(data)
    except ValueError as error:
        message = shown(str(error))[1:-1]
        raise StoreError(f"no index of a store: {message}", where=where) from None


def _lines(members: Mapping[str, Any]) -> str:
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in members.items()]
    return "{\n" + ",\n".join(lines) + "\n}" if lines else "{}"


def _versions(name: str, versions: Any, where: str) -> Sequence[Entry]:
    """Read the entries of one spec."""
    if not isinstance(versions, dict):
        raise StoreError(f"a broken index: {shown(name)} is no JSON object", where=where)
    version = ""
    try:
        check_name(name)
        entries: list[Entry] = []
        for version, entry in versions.items():
            check_version(version)
            entries.append(read_entry(name, version, entry))
    except ValueError as error:
        place = shown(f"{name}@{version}")
        raise StoreError(f"a broken index: {place}: {error}", where=where) from None
    return from_low_to_high(entries)
