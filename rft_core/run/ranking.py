"""Which checkpoint is the best: overall, and at each of several tasks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


class Ranking:
    """Orders checkpoints by the mean reward of their evaluations; training rewards have no say.

    Steps without an evaluation, and evaluations without a reward, come last.
    """

    def __init__(self) -> None:
        self._rewards: dict[int, dict[str | None, float | None]] = {}

    def note(self, row: Mapping[str, Any]) -> None:
        """Take in an evaluation's row of the metrics."""
        tasks = {task: found["reward"]["mean"] for task, found in row.get("tasks", {}).items()}
        self._rewards[row["step"]] = {None: row["reward"]["mean"], **tasks}

    def knows(self, step: int) -> bool:
        """Whether the step was evaluated."""
        return step in self._rewards

    @property
    def tasks(self) -> list[str]:
        """The tasks that were evaluated, where there are several."""
        found = {task for rewards in self._rewards.values() for task in rewards}
        return sorted(task for task in found if task is not None)

    def best_first(self, steps: Iterable[int], task: str | None = None) -> list[int]:
        """Return the steps, the best at the task (or overall) first, the later of two equals."""
        return sorted(steps, key=lambda step: (self._reward(step, task), step), reverse=True)

    def _reward(self, step: int, task: str | None) -> float:
        reward = self._rewards.get(step, {}).get(task)
        return -math.inf if reward is None else reward
