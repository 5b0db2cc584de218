"""What a training batch says about the graders and the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from rft_core.evaluation import by_task, grader_names, grader_statistics, mean, spread
from rft_core.types import GradedSample

Groups: TypeAlias = Sequence[Sequence[GradedSample]]

MIN_SCORES: Final = 2
"""A group with fewer scores says nothing about whether they differ."""


def batch_statistics(samples: Sequence[GradedSample], pass_threshold: float) -> dict[str, Any]:
    """Return the statistics of one training batch as a JSON object.

    A group is the samples of one item. Masked samples, and grades that are not scores, are left out
    of means and counted. Where there are several tasks, `tasks` holds the same statistics of each.
    """
    tasks = by_task(samples, lambda one: one.task)
    return _statistics(samples, pass_threshold) | (
        {"tasks": {task: _statistics(mine, pass_threshold) for task, mine in tasks.items()}}
        if tasks
        else {}
    )


def _statistics(samples: Sequence[GradedSample], pass_threshold: float) -> dict[str, Any]:
    rewards = [one.reward for one in samples]
    groups = _groups(samples)
    return {
        "samples": len(samples),
        "groups": len(groups),
        "reward": {"mean": mean(rewards), "std": spread(rewards), "masked": rewards.count(None)},
        "graders": {name: _grader(groups, name) for name in grader_names(samples)},
        "pass_rate": mean(r >= pass_threshold for r in rewards if r is not None),
        "zero_variance_groups": mean(len(_rewards(group)) <= 1 for group in groups),
        "saturated": mean(_is_saturated(group, pass_threshold) for group in groups),
        "num_tokens": mean(one.sample.completion.num_tokens for one in samples),
        "clipped": mean(one.sample.completion.finish_reason == "length" for one in samples),
    }


def _groups(samples: Sequence[GradedSample]) -> Groups:
    groups: dict[str, list[GradedSample]] = {}
    for one in samples:
        groups.setdefault(one.sample.item.id, []).append(one)
    return list(groups.values())


def _rewards(group: Sequence[GradedSample]) -> set[float]:
    """Return the different rewards of a group; with fewer than two it teaches nothing."""
    return {one.reward for one in group if one.reward is not None}


def _is_saturated(group: Sequence[GradedSample], pass_threshold: float) -> bool:
    """Whether every sample of the group passes: the item is learned."""
    return all(one.reward is not None and one.reward >= pass_threshold for one in group)


def _grader(groups: Groups, name: str) -> dict[str, Any]:
    grades = [one.grades[name] for group in groups for one in group if name in one.grades]
    return grader_statistics(grades) | {"zero_variance_groups": _same_score_share(groups, name)}


def _same_score_share(groups: Groups, name: str) -> float | None:
    """Return the share of groups in which the grader's scores are all equal."""
    scores = [_scores(group, name) for group in groups]
    return mean(len(set(some)) == 1 for some in scores if len(some) >= MIN_SCORES)


def _scores(group: Sequence[GradedSample], name: str) -> list[float]:
    grades = (one.grades.get(name) for one in group)
    return [grade.score for grade in grades if grade is not None and grade.score is not None]


def add_latencies(
    statistics: dict[str, Any], latencies: Mapping[str | None, Mapping[str, Mapping[str, float]]]
) -> None:
    """Write how long calls took, by task and grader, beside the graders' other statistics."""
    for task, of_graders in latencies.items():
        place = statistics if task is None else statistics.get("tasks", {}).get(task, {})
        for name, latency in of_graders.items():
            if latency and name in place.get("graders", {}):
                place["graders"][name]["latency"] = dict(latency)
