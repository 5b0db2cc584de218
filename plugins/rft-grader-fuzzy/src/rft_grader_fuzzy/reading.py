"""The text of an answer that a path selects in the completion."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from rft_core.errors import OutputParseError
from rft_core.paths import compile_path
from rft_core.types import Sample

AnswerReader: TypeAlias = Callable[[Sample], str]
"""Returns the text to compare; raises `OutputParseError` if there is none."""

_KINDS: Final[dict[type, str]] = {list: "a list", dict: "an object", type(None): "null"}


class NotATextError(Exception):
    """A JSON value that is no text; the message says what it is."""


def as_text(value: Any) -> str:
    """Return a string as it is, numbers and booleans as JSON writes them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise NotATextError(_KINDS.get(type(value), "no JSON value"))


def make_reader(path: str) -> AnswerReader:
    """Return the reader of the one value that `path` selects."""
    find = compile_path(path)

    def read(sample: Sample) -> str:
        found = find(sample.json)
        if len(found) != 1:
            raise OutputParseError(
                f"{path} selects {'nothing' if not found else f'{len(found)} values'}"
            )
        try:
            return as_text(found[0])
        except NotATextError as error:
            raise OutputParseError(f"{path} is {error}, not a string") from None

    return read
