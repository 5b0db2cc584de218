"""The score `fraction`: which share of a fixed list of points a document meets.

The points are read off the schema, never off the document, so nothing that a completion adds can
change how many there are:

* one for the document as a whole: it conforms to the schema;
* one for each property that the schema requires, at any depth that is reached through required
  properties alone: the document has it, and its value conforms to the schema of that property.

`required` and `properties` are followed through `$ref: "#…"` and `allOf`. Whatever else a schema
demands (other keywords, optional properties, the items of arrays) counts within the value that it
is about. Each point is a verdict, hence the same with both engines, and a change that only removes
violations never lowers the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from rft_grader_jsonschema.drafts import Schema
from rft_grader_jsonschema.engines import Compile, Judge
from rft_grader_jsonschema.source import SchemaSource
from rft_grader_jsonschema.walk import Steps

MAX_POINTS: Final = 256
"""Required properties beyond this many, counted from the outermost, have no point of their own."""

_ABSENT: Final = object()


@dataclass(frozen=True)
class Point:
    """A required property: where it stands, and the judges of its value."""

    path: tuple[str, ...]
    judges: Sequence[Judge]

    def is_met(self, document: Any) -> bool:
        """Whether the document has the property with a conforming value."""
        value = document
        for name in self.path:
            value = value.get(name, _ABSENT) if isinstance(value, dict) else _ABSENT
        return value is not _ABSENT and all(judge.is_valid(value) for judge in self.judges)


def required_points(source: SchemaSource, compile_schema: Compile) -> Sequence[Point]:
    """Return the points of the required properties, outermost first."""
    return [
        Point(path, [compile_schema(source, source.part(place)) for place in places])
        for path, places in _required(source)
    ]


def fraction(points: Sequence[Point], document: Any) -> float:
    """Return the share of points that a document meets which does not conform as a whole."""
    return sum(point.is_met(document) for point in points) / (len(points) + 1)


def _required(source: SchemaSource) -> Sequence[tuple[tuple[str, ...], Sequence[Steps]]]:
    """Return paths of required properties with the places in the schema that describe them."""
    found: list[tuple[tuple[str, ...], Sequence[Steps]]] = []
    todo: list[tuple[tuple[str, ...], Sequence[Steps], frozenset[Steps]]] = [
        ((), [()], frozenset())
    ]
    while todo and len(found) < MAX_POINTS:
        path, places, above = todo.pop(0)
        places = _conjunction(source, places)
        if above.intersection(places):  # a value that requires itself: no document conforms
            continue
        for name in _required_names(source, places):
            inner = [(*place, "properties", name) for place in places]
            inner = [place for place in inner if _at(source.root, place) is not None]
            found.append(((*path, name), inner))
            todo.append(((*path, name), inner, above.union(places)))
    return found[:MAX_POINTS]


def _required_names(source: SchemaSource, places: Sequence[Steps]) -> Sequence[str]:
    """Return each name once, in the order of the schema."""
    names: dict[str, None] = {}
    for place in places:
        schema = _at(source.root, place)
        if isinstance(schema, dict):
            names |= dict.fromkeys(schema.get("required", ()))
    return list(names)


def _conjunction(source: SchemaSource, places: Sequence[Steps]) -> Sequence[Steps]:
    """Return the places of all schemas that hold wherever those at `places` do."""
    found: dict[Steps, None] = {}
    todo = list(places)
    while todo:
        place = todo.pop(0)
        schema = _at(source.root, place)
        if place in found or not isinstance(schema, dict):
            continue
        reference = _local(schema.get("$ref"))
        if reference is None or source.draft.name != "7":  # in draft 7 $ref overrides the rest
            found[place] = None
            todo += [(*place, "allOf", index) for index in range(len(schema.get("allOf", ())))]
        if reference is not None:
            todo.append(reference)
    return list(found)


def _local(reference: Any) -> Steps | None:
    """Return the place that a reference of the form `#/a/b` names."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    steps = unquote(reference[2:]).split("/")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def _at(root: Schema, place: Steps) -> Schema | None:
    """Return the subschema at a place, None if there is none or it has a base URI of its own."""
    node: Any = root
    for step in place:
        if isinstance(node, list):
            node = node[int(step)] if str(step).isdecimal() and int(step) < len(node) else None
        else:
            node = node.get(str(step)) if isinstance(node, dict) else None
        if isinstance(node, dict) and isinstance(node.get("$id"), str):
            return None
    return node if isinstance(node, dict | bool) else None
