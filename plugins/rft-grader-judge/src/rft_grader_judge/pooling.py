"""From several answers to one question to a number: votes, and the two orders of a swap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean, pstdev
from typing import Any, TypeAlias

from rft_grader_judge.asking import Answer
from rft_grader_judge.ledger import NO_USAGE
from rft_grader_judge.prompt import Question

Outcome: TypeAlias = Answer | Exception
"""What became of a question."""


@dataclass(frozen=True)
class Pooled:
    """The mean over all answers, and how much they differ.

    `spread` is the standard deviation over the votes, `swing` the difference between the means of
    the two orders; each is None where there is one only.
    """

    mean: float
    spread: float | None
    swing: float | None

    def metrics(self) -> dict[str, float]:
        """Return what there is, by name."""
        found = {"spread": self.spread, "order_swing": self.swing}
        return {name: value for name, value in found.items() if value is not None}


def pool(questions: Sequence[Question], values: Sequence[float | Exception]) -> Pooled:
    """Pool what the answers to the questions are worth.

    Raises the first failure unless more than half of the votes in each order are there.
    """
    by_order: dict[bool, list[float | Exception]] = {}
    for question, value in zip(questions, values, strict=True):
        by_order.setdefault(question.swapped, []).append(value)
    cast = [majority(some) for some in by_order.values()]
    means = [fmean(some) for some in cast]
    return Pooled(
        mean=fmean(means),
        spread=pstdev(chain.from_iterable(cast)) if max(map(len, cast)) > 1 else None,
        swing=abs(means[0] - means[1]) if len(means) > 1 else None,
    )


def worth(outcomes: Sequence[Outcome], value: Callable[[Any], float]) -> list[float | Exception]:
    """Return what each verdict is worth; failures stay what they are."""
    return [o if isinstance(o, Exception) else value(o.verdict) for o in outcomes]


def majority(values: Sequence[float | Exception]) -> list[float]:
    """Return the values among failures; raise the first failure if they are not most."""
    failures = [value for value in values if isinstance(value, Exception)]
    if 2 * len(failures) >= len(values):
        raise failures[0]
    return [value for value in values if not isinstance(value, Exception)]


def cost_metrics(outcomes: Sequence[Outcome], samples: int = 1) -> dict[str, float]:
    """Return what the answers took, for each of the samples that they are about.

    Tokens and cost, seconds a request, retries, and the share of answers that were known before.
    """
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    if not answers:
        return {}
    usage = sum((answer.usage for answer in answers), NO_USAGE)
    fresh = [answer for answer in answers if answer.is_fresh]
    metrics = {
        "prompt_tokens": usage.prompt_tokens / samples,
        "completion_tokens": usage.completion_tokens / samples,
        "cost": usage.cost / samples,
        "cached": 1.0 - len(fresh) / len(answers),
    }
    if fresh:
        metrics["latency_seconds"] = fmean(answer.seconds or 0.0 for answer in fresh)
        metrics["retries"] = sum(answer.retries for answer in fresh) / samples
    return metrics
