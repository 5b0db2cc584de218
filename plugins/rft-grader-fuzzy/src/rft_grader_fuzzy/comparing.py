"""From an answer and its references to a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from rft_grader_fuzzy.config import FieldConfig, FuzzyConfig
from rft_grader_fuzzy.guards import Fired, Guards
from rft_grader_fuzzy.negation import ENGLISH, as_words
from rft_grader_fuzzy.processing import Prepared, Processor, UnusableTextError
from rft_grader_fuzzy.references import Reference, ReferenceReader
from rft_grader_fuzzy.resolved import resolve


class Result(NamedTuple):
    """How an answer compares: `similarity` as the scorer has it, 0 where it was not asked.

    `reference` is the position of the one it was compared with, from 0.
    """

    score: float
    similarity: float
    reference: int = 0
    fired: Fired | None = None


_new_result: Final = partial(tuple.__new__, Result)
"""`Result` of a tuple of all its fields, three times faster; one is made for every answer."""


class Comparer:
    """Compares answers with references as the settings say."""

    def __init__(self, config: FuzzyConfig | FieldConfig) -> None:
        limits = resolve(config)
        negations: frozenset[str] = frozenset()
        if config.negation:
            words = config.negation_words
            negations = ENGLISH if words is None else as_words(words)
        process = Processor(config.process)
        self.references = ReferenceReader(config, limits, process, negations)
        self._prepare_all = process.prepare_all
        self._guards = Guards(config, limits, negations)
        self._similarities = limits.scorer.similarities
        self._top = limits.scorer.top
        self._max_chars = limits.max_chars
        self._floor = limits.floor
        self._ceiling = config.ceiling
        self._slope = 1.0 / (config.ceiling - limits.floor)
        self._cutoff = config.cutoff

    def compare(self, answers: Sequence[str], references: Sequence[Reference]) -> list[Result]:
        """Return the best result for each answer; any text has one."""
        most = self._max_chars
        bounded = [answer if len(answer) <= most else "" for answer in answers]
        usable: list[Prepared] = []
        refused: dict[int, Result] = {}
        for position, prepared in enumerate(self._prepare_all(bounded)):
            # One character can stand for eighteen, so the length is looked at twice.
            if type(prepared) is tuple and prepared[1] and len(prepared[0]) <= most:
                usable.append(prepared)
            else:
                refused[position] = self._refused(answers[position], prepared)
        return merged(self._best(usable, references), refused)

    def _refused(self, answer: str, prepared: Prepared | UnusableTextError) -> Result:
        if isinstance(prepared, UnusableTextError):
            return zero(Fired("unreadable", str(prepared)))
        if len(answer) > self._max_chars or len(prepared[0]) > self._max_chars:
            return zero(Fired("too_long", f"longer than {self._max_chars} characters"))
        return zero(Fired("empty", "the answer is empty"))

    def _best(self, answers: Sequence[Prepared], references: Sequence[Reference]) -> list[Result]:
        if len(references) == 1:
            return self._against(references[0], answers)
        columns = [
            [result._replace(reference=position) for result in self._against(reference, answers)]
            for position, reference in enumerate(references)
        ]
        return [max(row, key=_score_and_similarity) for row in zip(*columns, strict=True)]

    def _against(self, reference: Reference, answers: Sequence[Prepared]) -> list[Result]:
        shortest, longest = reference.shortest, reference.longest
        texts = [text for text, _, _ in answers if shortest <= len(text) <= longest]
        similarities = iter(self._similarities(texts, reference.text))
        results = []
        for answer in answers:
            length = len(answer[0])
            if shortest <= length <= longest:
                results.append(self._result(next(similarities) / self._top, answer, reference))
            else:
                ratio = length / len(reference.text)
                results.append(zero(Fired("length", f"{ratio:.2f} times as long as the reference")))
        return results

    def _result(self, similarity: float, answer: Prepared, reference: Reference) -> Result:
        score = (similarity - self._floor) * self._slope
        if score <= 0.0 or score < self._cutoff:
            return _new_result((0.0, similarity, 0, None))
        fired = self._guards.fired(answer, reference)
        if fired is not None:
            return _new_result((0.0, similarity, 0, fired))
        # The quotient may miss 1 by a rounding error.
        score = 1.0 if similarity >= self._ceiling else min(score, 1.0)
        return _new_result((score * reference.weight, similarity, 0, None))


def merged(results: list[Result], others: Mapping[int, Result]) -> list[Result]:
    """Put the others among the results, each at its position in the list that comes out."""
    if not others:
        return results
    rest = iter(results)
    total = len(results) + len(others)
    return [others[at] if at in others else next(rest) for at in range(total)]


def zero(fired: Fired) -> Result:
    """Return the result of an answer that is not compared."""
    return Result(0.0, 0.0, 0, fired)


def _score_and_similarity(result: Result) -> tuple[float, float]:
    return result.score, result.similarity
