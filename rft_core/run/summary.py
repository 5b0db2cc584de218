"""How a run ended."""

from __future__ import annotations

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
        "seconds": round(seconds, 1),
    }
