"""What differs between two versions of a spec: what is graded with, and which scores moved.

Nothing is graded here. The scores are those that were published with each version, so they are
compared where item and completion are the same.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from grader_registry.document import SharedSpec
from grader_registry.site.cases import case_name, score_text, told
from grader_registry.site.text import as_line, shorten

MAX_MOVES: Final = 40
"""So many cases whose scores moved are listed, those that moved most."""
MAX_CHANGES: Final = 100
MAX_VALUE: Final = 300
MAX_LINES: Final = 400
"""Files with more lines are not compared line by line, which takes long for some texts."""
MAX_DIFFS: Final = 10
"""Of so many files the lines that differ are shown."""
_NONE: Final = "\N{EN DASH}"


class Changed(NamedTuple):
    """A value at a place in the document, before and after; a dash where there is none."""

    place: str
    before: str
    after: str


class FileChange(NamedTuple):
    """A file that differs; `lines` are those of a unified diff, none where it is too long."""

    name: str
    what: str
    lines: Sequence[str]


class Move(NamedTuple):
    """A case whose published score is another one."""

    id: str
    completion: str
    before: str
    after: str
    rises: bool | None
    """None where one of the two is no number."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A version against the one before it."""

    before: str
    changes: Sequence[Changed]
    more_changes: int
    files: Sequence[FileChange]
    same: int
    """Cases that both versions have and that score the same."""
    moved: int
    moves: Sequence[Move]
    added: int
    """Cases that only the later version has."""
    removed: int
    has_scores: bool
    """Whether both versions published scores."""


def compare(old: SharedSpec, new: SharedSpec) -> Comparison:
    """Compare two versions of a spec."""
    changes = list(_changes(_graded(old), _graded(new)))
    before, after = _scored(old), _scored(new)
    both = [key for key in after if key in before]
    moves = [_move(key, before[key], after[key]) for key in both if before[key] != after[key]]
    found = sorted((move for move in moves if move), key=lambda pair: -pair[0])
    return Comparison(
        before=old.version,
        changes=changes[:MAX_CHANGES],
        more_changes=max(0, len(changes) - MAX_CHANGES),
        files=list(_file_changes(old.files, new.files)),
        same=len(both) - len(found),
        moved=len(found),
        moves=[move for _, move in found[:MAX_MOVES]],
        added=len(after) - len(both),
        removed=len(before) - len(both),
        has_scores=bool(old.scores) and bool(new.scores),
    )


def _graded(spec: SharedSpec) -> dict[str, Any]:
    """Return what decides on scores, or says what is needed for them."""
    keys = {"reward", "grader", "columns", "requires", "graders"}
    plain: dict[str, Any] = spec.model_dump(mode="json", include=keys, exclude_none=True)
    return plain


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Changed]:
    before, after = dict(_leaves(old)), dict(_leaves(new))
    for place in sorted(before.keys() | after.keys()):
        one, other = before.get(place, _NONE), after.get(place, _NONE)
        if one != other:
            yield Changed(place, shorten(one, MAX_VALUE), shorten(other, MAX_VALUE))


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield places and values; documents are not deep, see `canonical`."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{place}[{index}]")
    elif value not in ({}, []):
        yield place, value if isinstance(value, str) else as_line(value)


def _file_changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[FileChange]:
    shown = 0
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield FileChange(name, "removed", ())
        elif name not in old:
            yield FileChange(name, "added", ())
        elif old[name] != new[name]:
            shown += 1
            lines = _diff(old[name], new[name]) if shown <= MAX_DIFFS else ()
            yield FileChange(name, "changed", lines)


def _diff(old: str, new: str) -> list[str]:
    before, after = old.split("\n"), new.split("\n")
    if max(len(before), len(after)) > MAX_LINES:
        return []
    lines = difflib.unified_diff(before, after, lineterm="", n=2)
    return [shorten(line, MAX_VALUE) for line in lines][2:]


def _scored(spec: SharedSpec) -> dict[tuple[str, str, int], tuple[str, Any]]:
    """Return ids and scores by item and completion, counted where the two are there again."""
    found: dict[tuple[str, str, int], tuple[str, Any]] = {}
    seen: dict[tuple[str, str], int] = {}
    scores: Sequence[Any] = spec.scores or [None] * len(spec.cases)
    for place, (case, score) in enumerate(zip(spec.cases, scores, strict=True), start=1):
        pair = as_line(case.get("item")), as_line(case.get("completion"))
        seen[pair] = seen.get(pair, 0) + 1
        found[*pair, seen[pair]] = (case_name(place, case), score)
    return found


def _move(
    key: tuple[str, str, int], before: tuple[str, Any], after: tuple[str, Any]
) -> tuple[float, Move] | None:
    """Return how far a case moved and the move, None if only its name is another."""
    (_, old), (name, new) = before, after
    if old == new:
        return None
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    size = abs(new - old) if numbers else float("inf")
    shown = shorten(told(json.loads(key[1])), MAX_VALUE)
    return size, Move(name, shown, score_text(old), score_text(new), new > old if numbers else None)
