"""Runs in this process: torch is imported once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rft_core.run.directory import RunDirectory
from rft_core.task.task import load_task


@dataclass
class FinishedRun:
    """A run's directory, summary and rows of metrics."""

    directory: RunDirectory
    summary: Mapping[str, Any]
    heard: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def train_rows(self) -> list[dict[str, Any]]:
        return [row for row in self.directory.metrics() if row["kind"] == "train"]

    @property
    def eval_rows(self) -> list[dict[str, Any]]:
        return [row for row in self.directory.metrics() if row["kind"] == "eval"]


@pytest.fixture
def train_task(tmp_path: Path) -> Callable[..., FinishedRun]:
    """Return a function that trains a task file to its end."""

    def run(task_file: Path, name: str = "run") -> FinishedRun:
        from rft_core.training.callback import StopRequest
        from rft_core.training.plan import plan_run
        from rft_core.training.requirements import require_training
        from rft_core.training.run import train

        require_training()
        heard: list[Mapping[str, Any]] = []
        directory = RunDirectory.create(tmp_path / name)
        summary = train(
            plan_run(load_task(task_file)),
            directory,
            resume=False,
            listener=heard.append,
            stop=StopRequest(),
        )
        return FinishedRun(directory, summary, heard)

    return run
