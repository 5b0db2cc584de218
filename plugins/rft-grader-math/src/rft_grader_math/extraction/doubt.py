"""Whether an answer is denied, doubted or questioned in the sentence where it stands."""

from __future__ import annotations

import re
from typing import Final

_SENTENCE_END: Final = re.compile(r"[.!?](?=\s|$|[\"'*)])|\n")
_DENIAL: Final = re.compile(
    r"\b(?:not|never|neither|nor|cannot|maybe|perhaps|possibly|probably|might|unsure"
    r"|uncertain|unlikely|guess(?:ing)?|doubt|wrong|incorrect|false|except|unless|between|either"
    r"|other than|no idea)\b|n't\b|n’t\b",
    re.IGNORECASE,
)
_BOUND: Final = re.compile(
    r"\b(?:(?:less|more|greater|fewer|larger|smaller|higher|lower|other) than|at least|at most|up to)"
    r"[\s$\\(*]*\Z",
    re.IGNORECASE,
)
_RETRACTION: Final = re.compile(
    r"\?|\b(?:is|are|was|were)(?:n't|n’t| not\b| never\b)|\bnot (?:sure|certain|right|correct|true"
    r"|the (?:right|correct|final)?|it|possible|really|an?)\b|\b(?:wrong|incorrect|false|maybe|perhaps"
    r"|possibly|probably|might|no idea|guess(?:ing)?|unsure|uncertain|impossible|or|doubt)\b"
    r"|(?:do|does|can|could|would)(?:n't|n’t| not)\b",
    re.IGNORECASE,
)
_NEXT_TO_BOX: Final = re.compile(
    r"[\s$\\)\]}*.,]*(?:\?|(?:is|was|are)(?:n't|n’t| not\b)|not\b|(?:is |was )?(?:wrong|incorrect|false)\b"
    r"|(?:or|maybe|perhaps)\b)",
    re.IGNORECASE,
)
_BEFORE_BOX: Final = re.compile(
    r"(?:\b(?:not|never|cannot|neither|nor|maybe|perhaps|possibly|probably|unlikely)|n't|n’t)"
    r"(?:\s+(?:be|equal|equals|to|the|answer|is|really|a|an|just|simply|actually|final))*[\s$\\(\[{*:]*\Z",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d")
WINDOW: Final = 400
"""Characters on each side that are looked at."""


def doubted(text: str, start: int, end: int) -> bool:
    """Whether the answer at `text[start:end]` is denied before it or taken back behind it.

    Only its own sentence counts; a denial of an earlier number is not a denial of this one.
    """
    before = _before(text, start)
    if _DENIAL.search(before) or _BOUND.search(before):
        return True
    return _RETRACTION.search(_behind(text, end)) is not None


def box_doubted(text: str, start: int, end: int) -> bool:
    """The same for a box, whose direct neighbours alone count: it is marked as the answer."""
    before = text[max(0, start - 80) : start]
    return bool(_BEFORE_BOX.search(before) or _NEXT_TO_BOX.match(text, end, end + 80))


def _before(text: str, start: int) -> str:
    window = text[max(0, start - WINDOW) : start]
    for match in _SENTENCE_END.finditer(window):
        window = " " * match.end() + window[match.end() :]
    numbers = [match.end() for match in _NUMBER.finditer(window)]
    return window[numbers[-1] :] if numbers else window


def _behind(text: str, end: int) -> str:
    window = text[end : end + WINDOW]
    match = _SENTENCE_END.search(window)
    return window[: match.end()] if match else window
