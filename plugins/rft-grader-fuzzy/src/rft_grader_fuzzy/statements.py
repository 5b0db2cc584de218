"""Answers that do not state: questions, and lists of candidates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rapidfuzz import fuzz

from rft_grader_fuzzy.processing import words_of

_ENDS_ASKING: Final = re.compile(r"[?\uff1f\u061f][^\w]*\Z")
_ASKING: Final = frozenset(["how", "what", "when", "where", "which", "who", "whom", "whose", "why"])
OR: Final = "or"
_BETWEEN: Final = re.compile(r"\s[/|]+\s|\|")
"""What stands between candidates; `km/h` and `and/or` are one word."""


def is_question(text: str) -> bool:
    """Whether the text ends with a question mark, which quotes and brackets may follow."""
    return _ENDS_ASKING.search(text[-40:]) is not None


def may_ask(words: Sequence[str], spelling: str) -> bool:
    """Whether the text is a question, with its mark or without."""
    return words[0] in _ASKING or is_question(spelling)


def has_candidate(words: list[str], spelling: str, reference: str) -> bool:
    """Whether one alternative of the answer is more similar to the reference than all of it.

    The answer is then a list of candidates. `reference` is its words, joined. Where the
    alternatives belong to what is said, as in "cats or dogs" for "cats and dogs", none is.
    """
    parts = list(_candidates(words, spelling))
    if len(parts) < 2:  # noqa: PLR2004 - no alternatives
        return False
    whole = fuzz.token_sort_ratio(" ".join(words), reference)
    # A part of less than half of the length cannot be the reference, and many would take long.
    return any(
        len(part) * 2 >= len(reference) and fuzz.token_sort_ratio(part, reference) > whole
        for part in parts
    )


def _candidates(words: list[str], spelling: str) -> Iterator[str]:
    texts = _BETWEEN.split(spelling)
    for part in [words_of(text) for text in texts] if len(texts) > 1 else [words]:
        start = 0
        for end in [*(at for at, word in enumerate(part) if word == OR), len(part)]:
            yield " ".join(part[start:end])
            start = end + 1
