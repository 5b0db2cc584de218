"""Texts altered so that they stay similar and do not say the same.

Each function takes a text and returns another, or None where it cannot be applied.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Final

LONG: Final = 4_000
HUGE: Final = 40_000
"""Characters; naive window searches take minutes for so many."""
_LETTERS: Final = (
    "eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddlllluuuc"
)
ZERO_WIDTH: Final = "\u200b\u200c\u2060\ufeff"
_VERBS: Final = re.compile(
    r"\b(is|are|was|were|be|been|has|have|had|does|do|did|can|could|will|would|shall|should|may"
    r"|must)\b(?! not\b)",
    re.IGNORECASE,
)
_NOT: Final = re.compile(r"\s+not\b|n['\N{RIGHT SINGLE QUOTATION MARK}]t\b")
_NUMBER: Final = re.compile(r"\d+")
_ENOUGH_WORDS: Final = 4
"""One word of fewer may be half of an answer."""
_CONTENT_CHARS: Final = 5
"""Words of so many letters are taken for those that carry the content."""


def empty(_: str, __: Random) -> str:
    """Return nothing."""
    return ""


def one_word(text: str, random: Random) -> str | None:
    """Return one of the words, if there are enough for it to be a small part."""
    words = text.split()
    return random.choice(words) if len(set(words)) >= _ENOUGH_WORDS else None


def one_word_in_salad(text: str, random: Random) -> str | None:
    """Return one of the words among random letters in the place of the others."""
    word = one_word(text, random)
    if word is None:
        return None
    salad = [salad_of(other, random) for other in text.split()[1:]]
    salad.insert(random.randrange(len(salad) + 1), word)
    return " ".join(salad)


def first_words(text: str, _: Random) -> str | None:
    """Return the first quarter of the words."""
    words = text.split()
    return " ".join(words[: len(words) // 4]) or None


def shuffled(text: str, random: Random) -> str | None:
    """Return the words in a random order."""
    words = text.split()
    if len({word.casefold() for word in words}) < _ENOUGH_WORDS:
        return None
    shuffled = random.sample(words, len(words))
    return " ".join(sorted(words, key=str.casefold) if shuffled == words else shuffled)


def backwards(text: str, _: Random) -> str | None:
    """Return the words from last to first."""
    words = text.split()
    return " ".join(reversed(words)) if len(set(words)) >= _ENOUGH_WORDS else None


def alphabetic(text: str, random: Random) -> str | None:
    """Return the words sorted."""
    words = text.split()
    ordered = sorted(words, key=str.casefold)
    return None if shuffled(text, random) is None or ordered == words else " ".join(ordered)


def with_not(text: str, _: Random) -> str | None:
    """Return the text with a "not" more, or without the one that it has."""
    if _NOT.search(text):
        return _NOT.sub("", text, count=1)
    return negated(text, " not")


def negated(text: str, word: str) -> str:
    """Return the text with a word behind its first verb, or in front where there is none."""
    changed, count = _VERBS.subn(lambda verb: verb[0] + word, text, count=1)
    return changed if count else f"{word.strip()} {text}"


def denied(text: str, _: Random) -> str:
    """Return a sentence that denies the text."""
    return f"It is not true that {text[:1].lower()}{text[1:]}"


def digits_reversed(text: str, _: Random) -> str | None:
    """Turn the digits of every number round; None if that gives the same numbers."""
    turned = _NUMBER.sub(lambda found: found[0][::-1], text)
    return None if turned == text else turned


def next_numbers(text: str, _: Random) -> str | None:
    """Return the text with every number one higher."""
    return (
        _NUMBER.sub(lambda found: str(int(found[0][:18]) + 1), text) if _is_numbered(text) else None
    )


def only_next_number(text: str, random: Random) -> str | None:
    """Return the next number where the text is a number and nothing else."""
    return next_numbers(text, random) if _NUMBER.fullmatch(text.strip()) else None


def _is_numbered(text: str) -> bool:
    return bool(_NUMBER.search(text))


def salad_of(text: str, random: Random) -> str:
    """Return random letters in the place of the text's, as frequent as in English."""
    return "".join(random.choice(_LETTERS) if c.isalnum() else c for c in text)


def anagram(text: str, random: Random) -> str | None:
    """Return the text's letters in a random order, its words as long as before."""
    letters = [c for c in text if c.isalnum()]
    if len(set(letters)) < _ENOUGH_WORDS:
        return None
    drawn = iter(random.sample(letters, len(letters)))
    return "".join(next(drawn) if c.isalnum() else c for c in text)


def long_salad(chars: int) -> Callable[[str, Random], str]:
    """Return what makes so many characters of letter salad."""

    def salad(_: str, random: Random) -> str:
        block = " ".join(salad_of("xxxxxx", random) for _ in range(200))
        return _up_to(chars, block)

    return salad


def within_salad(text: str, random: Random) -> str:
    """Return the text in the middle of letter salad."""
    salad = long_salad(LONG)(text, random)
    return f"{salad[: LONG // 2]} {text} {salad[LONG // 2 :]}"


def repeated_up_to(chars: int) -> Callable[[str, Random], str]:
    """Return what repeats a text up to so many characters."""
    return lambda text, _: _up_to(chars, text)


def _up_to(chars: int, text: str) -> str:
    return (f"{text} " * (chars // (len(text) + 1) + 1))[:chars]


def _keywords(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text) if len(word) >= _CONTENT_CHARS]


def stuffed(text: str, random: Random) -> str | None:
    """Return the long words, listed twice."""
    words = _keywords(text)
    if len(set(words)) < _ENOUGH_WORDS:
        return None
    return ", ".join(random.sample(words, len(words)) * 2)


def stuffed_in_filler(text: str, random: Random) -> str | None:
    """Return the long words in empty phrases."""
    words = _keywords(text)
    if len(set(words)) < _ENOUGH_WORDS:
        return None
    return "Important aspects are " + " and also ".join(random.sample(words, len(words)))


def hidden_not(text: str, _: Random) -> str | None:
    """Return the text with a "not" that has a character without width in it."""
    return None if _NOT.search(text) else negated(text, " n\u200bot")


def padded_word(text: str, random: Random) -> str | None:
    """Return one word with characters without width up to the text's length."""
    word = one_word(text, random)
    return None if word is None else word + "\u200b" * (len(text) - len(word))


def spread(text: str, _: Random) -> str:
    """Return the text with a character without width after every letter."""
    return "\u200b".join(text)
