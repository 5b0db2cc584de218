"""Grader against people: correlation, error, kappas and the confusion of pass and fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rft_core.calibration.gradings import GradedCase
from rft_core.calibration.result import Agreement, Bias, Confusion
from rft_core.calibration.statistics import (
    Indexes,
    Vector,
    estimate,
    kappa,
    nearest,
    pearson,
    roc_auc,
    spearman,
)
from rft_core.cases import items_of
from rft_core.evaluation import mean

MAX_LEVELS: Final = 10
"""With more different human scores than this the scale counts as continuous."""
BINS: Final = 5
"""Equal parts that a continuous scale is cut into."""


@dataclass(frozen=True)
class Scored:
    """The cases that have a score, as columns."""

    cases: Sequence[GradedCase]

    @cached_property
    def human(self) -> Vector:
        """The human scores."""
        return np.array([case.human for case in self.cases], dtype=np.float64)

    @cached_property
    def grader(self) -> Vector:
        """The grader's mean scores."""
        return np.array([case.mean for case in self.cases], dtype=np.float64)

    @cached_property
    def items(self) -> list[Indexes]:
        """The places of the cases of each item."""
        return [np.array(item) for item in items_of([one.case for one in self.cases])]


def measure_agreement(scored: Scored, threshold: float) -> Agreement:
    """Compare the mean scores with the human scores."""
    human, grader = scored.human, scored.grader
    levels = human_levels(human)
    passes, should_pass = grader >= threshold, human >= threshold
    # Binary scores need no threshold: the higher of the two is the positive.
    positive = human == human.max(initial=0.0) if len(set(human.tolist())) == 2 else should_pass  # noqa: PLR2004
    return Agreement(
        spearman=estimate(lambda at: spearman(human[at], grader[at]), scored.items),
        pearson=pearson(human, grader),
        mean_absolute_error=mean(np.abs(grader - human).tolist()),
        leniency=mean((grader - human).tolist()),
        weighted_kappa=kappa(
            nearest(human, levels), nearest(grader, levels), len(levels), "quadratic"
        ),
        levels=len(levels),
        pass_kappa=_pass_kappa(passes, should_pass),
        auc=estimate(lambda at: roc_auc(positive[at], grader[at]), scored.items),
        confusion=_confusion(passes, should_pass),
        human_levels=len(set(human.tolist())),
        grader_varies=len(set(grader.tolist())) > 1,
    )


def human_levels(human: Vector) -> Vector:
    """Return the different human scores, or the middles of equal parts where they are many."""
    levels = np.unique(human)
    if len(levels) <= MAX_LEVELS:
        return levels
    return (np.arange(BINS) + 0.5) / BINS


def _pass_kappa(passes: NDArray[np.bool_], should_pass: NDArray[np.bool_]) -> float | None:
    """Return Cohen's kappa; None if people let all pass or none, which leaves nothing to tell."""
    if len(set(should_pass.tolist())) <= 1:
        return None
    return kappa(passes.astype(np.int64), should_pass.astype(np.int64), 2)


def _confusion(passes: NDArray[np.bool_], should_pass: NDArray[np.bool_]) -> Confusion:
    return Confusion(
        both_pass=int((passes & should_pass).sum()),
        only_grader=int((passes & ~should_pass).sum()),
        only_human=int((~passes & should_pass).sum()),
        both_fail=int((~passes & ~should_pass).sum()),
    )


def measure_bias(scored: Scored) -> Bias:
    """Correlate what ought to be unrelated: errors with length, scores with the place."""
    excess = np.round(scored.grader - scored.human, 12)
    lengths = np.array([len(one.case.completion) for one in scored.cases], dtype=np.float64)
    deviations, places, items = _by_repeat(scored)
    return Bias(
        length=estimate(lambda at: spearman(excess[at], lengths[at]), scored.items),
        position=estimate(lambda at: spearman(deviations[at], places[at]), items),
    )


def _by_repeat(scored: Scored) -> tuple[Vector, Vector, list[Indexes]]:
    """Return, for every score, its deviation from the case's mean, its place, and its item.

    The mean over repeats takes everything about the case out of it; what is left is noise, or
    depends on the place.
    """
    deviations: list[float] = []
    places: list[int] = []
    items: list[Indexes] = []
    for item in scored.items:
        start = len(places)
        for case in (scored.cases[i] for i in item):
            for score, place in zip(case.scores, case.places, strict=True):
                if score is not None and case.mean is not None:
                    deviations.append(round(score - case.mean, 12))
                    places.append(place)
        items.append(np.arange(start, len(places)))
    return np.array(deviations), np.array(places, dtype=np.float64), items
