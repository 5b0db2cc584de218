r"""The last `\\boxed{}` or `\\fbox{}`, with those that belong to it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rft_grader_math.bounds import MAX_ANSWER_CHARS, MAX_ITEMS
from rft_grader_math.extraction.afterwards import taken_back_later
from rft_grader_math.extraction.doubt import (
    denied_before_box,
    sentence_before,
    taken_back_behind_box,
    without_tag,
)
from rft_grader_math.extraction.found import DOUBTED, Extraction
from rft_grader_math.reading.lexer import closing_brace
from rft_grader_math.reading.units import SCALES

_BOX: Final = re.compile(r"\\(?:begin)?f?box(?:ed)?\s*")
_PLAIN: Final = re.compile(r"\{[^{}\\]*\}")
_GAP_ENDS: Final = re.compile(r"[.!?](?:\s|$)|\n\s*\n|\\n")
_UNIT: Final = re.compile(r"[\s$\\)\]]*(?:\\%|%|(?:percent|pct)\b)")
_SCALE: Final = re.compile(
    rf"[\s$\\)\]]*\b({'|'.join(word for word in SCALES if len(word) > 1)})\b"
)
_PART_BEFORE: Final = re.compile(
    r"(?:[\d+±^_/<>≤≥≠√×·]|(?<!\n)(?<!^)-|\$-|\\(?:pm|mp|times|cdot|div|le|ge|leq|geq|ne|neq|lt|gt)\s*"
    r"|\\sqrt\s*\{?|\\[dt]?frac\s*\{)\Z"
)
_TOKEN: Final = re.compile(r"-?[\w.]+")
_PART_BEHIND: Final = re.compile(
    r"\s*(?:[\d^_/>+=]|<(?![/|a-z])|-\s?\d|[.,]\d|\{,\}|\\(?:times|cdot|div|pm|le|ge|leq|geq|ne|neq)(?![a-z]))"
)
"""What makes a box a piece of a formula: `2\\boxed{42}`, `\\boxed{42}^2`."""
_ANOTHER: Final = re.compile(r"[\s$\\)\]]*(?:,|and\b|or\b)\s*[$\\(]*\s*-?\d")
PART: Final = "the box is part of a larger expression"
_AROUND: Final = 80
"""Characters on each side of a box that are looked at."""
MAX_GAP: Final = 40
"""Characters between two boxes that make one answer: `\\boxed{1} and \\boxed{2}`."""


def boxed(text: str) -> Extraction | None:
    """Return what the last box holds, or the last boxes if little stands between them."""
    spans = _last_boxes(text)
    if not spans:
        return None
    if len(spans) > MAX_ITEMS:
        return Extraction(None, "boxed", f"more than {MAX_ITEMS} boxes")
    if spans[0][2] < 0:
        return Extraction(None, "boxed", "the box is not closed")
    contents = [text[start:end] for _, start, end in reversed(spans)]
    answer = ", ".join(contents) if len(contents) > 1 else contents[0]
    end = spans[0][2] + 1
    if not answer.strip(" $.,"):
        return Extraction(None, "boxed", "the box is empty")
    problem, suffix = _behind(text[end : end + _AROUND])
    if len(contents) == 1 and not (suffix == r"\%" and "%" in answer):
        answer += suffix
    before = sentence_before(text, spans[-1][0])[-_AROUND:]
    return Extraction(answer, "boxed", _problem_before(before) or problem)


# What stands around a box is much the same in all completions.


@lru_cache(maxsize=4096)
def _problem_before(before: str) -> str:
    """Return why a box does not hold the final answer, judging by what stands before it."""
    if denied_before_box(before):
        return DOUBTED
    return PART if _PART_BEFORE.search(without_tag(before)) else ""


@lru_cache(maxsize=4096)
def _behind(behind: str) -> tuple[str, str]:
    """Return the same for what stands behind it, and a percent sign or `million` there."""
    unit, scale = _UNIT.match(behind), _SCALE.match(behind)
    suffix = r"\%" if unit else rf"\text{{ {scale[1]}}}" if scale else ""
    if taken_back_behind_box(behind) or taken_back_later(behind, 0):
        return DOUBTED, suffix
    if _PART_BEHIND.match(behind):
        return PART, suffix
    return ("one of several answers" if _ANOTHER.match(behind) else ""), suffix


def _last_boxes(text: str) -> list[tuple[int, int, int]]:
    """Return (start, start of content, end of content) from the last box back; -1: not closed."""
    spans: list[tuple[int, int, int]] = []
    position = len(text)
    while len(spans) <= MAX_ITEMS:
        box = _previous(text, position)
        if box is None:
            break
        start, content = box
        end = _end(text, content)
        if spans and end > spans[-1][0]:
            if len(spans) == 1 and end > spans[0][2]:
                spans = [(start, content + 1, end)]  # the last box stands inside of this one
                position = start
                continue
            break
        if spans and (end < 0 or not _belongs(text[end + 1 : spans[-1][0]])):
            break
        braced = text[content : content + 1] == "{"
        spans.append((start, content + braced, end))
        if end < 0:
            break
        position = start
    return spans


def _previous(text: str, before: int) -> tuple[int, int] | None:
    """Return where the last box before a position starts, and where what follows it does."""
    while (position := text.rfind("box", 0, before)) >= 0:
        start = text.rfind("\\", max(0, position - 7), position)
        match = _BOX.match(text, start) if start >= 0 else None
        if match is not None and match.end() > position:
            return start, match.end()
        before = position
    return None


def _end(text: str, content: int) -> int:
    plain = _PLAIN.match(text, content)
    if plain is not None:
        return plain.end() - 1
    if text[content : content + 1] == "{":
        end = closing_brace(text[: content + MAX_ANSWER_CHARS + 2], content)
        return -1 if end is None else end
    token = _TOKEN.match(text, content)
    return token.end() if token else -1


def _belongs(gap: str) -> bool:
    return len(gap) <= MAX_GAP and not _GAP_ENDS.search(gap)
