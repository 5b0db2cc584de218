"""The four ways of judging: which questions are asked, and what their answers are worth."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any, Final

from rft_core.types import Grade, Item, Sample
from rft_grader_judge.asking import Answer
from rft_grader_judge.cache import fingerprint
from rft_grader_judge.config import JudgeConfig
from rft_grader_judge.errors import JudgeError
from rft_grader_judge.pooling import Outcome, Pooled, cost_metrics, pool, worth
from rft_grader_judge.prompt import Question
from rft_grader_judge.questions import NothingToJudgeError, QuestionWriter
from rft_grader_judge.verdict import Form, LabelForm, NumberForm, ObjectForm, OrderForm
from rft_grader_judge.verdict_config import (
    Criterion,
    LabelVerdict,
    RelativeVerdict,
    RubricVerdict,
    ScoreVerdict,
)

ANSWER: Final = "answer"
MET: Final = LabelForm(("met", "not met"))
REASON_CHARS: Final = 600


@dataclass(frozen=True)
class Work:
    """Questions about some samples of a batch, and what their answers make of the samples.

    `compose` raises what failed, if too much of it did.
    """

    samples: Sequence[int]
    questions: Sequence[Question]
    compose: Callable[[Sequence[Outcome]], Sequence[Grade | Exception]]
    is_canary: bool = False


class Mode(ABC):
    """A way of judging the samples of a batch."""

    def __init__(self, writer: QuestionWriter) -> None:
        self.writer = writer

    @abstractmethod
    def plan(self, samples: Sequence[Sample]) -> Iterator[Work]:
        """Yield work that covers each sample once."""


class Pointwise(Mode):
    """Judges each sample by itself."""

    def plan(self, samples: Sequence[Sample]) -> Iterator[Work]:
        """See `Mode.plan`."""
        for index, sample in enumerate(samples):
            try:
                yield self.work(index, sample.item, self.writer.answer(sample))
            except NothingToJudgeError as nothing:
                yield _worthless([index], str(nothing))
            except Exception as error:  # noqa: BLE001 - the row's own: it lacks a column, say
                yield _failed([index], error)

    def work(self, index: int, item: Item, answer: str) -> Work:
        """Return what is to be asked about one answer."""
        data = (self.writer.data(ANSWER, answer),)
        instructions = self.writer.instructions(item)
        questions = [
            repeated
            for addition, form in self.forms()
            for repeated in self.writer.repeated(Question((*instructions, addition), data, form))
        ]
        return Work([index], questions, lambda outcomes: [self.grade(questions, outcomes)])

    @abstractmethod
    def forms(self) -> Sequence[tuple[str, Form]]:
        """Return what is asked of each answer: a text after the instructions, and the form."""

    @abstractmethod
    def grade(self, questions: Sequence[Question], outcomes: Sequence[Outcome]) -> Grade:
        """Return the grade of one answer."""


class Score(Pointwise):
    """A number in a range."""

    def __init__(self, writer: QuestionWriter, verdict: ScoreVerdict) -> None:
        super().__init__(writer)
        self._low, self._high = verdict.range
        self._form = NumberForm(self._low, self._high, verdict.effective_step())

    def forms(self) -> Sequence[tuple[str, Form]]:
        """See `Pointwise.forms`."""
        return [(f"\n\n{_ends(self._low, self._high)}", self._form)]

    def grade(self, questions: Sequence[Question], outcomes: Sequence[Outcome]) -> Grade:
        """See `Pointwise.grade`."""
        pooled = pool(questions, worth(outcomes, self._share))
        value = self._low + pooled.mean * (self._high - self._low)
        said = f"{value:g} of {self._low:g} to {self._high:g}"
        return _grade(pooled, said, outcomes)

    def _share(self, verdict: float) -> float:
        return _place_between(self._low, self._high, verdict)


class Label(Pointwise):
    """One label of a set; with several votes, the share of them that pass."""

    def __init__(self, writer: QuestionWriter, verdict: LabelVerdict) -> None:
        super().__init__(writer)
        self._passing = frozenset(verdict.passing)
        self._form = LabelForm(verdict.labels)

    def forms(self) -> Sequence[tuple[str, Form]]:
        """See `Pointwise.forms`."""
        return [("", self._form)]

    def grade(self, questions: Sequence[Question], outcomes: Sequence[Outcome]) -> Grade:
        """See `Pointwise.grade`."""
        pooled = pool(questions, worth(outcomes, lambda label: float(label in self._passing)))
        labels = [outcome.verdict for outcome in outcomes if isinstance(outcome, Answer)]
        return _grade(pooled, ", ".join(dict.fromkeys(labels)), outcomes)


class Rubric(Pointwise):
    """Weighted criteria, each with a verdict of its own."""

    def __init__(self, writer: QuestionWriter, verdict: RubricVerdict) -> None:
        super().__init__(writer)
        self._criteria = verdict.criteria
        self._together = verdict.together
        self._best = sum(criterion.weight for criterion in verdict.criteria if criterion.weight > 0)

    def forms(self) -> Sequence[tuple[str, Form]]:
        """See `Pointwise.forms`."""
        if not self._together:
            return [
                (f"\n\nJudge this one criterion and no other: {_described(c)}", _form_of(c))
                for c in self._criteria
            ]
        listed = "".join(f"\n- {c.name}: {_described(c)}" for c in self._criteria)
        form = ObjectForm(tuple((c.name, _form_of(c)) for c in self._criteria))
        return [(f"\n\nJudge each of these criteria by itself:{listed}", form)]

    def grade(self, questions: Sequence[Question], outcomes: Sequence[Outcome]) -> Grade:
        """See `Pointwise.grade`."""
        pooled = self._by_criterion(questions, outcomes)
        earned = sum(c.weight * pooled[c.name].mean for c in self._criteria)
        # Rounding can lift a full score above 1, and penalties take more than there is.
        score = min(max(earned / self._best, 0.0), 1.0)
        metrics = {f"criterion_{name}": one.mean for name, one in pooled.items()}
        metrics |= _largest(pooled.values())
        said = ", ".join(f"{name} {one.mean:.2g}" for name, one in pooled.items())
        return Grade(score, _reason(said, outcomes), metrics | cost_metrics(outcomes))

    def _by_criterion(
        self, questions: Sequence[Question], outcomes: Sequence[Outcome]
    ) -> Mapping[str, Pooled]:
        share = len(questions) if self._together else len(questions) // len(self._criteria)
        pooled = {}
        for place, criterion in enumerate(self._criteria):
            start = 0 if self._together else place * share
            pooled[criterion.name] = pool(
                questions[start : start + share],
                worth(outcomes[start : start + share], self._value_of(criterion)),
            )
        return pooled

    def _value_of(self, criterion: Criterion) -> Callable[[Any], float]:
        def value(verdict: Any) -> float:
            one = verdict[criterion.name] if self._together else verdict
            if criterion.range is None:
                return float(one == "met")
            return _place_between(*criterion.range, one)

        return value


class Relative(Mode):
    """An order of the completions of each item.

    Equal completions are shown once and share a place; those that say nothing come last.
    """

    def __init__(self, writer: QuestionWriter, verdict: RelativeVerdict) -> None:
        super().__init__(writer)
        self._verdict = verdict

    def plan(self, samples: Sequence[Sample]) -> Iterator[Work]:
        """See `Mode.plan`."""
        groups: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        for index, sample in enumerate(samples):
            groups[sample.item.id, sample.item.task].append(index)
        for indexes in groups.values():
            yield from self._group(samples, indexes)

    def _group(self, samples: Sequence[Sample], indexes: Sequence[int]) -> Iterator[Work]:
        if len(indexes) == 1:
            reason = "the only completion of its item: there is nothing to compare it with"
            yield Work(indexes, [], lambda _: [Grade(None, reason)])
            return
        by_text: dict[str, list[int]] = defaultdict(list)
        for index in indexes:
            try:
                by_text[self.writer.answer(samples[index])].append(index)
            except NothingToJudgeError as nothing:
                yield _worthless([index], str(nothing))
        try:
            if by_text:
                yield self._compared(samples[indexes[0]].item, by_text)
        except Exception as error:  # noqa: BLE001 - the group's own
            yield _failed([index for some in by_text.values() for index in some], error)

    def _compared(self, item: Item, by_text: Mapping[str, Sequence[int]]) -> Work:
        texts = list(by_text)
        everyone = [index for some in by_text.values() for index in some]
        if len(texts) == 1:
            grade = Grade(0.5, "all completions of the item are equal")
            return Work(everyone, [], lambda _: [grade] * len(everyone))
        if len(texts) > self._verdict.max_group:
            raise JudgeError(
                f"the group has {len(texts)} different completions, more than max_group "
                f"({self._verdict.max_group})"
            )
        shown = list(self._shown(item, texts))
        questions = [question for question, _ in shown]

        def compose(outcomes: Sequence[Outcome]) -> list[Grade]:
            cost = cost_metrics(outcomes, len(everyone))
            grades = []
            for text, some in by_text.items():
                pooled = pool(questions, _places(text, shown, outcomes))
                said = f"place {pooled.mean:.2g} between worst (0) and best (1) of {len(texts)}"
                grade = Grade(pooled.mean, _reason(said, outcomes), pooled.metrics() | cost)
                grades += [grade] * len(some)
            return grades

        return Work(everyone, questions, compose)

    def _shown(self, item: Item, texts: Sequence[str]) -> Iterator[tuple[Question, list[str]]]:
        """Return the question for each order and vote, and the texts as it shows them.

        The order depends on the seed and the texts only: the same group is asked the same question
        in every run, whatever else is in its batch.
        """
        names = ascii_uppercase[: len(texts)]
        blank = Question(self.writer.instructions(item), (), OrderForm(tuple(names)))
        for question in self.writer.repeated(blank):
            order = sorted(texts)
            seed = fingerprint(
                {
                    "seed": self._verdict.seed,
                    "vote": question.vote,
                    "texts": order,
                }
            )
            random.Random(seed).shuffle(order)  # noqa: S311 - the same in every run, on purpose
            if question.swapped:
                order.reverse()
            answers = [
                self.writer.data(f"{ANSWER} {name}", text)
                for name, text in zip(names, order, strict=True)
            ]
            yield replace(question, answers=tuple(answers)), order


def make_mode(config: JudgeConfig, writer: QuestionWriter) -> Mode:
    """Return the mode that the config chooses."""
    match config.verdict:
        case ScoreVerdict() as verdict:
            return Score(writer, verdict)
        case LabelVerdict() as verdict:
            return Label(writer, verdict)
        case RubricVerdict() as verdict:
            return Rubric(writer, verdict)
        case RelativeVerdict() as verdict:
            return Relative(writer, verdict)


def _places(
    text: str, shown: Sequence[tuple[Question, list[str]]], outcomes: Sequence[Outcome]
) -> list[float | Exception]:
    """Return where each verdict puts a text, from 0 (worst) to 1 (best)."""
    values: list[float | Exception] = []
    for (_, order), outcome in zip(shown, outcomes, strict=True):
        if isinstance(outcome, Exception):
            values.append(outcome)
            continue
        place = outcome.verdict.index(ascii_uppercase[order.index(text)])
        values.append(1 - place / (len(order) - 1))
    return values


def _place_between(low: float, high: float, value: float) -> float:
    return (value - low) / (high - low)


def _ends(low: float, high: float) -> str:
    return f"{low:g} is the worst verdict and {high:g} the best."


def _described(criterion: Criterion) -> str:
    if criterion.range is None:
        return criterion.description
    low, high = criterion.range
    return f"{criterion.description} {low:g} is not at all, {high:g} is fully."


def _form_of(criterion: Criterion) -> Form:
    return MET if criterion.range is None else NumberForm(*criterion.range)


def _worthless(indexes: Sequence[int], reason: str) -> Work:
    return Work(indexes, [], lambda _: [Grade(0.0, reason)] * len(indexes))


def _failed(indexes: Sequence[int], error: Exception) -> Work:
    return Work(indexes, [], lambda _: [error] * len(indexes))


def _grade(pooled: Pooled, said: str, outcomes: Sequence[Outcome]) -> Grade:
    return Grade(pooled.mean, _reason(said, outcomes), pooled.metrics() | cost_metrics(outcomes))


def _largest(pooled: Iterable[Pooled]) -> dict[str, float]:
    """Return the largest spread and swing of several criteria."""
    largest: dict[str, float] = {}
    for one in pooled:
        for name, value in one.metrics().items():
            largest[name] = max(largest.get(name, 0.0), value)
    return largest


def _reason(said: str, outcomes: Sequence[Outcome]) -> str:
    """Return what was said with the judge's first reasons."""
    reasons = (o.reasoning for o in outcomes if isinstance(o, Answer) and o.reasoning)
    first = " ".join(next(reasons, "").split())
    return f"{said}: {first[:REASON_CHARS]}" if first else said
