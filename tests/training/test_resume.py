"""A killed run goes on to the end that an unbroken run has."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

RFT = [sys.executable, "-m", "rft_core"]


def run_train(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [*RFT, "train", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def rows(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def train_steps(run: Path) -> list[int]:
    return [row["step"] for row in rows(run) if row["kind"] == "train"]


def final_weights(run: Path, step: int) -> dict[str, bytes]:
    tensors = load_file(run / "checkpoints" / f"checkpoint-{step}" / "model.safetensors")
    return {name: tensor.tobytes() for name, tensor in tensors.items()}


def kill_at_step(run: Path, step: int, task: Path, sig: signal.Signals) -> subprocess.Popen[str]:
    """Start a run and send it a signal as soon as it has logged `step`."""
    process = subprocess.Popen(
        [*RFT, "train", str(task), "--output", str(run)],
        cwd=task.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not (run / "metrics.jsonl").is_file() or step not in train_steps(run):
        assert process.poll() is None, process.stdout and process.stdout.read()
        time.sleep(0.02)
    os.kill(process.pid, sig)
    return process


@pytest.fixture(scope="module")
def unbroken(
    write_toy_task: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A task of seven steps, over several epochs, and the directory of its unbroken run."""
    folder = tmp_path_factory.mktemp("unbroken")
    task = write_toy_task(folder, train={"max_steps": 7}, evaluate={"every": 2, "samples": 2})
    result = run_train(str(task), "--output", "run", cwd=folder)
    assert result.returncode == 0, result.stderr
    return task, folder / "run"


# Random moments, the first steps among them, are in test_kill.py.
@pytest.mark.parametrize("killed_at", [pytest.param(1, marks=pytest.mark.slow), 5])
def test_kill_and_resume_ends_as_the_unbroken_run(
    killed_at: int, unbroken: tuple[Path, Path], tmp_path: Path
) -> None:
    task, whole = unbroken
    broken = tmp_path / "broken"
    kill_at_step(broken, killed_at, task, signal.SIGKILL).wait()
    logged_before = len(rows(broken))

    result = run_train("--resume", str(broken), cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert train_steps(broken) == train_steps(whole) == list(range(1, 8))
    assert final_weights(broken, 7) == final_weights(whole, 7)
    for ours, theirs in zip(rows(broken), rows(whole), strict=True):
        assert ours["step"] == theirs["step"]
        assert ours.get("reward") == theirs.get("reward")  # a warning has none
    kept_aside = sum(
        len(path.read_text().splitlines()) for path in broken.glob("superseded/*/metrics.jsonl")
    )
    from_checkpoint = (killed_at - killed_at % 2) if killed_at > 1 else 0
    assert kept_aside >= logged_before - len(
        [row for row in rows(broken) if row["step"] <= from_checkpoint]
    )


def test_interrupt_stops_after_the_step_and_resume_goes_on(
    unbroken: tuple[Path, Path], tmp_path: Path
) -> None:
    task, whole = unbroken
    run = tmp_path / "interrupted"
    process = kill_at_step(run, 3, task, signal.SIGINT)
    output, _ = process.communicate(timeout=120)

    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert f"rft train --resume {run}" in output
    assert json.loads((run / "summary.json").read_text())["status"] == "stopped"
    last = train_steps(run)[-1]
    assert last < 7
    assert (run / "checkpoints" / f"checkpoint-{last}" / "complete.json").is_file()

    result = run_train("--resume", str(run), cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert train_steps(run) == list(range(1, 8))
    assert final_weights(run, 7) == final_weights(whole, 7)


def test_resuming_a_finished_run_changes_nothing(
    unbroken: tuple[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(unbroken[1], run, symlinks=True)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    result = run_train("--resume", str(run), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_a_checkpoint_cut_off_by_a_kill_is_not_used(
    unbroken: tuple[Path, Path], tmp_path: Path
) -> None:
    expected = final_weights(unbroken[1], 7)
    run = tmp_path / "run"
    shutil.copytree(unbroken[1], run, symlinks=True)
    (run / "checkpoints" / "checkpoint-7" / "complete.json").unlink()
    (run / "checkpoints" / "checkpoint-7" / "model.safetensors").write_bytes(b"half of it")

    result = run_train("--resume", str(run), cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert train_steps(run) == list(range(1, 8))
    assert final_weights(run, 7) == expected


LIMITED = """

import pathlib


def limited(sample):
    from rft_core.errors import RunStopError

    folder = pathlib.Path(__file__).parent
    used = len((folder / "used").read_text())
    if used >= int((folder / "budget").read_text()):
        raise RunStopError("the budget is spent")
    (folder / "used").write_text("x" * (used + 1))
    return share_of_a(sample)
"""


@pytest.mark.parametrize("where", ["in the step", "in the evaluation"])
def test_a_spent_budget_stops_the_run_after_a_whole_step(
    unbroken: tuple[Path, Path], tmp_path: Path, where: str
) -> None:
    original, whole = unbroken
    folder = tmp_path / "task"
    shutil.copytree(original.parent, folder, ignore=shutil.ignore_patterns("run*"))
    task = folder / "task.yaml"
    task.write_text(task.read_text().replace("share_of_a", "limited"))
    with (folder / "rewards.py").open("a") as file:
        file.write(LIMITED)
    (folder / "used").write_text("")
    samples = [len(path.read_text().splitlines()) for path in evaluations_and_steps(whole, 4)]
    left = 5 if where == "in the step" else -5
    (folder / "budget").write_text(str(sum(samples) + left))
    run = tmp_path / "run"

    result = run_train(str(task), "--output", str(run), cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert "the budget is spent" in result.stdout
    assert json.loads((run / "summary.json").read_text())["status"] == "stopped"
    assert train_steps(run) == [1, 2, 3, 4]

    (folder / "budget").write_text("1000000")
    result = run_train("--resume", str(run), cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert train_steps(run) == list(range(1, 8))
    assert [row["step"] for row in rows(run) if row["kind"] == "eval"] == [0, 2, 4, 6, 7]
    assert final_weights(run, 7) == final_weights(whole, 7)


def evaluations_and_steps(run: Path, last: int) -> list[Path]:
    """Return the files of samples up to the evaluation after step `last`."""
    files = (run / "samples").glob("*.jsonl")
    return [path for path in files if int(path.stem.rpartition("-")[2]) <= last]
