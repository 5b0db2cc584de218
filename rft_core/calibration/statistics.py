"""Statistics that say None where they are undefined, and bootstrap intervals over items."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import cohen_kappa_score

from rft_core.calibration.result import Estimate

Vector: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int64]
Statistic: TypeAlias = Callable[[Indexes], float | None]
"""Maps the places of the cases that were drawn to a number."""

SEED: Final = 42
RESAMPLES: Final = 1000
CONFIDENCE: Final = 0.95
MIN_DEFINED: Final = 0.5
"""With a smaller share of resamples in which the statistic is defined there is no interval."""
MIN_POINTS: Final = 3
"""Two points always lie on a line."""


def pearson(x: Vector, y: Vector) -> float | None:
    """Return the correlation; None for fewer than three points or where one does not vary."""
    if len(x) < MIN_POINTS or not np.ptp(x) or not np.ptp(y):
        return None
    # np.corrcoef takes several times as long, and the bootstrap asks thousands of times.
    dx, dy = x - x.mean(), y - y.mean()
    scale = math.sqrt(float(dx @ dx) * float(dy @ dy))
    return min(1.0, max(-1.0, float(dx @ dy) / scale)) if scale else None


def spearman(x: Vector, y: Vector) -> float | None:
    """Return the correlation of ranks; ties share the mean of their ranks."""
    return pearson(rankdata(x), rankdata(y))


def roc_auc(positive: NDArray[np.bool_], scores: Vector) -> float | None:
    """Return the chance that a positive scores above a negative, where a tie counts half.

    By the ranks (Mann and Whitney's U), since the bootstrap asks for it a thousand times.
    None if there is no positive or no negative.
    """
    ones = int(positive.sum())
    zeros = len(positive) - ones
    if not ones or not zeros:
        return None
    above = float(rankdata(scores)[positive].sum()) - ones * (ones + 1) / 2
    return above / (ones * zeros)


def kappa(first: Indexes, second: Indexes, labels: int, weights: str | None = None) -> float | None:
    """Return Cohen's kappa of labels from 0; None where both give one and the same label only."""
    if len(set(first.tolist()) | set(second.tolist())) <= 1:
        return None
    return float(cohen_kappa_score(first, second, labels=list(range(labels)), weights=weights))


def nearest(values: Vector, levels: Vector) -> Indexes:
    """Return for each value the place of the nearest level, the lower of two equally near."""
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    distances: NDArray[Any] = np.abs(values[:, None] - levels[None, :])
    return np.asarray(distances.argmin(axis=1), dtype=np.int64)


def estimate(statistic: Statistic, groups: Sequence[Indexes]) -> Estimate:
    """Return a statistic over all cases and its interval by the percentile bootstrap.

    `groups` are the places of the cases of each item. Items are drawn, not cases: completions of
    one item are alike, and drawing them one by one would make the interval too narrow.
    """
    value = statistic(np.sort(np.concatenate(groups))) if groups else None
    if value is None:
        return Estimate(None, None, None)
    rng = np.random.default_rng(SEED)
    found: list[float] = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(groups), size=len(groups))
        one = statistic(np.concatenate([groups[i] for i in drawn]))
        if one is not None:
            found.append(one)
    if len(groups) == 1 or len(found) < MIN_DEFINED * RESAMPLES:
        return Estimate(value, None, None)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))
