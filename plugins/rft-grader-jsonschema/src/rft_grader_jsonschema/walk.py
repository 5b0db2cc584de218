"""Walking a schema: which of its values are schemas themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from rft_grader_jsonschema.drafts import Schema

Steps: TypeAlias = tuple[str | int, ...]

IN_PLACE: Final = frozenset(
    {"not", "if", "then", "else", "allOf", "anyOf", "oneOf", "dependentSchemas", "dependencies"}
)
"""Keywords whose subschemas judge the same value as the schema that they are in."""

_OF_ONE: Final = (
    *("not", "if", "then", "else", "items", "contains", "additionalItems", "unevaluatedItems"),
    *("additionalProperties", "unevaluatedProperties", "propertyNames", "contentSchema"),
)
_OF_LIST: Final = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_OF_MAP: Final = (
    *("properties", "patternProperties", "dependentSchemas", "dependencies"),
    *("$defs", "definitions"),
)
APPLICATORS: Final = (*_OF_ONE, *_OF_LIST, *_OF_MAP)


def children(schema: dict[str, Any]) -> Iterator[tuple[Steps, Schema]]:
    """Yield the direct subschemas with the keyword (and the index or key) that they stand under."""
    for keyword in schema.keys() & set(APPLICATORS):
        value = schema[keyword]
        if keyword in _OF_ONE and isinstance(value, dict | bool):
            yield (keyword,), value
        elif keyword in _OF_LIST and isinstance(value, list):
            yield from (((keyword, index), item) for index, item in enumerate(value))
        elif keyword in _OF_MAP and isinstance(value, dict):
            yield from (
                ((keyword, key), item)
                for key, item in value.items()
                if isinstance(item, dict | bool)  # `dependencies` may hold lists of names
            )


def walk(schema: Schema) -> Iterator[tuple[Steps, dict[str, Any]]]:
    """Yield every subschema that is an object, itself included, with its place; parents first."""
    stack: list[tuple[Steps, Schema]] = [((), schema)]
    while stack:
        steps, node = stack.pop()
        if isinstance(node, dict):
            yield steps, node
            below = sorted(children(node), key=lambda child: tuple(map(str, child[0])))
            stack.extend((steps + more, child) for more, child in reversed(below))


def pointer(steps: Steps) -> str:
    """Return the JSON pointer of a place, as a URI fragment: `#/properties/a`."""
    return "#" + "".join(f"/{_escaped(str(step))}" for step in steps)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
