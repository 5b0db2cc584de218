"""How texts become words."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

Words: TypeAlias = Callable[[str], list[str]]

find_words: Final[Words] = re.compile(r"\w+").findall
find_words_and_signs: Final[Words] = re.compile(r"\w+|[^\w\s]").findall
find_characters: Final[Words] = re.compile(r"\S").findall


class Stemmer:
    """Porter's stemmer; it leaves the case as it is."""

    def __init__(self) -> None:
        from nltk.stem.porter import PorterStemmer

        self._porter = PorterStemmer()

    def stem(self, word: str) -> str:
        """Return the stem of a word."""
        return str(self._porter.stem(word, to_lowercase=False))


class NoStemmer:
    """Leaves words as they are."""

    def stem(self, word: str) -> str:
        """Return the word."""
        return word


def lowered(words: Words) -> Words:
    """Return a function that finds words and lower-cases them."""
    return lambda text: words(text.lower())


def stemmed(words: Words) -> Words:
    """Return a function that finds words and stems those of more than 3 letters, as ROUGE does."""
    stem = Stemmer().stem
    return lambda text: [stem(word) if len(word) > 3 else word for word in words(text)]


def original_rouge(stem: bool) -> Words:
    """Return ROUGE's own tokenisation: runs of `a` to `z` and digits, after lower-casing."""
    from nltk.stem.porter import PorterStemmer
    from rouge_score.tokenize import tokenize

    return partial(tokenize, stemmer=PorterStemmer() if stem else None)
