"""Strict JSON (RFC 8259) with bounds that do not depend on the machine."""

from __future__ import annotations

import json
import math
from typing import Any, Final, Literal, NoReturn, TypeAlias

from rft_core.errors import OutputParseError
from rft_grader_jsonschema.scan import too_deep

DuplicateKeys: TypeAlias = Literal["reject", "last"]

_TOO_MANY_DIGITS: Final = "the JSON holds an integer with more digits than can be read"


class NotJSONError(OutputParseError):
    """The text is not JSON at all; other `OutputParseError`s are JSON that is refused."""


def parse_json(text: str, *, duplicate_keys: DuplicateKeys, max_depth: int) -> Any:
    """Return the JSON document that `text` is, white space around it allowed.

    Raises `NotJSONError` for what is not JSON (NaN and Infinity are not), and `OutputParseError`
    for duplicate keys, too deep nesting, numbers beyond the range of floats or the digits that
    Python reads, and strings that no Unicode text can hold (lone surrogates).
    """
    try:
        document = _DECODERS[duplicate_keys].decode(text)
    except json.JSONDecodeError as error:
        raise NotJSONError(f"not JSON: {error.msg} (character {error.pos})") from None
    except RecursionError:
        raise too_deep(max_depth) from None
    except ValueError:  # what int() says of too many digits
        raise OutputParseError(_TOO_MANY_DIGITS) from None
    _check_depth(text, document, max_depth)
    _check_unicode(text, document)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    raise OutputParseError(f"the JSON has a duplicate key: {twice[:80]!a}")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise OutputParseError(f"the JSON holds a number out of range: {digits[:40]}")
    return number


def _constant(name: str) -> NoReturn:
    raise NotJSONError(f"not JSON: {name} is no JSON value")


def _decoder(**hooks: Any) -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=_finite, parse_constant=_constant, **hooks)


_DECODERS: Final = {"reject": _decoder(object_pairs_hook=_unique), "last": _decoder()}


def _check_depth(text: str, document: Any, max_depth: int) -> None:
    if text.count("[") + text.count("{") <= max_depth:
        return
    level = [document]
    for _ in range(max_depth):
        level = [child for node in level for child in _containers(node)]
        if not level:
            return
    raise too_deep(max_depth)


def _containers(node: Any) -> list[Any]:
    kind = type(node)
    values = node.values() if kind is dict else node if kind is list else ()
    return [value for value in values if type(value) is dict or type(value) is list]


def _check_unicode(text: str, document: Any) -> None:
    r"""Refuse lone surrogates, written out or as \u escapes."""
    if text.isascii() and "\\u" not in text:
        return
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise OutputParseError("the JSON holds a lone surrogate, which is no character") from None
