"""How a text becomes words, clauses and sentences.

Case, Unicode's compatibility forms, apostrophes and characters without width do not count, and
contractions are written out, so that `can't`, `cannot` and `can not` are the same words.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_PIECE: Final = re.compile(
    r"(?P<word>\d+(?:[.,]\d+)+|\w+(?:'\w+)*)|(?P<end>[.!?\n])|(?P<pause>[^\w\s'.!?])"
)


def vocabulary(text: str) -> frozenset[str]:
    """Return the words of a text that stand between blanks."""
    return frozenset(text.split())


_CONJUNCTIONS: Final = vocabulary(
    "but however although though because if unless when while whereas yet until otherwise"
)
_LINKS: Final = vocabulary("and or so then")
SUBJECTS: Final = vocabulary("i we you he she it they this that these those your our")
_ENDINGS: Final = {"'ll": "will", "'re": "are", "'ve": "have", "'m": "am"}
_STEMS: Final = {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}
_AUXILIARIES: Final = vocabulary(
    "do does did can could will would shall should may might must is are was were has have had need"
)
AUXILIARIES: Final = _AUXILIARIES | {"be", "been", "am"}
_JOINED: Final = {
    "cannot": ("can", "not"),
    "cant": ("can", "not"),
    "wont": ("will", "not"),
    **{f"{one}nt": (one, "not") for one in _AUXILIARIES - {"may", "can", "will"}},
}


@dataclass(frozen=True)
class Text:
    """The words of a text, and for each the number of what it stands in."""

    words: tuple[str, ...]
    clauses: tuple[int, ...]
    sentences: tuple[int, ...]
    stretches: tuple[int, ...]
    """Between two marks of punctuation."""
    questions: frozenset[int]
    """The numbers of the sentences that end in a question mark."""


def words_of(text: str) -> tuple[str, ...]:
    """Return the words alone."""
    return read(text).words


def read(text: str) -> Text:
    """Return a text's words with the clauses, sentences and stretches that they stand in."""
    words: list[str] = []
    clauses: list[int] = []
    sentences: list[int] = []
    stretches: list[int] = []
    questions: set[int] = set()
    clause = sentence = stretch = 0
    pieces = [(found.lastgroup, found[0]) for found in _PIECE.finditer(normalised(text))]
    for place, (kind, piece) in enumerate(pieces):
        if kind == "end":
            if piece == "?":
                questions.add(sentence)
            sentence += 1
        stretch += kind != "word"
        if kind != "word" or _opens_clause(piece, pieces[place + 1 : place + 2]):
            clause += 1
        if kind == "word":
            written = _written_out(piece)
            words += written
            clauses += [clause] * len(written)
            sentences += [sentence] * len(written)
            stretches += [stretch] * len(written)
    numbers = (tuple(clauses), tuple(sentences), tuple(stretches))
    return Text(tuple(words), *numbers, frozenset(questions))


def normalised(text: str) -> str:
    """Return a text without what does not count, in lower case."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", seen.casefold())


def _opens_clause(word: str, following: list[tuple[str | None, str]]) -> bool:
    """Whether a word begins a clause of its own: a conjunction, or `and we`."""
    if word in _CONJUNCTIONS:
        return True
    return word in _LINKS and bool(following) and following[0][1] in SUBJECTS


def _written_out(word: str) -> tuple[str, ...]:
    if word in _JOINED:
        return _JOINED[word]
    if word.endswith("n't"):
        stem = word.removesuffix("n't")
        return (_STEMS.get(stem, stem), "not") if stem else ("not",)
    for ending, full in _ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending):
            return word.removesuffix(ending), full
    return (word,)
