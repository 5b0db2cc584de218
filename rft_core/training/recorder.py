"""Writes what a run does into its directory, and tells the listener and the observer hooks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from rft_core.batch_statistics import add_latencies, batch_statistics
from rft_core.evaluation import distinct_errors
from rft_core.plugins import plugin_manager
from rft_core.run.directory import RunDirectory
from rft_core.run.error_budget import ErrorBudget
from rft_core.run.health import HealthMonitor
from rft_core.run.ranking import Ranking
from rft_core.training.evaluator import Evaluation
from rft_core.types import GradedSample

Listener: TypeAlias = Callable[[Mapping[str, Any]], None]
"""Is told every row of metrics, and `{"kind": "warning", "message": …}`."""

Latencies: TypeAlias = Mapping[str | None, Mapping[str, Mapping[str, float]]]
"""How long graders' calls took, by task and grader."""

MAX_TOLD: Final = 20


class Recorder:
    """One run's log.

    A training step is written in three moments: `graded` (its samples, at once), `step_ended`
    and `logged` (its row, with TRL's own numbers).
    """

    def __init__(
        self,
        directory: RunDirectory,
        budget: ErrorBudget,
        health: HealthMonitor,
        listener: Listener,
        pass_threshold: float,
    ) -> None:
        self.directory = directory
        self.budget = budget
        self.health = health
        self.listener = listener
        self.pass_threshold = pass_threshold
        self._ranking = Ranking()
        for row in directory.metrics():
            if row["kind"] != "warning":
                self.health.observe(row)  # what it has to say of them was told then
            if row["kind"] == "eval":
                self._ranking.note(row)
        self._told: set[str] = set()
        self._batches: list[GradedSample] = []
        self._latencies: Latencies = {}
        self._grading_seconds = 0.0
        self._generation_seconds = 0.0
        self._step_started = time.perf_counter()
        self._row: dict[str, Any] | None = None

    def is_evaluated(self, step: int) -> bool:
        """Whether the log has an evaluation of the step."""
        return self._ranking.knows(step)

    def step_began(self) -> None:
        """Start the clock of a step."""
        self._step_started = time.perf_counter()
        self._grading_seconds = self._generation_seconds = 0.0
        self._batches = []
        self._latencies = {}

    def unfinished(self, samples: Sequence[GradedSample]) -> None:
        """Log what is there of a batch whose grading takes long."""
        self.directory.write_unfinished(samples)

    def graded(
        self,
        step: int,
        samples: Sequence[GradedSample],
        seconds: float,
        generation_started: float,
        latencies: Latencies,
    ) -> None:
        """Log a graded batch of a step. Raises `ErrorRateExceededError`."""
        self._grading_seconds += seconds
        self._generation_seconds += time.perf_counter() - generation_started - seconds
        self._batches += samples
        self._latencies = latencies
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
            **self._statistics(),
            "seconds": {
                "generation": self._generation_seconds,
                "grading": self._grading_seconds,
                "update": update,
                "step": total,
            },
        }

    def _statistics(self) -> dict[str, Any]:
        if not self._batches:
            return {}
        statistics = batch_statistics(self._batches, self.pass_threshold)
        add_latencies(statistics, self._latencies)
        return statistics

    def logged(self, numbers: Mapping[str, Any]) -> None:
        """Write the row of the step that ended, with TRL's numbers."""
        if self._row is None:
            return
        row, self._row = self._row | {"trl": _finite(numbers)}, None
        self.directory.append_metrics(row)
        self.listener(row)
        self._warn(row)

    def evaluated(self, step: int, evaluation: Evaluation, seconds: float) -> None:
        """Log an evaluation."""
        self.directory.write_samples("eval", step, evaluation.samples)
        self._tell_errors(evaluation.samples)
        row = {"kind": "eval", "step": step, **evaluation.statistics, "seconds": {"step": seconds}}
        self.directory.append_metrics(row)
        self._ranking.note(row)
        self._observe("rft_batch_graded", step=step, phase="eval", samples=evaluation.samples)
        self.listener(row)
        self._warn(row)

    def checkpoint_saved(self, step: int, path: Path, keep: int) -> None:
        """Mark a checkpoint as whole, point to the best and remove what is not kept."""
        self.directory.complete_checkpoint(path, {"step": step})
        saved = self.directory.checkpoints_by_step()
        ranked = self._ranking.best_first(saved)
        best_of = {task: self._ranking.best_first(saved, task)[0] for task in self._ranking.tasks}
        self.directory.set_best(ranked[0])
        for task, best in best_of.items():
            self.directory.set_best(best, task)
        self.directory.keep_checkpoints({*ranked[:keep], *best_of.values(), step})
        self._observe("rft_checkpoint_saved", step=step, path=path)

    def run_started(self, task: Mapping[str, Any]) -> None:
        """Tell observers that the run starts."""
        self._observe("rft_run_started", run_dir=self.directory.path, task=task)

    def run_finished(self, summary: Mapping[str, Any]) -> None:
        """Write the summary."""
        self.directory.write_json("summary.json", summary)
        self._observe("rft_run_finished", run_dir=self.directory.path, summary=summary)

    def _warn(self, row: Mapping[str, Any]) -> None:
        """Log and tell what is wrong with the run, as far as its rows show."""
        for warning in self.health.observe(row):
            told = {"kind": "warning", "step": row["step"], "code": str(warning.code)}
            told["message"] = warning.message
            self.directory.append_metrics(told)
            self.listener(told)

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
