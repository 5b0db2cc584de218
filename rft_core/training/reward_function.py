"""The composed reward as TRL's reward function."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from rft_core.reward.composition import WeightedSum
from rft_core.reward.engine import RewardEngine
from rft_core.types import Completion, GradedSample, Item, Progress, Sample

ITEM_COLUMN: Final = "rft_item"
"""The dataset column with the index of a row's item."""
TRAJECTORY_COLUMN: Final = "rft_trajectory"
"""What a rollout of ours adds for each completion: a `Completion`."""

OnGraded = Callable[[int, Sequence[GradedSample], float], None]
"""Told the step, the graded batch and the seconds that grading took."""


class RewardFunction:
    """Grades a batch of completions and returns one reward each, None for masked ones."""

    __name__ = "reward"  # the name under which TRL logs it

    def __init__(
        self,
        engine: RewardEngine,
        items: Sequence[Item],
        end_tokens: frozenset[int],
        on_graded: OnGraded,
    ) -> None:
        self.engine = engine
        self.items = items
        self.end_tokens = end_tokens
        self.on_graded = on_graded

    def __call__(self, **batch: Any) -> list[float | None]:
        """Return the rewards of a batch, given TRL's columns."""
        return [one.reward for one in self.grade(batch)]

    def grade(self, batch: dict[str, Any]) -> list[GradedSample]:
        """Grade a batch, given TRL's columns, and tell `on_graded`."""
        samples = self._samples(batch)
        state = batch["trainer_state"]
        progress = Progress(state.global_step + 1, state.max_steps)
        start = time.perf_counter()
        graded = self.engine.grade(samples, progress)
        self.on_graded(progress.step, graded, time.perf_counter() - start)
        _log_metrics(graded, batch["log_metric"])
        return graded

    def _samples(self, batch: dict[str, Any]) -> list[Sample]:
        completions = batch.get(TRAJECTORY_COLUMN) or [
            self._completion(messages, ids)
            for messages, ids in zip(batch["completions"], batch["completion_ids"], strict=True)
        ]
        return [
            Sample(self.items[index], completion)
            for index, completion in zip(batch[ITEM_COLUMN], completions, strict=True)
        ]

    def _completion(self, messages: Sequence[dict[str, Any]], ids: Sequence[int]) -> Completion:
        finished = bool(ids) and ids[-1] in self.end_tokens
        text = messages[0].get("content") or ""
        return Completion(text, len(ids), "stop" if finished else "length")


def _log_metrics(graded: Sequence[GradedSample], log_metric: Callable[[str, float], None]) -> None:
    """Send each grader's mean score to TRL's log, and so to the trackers of `report_to`."""
    scores: dict[str, list[float]] = {}
    for one in graded:
        for name, grade in one.grades.items():
            if grade is not None and grade.score is not None:
                scores.setdefault(name, []).append(grade.score)
    for name, values in scores.items():
        log_metric(f"graders/{name}", sum(values) / len(values))


class Column:
    """One grader's scores as a reward function of its own, for decoupled normalisation.

    The first column of a batch has it graded; the others read from the same grades. A masked
    sample is None in every column.
    """

    def __init__(self, batches: SharedGrading, task: str | None, grader: str) -> None:
        self.__name__ = grader if task is None else f"{task}/{grader}"
        self.batches = batches
        self.task = task
        self.grader = grader

    def __call__(self, **batch: Any) -> list[float | None]:
        """Return the grader's scores; None where it has none or the sample is masked."""
        return [self._score(one) for one in self.batches.grade(batch)]

    def _score(self, one: GradedSample) -> float | None:
        if one.reward is None or one.task != self.task:
            return None
        if one.failed or one.failed_gate is not None:
            return one.reward  # a penalty, or what the closed gate gives
        grade = one.grades[self.grader]
        return None if grade is None else grade.score


class SharedGrading:
    """Grades each batch once, for all columns."""

    def __init__(self, function: RewardFunction) -> None:
        self.function = function
        self._batch: object = None
        self._graded: list[GradedSample] = []

    def grade(self, batch: dict[str, Any]) -> list[GradedSample]:
        """Return the batch's grades; TRL passes the same list of completions to every column."""
        if batch["completions"] is not self._batch:
            self._graded = self.function.grade(batch)
            self._batch = batch["completions"]
        return self._graded


def reward_columns(function: RewardFunction) -> list[Column]:
    """Return one column per weighted grader of every task."""
    shared = SharedGrading(function)
    return [
        Column(shared, task, grader)
        for task, reward in function.engine.rewards.items()
        if isinstance(reward.composition, WeightedSum)
        for grader in reward.composition.weights
    ]
