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
_LAST_DIGIT: Final = re.compile(r".*\d", re.DOTALL)
WINDOW: Final = 400
"""Characters on each side that are looked at."""


_HINT: Final = re.compile(
    r"not|n['’]t|never|nor|neither|maybe|perhaps|possibly|probably|might|un(?:sure|certain|likely)"
    r"|guess|doubt|wrong|incorrect|false|except|unless|between|either|other|no idea|than|least|most"
    r"|up to|or\b|impossible|\?"
)
"""Every doubt has one of these in it; looking for them first is cheaper, and most texts have none."""


def doubted(text: str, start: int, end: int) -> bool:
    """Whether the answer at `text[start:end]` is denied before it or taken back behind it.

    Only its own sentence counts; a denial of an earlier number is not a denial of this one.
    """
    before = text[max(0, start - WINDOW) : start]
    behind = text[end : end + WINDOW]
    if _HINT.search(before.lower()):
        before = _in_sentence(before)
        if _DENIAL.search(before) or _BOUND.search(before):
            return True
    return bool(_HINT.search(behind.lower()) and _RETRACTION.search(_to_sentence_end(behind)))


def box_doubted(text: str, start: int, end: int) -> bool:
    """The same for a box, whose direct neighbours alone count: it is marked as the answer."""
    before = text[max(0, start - 80) : start]
    if _HINT.search(before.lower()) and _BEFORE_BOX.search(before):
        return True
    return _NEXT_TO_BOX.match(text, end, end + 80) is not None


def _in_sentence(window: str) -> str:
    """Return the part of a text in its last sentence and behind its last number."""
    begin = 0
    for match in _SENTENCE_END.finditer(window):
        begin = match.end()
    number = _LAST_DIGIT.match(window, begin)
    return window[number.end() :] if number else window[begin:]


def _to_sentence_end(window: str) -> str:
    match = _SENTENCE_END.search(window)
    return window[: match.end()] if match else window
