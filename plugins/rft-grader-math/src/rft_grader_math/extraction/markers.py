"""Answers that are announced: by a template, by `####`, by words."""

from __future__ import annotations

import re
from typing import Final

from rft_grader_math.bounds import MAX_ANSWER_CHARS
from rft_grader_math.extraction.afterwards import taken_back_later
from rft_grader_math.extraction.found import DOUBTED, Extraction, checked
from rft_grader_math.extraction.prose import FORMULA, IS, MAX_TRIES, alone, last_number, reads
from rft_grader_math.reading.numerals import rational

_MARK: Final = re.compile(
    r"answers?\b[*_]*(?:\s*\([^)\n]{0,30}\))?(?:\s+(?:to|of|for)\s[^.\n]{0,80}?)?\s*"
    r"(?:(?:is|are|was|be|equals?|should be|would be|must be|will be)\b"
    r"(?:\s+(?:therefore|thus|then|simply"
    r"|just|equal to|given by|clearly|choice|option))*[*_]*\s*:?|[:=])[*_]*|answer[*_]+\s*\n"
)
_CHOICE_MARK: Final = re.compile(
    r"(?:choice|option)\s+is\b(?:\s+(?:choice|option))?[*_]*\s*:?[*_]*"
)
_SHORT_MARK: Final = re.compile(r"(?:^|\n)[ \t*#]*(?:A|ANSWER|Ans)[*]*:[*]*(?=\s)")
_SENTENCE: Final = re.compile(
    r"(?:\$\$[^$]*\$\$|\$[^$\n]*\$|\\\([^\n]*?\\\)|\\\[.*?\\\]|[^.?!\n]|[.?!](?!\s|$|[*\"'<]))*[.?!]?",
    re.DOTALL,
)
_CLAUSE: Final = re.compile(
    r"\s*[,(]?\s\(?(?:because|since|as|so|which|where|when|given|not|after|with|for|from|by|therefore"
    r"|thus|hence)\b",
    re.IGNORECASE,
)
"""Where what is said about an answer begins."""
_MAX_AT_ONCE: Final = 60
_MAX_MARKS: Final = 50
_MAX_SENTENCE: Final = 2_000


def template(text: str) -> Extraction | None:
    """Return X of the last `Final Answer: The final answer is X. I hope it is correct.`."""
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
    line = text[start + 4 :].lstrip("#").lstrip(" \t").partition("\n")[0]
    answer = line.strip()
    if not answer:
        return None
    end = text.index(line, start) + len(line)
    return Extraction(answer, "hashes", DOUBTED if taken_back_later(text, end) else "")


def marker(text: str) -> Extraction | None:
    """Return the answer that the last `the answer is`, `Answer:` or `A:` announces."""
    start = _last_marker(text)
    if start is None:
        return None
    at_once = _number_at_once(text, start)
    if at_once is not None:
        begin = text.index(at_once, start)
        return checked(text, begin, begin + len(at_once), at_once, "marker")
    while start < len(text) and text[start] in " \t\n*_":
        start += 1
    match = _SENTENCE.match(text, start, start + _MAX_SENTENCE)
    sentence = match[0] if match else ""
    if len(sentence) == _MAX_SENTENCE:
        return Extraction(None, "marker", f"the answer is longer than {_MAX_SENTENCE} characters")
    if not sentence.strip():
        return None
    # `**10!**.`: bold ends the sentence early, and the full stop behind it tells the factorial.
    is_factorial = sentence.endswith("!") and text.startswith("**.", start + len(sentence))
    span = (0, len(sentence)) if is_factorial and reads(sentence) else _answer_in(sentence)
    if span is None:
        return Extraction(None, "marker", "what is announced as the answer cannot be read")
    begin, end = span
    return checked(text, start + begin, start + end, sentence[begin:end], "marker")


def _number_at_once(text: str, start: int) -> str | None:
    """Return a number if it is all that follows a marker, as in most completions; else None."""
    if len(text) - start > _MAX_AT_ONCE:
        return None
    answer = text[start:].strip(" \t\n*:_")
    # The full stop behind it shows that `10!.` is a factorial; `10!` alone is an exclamation.
    answer = answer.removesuffix("!").strip(" \t\n*:._")
    answer = answer.strip(" $.")
    return None if rational(answer) is None else answer


def _last_marker(text: str) -> int | None:
    """Return where the text behind the last marker starts."""
    best = -1
    if "A:" in text or "A*" in text or "ANS" in text or "Ans" in text:
        for match in _SHORT_MARK.finditer(text, max(0, len(text) - MAX_ANSWER_CHARS)):
            best = match.end()
    lower = text.lower()
    if len(lower) != len(text):  # a letter whose small form is longer
        lower = text
    before = len(text)
    for _ in range(_MAX_MARKS):
        before = lower.rfind("answer", 0, before)
        if before < 0 or before < best:
            break
        mark = _MARK.match(lower, before)
        if mark is not None:
            return max(best, mark.end())
    if best < 0 and ("choice" in lower or "option" in lower):
        for match in _CHOICE_MARK.finditer(lower, max(0, len(text) - MAX_ANSWER_CHARS)):
            best = match.end()
    return best if best >= 0 else None


def _answer_in(sentence: str) -> tuple[int, int] | None:
    """Return where in a sentence behind a marker the answer stands."""
    whole = _without_stop(sentence)
    clause = _CLAUSE.search(whole)
    if clause is not None and reads(whole[: clause.start()], words=False):
        return 0, clause.start()
    if reads(whole):
        return 0, len(whole)
    formula = FORMULA.match(sentence)
    if formula is not None:
        return formula.span()
    number = re.match(r"[*_ ]*", sentence)
    first = alone(sentence, number.end() if number else 0)
    if first is not None:
        return first
    for match in reversed(list(IS.finditer(sentence))[-MAX_TRIES:]):
        rest = _without_stop(sentence[match.end() :])
        if reads(rest):
            return match.end(), match.end() + len(rest)
    formulas = list(FORMULA.finditer(sentence))
    return formulas[-1].span() if formulas else last_number(sentence)


def _without_stop(sentence: str) -> str:
    """Return a sentence without its full stop, or an exclamation mark that is no factorial.

    `10!` at the end of a sentence is 10, but with a full stop behind it, `10!.`, a factorial.
    """
    stripped = sentence.rstrip(".? \n")
    stopped = sentence.startswith(".", len(stripped))
    if not stopped and stripped.endswith("!") and rational(stripped[:-1].strip(" $*")) is not None:
        return stripped[:-1]
    return stripped
