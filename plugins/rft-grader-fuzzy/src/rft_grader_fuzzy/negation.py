"""Words that turn a statement into its opposite; case and apostrophes do not count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from rft_grader_fuzzy.processing import words_of

_WORDS: Final = (
    "not no non never none nobody nothing nowhere nor neither cannot without hardly barely scarcely"
    " wrong wrongly incorrect incorrectly false falsely untrue"
)
_AUXILIARIES: Final = (
    "ai are ca could dare did do does had has have is may might must need ought sha should was "
    "were wo would"
)

ENGLISH: Final = frozenset(
    [*_WORDS.split(), *(f"{auxiliary}nt" for auxiliary in _AUXILIARIES.split())]
)

_NUMERO: Final = re.compile(
    r"(?:(?i:\bno\.|\bn\u00ba|\u2116)|\bN[oO])\s?(?=\d)(?!\d[\d.,/]*-[^\W\d])"
)
"""The "No." of "No. 5" and the "No" of "No 85/2012", which deny nothing; "no 24-hour" does."""


def count_negations(words: Sequence[str], spelling: str, negations: frozenset[str]) -> int:
    """Return how many of the words negate; `spelling` is the text that they are the words of."""
    count = sum(word in negations for word in words)
    if count and "no" in negations:
        before_numbers = sum(word == "no" and after[0].isdigit() for word, after in pairwise(words))
        count -= min(before_numbers, len(_NUMERO.findall(spelling)))
    return count


def as_words(spellings: Iterable[str]) -> frozenset[str]:
    """Return the words as they are compared; raise `ValueError` unless each is one word."""
    words = set()
    for spelling in spellings:
        found = words_of(spelling)
        if len(found) != 1:
            raise ValueError(f"negation_words: {spelling!r} is not one word")
        words.update(found)
    return frozenset(words)
