"""How a run ended, from its log."""

from __future__ import annotations

from pathlib import Path

from rft_core.run.directory import RunDirectory
from rft_core.run.summary import summarize_run


def test_a_run_that_logged_nothing(tmp_path: Path) -> None:
    summary = summarize_run(RunDirectory.create(tmp_path / "run"), "failed", 1.26)
    assert summary == {
        "status": "failed",
        "steps": 0,
        "best_step": None,
        "baseline": None,
        "best": None,
        "last": None,
        "seconds": 1.3,
    }


def test_a_run(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run")
    evaluations = {step: {"step": step, "kind": "eval", "score": step / 10} for step in (0, 2, 4)}
    for row in evaluations.values():
        run.append_metrics(row)
    for step in range(1, 6):
        run.append_metrics({"step": step, "kind": "train"})
    path = run.checkpoints / "checkpoint-2"
    path.mkdir()
    run.complete_checkpoint(path, {})
    run.set_best(2)
    summary = summarize_run(run, "stopped", 60)
    assert (summary["status"], summary["steps"], summary["best_step"]) == ("stopped", 5, 2)
    assert summary["baseline"] == evaluations[0]
    assert summary["best"] == evaluations[2]
    assert summary["last"] == evaluations[4]
