"""Hints for misspelt names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(wrong: str, known: Iterable[str]) -> str | None:
    """Return a hint that names the closest of the `known` names, or all of them if few."""
    names = sorted(set(known))
    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    if 0 < len(names) <= 12:  # noqa: PLR2004 - more would hide the message
        return "Known: " + ", ".join(names) + "."
    return None
