"""How a run ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from rft_core.run.directory import RunDirectory

Status: TypeAlias = Literal["done", "stopped", "failed"]


def summarize_run(directory: RunDirectory, status: Status, seconds: float) -> dict[str, Any]:
    """Return how the run ended: the first, the best and the last evaluation in its log."""
    rows = directory.metrics()
    evaluations = {row["step"]: row for row in rows if row["kind"] == "eval"}
    best = directory.best_step()
    return {
        "status": status,
        "steps": max((row["step"] for row in rows if row["kind"] == "train"), default=0),
        "best_step": best,
        "baseline": evaluations.get(0),
        "best": None if best is None else evaluations.get(best),
        "last": evaluations[max(evaluations)] if evaluations else None,
        **_tasks(directory, evaluations),
        "seconds": round(seconds, 1),
    }


def _tasks(directory: RunDirectory, evaluations: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Return, for each of several tasks, its best step and its mean rewards there and before."""
    tasks = {task for row in evaluations.values() for task in row.get("tasks", {})}
    found = {task: _task(directory, evaluations, task) for task in sorted(tasks)}
    return {"tasks": found} if found else {}


def _task(
    directory: RunDirectory, evaluations: Mapping[int, Mapping[str, Any]], task: str
) -> dict[str, Any]:
    step = directory.best_step(task)

    def reward(at: int | None) -> float | None:
        row = {} if at is None else evaluations.get(at, {})
        mean: float | None = row.get("tasks", {}).get(task, {}).get("reward", {}).get("mean")
        return mean

    return {
        "best_step": step,
        "baseline": reward(0),
        "best": reward(step),
        "last": reward(max(evaluations)),
    }
