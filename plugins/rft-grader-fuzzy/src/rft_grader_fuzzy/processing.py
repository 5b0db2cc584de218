"""Which differences between texts do not count.

Two views of a text are needed: what the scorer compares, which the option `process` describes, and
the words that the guards count, which are always processed in full (`STANDARD`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from typing import Final, Literal, TypeAlias

from rft_grader_fuzzy.characters import (
    APOSTROPHES,
    MINUS,
    Characters,
    Replacement,
    is_invisible,
    is_punctuation,
)
from rft_grader_fuzzy.numbers import group_by_commas, rewrite_numbers

Step: TypeAlias = Literal[
    "nfc",
    "nfkc",
    "strip_invisible",
    "casefold",
    "numbers",
    "strip_punctuation",
    "collapse_whitespace",
]

STANDARD: Final[tuple[Step, ...]] = (
    "nfkc",
    "strip_invisible",
    "casefold",
    "numbers",
    "strip_punctuation",
    "collapse_whitespace",
)
MAX_MARKS: Final = 100
"""So many combining marks in a row are no text; normalising n of them takes n² steps."""
_TELLING: Final = "0123456789?/|"
"""Digits, and the punctuation that guards look at."""
_NOT_TELLING: Final = bytes(code for code in range(256) if chr(code) not in _TELLING)
_BETWEEN: Final = "\0"
"""What parts texts that take one pass together."""


class UnusableTextError(ValueError):
    """A text that cannot be processed in bounded time."""


Prepared: TypeAlias = tuple[str, list[str], str]
"""A text as the scorer sees it, its words as the guards see them, and its spelling where it may
hold numbers, a question mark or a slash, else nothing.

A plain tuple: one is made for every answer."""


class Processor:
    """Applies steps in a fixed order, whatever the order given."""

    def __init__(self, steps: Collection[Step]) -> None:
        self._form: Literal["NFC", "NFKC"] | None = None
        if "nfkc" in steps or "nfc" in steps:
            self._form = "NFKC" if "nfkc" in steps else "NFC"
        self._fold = "casefold" in steps
        self._numbers = "numbers" in steps
        self._first = Characters(_first_pass(steps))
        self._last = Characters(_spaced if "strip_punctuation" in steps else _kept)
        self._collapse = "collapse_whitespace" in steps
        # For ASCII, all but the numbers and the spaces are one pass over bytes, which is many
        # times faster.
        self._bytes = bytes(map(self._on_ascii, range(128))) + bytes(128)
        self._deleted = bytes(code for code in range(128) if self._first[code] is None)
        self._whole = set(STANDARD) <= set(steps)
        # The same for many texts at once, with digits that show.
        self._marking = bytes(
            code | 0x80 if chr(code) in _TELLING else self._bytes[code] for code in range(128)
        ) + bytes(128)
        self._deleted_between = self._deleted.replace(_BETWEEN.encode(), b"")

    def __call__(self, text: str) -> str:
        """Return the processed text; raise `UnusableTextError`."""
        text, _ = self._unspaced(text)
        return " ".join(text.split()) if self._collapse else text

    def prepare(self, text: str) -> Prepared:
        """Return both views of the text; raise `UnusableTextError`."""
        if not self._whole:
            return self(text), words_of(text), text
        unspaced, telling = self._unspaced(text)
        words = unspaced.split()
        return " ".join(words), words, text if telling else ""

    def prepare_all(self, texts: Sequence[str]) -> list[Prepared | UnusableTextError]:
        """Return both views of each text, or why there are none.

        Texts in plain ASCII without digits and question marks, as most are, take one pass
        together. The others stand as a digit there, and every digit is marked as no ASCII.
        """
        if not self._whole or not texts:
            return [self._prepared(text) for text in texts]
        plain = [text if text.isascii() and _BETWEEN not in text else "0" for text in texts]
        data = _BETWEEN.join(plain).encode().translate(self._marking, self._deleted_between)
        found: list[Prepared | UnusableTextError] = []
        for text, unspaced in zip(texts, data.decode("latin-1").split(_BETWEEN), strict=True):
            if unspaced.isascii():
                words = unspaced.split()
                found.append((" ".join(words), words, ""))
            else:
                found.append(self._prepared(text))
        return found

    def _prepared(self, text: str) -> Prepared | UnusableTextError:
        try:
            return self.prepare(text)
        except UnusableTextError as error:
            return error

    def _unspaced(self, text: str) -> tuple[str, bool]:
        """Return the text before white space is looked at, and whether its spelling tells more."""
        if not text.isascii():
            _check_marks(text)
            return self._unicode(text), True
        data = text.encode()
        telling = data.translate(None, _NOT_TELLING)
        if not telling:
            return data.translate(self._bytes, self._deleted).decode(), False
        if self._numbers:
            data = rewrite_numbers(text).encode()
        return data.translate(self._bytes, self._deleted).decode(), True

    def _unicode(self, text: str) -> str:
        # Invisible characters go first: one of them between a letter and its accent would keep
        # the two from being composed.
        text = text.translate(self._first)
        if self._numbers:
            text = rewrite_numbers(self._normalised(group_by_commas(text)))
        text = self._normalised(text)
        if self._fold:
            text = self._normalised(text.casefold())  # folding can leave the normal form
        return text.translate(self._last)

    def _normalised(self, text: str) -> str:
        return text if self._form is None else unicodedata.normalize(self._form, text)

    def _on_ascii(self, code: int) -> int:
        char = chr(code).casefold() if self._fold else chr(code)
        replaced = self._last[ord(char)]
        return ord(" ") if replaced == " " else ord(char)


def words_of(text: str) -> list[str]:
    """Return the words that guards look at; raise `UnusableTextError`."""
    return _STANDARD.prepare(text)[1]


def _first_pass(steps: Collection[Step]) -> Callable[[int], Replacement]:
    """Return what drops invisible characters and apostrophes, as far as the steps say so."""
    invisible = "strip_invisible" in steps
    punctuation = "strip_punctuation" in steps

    def replaced(code: int) -> Replacement:
        if punctuation and code == MINUS:
            return "-"
        gone = (punctuation and code in APOSTROPHES) or (invisible and is_invisible(code))
        return None if gone else code

    return replaced


def _spaced(code: int) -> Replacement:
    return " " if is_punctuation(code) else code


def _kept(code: int) -> Replacement:
    return code


def _check_marks(text: str) -> None:
    if len(text) <= MAX_MARKS:
        return
    classes = bytes(map(unicodedata.combining, text))
    if max(map(len, classes.split(b"\0"))) > MAX_MARKS:
        raise UnusableTextError(f"more than {MAX_MARKS} combining marks in a row")


_STANDARD: Final = Processor(STANDARD)
