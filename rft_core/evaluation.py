"""What an evaluation says: statistics over k samples of each item."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from rft_core.types import Grade, GradedSample, GradeError

T = TypeVar("T")

HISTOGRAM_BINS: Final = 10
CAUSE_CHARS: Final = 40


def summarize(groups: Sequence[Sequence[GradedSample]], pass_threshold: float) -> dict[str, Any]:
    """Return the statistics of an evaluation as a JSON object.

    `groups[i][r]` is sample r of item i; each item has the same number k of samples. Run r is
    sample r of every item: `std` is the sample standard deviation (ddof=1) over the k run means.
    Masked samples, and grades that are not scores, are left out of means and counted. Where there
    are several tasks, `tasks` holds the same statistics of each.
    """
    tasks = by_task(groups, lambda group: group[0].task)
    return _summary(groups, pass_threshold) | (
        {"tasks": {task: _summary(mine, pass_threshold) for task, mine in tasks.items()}}
        if tasks
        else {}
    )


def _summary(groups: Sequence[Sequence[GradedSample]], pass_threshold: float) -> dict[str, Any]:
    everyone = [one for group in groups for one in group]
    k = len(groups[0])
    return {
        "items": len(groups),
        "samples": k,
        "reward": _spread(groups, _reward)
        | {"masked": sum(one.reward is None for one in everyone)},
        "graders": {name: _grader(groups, name) for name in grader_names(everyone)},
        "pass_at": {str(n): _pass_at(groups, n, pass_threshold) for n in sorted({1, k})},
        "best_of_k": mean(_best(group) for group in groups),
        "histogram": _histogram([r for one in everyone if (r := one.reward) is not None]),
        "num_tokens": mean(one.sample.completion.num_tokens for one in everyone),
        "clipped": mean(one.sample.completion.finish_reason == "length" for one in everyone),
    }


def cause_of(error: GradeError) -> tuple[str, str, str]:
    """Return what errors of one cause have in common.

    Messages that differ only late (by an id or a time, say) tell of one cause.
    """
    return error.grader, error.kind, error.message[:CAUSE_CHARS]


def distinct_errors(samples: Iterable[GradedSample]) -> list[str]:
    """Return what graders failed with, each cause once, in order of appearance."""
    causes: dict[tuple[str, str, str], str] = {}
    for error in (error for one in samples for error in one.errors):
        causes.setdefault(cause_of(error), str(error))
    return list(causes.values())


def by_task(things: Iterable[T], task_of: Callable[[T], str | None]) -> dict[str, list[T]]:
    """Return the things of each task, in order of the tasks' names; {} without several rewards."""
    found: dict[str, list[T]] = {}
    for thing in things:
        task = task_of(thing)
        if task is not None:
            found.setdefault(task, []).append(thing)
    return dict(sorted(found.items()))


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are there, None if none is."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def spread(values: Iterable[float | None]) -> float | None:
    """Return the sample standard deviation, 0 for a single value, None for none."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return statistics.stdev(known) if len(known) > 1 else 0.0


def grader_statistics(grades: Sequence[Grade | None]) -> dict[str, Any]:
    """Return mean, spread and the counts of outcomes of one grader's grades."""
    scores = [grade.score for grade in grades if grade is not None]
    metrics = sorted({name for grade in grades if grade for name in grade.metrics})
    outcomes = [grade.outcome if grade else "not_run" for grade in grades]
    counts = {name: outcomes.count(name) for name in ("error", "not_applicable", "not_run")}
    return {
        "mean": mean(scores),
        "std": spread(scores),
        **{name: count for name, count in counts.items() if count},
        **({"metrics": {m: _metric(grades, m) for m in metrics}} if metrics else {}),
    }


def _metric(grades: Sequence[Grade | None], name: str) -> float | None:
    return mean(grade.metrics.get(name) for grade in grades if grade)


def _reward(graded: GradedSample) -> float | None:
    return graded.reward


def grader_names(samples: Iterable[GradedSample]) -> list[str]:
    """Return the names in order of the task file, those of all tasks."""
    return list(dict.fromkeys(name for one in samples for name in one.grades))


def _spread(
    groups: Sequence[Sequence[GradedSample]], value: Callable[[GradedSample], float | None]
) -> dict[str, Any]:
    runs = [mean(value(group[r]) for group in groups) for r in range(len(groups[0]))]
    return {"mean": mean(runs), "std": spread(runs), "runs": runs}


def _grader(groups: Sequence[Sequence[GradedSample]], name: str) -> dict[str, Any]:
    def score(one: GradedSample) -> float | None:
        grade = one.grades.get(name)
        return None if grade is None else grade.score

    grades = [one.grades.get(name) for group in groups for one in group if name in one.grades]
    return grader_statistics(grades) | _spread(groups, score)


def _pass_at(groups: Sequence[Sequence[GradedSample]], k: int, threshold: float) -> float | None:
    """Return pass@k by the unbiased estimator of arXiv:2107.03374, equation 1."""
    estimates = []
    for group in groups:
        rewards = [one.reward for one in group if one.reward is not None]
        passed = sum(reward >= threshold for reward in rewards)
        if len(rewards) >= k:
            failed = len(rewards) - passed
            estimates.append(1 - math.comb(failed, k) / math.comb(len(rewards), k))
    return mean(estimates)


def _best(group: Sequence[GradedSample]) -> float | None:
    return max((one.reward for one in group if one.reward is not None), default=None)


def _histogram(rewards: Sequence[float]) -> dict[str, Any]:
    """Count rewards in equal bins from the lowest (or 0) to the highest (or 1)."""
    low, high = min([0.0, *rewards]), max([1.0, *rewards])
    counts = [0] * HISTOGRAM_BINS
    for reward in rewards:
        place = int((reward - low) / (high - low) * HISTOGRAM_BINS)
        counts[min(place, HISTOGRAM_BINS - 1)] += 1
    return {"low": low, "high": high, "counts": counts}
