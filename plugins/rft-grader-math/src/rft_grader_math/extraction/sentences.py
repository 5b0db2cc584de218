"""Answers in running text: behind a marker, in the last formula, or the last number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rft_grader_math.bounds import MAX_ANSWER_CHARS
from rft_grader_math.errors import UnreadableError
from rft_grader_math.extraction.doubt import doubted
from rft_grader_math.extraction.found import Extraction
from rft_grader_math.nodes import Text
from rft_grader_math.reading.characters import GREEK, to_ascii
from rft_grader_math.reading.numerals import rational
from rft_grader_math.reading.read import read
from rft_grader_math.reading.vocabulary import CONSTANTS, FUNCTIONS

_MARK: Final = re.compile(
    r"answers?\b[*_]*(?:\s*\([^)\n]{0,30}\))?(?:\s+(?:to|of|for)\s[^.\n]{0,80}?)?\s*"
    r"(?:(?:is|are|was|be|equals?|should be|would be|must be|will be)\b(?:\s+(?:therefore|thus|then|simply"
    r"|just|equal to|given by|clearly))*[*_]*\s*:?|[:=])[*_]*|answer[*_]+\s*\n",
    re.IGNORECASE,
)
_SHORT_MARK: Final = re.compile(r"(?:^|\n)[ \t*#]*(?:A|ANSWER|Ans)[*]*[:.][*]*(?=\s)")
_SENTENCE: Final = re.compile(
    r"(?:\$\$[^$]*\$\$|\$[^$\n]*\$|\\\([^\n]*?\\\)|\\\[.*?\\\]|[^.?!\n]|[.?!](?!\s|$|[*\"'<]))*[.?!]?",
    re.DOTALL,
)
_FORMULA: Final = re.compile(
    r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\(([^\n]+?)\\\)|(?<!\\)\$((?:[^$\\\n]|\\.)+?)\$", re.DOTALL
)
"""Formulas in running text do not go over line breaks; displayed ones may."""
_ANY_FORMULA: Final = re.compile(r"\\\(.*?\\\)|\\\[.*?\\\]", re.DOTALL)
_NUMBER: Final = re.compile(
    r"(?<![\w.^_{\\])[-+−]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+,\d+(?!\d)|\d+)?(?:\.\d+|(?<=\d))(?:[eE][-+]?\d+)?(?:\s?/\s?\d+)?(?:\s?\\?%)?(?!\w*\})"
)
_ONLY_JOINED: Final = re.compile(r"[\s,;/|&]*(?:or|and|to|through)?[\s,;/|&]*\Z", re.IGNORECASE)
_IS: Final = re.compile(r"\b(?:is|are|equals|be)\b|=", re.IGNORECASE)
_CLAUSE: Final = re.compile(
    r"\s*[,(]?\s\(?(?:because|since|as|so|which|where|when|given|but|if|that|while|after|with|for|from|by"
    r"|therefore|thus|hence)\b",
    re.IGNORECASE,
)
"""Where what is said about an answer begins."""
_WORD: Final = re.compile(r"(?<!\\)(?<![A-Za-z])[A-Za-z]{2,}")
_TEXT_COMMAND: Final = re.compile(r"\\[a-zA-Z]+\s*\{[^{}]*\}|\\[a-zA-Z]+|\$[^$]*\$")
_PROSE_WORDS: Final = 3
_TAIL: Final = MAX_ANSWER_CHARS
_MAX_AT_ONCE: Final = 60
_MAX_MARKS: Final = 50
_MAX_SENTENCE: Final = 2_000


def template(text: str) -> Extraction | None:
    """Return X of the last `Final Answer: The final answer is X. I hope it is correct.`"""
    end = text.rfind("I hope it is correct")
    start = text.rfind("he final answer is", 0, end) if end > 0 else -1
    if start < 0 or end - start > _MAX_SENTENCE:
        return None
    answer = text[start + len("he final answer is") : end].strip().rstrip(".")
    return Extraction(answer, "template") if answer else None


def hashes(text: str) -> Extraction | None:
    """Return what follows the last `####`, up to the end of the line."""
    start = text.rfind("####")
    if start < 0:
        return None
    answer = text[start + 4 :].lstrip("#").lstrip(" \t").partition("\n")[0].strip()
    return Extraction(answer, "hashes") if answer else None


def marker(text: str) -> Extraction | None:
    """Return the answer that the last `the answer is`, `Answer:` or `A:` announces."""
    start = _last_marker(text)
    if start is None:
        return None
    at_once = _number_at_once(text, start)
    if at_once is not None:
        begin = text.index(at_once, start)
        return _checked(text, begin, begin + len(at_once), at_once, "marker", in_prose=False)
    while start < len(text) and text[start] in " \t\n*_":
        start += 1
    match = _SENTENCE.match(text, start, start + _MAX_SENTENCE)
    sentence = match[0] if match else ""
    if len(sentence) == _MAX_SENTENCE:
        return Extraction(None, "marker", f"the answer is longer than {_MAX_SENTENCE} characters")
    span = _answer_in(sentence)
    if span is None:
        return None
    begin, end = span
    return _checked(text, start + begin, start + end, sentence[begin:end], "marker", in_prose=False)


def _number_at_once(text: str, start: int) -> str | None:
    """Return a number if it is all that follows a marker, as in most completions; else None."""
    if len(text) - start > _MAX_AT_ONCE:
        return None
    answer = text[start:].strip(" \t\n*:$.!_")
    return None if rational(answer) is None else answer


def _last_marker(text: str) -> int | None:
    """Return where the text behind the last marker starts."""
    best = -1
    if "\nA" in text or text[:20].lstrip(" *#\n\t").startswith("A") or "\n*" in text or "\n#" in text:
        for match in _SHORT_MARK.finditer(text, max(0, len(text) - _TAIL)):
            best = match.end()
    lower = text.lower()
    if len(lower) != len(text):  # a letter whose small form is longer
        lower = text
    before = len(text)
    for _ in range(_MAX_MARKS):
        before = lower.rfind("answer", 0, before)
        if before < 0 or before < best:
            break
        match = _MARK.match(text, before)
        if match is not None:
            return max(best, match.end())
    return best if best >= 0 else None


def _answer_in(sentence: str) -> tuple[int, int] | None:
    """Return where in a sentence behind a marker the answer stands."""
    whole = sentence.rstrip(".!? \n")
    clause = _CLAUSE.search(whole)
    if clause is not None and _reads(whole[: clause.start()], words=False):
        return 0, clause.start()
    if _reads(whole):
        return 0, len(whole)
    lead = _FORMULA.match(sentence) or _NUMBER.match(sentence) or _FORMULA.match(sentence.lstrip("*_ "))
    if lead is not None and lead[0]:
        offset = sentence.find(lead[0])
        return offset, offset + len(lead[0])
    for match in reversed(list(_IS.finditer(sentence))):
        rest = sentence[match.end() :].rstrip(".!? \n")
        if _reads(rest):
            return match.end(), match.end() + len(rest)
    formulas = list(_FORMULA.finditer(sentence))
    if formulas:
        return formulas[-1].span()
    numbers = [m.span() for m in _NUMBER.finditer(sentence) if m[0]]
    return numbers[-1] if numbers else None


def _reads(text: str, *, words: bool = True) -> bool:
    """Whether a text can be read as an answer and is no sentence; `words`: it may be words."""
    if not text.strip() or is_prose(text):
        return False
    try:
        node = read(text)
    except UnreadableError:
        return False
    return words or not isinstance(node, Text)


def whole(text: str) -> Extraction | None:
    """Return the text itself if all of it can be read as an answer."""
    stripped = text.strip()
    if not stripped or len(stripped) > MAX_ANSWER_CHARS:
        return None
    return Extraction(stripped, "whole") if _reads(stripped) else None


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
    begins = starts and not begins_with_math and first is not None and not _is_mathematical(first[0])
    return begins or len(words) > _PROSE_WORDS


def _is_mathematical(word: str) -> bool:
    return word in FUNCTIONS or word in CONSTANTS or word in GREEK or word in {"and", "or"}


def formula(text: str) -> Extraction | None:
    """Return the last formula in dollar signs or LaTeX brackets."""
    offset = max(0, len(text) - _TAIL)
    last: re.Match[str] | None = None
    for match in _FORMULA.finditer(text, offset):
        last = match
    if last is None or not has_words(text[offset:]):
        return None
    group = last.lastindex or 0
    return _checked(text, *last.span(), last[group].strip(), "math", in_prose=True)


def number(text: str) -> Extraction | None:
    """Return the last number of a text with words, unless it is one of several candidates."""
    # A number out of a formula is a piece of something else.
    tail = _ANY_FORMULA.sub(lambda m: " " * len(m[0]), to_ascii(text[-_TAIL:]))
    if not has_words(tail):
        return None
    spans = [match.span() for match in _NUMBER.finditer(tail) if match[0]]
    if not spans:
        return None
    start, end = spans[-1]
    if len(spans) > 1 and _ONLY_JOINED.match(tail[spans[-2][1] : start]):
        return Extraction(tail[start:end], "number", "one of several candidates", in_prose=True)
    return _checked(tail, start, end, tail[start:end], "number", in_prose=True)


def has_words(text: str) -> bool:
    """Whether anything but numbers, signs and commands stands in the text."""
    return any(True for _ in _words(text))


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(_TEXT_COMMAND.sub(" ", text)):
        if not _is_mathematical(match[0]):
            yield match[0]


def _checked(  # noqa: PLR0913, PLR0917 - a span, what it says, and where it was found
    text: str, start: int, end: int, answer: str, place: str, *, in_prose: bool
) -> Extraction:
    problem = "denied or doubted" if doubted(text, start, end) else ""
    return Extraction(answer, place, problem, in_prose)
