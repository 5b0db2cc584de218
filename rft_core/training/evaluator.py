"""Sampling and grading the validation items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rft_core.batch_statistics import add_latencies
from rft_core.evaluation import summarize
from rft_core.grader import Grader
from rft_core.reward.engine import RewardEngine
from rft_core.rollout import Policy, Rollout, Trajectory
from rft_core.types import Completion, Grade, GradedSample, Item, Progress, Sample


@dataclass(frozen=True)
class Evaluation:
    """The graded samples of an evaluation, k of each item in turn, and their statistics."""

    samples: Sequence[GradedSample]
    statistics: Mapping[str, Any]


def sample_items(
    items: Sequence[Item], policy: Policy, rollout: Rollout[Any], samples: int
) -> list[Completion]:
    """Return k completions of each item in turn."""
    repeated = _repeated(items, samples)
    if not repeated:
        return []
    return [completion_of(one) for one in rollout.trajectories(repeated, policy)]


def grade_completions(
    items: Sequence[Item],
    completions: Sequence[Completion],
    engine: RewardEngine,
    *,
    samples: int,
    pass_threshold: float,
) -> Evaluation:
    """Grade what `sample_items` sampled, and summarise."""
    batch = zip(_repeated(items, samples), completions, strict=True)
    graded = engine.grade([Sample(item, completion) for item, completion in batch], Progress())
    groups = [graded[i : i + samples] for i in range(0, len(graded), samples)]
    statistics = summarize(groups, pass_threshold)
    add_latencies(statistics, engine.take_latencies())
    return Evaluation(graded, statistics | _reports(engine, graded))


def _repeated(items: Sequence[Item], samples: int) -> list[Item]:
    return [item for item in items for _ in range(samples)]


def completion_of(trajectory: Trajectory) -> Completion:
    """Return what graders see of a trajectory."""
    return Completion(
        text=trajectory.text,
        num_tokens=sum(trajectory.env_mask),
        finish_reason=trajectory.finish_reason,
        messages=trajectory.messages,
    )


def _reports(engine: RewardEngine, graded: Sequence[GradedSample]) -> dict[str, Any]:
    """Return what graders have to say beyond means, by task and grader."""
    reports: dict[str, Any] = {}
    for task, reward in engine.rewards.items():
        for name, runner in reward.runners.items():
            mine = [
                (one.sample, grade)
                for one in graded
                if one.task == task
                and (grade := one.grades.get(name)) is not None
                and grade.outcome == "graded"
            ]
            if report := _report(runner.call.grader, mine):
                reports[name if task is None else f"{task}/{name}"] = report
    return {"reports": reports} if reports else {}


def _report(grader: Grader[Any], graded: Sequence[tuple[Sample, Grade]]) -> dict[str, Any]:
    """Ask a grader for its report; a report that fails is told in its place."""
    try:
        return dict(grader.report([s for s, _ in graded], [g for _, g in graded]))
    except Exception as error:  # noqa: BLE001 - the boundary to other people's code
        return {"error": f"{type(error).__name__}: {error}"}
