"""From counts to numbers.

Every metric is a function of three counts: `hits`, the labels that are named and right (at most
once each); `named`, the labels named, repeats included where they are penalised; `expected`, the
labels of the reference. `hits` is never greater than either of the others, and at least one of
those is positive: the grader decides the case where both are empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeAlias

MetricName: TypeAlias = Literal["precision", "recall", "f1", "f_beta", "jaccard", "exact_match"]
KEPT_SCORES: Final = 10_000

Metric: TypeAlias = Callable[[int, int, int], float]


def precision(hits: int, named: int, _expected: int) -> float:
    """Return the share of the named labels that are right; 0 if none is named."""
    return hits / named if named else 0.0


def recall(hits: int, _named: int, expected: int) -> float:
    """Return the share of the expected labels that are named; 0 if none is expected."""
    return hits / expected if expected else 0.0


def f1(hits: int, named: int, expected: int) -> float:
    """Return the harmonic mean of precision and recall."""
    return 2 * hits / (named + expected)


def jaccard(hits: int, named: int, expected: int) -> float:
    """Return the size of the intersection over that of the union."""
    return hits / (named + expected - hits)


def exact_match(hits: int, named: int, expected: int) -> float:
    """Return 1 if the labels are those expected and no others, else 0."""
    return float(hits == named == expected)


def f_beta(beta: float) -> Metric:
    """Return F-beta: recall weighs `beta` times as much as precision (van Rijsbergen, 1979)."""
    square = beta * beta

    def score(hits: int, named: int, expected: int) -> float:
        # Rounding can lift a full score above 1, which is out of range.
        return min(1.0, (1 + square) * hits / (square * expected + named))

    return score


_METRICS: Final[dict[MetricName, Metric]] = {
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "jaccard": jaccard,
    "exact_match": exact_match,
}


def make_metric(name: MetricName, beta: float) -> Metric:
    """Return the metric of that name; `beta` matters to `f_beta` alone."""
    return f_beta(beta) if name == "f_beta" else _METRICS[name]


class Score(NamedTuple):
    """What a grade says in numbers; `metrics` is shared by grades and must not be changed."""

    value: float
    metrics: dict[str, float]


class Scores(dict[tuple[int, int, int], Score]):
    """`scores[hits, named, expected]`: the few combinations that occur are worked out once."""

    def __init__(self, metric: Metric) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, counts: tuple[int, int, int]) -> Score:
        metrics = {"precision": precision(*counts), "recall": recall(*counts), "f1": f1(*counts)}
        score = Score(self._metric(*counts), metrics)
        if len(self) >= KEPT_SCORES:
            self.clear()
        self[counts] = score
        return score
