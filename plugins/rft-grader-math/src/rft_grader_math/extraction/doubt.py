"""Whether an answer is denied, doubted or questioned in the sentence where it stands."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_SENTENCE_END: Final = re.compile(r"(?<!\.)[.!?](?!\.)(?=\s|$|[\"'*)])|\n")
_DENIAL: Final = re.compile(
    r"\b(?:not|never|neither|nor|cannot|maybe|perhaps|possibly|probably|might|unsure|uncertain"
    r"|unlikely|guess(?:ing)?|doubt|wrong|incorrect|false|except|unless|between|either|other than"
    r"|no idea|anything but|far from|hardly|rule out)\b|n['’]t\b"
    r"|\b(?:if|suppose|assume|assuming|whether|imagine)\b[^,.;]*\banswer\b",
    re.IGNORECASE,
)
_MODIFIED: Final = re.compile(
    r"\b(?:(?:less|more|greater|fewer|larger|smaller|bigger|higher|lower|other) than|at least"
    r"|at most|up to|minus|negative|twice|double|triple|half(?: of)?|(?:square|cube|root|factorial"
    r"|reciprocal|logarithm) of|root|times|plus|below|under|over|above|beyond|exceed(?:s|ing)?|near"
    r"|close to|nearly|almost|section|step|question|chapter|page|problem"
    r"|equation|case|log|ln|sin|cos|tan|no|non|nay|nah|nope|none|(?:is|are|was|were|do|does|ca|wo)nt)"
    r"[\s$\\(*]*\Z",
    re.IGNORECASE,
)
"""Words that make another value of the number behind them, or no value at all."""
_RETRACTION: Final = re.compile(
    r"\?|\b(?:is|are|was|were)(?:n['’]t| not\b| never\b)|\bnot (?:sure|certain|right|correct|true"
    r"|the|it|possible|really|an?)\b|\b(?:wrong|incorrect|false|maybe|perhaps|possibly|probably|might"
    r"|no idea|no wait|guess(?:ing)?|unsure|uncertain|impossible|or|doubt|cannot|if|else|otherwise"
    r"|unless)\b|(?:do|does|ca|can|could|would)(?:n['’]t| not)\b",
    re.IGNORECASE,
)
_NEXT_TO_BOX: Final = re.compile(
    r"[\s$\\)\]}*.,(]*(?:\?|(?:text\{\s*)?(?:but |this |that |it |and )*"
    r"(?:(?:is|was|are|would be)\s+)?"
    r"(?:(?:is|was|are|do|does|ca|could|would)?n['’]t\b|cannot\b|not\b(?!\s*[$\\(]*-?\d)|(?:wrong|incorrect"
    r"|false|impossible)\b)|(?:or|maybe|perhaps)\b)",
    re.IGNORECASE,
)
_BEFORE_BOX: Final = re.compile(
    r"(?:\b(?:not|never|cannot|neither|nor|maybe|perhaps|possibly|probably|unlikely|impossible|wrong"
    r"|incorrect|false|doubtful)|n['’]t)"
    r"(?:\s+(?:be|equal|equals|to|the|answer|value|is|it|it's|that|true|whether|determine|say|conclude"
    r"|really|a|an|just|simply|actually|final|possible))*[\s$\\(\[{*:]*\Z",
    re.IGNORECASE,
)
_LAST_DIGIT: Final = re.compile(r".*\d", re.DOTALL)
_TAG: Final = re.compile(r"<[^<>]{1,20}>\s*\Z")
_BREAKS: Final = (". ", "\n", "! ", "? ")
WINDOW: Final = 400
"""Characters on each side that are looked at."""


_UP_TO_NUMBER: Final = re.compile(r"\d.*\Z", re.DOTALL)
_HINT: Final = re.compile(
    r"not|n['’]t|never|nor|neither|maybe|perhaps|possib|probably|might|un(?:sure|certain|likely|der"
    r"|less)|guess|doubt|wrong|incorrect|false|except|between|either|other|no (?:idea|wait)|than"
    r"|least|most|up to|or\b|if|else|\?|anything but|far from|hardly|rule out|suppose|assum|whether"
    r"|imagine"
    r"|minus|negative|twice|double|triple|half|root|of\b|times|plus|below|over|above|beyond|exceed|near"
    r"|close|\bn(?:o|on|ay|ah|ope|one)\b|nt\b|section|step|question|chapter|page|problem|equation|case|log|ln|sin|cos|tan"
)
"""Every doubt has one of these in it. Looking for them first is cheaper: most texts have none."""


def doubted(text: str, start: int, end: int) -> bool:
    """Whether the answer at `text[start:end]` is denied before it or taken back behind it.

    Only its own sentence counts; a denial of an earlier number is not a denial of this one.
    """
    return _is_denied(sentence_before(text, start)) or _is_taken_back(_sentence_behind(text, end))


def denied_before_box(before: str) -> bool:
    """Say the same of what stands before a box, whose direct neighbours alone count."""
    return bool(_HINT.search(before.lower()) and _BEFORE_BOX.search(before))


def taken_back_behind_box(behind: str) -> bool:
    """Say the same of what stands behind a box."""
    return _NEXT_TO_BOX.match(behind) is not None


def sentence_before(text: str, start: int) -> str:
    """Return about what stands before a place in its sentence."""
    low, rfind = max(0, start - WINDOW), text.rfind
    begin = max(rfind(". ", low, start), rfind("\n", low, start), rfind("! ", low, start))
    begin = max(begin, rfind("? ", low, start), low - 1)
    return text[begin + 1 : start]


def without_tag(before: str) -> str:
    """Return what stands before an answer without the tag that it ends with, `<answer>`."""
    return _TAG.sub("", before)


def _sentence_behind(text: str, end: int) -> str:
    window = text[end : end + WINDOW]
    if len(window) < len("no. "):
        return window
    if ".." in window:  # the sentence may go on
        return window
    ends = [place for mark in _BREAKS if (place := window.find(mark)) >= 0]
    return window[: min(ends) + 1] if ends else window


# The sentences that lead to answers are much the same in all completions: `The answer is`.


@lru_cache(maxsize=4096)
def _is_denied(before: str) -> bool:
    if not _HINT.search(before.lower()):
        return False
    begin = max((match.end() for match in _SENTENCE_END.finditer(before)), default=0)
    number = _LAST_DIGIT.match(before, begin)
    sentence = before[number.end() :] if number else before[begin:]
    return bool(_DENIAL.search(sentence) or _MODIFIED.search(sentence))


@lru_cache(maxsize=4096)
def _is_taken_back(behind: str) -> bool:
    if not _HINT.search(behind.lower()):
        return False
    match = _SENTENCE_END.search(behind)
    sentence = behind[: match.end()] if match else behind
    return _RETRACTION.search(_UP_TO_NUMBER.sub("", sentence)) is not None
