"""Sentences behind an answer: those that take it back, and those that only end the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_BREAK: Final = re.compile(r"(?<=[.!?])[\"'*)$]*\s+|\n")
_LETTERS: Final = re.compile(r"[a-z]+")
_PLAIN: Final = re.compile(r"[A-Za-z\s'’,.!;*()-]+")
_CLOSING: Final = (
    "a about again all also am and answer any anything are ask be by certain clear clearly "
    "complete completes concludes conclusion confident correct course definitely done else end "
    "ends exactly explanation feel final finished for free further glad good great happy have "
    "help helped helpful helps hence here hope i if in indeed is it know let m me more must my "
    "need now of only our please positive problem proof qed question questions quite re result "
    "right s should so solution solved sure thank thanks that the therefore this thus to total "
    "very was we welcome which with work yes you your"
)
_CLOSING_WORDS: Final = frozenset(_CLOSING.split())
"""A sentence of these alone says nothing about a value: `I hope that this is correct.`"""
_MAX_CLOSING_WORDS: Final = 12
_LONGEST_WORD: Final = 30
"""Characters in which the last word of a text stands."""

_LEAD: Final = r"(?:(?:oh|hmm+|sorry|wait|actually|well|no|but|however|and|or|then)\b[\s,.…-]*)*"
_ADVERBS: Final = (
    r"(?:\s+(?:probably|certainly|definitely|clearly|totally|completely|obviously|likely|perhaps"
    r"|possibly|simply|just|only|quite|all|most|really|very))*"
)
_SUBJECT: Final = (
    r"(?:that|this|it|which|(?:the|my|that|this)(?:\s+(?:final|last))?"
    r"\s+(?:answer|result|value|solution|number))"
)
_IS: Final = (
    r"(?:['’]s|\s+(?:is|was|seems|looks"
    r"|(?:may|might|could|must|can|should|will|would)(?:\s+well)?\s+be))"
)
_IS_NOT: Final = (
    r"(?:(?:['’]s|\s+is|\s+was)\s+(?:not|never)|\s+(?:is|was)n['’]?t|\s+can(?:not|['’]?t|\s+not)\s+be"
    r"|\s+(?:may|might|could)\s+not\s+be|\s+(?:does|do)(?:\s+not|n['’]?t)\s+(?:look|seem))"
)
_THINKS: Final = (
    r"i(?:['’]m|\s+am|['’]ve|\s+have|\s+had)?\s+(?:no\s+(?:idea|clue)|(?:just\s+|only\s+)?guess(?:ed|ing)?"
    r"|not\s+(?:\w+\s+)?(?:sure|certain|confident)|unsure|uncertain|(?:probably\s+)?(?:wrong|mistaken)"
    r"|(?:made|make)\s+(?:a\s+mistake|an\s+error)"
    r"|(?:was|may\s+be|might\s+be|could\s+be)\s+(?:wrong|mistaken)|doubt\s+(?:it|that|this)"
    r"|(?:do|did)(?:\s+not|n['’]?t)\s+(?:really\s+)?(?:know|think\s+so|believe\s+(?:it|that|this))"
    r"|ca(?:nnot|n['’]?t)\s+(?:tell|say|be\s+(?:sure|certain)))"
)
_ABOUT: Final = r"(?:\s+(?:though|however|at\s+all|either|here|about\s+(?:it|that|this)))?"
_TAKES_BACK: Final = re.compile(
    rf"[\s\"'*(]*{_LEAD}(?:"
    rf"(?:{_SUBJECT}{_IS}{_ADVERBS}\s+(?:wrong|incorrect|false|untrue|mistaken|nonsense"
    r"|a\s+(?:mistake|guess|lie|joke|wild\s+guess)|an\s+error)"
    rf"|{_SUBJECT}{_IS_NOT}{_ADVERBS}\s+(?:right|correct|true|it|so|(?:the|my)(?:\s+\w+)?\s+answer)"
    rf"|{_THINKS}|(?:just\s+|only\s+)?a\s+(?:wild\s+)?guess|not\s+(?:really|sure|certain|quite)"
    rf"|no\s+(?:idea|clue)|never\s*mind|(?:just|only)\s+(?:kidding|guessing))"
    rf"{_ABOUT}[\s\"'*)]*(?:[.!?,;:…-]|\Z)"
    r"|(?:maybe(?:\s+not)?|perhaps(?:\s+not)?|not|is\s+it|wrong|incorrect|(?<=\bno))"
    r"[\s\"'*)]*(?:[.!?…]|\Z))",
    re.IGNORECASE,
)
_SHORTEST: Final = len("\nNo")
WINDOW: Final = 200
"""Characters behind an answer that are looked at."""


def taken_back_later(text: str, end: int) -> bool:
    """Whether a sentence behind that of the answer, which ends at `end`, takes it back.

    `No idea.` and `That is wrong.` do. The first sentence that says anything else ends the search:
    what follows it is about something else.
    """
    behind = text[end : end + WINDOW]
    return len(behind) >= _SHORTEST and _takes_back(behind)


@lru_cache(maxsize=4096)
def _takes_back(behind: str) -> bool:
    for sentence in _BREAK.split(behind)[1:]:
        if not sentence.strip() or closes(sentence):
            continue
        return _TAKES_BACK.match(sentence) is not None
    return False


def closes(sentence: str) -> bool:
    """Whether a sentence only ends a text, and is no value: `That is my final answer`."""
    if not _PLAIN.fullmatch(sentence):
        return False
    words = _LETTERS.findall(sentence.lower())
    return 0 < len(words) <= _MAX_CLOSING_WORDS and _CLOSING_WORDS.issuperset(words)


def without_closing(text: str) -> str:
    """Return a text without the sentences at its end that only end it, if a number is left."""
    last = text[-_LONGEST_WORD:].rstrip(" .,!;*'’()").rpartition(" ")[2].lower()
    if not _CLOSING_WORDS.issuperset(_LETTERS.findall(last)) or last[-1:].isdigit():
        return text  # at once, since few texts end so
    kept = text
    for start in _last_sentences(text):
        if not closes(text[start : len(kept)]):
            break
        kept = text[:start].rstrip()
    return kept if any(map(str.isdigit, kept)) else text


def _last_sentences(text: str) -> Iterator[int]:
    """Yield where the last sentence starts, the one before it, and so on."""
    offset = max(0, len(text) - WINDOW)
    starts = [match.end() for match in _BREAK.finditer(text, offset)]
    yield from reversed(starts)
