"""Attacks on graders of structured output that are out to hang or to crash them."""

from __future__ import annotations

import json
from typing import Any, Final

from rft_core.testing.adversarial.attack import Changes
from rft_core.testing.adversarial.documents import Document, with_leaf, write
from rft_core.testing.adversarial.families.documenting import (
    documenting,
    with_literal,
)

_DEEP: Final = 5_000
_BRACKETS: Final = 100_000
_MANY: Final = 3_000
_DIGITS: Final = 5_000
_BACKTRACKING: Final = {"some": "a" * 40 + "!", "many": "a" * 50_000 + "!"}


def _backtracking(document: Document) -> Changes:
    """J8: texts for which a pattern such as `^(a+)+$` takes exponential time."""
    for what, text in _BACKTRACKING.items():
        changed, done = with_leaf(document.value, str, text)
        if done:
            yield f"{what} equal letters in a text", document.with_value(changed)
    if isinstance(document.value, dict):
        keyed = {**document.value, _BACKTRACKING["some"]: 1}
        yield "equal letters in a key", document.with_value(keyed)


def _nested(document: Document) -> Changes:
    """J10."""
    inner = document.text
    yield "objects, nested deeply", document.replaced('{"a":' * _DEEP + inner + "}" * _DEEP)
    yield "lists, nested deeply", document.replaced("[" * _DEEP + inner + "]" * _DEEP)
    yield "brackets that never close", document.replaced("[" * _BRACKETS)
    yield (
        "a value, nested deeply",
        document.replaced(
            with_literal(document.value, (str, int, float), "[" * _DEEP + "]" * _DEEP) or inner
        ),
    )


def _many(document: Document) -> Changes:
    """J11."""
    objects: list[Any] = [{"id": n, "of": [n, {"n": n}]} for n in range(_MANY)]
    yield "a list of objects", document.with_value(_with_list(document.value, objects))
    equal = [{"a": [1, 2, {"b": None}]}] * _MANY
    yield "a list of equal objects", document.with_value(_with_list(document.value, equal))
    if isinstance(document.value, dict):
        keys = {f"key {n}": n for n in range(10 * _MANY)}
        yield "an object of many keys", document.with_value({**document.value, **keys})


def _with_list(value: Any, items: list[Any]) -> Any:
    """Put the items in place of the first list of a document, or of all of it."""
    if isinstance(value, dict):
        for key, child in value.items():
            if isinstance(child, list):
                return {**value, key: items}
    return items


def _unusual(document: Document) -> Changes:
    """J12."""
    digits = with_literal(document.value, (int, float), "9" * _DIGITS)
    yield "very many digits", document.replaced(digits or f"[{'9' * _DIGITS}]")
    large = with_literal(document.value, (int, float), "1e999")
    yield "a number beyond all doubles", document.replaced(large or "[1e999]")
    surrogate = with_literal(document.value, str, r'"\ud800"')
    yield "half a character", document.replaced(surrogate or r'["\ud800"]')
    yield "half a character, as it is", document.replaced('["\ud800"]')
    yield "a zero character", document.replaced(json.dumps(["\0"]))
    yield "a byte order mark", "\ufeff" + document.replaced(write(document.value))


CLASSES: Final = (
    documenting("J8", "Texts that make patterns backtrack", _backtracking, "survive"),
    documenting("J10", "Deep nesting", _nested, "survive"),
    documenting("J11", "Thousands of elements", _many, "survive"),
    documenting("J12", "Numbers and characters at the limits", _unusual, "survive"),
)
