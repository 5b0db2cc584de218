"""Whether an answer is denied, doubted or questioned in the sentence where it stands."""

from __future__ import annotations

import re
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
    r"|equation|case|log|ln|sin|cos|tan)"
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
WINDOW: Final = 400
"""Characters on each side that are looked at."""


_UP_TO_NUMBER: Final = re.compile(r"\d.*\Z", re.DOTALL)
_HINT: Final = re.compile(
    r"not|n['’]t|never|nor|neither|maybe|perhaps|possib|probably|might|un(?:sure|certain|likely|der"
    r"|less)|guess|doubt|wrong|incorrect|false|except|between|either|other|no (?:idea|wait)|than"
    r"|least|most|up to|or\b|if|else|\?|anything but|far from|hardly|rule out|suppose|assum|whether"
    r"|imagine"
    r"|minus|negative|twice|double|triple|half|root|of\b|times|plus|below|over|above|beyond|exceed|near"
    r"|close|section|step|question|chapter|page|problem|equation|case|log|ln|sin|cos|tan"
)
"""Every doubt has one of these in it. Looking for them first is cheaper: most texts have none."""


def doubted(text: str, start: int, end: int) -> bool:
    """Whether the answer at `text[start:end]` is denied before it or taken back behind it.

    Only its own sentence counts; a denial of an earlier number is not a denial of this one.
    """
    before = text[max(0, start - WINDOW) : start]
    behind = text[end : end + WINDOW]
    if _HINT.search(before.lower()):
        before = _in_sentence(before)
        if _DENIAL.search(before) or _MODIFIED.search(before):
            return True
    return bool(_HINT.search(behind.lower()) and _RETRACTION.search(_to_sentence_end(behind)))


def box_doubted(text: str, start: int, end: int) -> bool:
    """Say the same of a box; only its direct neighbours count, for it is marked as the answer."""
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
    """Return the part of a text in its first sentence and before its first number."""
    match = _SENTENCE_END.search(window)
    return _UP_TO_NUMBER.sub("", window[: match.end()] if match else window)
