"""Answers that are similar to the reference in letters and not in meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from rft_grader_fuzzy.config import Settings
from rft_grader_fuzzy.negation import count_negations
from rft_grader_fuzzy.numbers import contains_all, numbers_in
from rft_grader_fuzzy.overlap import Overlap
from rft_grader_fuzzy.processing import STANDARD, Prepared
from rft_grader_fuzzy.references import Reference
from rft_grader_fuzzy.resolved import Limits
from rft_grader_fuzzy.statements import OR, has_candidate, is_question

GuardName: TypeAlias = Literal[
    "unreadable",
    "too_long",
    "empty",
    "length",
    "numbers",
    "negation",
    "question",
    "alternatives",
    "word_order",
    "shared_words",
    "repetition",
    "echo",
]
SHOWN_NUMBERS: Final = 5
SHOWN_DIGITS: Final = 20


class Fired(NamedTuple):
    """The guard that scores an answer 0, and why."""

    guard: GuardName
    why: str


class Guards:
    """The guards that look at what an answer says, cheap ones first."""

    def __init__(self, settings: Settings, limits: Limits, negations: frozenset[str]) -> None:
        self._negations = negations
        self._alternatives = settings.alternatives
        self._questions = settings.questions
        # One look at the words finds what either guard has to look into.
        self._telling = negations | {OR} if settings.alternatives else negations
        self._whole = set(STANDARD) <= set(settings.process)
        self._numbers = settings.numbers
        self._order = limits.min_word_order or 0.0
        self._shared = limits.min_shared_words or 0.0
        repetition = limits.max_repetition
        self._repetition = 1.0 if repetition is None else repetition
        self._on_words = bool(self._order or self._shared or self._repetition < 1)

    def fired(self, answer: Prepared, reference: Reference) -> Fired | None:
        """Return the first guard that fires.

        It runs for every answer that would earn something, so what can be ruled out at once is.
        """
        text, words, spelling = answer
        telling = not self._telling.isdisjoint(words)
        if (reference.negations or telling) and text != reference.text:
            why = self._negation(words, spelling, reference)
            if why:
                return Fired("negation", why)
        if (spelling or reference.numbers) and (why := self._other_numbers(spelling, reference)):
            return Fired("numbers", why)
        if (spelling or telling) and (fired := self._no_statement(answer, reference)) is not None:
            return fired
        if reference.echo and reference.echo in (text if self._whole else " ".join(words)):
            return Fired("echo", "the answer repeats the prompt")
        if self._on_words and text != reference.text:
            return self._words(words, reference)
        return None

    def _negation(self, words: list[str], spelling: str, reference: Reference) -> str:
        count = count_negations(words, spelling, self._negations)
        if count == reference.negations:
            return ""
        return f"negating words: {count}, and {reference.negations} in the reference"

    def _no_statement(self, answer: Prepared, reference: Reference) -> Fired | None:
        text, words, spelling = answer
        if self._questions and not reference.asks and is_question(spelling):
            return Fired("question", "a question, and none in the reference")
        if (
            self._alternatives
            and text != reference.text
            and has_candidate(words, spelling, reference.joined)
        ):
            return Fired("alternatives", "one of its alternatives alone is more similar")
        return None

    def _other_numbers(self, answer: str, reference: Reference) -> str:
        if self._numbers == "off":
            return ""
        numbers, expected = numbers_in(answer), reference.numbers
        if numbers == expected or self._agree(numbers, expected):
            return ""
        return f"numbers: {shown(numbers)}, and {shown(expected)} in the reference"

    def _agree(self, numbers: list[str], expected: list[str]) -> bool:
        if self._numbers == "equal":
            return sorted(numbers) == sorted(expected)
        return self._numbers == "contain" and contains_all(numbers, expected)

    def _words(self, words: list[str], reference: Reference) -> Fired | None:
        overlap = Overlap(words, reference.codes)
        if not overlap.keeps_order(self._order):
            return Fired("word_order", f"{overlap.order():.0%} of the common words in order")
        if overlap.repeats_more_than(self._repetition):
            share = reference.codes.repetition(words)
            return Fired("repetition", f"{share:.0%} of the words are needless repeats")
        if self._shared and 0 < (share := overlap.shared()) < self._shared:
            return Fired("shared_words", f"only {share:.0%} of the reference's words")
        return None


def shown(numbers: Sequence[str]) -> str:
    """Return some numbers as a short text."""
    texts = [n if len(n) <= SHOWN_DIGITS else f"{n[:SHOWN_DIGITS]}…" for n in numbers]
    more = len(texts) - SHOWN_NUMBERS
    listed = ", ".join(texts[:SHOWN_NUMBERS]) or "none"
    return f"{listed} and {more} more" if more > 0 else listed
