"""Where in a text does a JSON value end? A push-down automaton over tokens, in linear time.

The standard library's decoder cannot answer this for text that is mostly not JSON: each of its
errors counts the lines before it, which makes many attempts quadratic, and how deep it can read
depends on how deep the caller's stack already is.
"""

from __future__ import annotations

import re
from typing import Final

from rft_core.errors import OutputParseError

_TOKEN: Final = re.compile(
    r"""[ \t\n\r]*+(?:
      (?P<string>"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+")
    | (?P<scalar>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+
                |true|false|null|NaN|-?Infinity)
    | (?P<mark>[][{},:])
    )""",
    re.VERBOSE,
)
_BROKEN_TOKEN: Final = re.compile(r'[ \t\n\r]*+(?:"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrtu])*+)?')
"""White space and what can be read of a string that does not end or holds what strings may not."""

_VALUE, _FIRST_VALUE, _KEY, _FIRST_KEY, _COLON, _AFTER = range(6)
"""What may come next; FIRST is right after an opening bracket, where it may close as well."""

_NEXT: Final = {
    (_VALUE, "string"): _AFTER,
    (_VALUE, "scalar"): _AFTER,
    (_FIRST_VALUE, "string"): _AFTER,
    (_FIRST_VALUE, "scalar"): _AFTER,
    (_KEY, "string"): _COLON,
    (_FIRST_KEY, "string"): _COLON,
    (_COLON, ":"): _VALUE,
}
_CLOSES: Final = {"]": "[", "}": "{"}


def too_deep(max_depth: int) -> OutputParseError:
    """Return the error for JSON that is nested too deeply."""
    return OutputParseError(f"the JSON is nested deeper than {max_depth} levels (max_depth)")


def read_value(text: str, start: int, max_depth: int) -> tuple[int, bool]:
    """Read the JSON value that starts at `start`, after white space.

    Returns where it ends and True; or, if there is no complete value, the position up to which
    the text was a beginning of one, and False. NaN and Infinity are read as values, for the
    parser to refuse by name. Raises `OutputParseError` if the value is nested too deeply.
    """
    stack: list[str] = []
    state: int | None = _VALUE
    position = start
    while token := _TOKEN.match(text, position):
        kind = token[0][-1] if token.lastgroup == "mark" else str(token.lastgroup)
        state = _step(state, kind, stack)
        if state is None:
            break
        if len(stack) > max_depth:
            raise too_deep(max_depth)
        position = token.end()
        if not stack:
            return position, True
    return _end_of_broken_token(text, position), False


def is_value(text: str, max_depth: int) -> bool:
    """Whether the whole text is one JSON value, with white space around it or not."""
    end, complete = read_value(text, 0, max_depth)
    return complete and not text[end:].strip(" \t\n\r")


def _step(state: int | None, kind: str, stack: list[str]) -> int | None:
    """Return the next state, or None if `kind` may not come in this one."""
    if kind in ("[", "{") and state in (_VALUE, _FIRST_VALUE):
        stack.append(kind)
        return _FIRST_VALUE if kind == "[" else _FIRST_KEY
    if kind in _CLOSES and stack and stack[-1] == _CLOSES[kind]:
        if state not in (_AFTER, _FIRST_VALUE, _FIRST_KEY):
            return None
        stack.pop()
        return _AFTER
    if kind == "," and state == _AFTER:
        return _KEY if stack[-1] == "{" else _VALUE
    return _NEXT.get((state, kind)) if state is not None else None


def _end_of_broken_token(text: str, position: int) -> int:
    """Skip what belongs to no token, so that its inside is not searched again."""
    broken = _BROKEN_TOKEN.match(text, position)
    return position if broken is None else broken.end()
