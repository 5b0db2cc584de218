"""Answers that nothing announces: the text itself, its last formula, statement or number."""

from __future__ import annotations

import re
from typing import Final

from rft_grader_math.bounds import MAX_ANSWER_CHARS
from rft_grader_math.errors import UnreadableError
from rft_grader_math.extraction.afterwards import without_closing
from rft_grader_math.extraction.doubt import without_tag
from rft_grader_math.extraction.found import Extraction, checked
from rft_grader_math.nodes import Text
from rft_grader_math.reading.characters import GREEK, to_ascii
from rft_grader_math.reading.read import read
from rft_grader_math.reading.units import is_unit
from rft_grader_math.reading.vocabulary import (
    CONSTANTS,
    FUNCTIONS,
    SYMPY_CALLS,
    SYMPY_RELATIONS,
    SYMPY_SETS,
)

FORMULA: Final = re.compile(
    r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\(([^\n]+?)\\\)|(?<!\\)\$((?:[^$\\\n]|\\.)+?)\$(?!\d)",
    re.DOTALL,
)
"""Formulas in running text do not go over line breaks; displayed ones may."""
MAX_TRIES: Final = 5
"""Places in one sentence from which an answer is tried to be read."""
IS: Final = re.compile(r"\b(?:is|are|equals|be|makes|get|gives)\b|(?<![!<>=])=(?!=)", re.IGNORECASE)
_ANY_FORMULA: Final = re.compile(r"\\\(.*?\\\)|\\\[.*?\\\]", re.DOTALL)
_NUMBER: Final = re.compile(
    r"(?<![\w.])[-+]?(?:\\?\$)?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+,\d+(?!\d)|\d+)?(?:\.\d+|(?<=\d))(?:[eE][-+]?\d+)?"
    r"(?:\s?/\s?\d+)?(?:\s?\\?%)?(?:(?<=\d)!(?=[.,;](?:\s|\Z)))?"
)
_GLUED_BEFORE: Final = re.compile(
    r"(?:[+^<≠≤≥±√×·_{\\/\[]|(?<!>)>|!=|\w\s*\*|\d:|\w\(|\b(?:log|ln|sin|cos|tan|sqrt)\s|\d\s*-|[\w)=]\s*-\s)\s*\Z"
)
_GLUED_BEHIND: Final = re.compile(
    r"\s*(?:[+^=]|<(?![/|])|(?<!>)>|\*(?!\*)\s*\w|/\s*\w|-\s?\d|\()|\**[,.]\d|:\d|\s\d|\\(?!%)|_|\{|([A-Za-z]+)"
)
"""What makes a number a piece of something: `x + 5`, `5x`, `3:5`, `f(5)`."""
_ONLY_JOINED: Final = re.compile(r"[\s,;/|&$]*(?:or|and|to|through)?[\s,;/|&$]*\Z", re.IGNORECASE)
_LAST_SENTENCE: Final = re.compile(r"(?<!\.)[.!?](?=\s+\S)|\n")
_YES_OR_NO: Final = re.compile(
    r"\W{0,4}(yes|no|true|false)\b\W{0,3}(?=[.,!;:\n]|\Z)", re.IGNORECASE
)
_WORD: Final = re.compile(r"(?<!\\)(?<![A-Za-z])[A-Za-z]{2,}")
_TEXT_COMMAND: Final = re.compile(r"\\[a-zA-Z]+\s*\{[^{}]*\}|\\[a-zA-Z]+|\$[^$]*\$")
_PROSE_WORDS: Final = 3
_SAYS_WORDS: Final = re.compile(r"[A-Za-z][A-Za-z' ]* (?:is|are) [A-Za-z' ]+[.!]?")
"""A sentence of words alone that says what something is: `It is Friday.`"""
_MANY_SPACES: Final = 10
_SENTENCE_START: Final = re.compile(r"[A-Z][a-z]* [a-z]+ [a-z]+ [a-z]+ ")
"""Running text, without looking further."""
_MATHEMATICAL: Final = (
    FUNCTIONS,
    CONSTANTS,
    GREEK,
    SYMPY_CALLS,
    SYMPY_RELATIONS,
    SYMPY_SETS,
    ("and", "or"),
)


def whole(text: str) -> Extraction | None:
    """Return the text itself if all of it can be read as an answer; or its `yes` or `no`."""
    stripped = text.strip()
    if not stripped or len(stripped) > MAX_ANSWER_CHARS:
        return None
    said = _YES_OR_NO.match(stripped)
    if said is not None:
        return Extraction(said[1], "whole")
    if stripped.count(" ") > _MANY_SPACES and _SENTENCE_START.match(stripped):
        return None
    if _SAYS_WORDS.fullmatch(stripped):
        return None
    return Extraction(stripped, "whole") if reads(stripped) else None


