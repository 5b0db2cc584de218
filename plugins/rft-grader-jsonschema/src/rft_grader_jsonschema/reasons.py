"""Violations as one short line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from rft_grader_jsonschema.engines import Violation

_SHOWN: Final = 3
_MAX_CHARS: Final = 120
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def explain(violations: Sequence[Violation]) -> str:
    """Return the first violations, by place in the document and keyword, and how many follow."""
    first = sorted(violations, key=_place) if len(violations) > 1 else violations
    lines = [
        f"{_brief(json_path(one.path))}: {_brief(one.message)} ({one.keyword})"
        for one in first[:_SHOWN]
    ]
    more = len(first) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more else "")


@lru_cache(maxsize=4096)
def json_path(path: tuple[str | int, ...]) -> str:
    """Return a path as JSONPath: `$.level1[0]['odd key']`."""
    return "$" + "".join(_step(step) for step in path)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.fullmatch(step) else f"[{step!r}]"


def _place(one: Violation) -> tuple[list[tuple[int, str]], str, str]:
    # One place may break a keyword in several branches of a schema; messages tell them apart.
    steps = [(step, "") if isinstance(step, int) else (-1, step) for step in one.path]
    return steps, one.keyword, one.message


def _brief(text: str) -> str:
    return text if len(text) <= _MAX_CHARS else f"{text[: _MAX_CHARS - 1]}…"
