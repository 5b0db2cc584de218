"""The composed reward as TRL's reward function."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from rft_core.export import LogMetric, log_grader_means
from rft_core.reward.engine import RewardEngine
from rft_core.task.build import RewardPlan
from rft_core.training.distributed import OnMain, Processes
from rft_core.types import Completion, GradedSample, Item, Progress, Sample

ITEM_COLUMN: Final = "rft_item"
"""The dataset column with the index of a row's item."""
TRAJECTORY_COLUMN: Final = "rft_trajectory"
"""What a rollout of ours adds for each completion: a `Completion`."""

OnGraded: TypeAlias = Callable[[int, Sequence[GradedSample], float], None]
"""Told the step, the graded batch and the seconds that grading took."""


class BatchGrader:
    """Grades the whole batch of a step, on the main process."""

    def __init__(self, engine: RewardEngine, on_graded: OnGraded) -> None:
        self.engine = engine
        self.on_graded = on_graded

    def grade(
        self, samples: Sequence[Sample], progress: Progress, log_metric: LogMetric
    ) -> list[GradedSample]:
        """Grade a batch and tell `on_graded`; graders' means go to TRL's log."""
        start = time.perf_counter()
        graded = self.engine.grade(samples, progress)
        self.on_graded(progress.step, graded, time.perf_counter() - start)
        log_grader_means(graded, log_metric)
        return graded


class BatchRewards:
    """The rewards of this process's completions.

    Every process sends its completions to the main one, which grades the batch as a whole, in the
    order that a single process has it in.
    """

    def __init__(
        self,
        grader: OnMain[BatchGrader],
        processes: Processes,
        items: Sequence[Item],
        end_tokens: frozenset[int],
        columns: Sequence[Column],
    ) -> None:
        self.grader = grader
        self.processes = processes
        self.items = items
        self.end_tokens = end_tokens
        self.columns = columns
        self._batch: object = None
        self._rows: list[list[float | None]] = []

    def column(self, index: int, batch: dict[str, Any]) -> list[float | None]:
        """Return the rewards in one of the columns, given TRL's columns.

        A batch is graded once; TRL passes the same list of completions to every column.
        """
        if batch["completions"] is not self._batch:
            self._rows = self._grade(batch)
            self._batch = batch["completions"]
        return [row[index] for row in self._rows]

    def _grade(self, batch: dict[str, Any]) -> list[list[float | None]]:
        """Return a row of rewards for each completion of this process."""
        parts = self.processes.each(lambda: self._answers(batch))
        state = batch["trainer_state"]
        progress = Progress(state.global_step + 1, state.max_steps)

        def rows(grader: BatchGrader) -> list[list[float | None]]:
            samples = [Sample(self.items[i], answer) for part in parts for i, answer in part]
            graded = grader.grade(samples, progress, batch["log_metric"])
            return [[column.score(one) for column in self.columns] for one in graded]

        everyones = self.grader.use(rows)
        start = sum(len(part) for part in parts[: self.processes.rank])
        return everyones[start : start + len(parts[self.processes.rank])]

    def _answers(self, batch: dict[str, Any]) -> list[tuple[int, Completion]]:
        """Return this process's completions, each with the index of its item."""
        completions = batch.get(TRAJECTORY_COLUMN) or [
            self._completion(messages, ids)
            for messages, ids in zip(batch["completions"], batch["completion_ids"], strict=True)
        ]
        return list(zip(batch[ITEM_COLUMN], completions, strict=True))

    def _completion(self, messages: Sequence[dict[str, Any]], ids: Sequence[int]) -> Completion:
        finished = bool(ids) and ids[-1] in self.end_tokens
        text = messages[0].get("content") or ""
        return Completion(text, len(ids), "stop" if finished else "length")


class RewardColumn:
    """A column of rewards, as TRL's reward function."""

    def __init__(self, rewards: BatchRewards, index: int, name: str) -> None:
        self.__name__ = name  # under which TRL logs it
        self.rewards = rewards
        self.index = index

    def __call__(self, **batch: Any) -> list[float | None]:
        """Return the rewards of this process's completions, given TRL's columns."""
        return self.rewards.column(self.index, batch)


@dataclass(frozen=True)
class Column:
    """What TRL gets as one of its rewards: here the composed one."""

    name: str = "reward"
    weight: float = 1.0

    def score(self, one: GradedSample) -> float | None:
        """Return the column's value for a sample, None if it is masked."""
        return one.reward


@dataclass(frozen=True)
class GraderColumn(Column):
    """One grader's scores, for decoupled normalisation. A masked sample is None in all of them."""

    task: str | None = None
    grader: str = ""

    def score(self, one: GradedSample) -> float | None:
        """Return the grader's score; None where it has none or the sample is masked."""
        if one.reward is None or one.task != self.task:
            return None
        if one.failed or one.failed_gate is not None:
            return one.reward  # a penalty, or what the closed gate gives
        grade = one.grades[self.grader]
        return None if grade is None else grade.score


def grader_columns(rewards: Mapping[str | None, RewardPlan]) -> list[Column]:
    """Return one column per weighted grader of every task."""
    return [
        GraderColumn(grader if task is None else f"{task}/{grader}", weight, task, grader)
        for task, plan in rewards.items()
        for grader, weight in plan.weights().items()
    ]
