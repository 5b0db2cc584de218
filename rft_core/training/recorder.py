"""Writes what a run does into its directory, and tells the listener and the observer hooks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from rft_core.evaluation import batch_statistics, distinct_errors
from rft_core.plugins import plugin_manager
from rft_core.run.directory import RunDirectory
from rft_core.run.error_budget import ErrorBudget
from rft_core.training.evaluator import Evaluation
from rft_core.types import GradedSample

Listener: TypeAlias = Callable[[Mapping[str, Any]], None]
"""Is told every row of metrics, and `{"kind": "warning", "message": …}`."""

MAX_TOLD: Final = 20


class Recorder:
    """One run's log.

    A training step is written in three moments: `graded` (its samples, at once), `step_ended`
    and `logged` (its row, with TRL's own numbers).
    """

    def __init__(self, directory: RunDirectory, budget: ErrorBudget, listener: Listener) -> None:
        self.directory = directory
        self.budget = budget
        self.listener = listener
        self.validation_rewards: dict[int, float] = {}
        for row in directory.metrics():
            if row["kind"] == "eval":
                self._note_evaluation(row)
        self._told: set[str] = set()
        self._batches: list[GradedSample] = []
        self._grading_seconds = 0.0
        self._generation_seconds = 0.0
        self._step_started = time.perf_counter()
        self._row: dict[str, Any] | None = None

    def step_began(self) -> None:
        """Start the clock of a step."""
        self._step_started = time.perf_counter()
        self._grading_seconds = self._generation_seconds = 0.0
        self._batches = []

    def graded(
        self, step: int, samples: Sequence[GradedSample], seconds: float, generation_started: float
    ) -> None:
        """Log a graded batch of a step. Raises `ErrorRateExceededError`."""
        self._grading_seconds += seconds
        self._generation_seconds += time.perf_counter() - generation_started - seconds
        self._batches += samples
        self.directory.write_samples("train", step, self._batches)
        self._tell_errors(samples)
        self._observe("rft_batch_graded", step=step, phase="train", samples=samples)
        self.budget.spend(samples)

    def step_ended(self, step: int) -> None:
        """Take the times of a step."""
        total = time.perf_counter() - self._step_started
        update = total - self._generation_seconds - self._grading_seconds
        self._row = {
            "kind": "train",
            "step": step,
            **(batch_statistics(self._batches) if self._batches else {}),
            "seconds": {
                "generation": self._generation_seconds,
                "grading": self._grading_seconds,
                "update": update,
                "step": total,
            },
        }

    def logged(self, numbers: Mapping[str, Any]) -> None:
        """Write the row of the step that ended, with TRL's numbers."""
        if self._row is None:
            return
        row, self._row = self._row | {"trl": _finite(numbers)}, None
        self.directory.append_metrics(row)
        self.listener(row)

    def evaluated(self, step: int, evaluation: Evaluation, seconds: float) -> None:
        """Log an evaluation."""
        self.directory.write_samples("eval", step, evaluation.samples)
        self._tell_errors(evaluation.samples)
        row = {"kind": "eval", "step": step, **evaluation.statistics, "seconds": {"step": seconds}}
        self.directory.append_metrics(row)
        self._note_evaluation(row)
        self._observe("rft_batch_graded", step=step, phase="eval", samples=evaluation.samples)
        self.listener(row)

    def checkpoint_saved(self, step: int, path: Path, keep: int) -> None:
        """Mark a checkpoint as whole, point to the best and remove what is not kept."""
        self.directory.complete_checkpoint(path, {"step": step})
        saved = self.directory.checkpoints_by_step()
        ranked = sorted(saved, key=self._rank, reverse=True)
        self.directory.set_best(ranked[0])
        self.directory.keep_checkpoints({*ranked[:keep], step})
        self._observe("rft_checkpoint_saved", step=step, path=path)

    def run_started(self, task: Mapping[str, Any]) -> None:
        """Tell observers that the run starts."""
        self._observe("rft_run_started", run_dir=self.directory.path, task=task)

    def run_finished(self, summary: Mapping[str, Any]) -> None:
        """Write the summary."""
        self.directory.write_json("summary.json", summary)
        self._observe("rft_run_finished", run_dir=self.directory.path, summary=summary)

    def _rank(self, step: int) -> tuple[float, int]:
        """Order checkpoints by validation reward, the later of two equals first."""
        return self.validation_rewards.get(step, -math.inf), step

    def _note_evaluation(self, row: Mapping[str, Any]) -> None:
        reward = row["reward"]["mean"]
        self.validation_rewards[row["step"]] = -math.inf if reward is None else reward

    def _tell_errors(self, samples: Sequence[GradedSample]) -> None:
        """Tell the listener of each kind of failure once; the samples hold them all."""
        for cause in distinct_errors(samples):
            if cause not in self._told and len(self._told) < MAX_TOLD:
                self._told.add(cause)
                self.listener({"kind": "warning", "message": cause})

    def _observe(self, hook: str, **facts: Any) -> None:
        for complaint in plugin_manager().observe(hook, **facts):
            self.listener({"kind": "warning", "message": complaint})


def _finite(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what JSON can hold."""
    return {
        name: value
        for name, value in numbers.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
