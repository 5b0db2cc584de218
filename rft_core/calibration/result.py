"""What a calibration found. Numbers that are undefined are None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Word: TypeAlias = Literal["fit", "not fit", "not enough evidence"]


@dataclass(frozen=True)
class Estimate:
    """A number and the ends of its 95% interval."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Cause:
    """What gradings failed with, and how many."""

    text: str
    count: int


@dataclass(frozen=True)
class Outcomes:
    """How the gradings ended, each case as often as there are repeats."""

    gradings: int
    graded: int
    not_applicable: int
    error: int
    stopped: int
    """Errors by which the grader ended its work itself, its budget being spent."""
    graded_cases: int
    """Cases with a score in one repeat at least."""
    graded_items: int
    causes: Sequence[Cause]

    @property
    def error_rate(self) -> float:
        """The share of failures among the gradings that the grader did not refuse."""
        tried = self.graded + self.error - self.stopped
        return (self.error - self.stopped) / tried if tried else 0.0


@dataclass(frozen=True)
class Confusion:
    """Cases by who lets them pass."""

    both_pass: int
    only_grader: int
    only_human: int
    both_fail: int


@dataclass(frozen=True)
class Agreement:
    """The mean score over the repeats against the human score, both from 0 to 1."""

    spearman: Estimate
    pearson: float | None
    mean_absolute_error: float | None
    leniency: float | None
    """The mean of grader minus human."""
    weighted_kappa: float | None
    levels: int
    pass_kappa: float | None
    auc: Estimate
    confusion: Confusion
    human_levels: int
    """How many different human scores there are."""
    grader_varies: bool

    @property
    def rarer_side(self) -> int:
        """The smaller of the numbers of cases that people let pass and fail."""
        c = self.confusion
        return min(c.both_pass + c.only_human, c.both_fail + c.only_grader)


@dataclass(frozen=True)
class Bias:
    """Rank correlations that ought to be 0."""

    length: Estimate
    """Of grader minus human with the length of the completion."""
    position: Estimate
    """Of a score minus the case's mean score with the place in the batch."""


@dataclass(frozen=True)
class Stability:
    """How much a case's score changes from repeat to repeat."""

    mean_std: float | None
    max_std: float | None
    pass_flips: float | None
    """The share of cases that pass in one repeat and fail in another."""
    ranking_flips: float | None
    """The share of pairs within an item that are ranked one way and the other."""


@dataclass(frozen=True)
class Ranking:
    """Pairs of completions of one item that people scored differently."""

    pairs: int
    accuracy: float | None
    """The share that the grader ranks as people do; a tie counts half."""


@dataclass(frozen=True)
class Disagreement:
    """A case on which grader and people disagree."""

    where: str
    id: str
    human: float
    grader: float
    reason: str | None


@dataclass(frozen=True)
class Verdict:
    """Whether the grader is fit to reward with, and why; `notes` do not count."""

    word: Word
    reasons: Sequence[str]
    notes: Sequence[str]


@dataclass(frozen=True)
class Measures:
    """Everything that is measured."""

    outcomes: Outcomes
    agreement: Agreement
    bias: Bias
    stability: Stability
    ranking: Ranking
    metrics: Mapping[str, float | None]
    worst: Sequence[Disagreement]


@dataclass(frozen=True)
class Calibration:
    """A grader held against people: the circumstances, the measures and the verdict."""

    grader: str
    version: str
    distribution: str
    config: Mapping[str, Any]
    cases_file: str
    cases: int
    items: int
    human_range: tuple[float, float]
    pass_threshold: float
    repeats: int
    measures: Measures
    verdict: Verdict
    graded: Sequence[Mapping[str, Any]]
    """Every case with its scores."""
