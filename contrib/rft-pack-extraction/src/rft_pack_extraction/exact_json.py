"""JSON read without loss: numbers stay as they are written, and no key hides another one."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final

from rft_core import Sample
from rft_core.errors import OutputParseError

MAX_NUMBER_CHARS: Final = 40
MAX_EXPONENT: Final = 100


class Unreadable(Enum):
    """What stands for a number that is longer or larger than any that is compared."""

    NUMBER = "a number out of bounds"


def read_exactly(sample: Sample, max_chars: int) -> Any:
    """Return the completion's document, with every number as a `Decimal`.

    Numbers of more than 40 characters, or beyond 1e100, are `Unreadable.NUMBER`.
    Raises `OutputParseError` for what is no JSON, is too long, or has a key twice.
    """
    if len(sample.text) > max_chars:
        raise OutputParseError(f"the completion is longer than {max_chars} characters")
    _ = sample.json  # refuses, in the same words for all graders, what is no JSON
    try:
        return _DECODER.decode(sample.text)
    except RecursionError:
        raise OutputParseError("the completion's JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise OutputParseError(f"the completion is not JSON: {error}") from None


def read_number(text: str) -> Decimal | Unreadable:
    """Return a JSON number as it is written."""
    if len(text) > MAX_NUMBER_CHARS:
        return Unreadable.NUMBER
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent that decimals do not have
        return Unreadable.NUMBER
    return number if abs(number.adjusted()) <= MAX_EXPONENT else Unreadable.NUMBER


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise OutputParseError(f"the key {twice[:40]!r} is there twice")
    return document


_DECODER: Final = json.JSONDecoder(
    parse_float=read_number, parse_int=read_number, object_pairs_hook=_without_doubles
)
