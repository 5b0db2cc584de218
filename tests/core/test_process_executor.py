"""Graders in worker processes: what would hang or take down a run costs one sample."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rft_core.configurable import PluginConfig
from rft_core.errors import UsageError
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GraderRunner, GradingLoop
from rft_core.testing import make_sample
from rft_core.types import Grade

MODULE = '''
import ctypes
import os
import resource
import signal
import threading
import time

from rft_core import Grade, Grader, PluginConfig

leaked = []


class ByText(Grader[PluginConfig]):
    """Does what the completion says."""

    name = "by_text"
    isolation = "process"

    def grade(self, sample):
        match sample.text.split():
            case ["hang"]:
                time.sleep(600)
            case ["stuck"]:  # in C, holding the interpreter's lock
                ctypes.PyDLL(None).sleep(600)
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
            case ["fork"]:
                if (child := os.fork()) == 0:
                    return 0.0
                os.waitpid(child, 0)
                return 1.0
            case ["fork", "and", "exit"]:
                if os.fork() == 0:
                    time.sleep(600)
                os._exit(7)
            case ["ignore", "and", "hang"]:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(600)
            case ["hang", "up"]:
                os.closerange(3, 1000)
                time.sleep(600)
            case ["long", characters]:
                return Grade(1.0, "x" * int(characters))
            case ["exit", "0"]:
                os._exit(0)
            case ["interrupt"]:
                raise KeyboardInterrupt
            case ["limits"]:
                memory, _ = resource.getrlimit(resource.RLIMIT_AS)
                cpu, _ = resource.getrlimit(resource.RLIMIT_CPU)
                used = time.process_time()
                return Grade(1.0, metrics={"memory": memory, "cpu": cpu, "used": used})
            case ["environment", name]:
                return Grade(1.0, os.environ.get(name, "unset"))
            case ["keep", megabytes]:
                leaked.append(bytes(int(megabytes) * 1024**2))
                return Grade(1.0, str(os.getpid()))
            case ["need", megabytes]:
                return Grade(1.0, str(len(bytes(int(megabytes) * 1024**2)) and os.getpid()))
            case ["note", path, what]:
                with open(path, "a") as file:
                    file.write(f"{os.getpid()}\\n")
                return self.do(what, path)

    def do(self, what, path):
        if what == "killed-once":  # as the out-of-memory killer does
            with open(path) as file:
                if len(file.readlines()) == 1:
                    os.kill(os.getpid(), 9)
            return 1.0
        if what == "busy":
            while True:
                pass
        os.kill(os.getpid(), 11)


class Batched(ByText):
    """Grades several at once; the reason says how many."""

    name = "batched"

    def grade_batch(self, samples):
        grades = [self.grade(sample) for sample in samples]
        return [Grade(score, str(len(samples))) for score in grades]


class Whole(Batched):
    name = "whole"
    whole_batches = True


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


@pytest.fixture
def make_runner_of(graders: Any) -> Iterator[Callable[..., GraderRunner]]:
    """Return a function that puts a grader of the module into processes; closed afterwards."""
    with ExitStack() as closing:

        def make(
            name: str, *, timeout: float | None = 20.0, workers: int = 1, memory: int | None = None
        ) -> GraderRunner:
            grader = getattr(graders, name)(PluginConfig())
            call = GraderCall(name, grader, "acme-graders 1.2", timeout, workers, memory)
            runner = make_runner(call)
            closing.callback(runner.close)
            return runner

        yield make


RunnerOf = Callable[..., GraderRunner]


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
    [
        ("exit", "crash"),
        ("exit 0", "crash"),
        ("leave", "exception"),
        ("interrupt", "exception"),
        ("memory", "exception"),
        ("grow", "exception"),
    ],
)
def test_what_takes_a_worker_down_costs_one_sample(
    runner: GraderRunner, text: str, kind: str
) -> None:
    grades = grade(runner, "slow 0.1", text, "slow 0.3")
    assert [grade.score for grade in grades] == [0.1, None, 0.3]
    error = grades[1].error
    assert error is not None
    assert (error.kind, error.grader, error.distribution) == (kind, "by_text", "acme-graders 1.2")


def test_a_grader_that_forks_answers_once(make_runner_of: RunnerOf) -> None:
    runner = make_runner_of("ByText")
    texts = [text for n in range(1, 10) for text in ("fork", f"slow 0.{n}")]
    grades = grade(runner, *texts)
    assert [one.score for one in grades] == [score for n in range(1, 10) for score in (1.0, n / 10)]


def test_a_child_that_outlives_a_worker_does_not_hide_its_death(make_runner_of: RunnerOf) -> None:
    grades = grade(make_runner_of("ByText", timeout=None), "fork and exit", "slow 0.3")
    assert [one.error and one.error.message for one in grades] == [
        "worker died: exit code 7",
        None,
    ]


def test_a_worker_that_closes_its_pipes_is_replaced_at_its_deadline(
    make_runner_of: RunnerOf,
) -> None:
    grades = grade(make_runner_of("ByText", timeout=2.0), "hang up", "slow 0.3")
    assert kinds(grades) == ["timeout", None]


def test_samples_and_grades_may_be_large(make_runner_of: RunnerOf) -> None:
    runner = make_runner_of("ByText")
    large = make_sample("slow 0.5", blob="x" * 20_000_000)
    grades = asyncio.run(runner.run([large, make_sample("long 20000000"), make_sample("slow 0.3")]))
    assert [one.score for one in grades] == [0.5, 1.0, 0.3]
    assert len(str(grades[1].reason)) == 20_000_000


def test_a_sample_that_cannot_be_sent_is_an_error(make_runner_of: RunnerOf) -> None:
    samples = [make_sample("slow 0.5", lock=threading.Lock()), make_sample("slow 0.3")]
    unsendable, sendable = asyncio.run(make_runner_of("ByText").run(samples))
    assert unsendable.error is not None
    assert "cannot pickle" in unsendable.error.message
    assert sendable.score == 0.3


@pytest.mark.parametrize("text", ["hang", "stuck", "ignore and hang"])
def test_a_hanging_worker_is_killed_and_the_others_go_on(
    make_runner_of: RunnerOf, text: str
) -> None:
    runner = make_runner_of("ByText", timeout=2.0, workers=2)
    grades = grade(runner, text, *(f"slow 0.{n}" for n in range(1, 8)))
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


def kinds(grades: list[Grade]) -> list[str | None]:
    return [grade.error.kind if grade.error else None for grade in grades]


def executions(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_an_error_tells_how_the_worker_ended(make_runner_of: RunnerOf, tmp_path: Path) -> None:
    exited, killed = grade(make_runner_of("ByText"), "exit", f"note {tmp_path / 'log'} die")
    assert exited.error is not None
    assert exited.error.message == "worker died: exit code 7"
    assert killed.error is not None
    assert killed.error.message == "worker died: killed by SIGSEGV"


def test_a_sample_whose_worker_was_killed_from_outside_is_graded(
    make_runner_of: RunnerOf, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    grades = grade(make_runner_of("ByText"), "slow 0.1", f"note {log} killed-once", "slow 0.3")
    assert [one.score for one in grades] == [0.1, 1.0, 0.3]
    assert executions(log) == 2


def test_a_worker_that_was_killed_while_idle_is_replaced(make_runner_of: RunnerOf) -> None:
    runner = make_runner_of("ByText")
    (before,) = grade(runner, "pid")
    os.kill(int(str(before.reason)), signal.SIGKILL)
    (after,) = grade(runner, "pid")
    assert after.outcome == "graded"
    assert after.reason != before.reason


def test_a_sample_that_crashes_is_executed_twice_and_never_again(
    make_runner_of: RunnerOf, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    runner = make_runner_of("ByText")
    sample = make_sample(f"note {log} die")
    first, second = (asyncio.run(runner.run([sample]))[0] for _ in range(2))
    assert executions(log) == 2
    assert kinds([first, second]) == ["crash", "crash"]
    assert second.error is not None
    assert second.error.message.endswith("this sample did so before and is not graded again")


def test_a_sample_that_hangs_is_executed_twice_and_never_again(
    make_runner_of: RunnerOf, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    runner = make_runner_of("ByText", timeout=0.5)
    sample = make_sample(f"note {log} busy")
    grades = [asyncio.run(runner.run([sample]))[0] for _ in range(4)]
    assert kinds(grades) == ["timeout"] * 4
    assert executions(log) == 2


def test_batches_come_in_small_pieces(make_runner_of: RunnerOf) -> None:
    grades = grade(make_runner_of("Batched", workers=2), *["slow 0.5"] * 20)
    assert [grade.reason for grade in grades] == ["8"] * 16 + ["4"] * 4
    few = grade(make_runner_of("Batched", workers=2), *["slow 0.5"] * 6)
    assert [grade.reason for grade in few] == ["3"] * 6


@pytest.mark.parametrize(
    ("text", "kind"), [("hang", "timeout"), ("exit", "crash"), ("memory", "exception")]
)
def test_in_a_batch_only_the_sample_that_causes_a_failure_is_an_error(
    make_runner_of: RunnerOf, text: str, kind: str
) -> None:
    texts = [text if n == 3 else f"slow 0.{n}" for n in range(8)]
    grades = grade(make_runner_of("Batched", timeout=2.0), *texts)
    assert kinds(grades) == [kind if n == 3 else None for n in range(8)]
    assert [one.score for one in grades] == [None if n == 3 else n / 10 for n in range(8)]


def test_samples_that_are_slow_together_have_their_deadline_each(make_runner_of: RunnerOf) -> None:
    grades = grade(make_runner_of("Batched", timeout=0.3), *["slow 0.5"] * 8)
    assert [one.score for one in grades] == [0.5] * 8
    assert {one.reason for one in grades} == {"1"}


def test_whole_batches_stay_whole(make_runner_of: RunnerOf) -> None:
    runner = make_runner_of("Whole", timeout=2.0)
    assert [one.reason for one in grade(runner, *["slow 0.5"] * 20)] == ["20"] * 20
    assert kinds(grade(runner, "exit", "slow 0.5")) == ["crash", "crash"]
    assert kinds(grade(runner, "slow 0.5")) == [None]


def test_memory_is_limited_as_the_task_says(make_runner_of: RunnerOf) -> None:
    runner = make_runner_of("ByText", memory=200 * 1024**2)
    assert kinds(grade(runner, "need 100", "need 300")) == [None, "exception"]
    assert kinds(grade(make_runner_of("ByText"), "need 300")) == [None]


def test_what_one_sample_keeps_is_not_missed_by_the_next(make_runner_of: RunnerOf) -> None:
    # After "keep 80" less than half is used, so the worker stays, and "need 150" does not fit.
    runner = make_runner_of("ByText", memory=200 * 1024**2)
    kept, needed = grade(runner, "keep 80", "need 150")
    assert (kept.score, needed.score) == (1.0, 1.0)
    assert kept.reason != needed.reason


def test_a_worker_that_is_half_full_is_replaced_before_the_next_sample(
    make_runner_of: RunnerOf,
) -> None:
    runner = make_runner_of("ByText", memory=200 * 1024**2)
    grades = grade(runner, *["keep 60"] * 6)
    pids = [one.reason for one in grades]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [2, 2, 2]


def test_the_cpu_limit_moves_with_the_samples(make_runner_of: RunnerOf) -> None:
    (one,) = grade(make_runner_of("ByText", timeout=7.0), "limits")
    ahead = one.metrics["cpu"] - one.metrics["used"]
    cores = os.cpu_count() or 1
    assert 7 * cores <= ahead <= 7 * cores + 12


def test_workers_have_the_environment_of_now_and_one_thread_for_numbers(
    make_runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_KEY", "after the fork server was started")
    runner = make_runner_of("ByText")
    grades = grade(runner, "environment ACME_KEY", "environment OMP_NUM_THREADS")
    assert [one.reason for one in grades] == ["after the fork server was started", "1"]


def test_calls_are_timed(make_runner_of: RunnerOf) -> None:
    runner = make_runner_of("ByText", timeout=0.5)
    grade(runner, "slow 0.1", "slow 0.2", "hang")
    latencies = runner.take_latencies()
    assert latencies["calls"] == 3
    assert latencies["p50"] >= 0.05
    assert latencies["max"] >= 0.5


def test_a_grader_that_workers_cannot_import_is_refused() -> None:
    class Local(Grader[PluginConfig]):
        name = "local"
        isolation = "process"

    with pytest.raises(UsageError, match="'local' cannot be sent to a worker process") as caught:
        make_runner(GraderCall("mine", Local(PluginConfig()), "acme 1", 1.0, 1))
    assert "top level of a module" in str(caught.value)


def test_closing_ends_the_workers(make_runner_of: RunnerOf) -> None:
    runner = make_runner_of("ByText")
    (only,) = grade(runner, "pid")
    assert exists(only.reason)
    runner.close()
    assert not exists(only.reason)


@pytest.mark.parametrize("interrupted", [False, True])
def test_closing_in_the_middle_of_a_batch_leaves_nothing(
    make_runner_of: RunnerOf, tmp_path: Path, interrupted: bool
) -> None:
    log = tmp_path / "log"
    threads = set(threading.enumerate())
    runner = make_runner_of("ByText", timeout=None, workers=2)
    samples = [make_sample(f"note {log} busy", item_id=str(n)) for n in range(20)]
    with GradingLoop() as loop:
        batch = asyncio.run_coroutine_threadsafe(runner.run(samples), loop.loop)
        wait_until(lambda: log.exists() and executions(log) == 2)
        if interrupted:
            batch.cancel()
        runner.close()
        if not interrupted:
            assert kinds(batch.result(60))[2:] == ["exception"] * 18
    assert [pid for pid in log.read_text().split() if exists(pid)] == []
    wait_until(lambda: set(threading.enumerate()) <= threads)


def exists(pid: str | None) -> bool:
    return Path(f"/proc/{pid}").exists()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
