"""Compares text answers: words, names and letters of choices."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from rft_grader_math.nodes import Call, Group, Name, Node, Quantity, Relation, Text, walk
from rft_grader_math.reading.vocabulary import DENIALS, HEDGES

_SIGNS: Final = re.compile(r"[\s().,:;!\"'`*$_{}\\]+")
_COMMANDS: Final = re.compile(r"\\(?:text\w*|math\w+|mbox|left|right|displaystyle)\b|\\[,;:! ]")
_CHOICE: Final = re.compile(r"\(?([A-Za-z])[).:](?=\s*\S|\Z)")
_OTHER_LETTER: Final = re.compile(r"\b[B-HJ]\b")
_LETTERS: Final = re.compile(r"[a-zA-Z]+")


@lru_cache(maxsize=1024)
def normal(text: str) -> str:
    """Return words in lower case with single spaces and without punctuation."""
    text = unicodedata.normalize("NFKC", text) if not text.isascii() else text
    text = _COMMANDS.sub(" ", text)
    return _SIGNS.sub(" ", text).strip().casefold()


def same_words(gold: Node, answer: Node) -> bool:
    """Whether two nodes, one of them text, say the same words; a choice may repeat its option."""
    first, second = _words(gold), _words(answer)
    if first is None or second is None:
        return False
    if normal(first) == normal(second):
        return True
    return _is_choice(first, second) or _is_choice(second, first)


def _is_choice(letter: str, option: str) -> bool:
    """Whether a text gives the letter of a choice with its option, and no other letter or doubt."""
    choice = _CHOICE.match(option)
    if choice is None or normal(letter) != choice[1].casefold():
        return False
    rest = option[choice.end() :]
    if rest.lstrip().startswith("?"):
        return False
    return not (_OTHER_LETTER.search(rest) or {w.lower() for w in _LETTERS.findall(rest)} & HEDGES)


def _words(node: Node) -> str | None:
    match node:
        case Text(words=words):
            return words
        case Name(text=text):
            return text
        case Call(op="e" | "i" as op):
            return op
    return None


def hedge(node: Node) -> str | None:
    """Return words before or behind a value that say something about it; None if there are none."""
    denial = _denial(node)
    if denial is not None or "unit" not in node.facts:
        return denial
    for part in walk(node):
        if isinstance(part, Quantity):
            said = {word.lower() for word in _LETTERS.findall(part.unit)}
            if said & HEDGES or len(said) > 5:  # noqa: PLR2004 - longer than any unit
                return part.unit
    return None


def _denial(node: Node) -> str | None:
    r"""Return the label of `\text{not } x = 3` and the like, None for labels that only name."""
    parts = [node] if isinstance(node, Relation) else walk(node) if isinstance(node, Group) else ()
    for part in parts:
        if isinstance(part, Relation) and isinstance(part.members[0], Text):
            label = part.members[0].words
            if {word.lower() for word in _LETTERS.findall(label)} & DENIALS:
                return label
    return None
