"""What a run tells while it goes: warnings, and batches whose grading takes long."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft_core.task.task import load_task

WriteTask = Callable[..., Path]
Train = Callable[..., Any]


def graders(**paths: str) -> dict[str, Any]:
    return {name: {"use": "function", "config": {"path": path}} for name, path in paths.items()}


@pytest.fixture
def stuck(toy_task: WriteTask, tmp_path: Path) -> Path:
    """A task whose grader gives every completion the same."""
    (tmp_path / "stuck.py").write_text("def same(sample):\n    return 0.5\n")
    return toy_task(
        reward={"graders": graders(same="stuck.py:same")},
        train={"max_steps": 6, "max_completion_length": 4},
        evaluate={"every": 3, "samples": 1},
    )


def test_a_reward_that_teaches_nothing_is_told_and_logged(stuck: Path, train_task: Train) -> None:
    run = train_task(stuck)
    told = [row for row in run.heard if row["kind"] == "warning"]
    assert "zero_variance_reward" in {row.get("code") for row in told}
    logged = [row for row in run.directory.metrics() if row["kind"] == "warning"]
    assert logged == told
    assert all(row["step"] == 5 and row["message"] for row in logged)
    assert [row["step"] for row in run.train_rows] == list(range(1, 7))


def test_a_resumed_run_does_not_repeat_its_warnings(stuck: Path, train_task: Train) -> None:
    from rft_core.run.error_budget import ErrorBudget
    from rft_core.run.health import HealthMonitor, grader_facts
    from rft_core.training.recorder import Recorder

    run = train_task(stuck)
    heard: list[Any] = []
    health = HealthMonitor(grader_facts(load_task(stuck).rewards), 4)
    Recorder(run.directory, ErrorBudget(0.5), health, heard.append, 1.0)
    last = run.train_rows[-1]
    assert health.observe({**last, "step": 7}) == []
    assert health.observe({**last, "step": 55}) != [], "but after many steps, once more"
    assert heard == []


SLOW = """
import pathlib, time

UNFINISHED = pathlib.Path({path!r})


def quick(sample):
    return 1.0 if "a" in sample.text else 0.0


def slow(sample):
    if sample.completion.num_tokens is not None:
        for _ in range(2000):
            if UNFINISHED.exists():
                (UNFINISHED.parent / "seen.jsonl").write_text(UNFINISHED.read_text())
                break
            time.sleep(0.01)
    return 1.0
"""


def test_what_is_there_of_a_slow_batch_can_be_read(
    toy_task: WriteTask, train_task: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rft_core.reward.engine.UNFINISHED_SECONDS", 0.05)
    unfinished = tmp_path / "run" / "unfinished.jsonl"
    (tmp_path / "slow.py").write_text(SLOW.format(path=str(unfinished)))
    task = toy_task(
        reward={"graders": graders(quick="slow.py:quick", slow="slow.py:slow")},
        train={"max_steps": 1},
        evaluate={"every": 5, "samples": 1},
    )
    run = train_task(task)
    seen = [json.loads(line) for line in (tmp_path / "run" / "seen.jsonl").read_text().splitlines()]
    finished = run.directory.samples_file("train", 1).read_text().splitlines()
    assert len(seen) in {len(finished), 8}  # a step's batch, or the evaluation's
    assert all(record["grades"]["quick"]["score"] in {0.0, 1.0} for record in seen)
    assert not unfinished.exists()