def formula(text: str) -> Extraction | None:
    """Return the last formula in dollars or LaTeX brackets; several side by side are a list."""
    offset = max(0, len(text) - MAX_ANSWER_CHARS)
    if "$" not in text and "\\" not in text:
        return None
    matches = list(FORMULA.finditer(text, offset))
    if not matches or not has_words(text[offset:]):
        return None
    first = len(matches) - 1
    while first and _ONLY_JOINED.match(text[matches[first - 1].end() : matches[first].start()]):
        first -= 1
    answer = ", ".join(match[match.lastindex or 0].strip() for match in matches[first:])
    single = first == len(matches) - 1
    return checked(text, matches[first].start(), matches[-1].end(), answer, "math", in_prose=single)


_EQUATED: Final = re.compile(r"[A-Za-z:,]\s+[-+]?\d[\d.,]*\s*=\s*\Z")
"""Before a number: another one by itself, so that `41 = 42` says that both are the answer."""


def number(text: str) -> Extraction | None:
    """Return what the last sentence says that something is, else the last number by itself."""
    # A number out of a formula is a piece of something else.
    tail = _ANY_FORMULA.sub(lambda m: " " * len(m[0]), to_ascii(text[-MAX_ANSWER_CHARS:]))
    if not has_words(tail):
        return None
    tail = without_closing(tail.rstrip())
    breaks = [match.end() for match in _LAST_SENTENCE.finditer(tail)]
    begin = breaks[-1] if breaks else 0
    said = _SAYS_WORDS.fullmatch(tail[begin:].strip()) is not None
    for match in reversed(list(IS.finditer(tail, begin))[-MAX_TRIES:]):
        if _EQUATED.search(tail, begin, match.end()):
            return None
        rest = tail[match.end() :].rstrip(".!? *")
        if tail.startswith("!.", match.end() + len(rest)):  # a factorial, with its full stop
            rest += "!"
        if reads(rest, words=said):
            start = match.end()
            return checked(tail, start, start + len(rest), rest.strip(), "number", in_prose=True)
    span = last_number(tail)
    if span is None:
        return None
    return checked(tail, *span, tail[slice(*span)], "number", in_prose=True)


def last_number(text: str) -> tuple[int, int] | None:
    """Return where the last number stands, if it stands alone and is not one of several."""
    spans = [match.span() for match in _NUMBER.finditer(text) if match[0]]
    if not spans:
        return None
    if len(spans) > 1 and _ONLY_JOINED.match(text[spans[-2][1] : spans[-1][0]]):
        return None
    if _EQUATED.search(text, 0, spans[-1][0]):
        return None
    return spans[-1] if _is_alone(text, *spans[-1]) else None


def alone(text: str, start: int) -> tuple[int, int] | None:
    """Return where the number that starts here ends, if it stands alone."""
    match = _NUMBER.match(text, start)
    return match.span() if match and match[0] and _is_alone(text, *match.span()) else None


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether a number is no piece of a formula that is written without dollar signs."""
    if _GLUED_BEFORE.search(without_tag(text[max(0, start - 20) : start])):
        return False
    behind = _GLUED_BEHIND.match(text, end)
    return behind is None or bool(behind[1] and (is_unit(behind[1]) or len(behind[1]) > 3))  # noqa: PLR2004 - 42apples


def reads(text: str, *, words: bool = True) -> bool:
    """Whether a text can be read as an answer and is no sentence; `words`: it may be words."""
    if not text.strip() or is_prose(text):
        return False
    try:
        node = read(text)
    except UnreadableError:
        return False
    return words or not isinstance(node, Text)


def is_prose(text: str) -> bool:
    """Whether a text is a sentence about an answer rather than an answer.

    It is if it starts with a word and holds a formula or a number, or has more than three words
    beside formulas and numbers.
    """
    bare = _TEXT_COMMAND.sub(" ", text)
    words = [word for word in _WORD.findall(bare) if not _is_mathematical(word)]
    if not words:
        return False
    if bare == text and not any(char.isdigit() for char in text):
        return len(words) > 2 * _PROSE_WORDS
    first = _WORD.search(bare)
    starts = first is not None and not bare[: first.start()].strip(" *_\"'(")
    begins_with_math = text.lstrip(" *_\"'(").startswith(("$", "\\"))
    begins = (
        starts and not begins_with_math and first is not None and not _is_mathematical(first[0])
    )
    return begins or len(words) > _PROSE_WORDS


def _is_mathematical(word: str) -> bool:
    return any(word in known for known in _MATHEMATICAL)


def has_words(text: str) -> bool:
    """Whether anything but numbers, signs and commands stands in the text."""
    return _SENTENCE_START.match(text) is not None or any(
        not _is_mathematical(m[0]) for m in _WORD.finditer(_TEXT_COMMAND.sub(" ", text))
    )
