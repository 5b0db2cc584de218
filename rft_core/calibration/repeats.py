"""What repeats and pairs say: stability, and ranking within an item."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rft_core.calibration.agreement import Scored
from rft_core.calibration.result import Ranking, Stability
from rft_core.calibration.statistics import Vector
from rft_core.evaluation import mean


def measure_stability(scored: Scored, threshold: float) -> Stability:
    """Compare the repeats of each case; cases with a single score say nothing."""
    repeated = [case.known for case in scored.cases if len(case.known) > 1]
    stds = [statistics.stdev(scores) for scores in repeated]
    passing = [{score >= threshold for score in scores} for scores in repeated]
    return Stability(
        mean_std=mean(stds),
        max_std=max(stds, default=None),
        pass_flips=mean(len(results) > 1 for results in passing),
        ranking_flips=mean(_ranking_flips(scored)),
    )


def _ranking_flips(scored: Scored) -> Iterator[bool]:
    """Say for each pair within an item that has two common repeats whether its ranking flips."""
    for item in scored.items:
        rows = [[np.nan if s is None else s for s in scored.cases[i].scores] for i in item]
        by_repeat = np.array(rows, dtype=np.float64).T
        pairs = _pairs(len(item))
        up = np.zeros(len(pairs[0]), dtype=np.int64)
        down, known = up.copy(), up.copy()
        for scores in by_repeat:
            difference = scores[pairs[0]] - scores[pairs[1]]
            up += difference > 0
            down += difference < 0
            known += ~np.isnan(difference)
        yield from ((up > 0) & (down > 0))[known > 1].tolist()


def measure_ranking(scored: Scored) -> Ranking:
    """Compare the order of an item's completions with that of people; groups of GRPO are such."""
    results: list[float] = []
    for item in scored.items:
        results += _ranked(scored.human[item], scored.grader[item])
    return Ranking(pairs=len(results), accuracy=mean(results))


def _ranked(human: Vector, grader: Vector) -> list[float]:
    """Return 1 for each pair ranked as people do, 0.5 for a tie of the grader's, else 0."""
    first, second = _pairs(len(human))
    wanted = np.sign(human[first] - human[second])
    given = np.sign(grader[first] - grader[second])
    results: list[float] = ((wanted * given + 1) / 2)[wanted != 0].tolist()
    return results


def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.triu_indices(count, k=1)
    return first, second
