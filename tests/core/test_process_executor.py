"""Graders in worker processes: what would hang or take down a run costs one sample."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rft_core.configurable import PluginConfig
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GraderRunner
from rft_core.testing import make_sample
from rft_core.types import Grade

MODULE = '''
import os
import threading
import time

from rft_core import Grade, Grader, PluginConfig


class ByText(Grader[PluginConfig]):
    """Does what the completion says."""

    name = "by_text"
    isolation = "process"

    def grade(self, sample):
        match sample.text.split():
            case ["hang"]:
                time.sleep(600)
            case ["exit"]:
                os._exit(7)
            case ["leave"]:
                raise SystemExit(3)
            case ["memory"]:
                return float(len(bytes(64 * 1024**3)))
            case ["grow"]:
                kept = []
                while True:
                    kept.append(bytes(64 * 1024**2))
            case ["raise"]:
                raise ValueError("no")
            case ["nan"]:
                return float("nan")
            case ["none"]:
                return None
            case ["json"]:
                return float(sample.json)
            case ["unpicklable"]:
                return Grade(1.0, metrics={"lock": threading.Lock()})
            case ["pid"]:
                return Grade(1.0, str(os.getpid()))
            case ["slow", score]:
                time.sleep(0.05)
                return float(score)


class BreaksInWorkers(ByText):
    """Is made in the parent and cannot be made anew in a worker."""

    name = "breaks"

    def __init__(self, config):
        super().__init__(config)
        import multiprocessing
        if multiprocessing.parent_process() is not None:
            raise RuntimeError("no model file here")
'''


@pytest.fixture(scope="module")
def graders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A module that workers can import, too."""
    folder = tmp_path_factory.mktemp("graders")
    (folder / "core_process_graders.py").write_text(MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("core_process_graders")


@pytest.fixture(scope="module")
def runner(graders: Any) -> Iterator[GraderRunner]:
    """Two warm workers for all tests of this file, as a run would have."""
    grader = graders.ByText(PluginConfig())
    runner = make_runner(GraderCall("by_text", grader, "acme-graders 1.2", 5.0, 2))
    yield runner
    runner.close()


def grade(runner: GraderRunner, *texts: str) -> list[Grade]:
    return asyncio.run(runner.run([make_sample(text) for text in texts]))


def test_order_is_kept(runner: GraderRunner) -> None:
    scores = [0.9, 0.1, 0.5, 0.3, 0.7, 0.2]
    grades = grade(runner, *(f"slow {score}" for score in scores))
    assert [grade.score for grade in grades] == scores


def test_outcomes_are_those_of_any_executor(runner: GraderRunner) -> None:
    grades = grade(runner, "raise", "nan", "none", "json")
    assert [grade.outcome for grade in grades] == ["error", "error", "not_applicable", "graded"]
    assert [grade.error and grade.error.kind for grade in grades[:2]] == ["exception", "contract"]
    assert "is not JSON" in str(grades[3].reason)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("exit", "crash"), ("leave", "exception"), ("memory", "exception"), ("grow", "exception")],
)
def test_what_takes_a_worker_down_costs_one_sample(
    runner: GraderRunner, text: str, kind: str
) -> None:
    grades = grade(runner, "slow 0.1", text, "slow 0.3")
    assert [grade.score for grade in grades] == [0.1, None, 0.3]
    error = grades[1].error
    assert error is not None
    assert (error.kind, error.grader, error.distribution) == (kind, "by_text", "acme-graders 1.2")


def test_a_hanging_worker_is_killed_and_the_others_go_on(runner: GraderRunner) -> None:
    grades = grade(runner, "hang", *(f"slow 0.{n}" for n in range(1, 8)))
    assert grades[0].error is not None
    assert grades[0].error.kind == "timeout"
    assert [grade.score for grade in grades[1:]] == [n / 10 for n in range(1, 8)]


def test_a_grade_that_cannot_be_sent_back_is_an_error(runner: GraderRunner) -> None:
    grades = grade(runner, "unpicklable", "slow 0.3")
    assert [grade.outcome for grade in grades] == ["error", "graded"]


def test_a_grader_that_cannot_be_made_in_a_worker_is_an_error(graders: Any) -> None:
    grader = graders.BreaksInWorkers(PluginConfig())
    runner = make_runner(GraderCall("breaks", grader, "acme-graders 1.2", 20.0, 1))
    try:
        (only,) = grade(runner, "slow 0.3")
    finally:
        runner.close()
    assert only.outcome == "error"


def test_closing_ends_the_workers(graders: Any) -> None:
    grader = graders.ByText(PluginConfig())
    runner = make_runner(GraderCall("by_text", grader, "acme-graders 1.2", 20.0, 1))
    (only,) = grade(runner, "pid")
    assert Path(f"/proc/{only.reason}").exists()
    runner.close()
    assert not Path(f"/proc/{only.reason}").exists()
