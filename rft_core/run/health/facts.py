"""What a task file says about its graders, as far as warnings depend on it."""

from __future__ import annotations

from collections.abc import Mapping

from rft_core.run.health.rows import grader_label
from rft_core.run.health.warning import GraderFacts, Role
from rft_core.task.build import RewardPlan


def grader_facts(rewards: Mapping[str | None, RewardPlan]) -> dict[str, GraderFacts]:
    """Return the facts of all graders, by their names in the log."""
    return {
        grader_label(task or "", name): GraderFacts(_role(plan, name), *call.grader.score_range)
        for task, plan in rewards.items()
        for name, call in plan.calls.items()
    }


def _role(plan: RewardPlan, name: str) -> Role:
    if name in plan.gates:
        return "gate"
    return "observer" if name in plan.observers else "weighted"
