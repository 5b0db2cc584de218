"""Whether a text affirms the words that it contains."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from rft_pack_policy.words import AUXILIARIES, SUBJECTS, Text, vocabulary

Stance: TypeAlias = Literal["affirmed", "denied", "doubtful", "asked"]

_NEGATORS: Final = vocabulary(
    "not no never none neither nor nobody nothing nowhere without hardly scarcely barely false "
    "untrue unable unwilling impossible refuse refuses refused refusing decline declines declined "
    "declining deny denies denied"
)
_HARMLESS: Final = frozenset(
    {
        *((no, more) for no in ("not", "no") for more in ("only", "just", "later", "less", "more")),
        *(("no", word) for word in ("doubt", "problem", "matter", "worries", "sooner")),
    }
)
"""A negator that denies nothing by its next word; `not only` affirms."""
_SHORT: Final = {"no": 3, "without": 3}
"""They deny what follows within so many words: `with no receipt you get store credit`."""
_NO_WAY: Final = vocabulary("case circumstances circumstance means time account way event")
"""`in no case` denies the whole clause."""
_AFTERWARDS: Final = vocabulary("impossible unavailable excluded denied refused")
_AFTER: Final = 4
"""So many words behind a statement may deny it: `a full refund is not possible`."""
_STOPS: Final = frozenset({"and", "or", "nor"})
_ALONE: Final = frozenset({"not", "no", "never"})
"""They deny what stands before them if they are a clause by themselves."""


def stance(text: Text, start: int, end: int, window: int) -> Stance:
    """Return what a text says of the words from `start` to `end` (exclusive) in it.

    Negators up to `window` words before them in their clause deny them, and some behind. Two deny
    each other, or do not: that is doubtful. A question says nothing.
    """
    if text.sentences[start] in text.questions:
        return "asked"
    count = _before(text, start, window) + _left_open(text, start) + _behind(text, start, end)
    if count == 0:
        return "affirmed"
    return "denied" if count % 2 else "doubtful"


def _before(text: Text, start: int, window: int) -> int:
    return sum(
        text.clauses[place] == text.clauses[start] and start - place <= _reach(text, place, window)
        for place in range(max(start - window, 0), start)
    )


def _left_open(text: Text, start: int) -> int:
    """Return 1 if an earlier clause of the sentence breaks off at a negation.

    `We do not, whatever happens, offer …` does.
    """
    sentence, clause = text.sentences[start], text.clauses[start]
    place = start - 1
    while place > 0 and text.sentences[place] == sentence:
        breaks_off = text.clauses[place] != text.clauses[place + 1]
        if breaks_off and text.clauses[place] != clause and text.words[place] in {"not", "never"}:
            return int(text.words[place - 1] in AUXILIARIES or text.words[place] == "never")
        place -= 1
    return 0


def _behind(text: Text, start: int, end: int) -> int:
    """Return how many words behind deny: `a full refund is not possible`, `a full refund, not`.

    A statement that holds a negator, such as `without a receipt`, is not what `we cannot` denies.
    """
    clause, sentence = text.clauses[end - 1], text.sentences[end - 1]
    stops = _STOPS if _NEGATORS.isdisjoint(text.words[start:end]) else _STOPS | SUBJECTS
    count = 0
    for place in range(end, min(end + _AFTER, len(text.words))):
        word = text.words[place]
        last = place + 1 == len(text.words) or text.clauses[place + 1] != text.clauses[place]
        if text.clauses[place] != clause:
            return count + (text.sentences[place] == sentence and last and word in _ALONE)
        if word in stops:
            break
        denies = word in {"not", "never"} and (last or text.words[place - 1] in AUXILIARIES)
        count += denies or word in _AFTERWARDS
    return count


def _reach(text: Text, place: int, window: int) -> int:
    """Return how many words behind a word are denied by it: 0 for most words."""
    word = text.words[place]
    following = text.words[place + 1] if place + 1 < len(text.words) else ""
    if word not in _NEGATORS or (word, following) in _HARMLESS:
        return 0
    return window if following in _NO_WAY else min(_SHORT.get(word, window), window)
