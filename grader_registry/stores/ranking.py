"""How well a spec fits the words of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grader_registry.stores.store import Entry

_EXACT: Final = 100.0
_WHOLE_PART: Final = 50.0
_START_OF_WORD: Final = 20.0
_IN_NAME: Final = 12.0
_KEYWORD: Final = 10.0
_GRADER: Final = 8.0
_IN_KEYWORD: Final = 5.0
_IN_DESCRIPTION: Final = 2.0


def score(entry: Entry, words: Sequence[str]) -> float | None:
    """Return how well an entry fits, more is better; None if a word occurs nowhere in it.

    The words are to be case-folded. Without words everything fits alike.
    """
    keywords = [keyword.casefold() for keyword in entry.keywords]
    description = entry.description.casefold()
    graders = [grader.casefold() for grader in entry.graders]
    total = 0.0
    for word in words:
        points = _in_name(word, entry.name)
        if any(word in keyword for keyword in keywords):
            points += _KEYWORD if word in keywords else _IN_KEYWORD
        if any(word in grader for grader in graders):
            points += _GRADER
        if word in description:
            points += _IN_DESCRIPTION
        if not points:
            return None
        total += points
    return total


def _in_name(word: str, name: str) -> float:
    """Return the points for a word in `team/name`."""
    if word == name:
        return _EXACT
    if word in name.split("/"):
        return _WHOLE_PART
    if f"-{word}" in name or f"/{word}" in f"/{name}":
        return _START_OF_WORD
    return _IN_NAME if word in name else 0.0
