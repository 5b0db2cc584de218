"""A run that is killed at any moment goes on to the end that an unbroken run has."""

from __future__ import annotations

import importlib.util
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "kill_resume.py"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kill_resume", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for it
    spec.loader.exec_module(module)
    return module


kill_resume = load_script()


class Unbroken(NamedTuple):
    """A task, the run of it that nothing broke, and how long that took."""

    forks: Any
    task: Path
    run: Path
    seconds: float
    changes: int

    def broken_at(self, *moments: float) -> Any:
        return kill_resume.break_and_resume(self.forks, self.task, self.run, moments)


@pytest.fixture(scope="module")
def unbroken(
    write_toy_task: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Unbroken]:
    folder = tmp_path_factory.mktemp("unbroken")
    task = write_toy_task(folder, train={"max_steps": 5}, evaluate={"every": 2, "samples": 2})
    with kill_resume.Forks() as forks:
        begun = time.monotonic()
        code = forks.run(folder, *kill_resume.begin(task))
        seconds = time.monotonic() - begun
        assert code == 0, (folder / "log.txt").read_text()
        changes = int((folder / "changes.txt").read_text())
        yield Unbroken(forks, task, folder / "run", seconds, changes)


@pytest.fixture
def generator() -> random.Random:
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201 - shown when a test fails
    return random.Random(seed)  # noqa: S311


def test_random_kills_leave_no_trace(unbroken: Unbroken, generator: random.Random) -> None:
    moment = generator.uniform(0, unbroken.seconds)
    change = generator.randint(1, unbroken.changes)
    for broken in map(unbroken.broken_at, (moment, change)):
        assert not broken.differences, broken


def test_a_run_may_be_killed_again_and_again(unbroken: Unbroken, generator: random.Random) -> None:
    broken = unbroken.broken_at(*(generator.uniform(0.5, 1) * unbroken.seconds for _ in range(2)))
    assert not broken.differences, broken


def test_a_run_killed_before_it_began_begins_again(unbroken: Unbroken, tmp_path: Path) -> None:
    run = tmp_path / "run"
    for folder in ("samples", "checkpoints"):
        (run / folder).mkdir(parents=True)
    for name in (".lock", "environment.json", "task.yaml.new"):
        (run / name).write_text("{")

    code = unbroken.forks.run(tmp_path, *kill_resume.begin(unbroken.task))

    assert code == 0, (tmp_path / "log.txt").read_text()
    assert not kill_resume.differing(run, unbroken.run)


def test_a_run_killed_right_before_its_end_is_finished(unbroken: Unbroken, tmp_path: Path) -> None:
    run = shutil.copytree(unbroken.run, tmp_path / "run", symlinks=True)
    (run / "summary.json").unlink()
    best = run / "checkpoints" / "best"
    others = {path.name for path in best.parent.glob("checkpoint-*")} - {best.readlink().name}
    best.unlink()
    best.symlink_to(min(others))

    code = unbroken.forks.run(tmp_path, "train", "--resume", "run")

    assert code == 0, (tmp_path / "log.txt").read_text()
    assert not kill_resume.differing(run, unbroken.run)


def test_another_seed_is_seen_as_a_difference(unbroken: Unbroken, tmp_path: Path) -> None:
    text = unbroken.task.read_text().replace("train:\n", "train:\n  seed: 7\n")
    task = unbroken.task.with_name("other.yaml")
    task.write_text(text)
    assert unbroken.forks.run(tmp_path, *kill_resume.begin(task)) == 0
    differing = kill_resume.differing(tmp_path / "run", unbroken.run)
    assert {"metrics", "samples", "weights"} <= set(differing)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_twenty_random_kills_leave_no_trace(
    unbroken: Unbroken, generator: random.Random, number: int
) -> None:
    kills = 3 if number % 3 == 2 else 1
    moments = [
        kill_resume.any_moment(generator, number, unbroken.seconds, unbroken.changes)
        for _ in range(kills)
    ]
    broken = unbroken.broken_at(*moments)
    assert not broken.differences, broken


PROCESS_GRADER = """

import os
import time


def in_a_worker(sample):
    with open(f"FOLDER/{os.getpid()}", "w"):
        time.sleep(0.2)
    return share_of_a(sample)
"""


@pytest.mark.slow
def test_workers_of_a_killed_run_end_with_it(
    unbroken: Unbroken, write_toy_task: Callable[..., Path], tmp_path: Path
) -> None:
    grader = {
        "use": "function",
        "executor": "process",
        "config": {"path": "rewards.py:in_a_worker"},
    }
    task = write_toy_task(tmp_path, reward={"graders": {"letters": grader}})
    pids = tmp_path / "pids"
    pids.mkdir()
    with (tmp_path / "rewards.py").open("a") as file:
        file.write(PROCESS_GRADER.replace("FOLDER", str(pids)))

    unbroken.forks.run(tmp_path, *kill_resume.begin(task), kill_when=lambda: any(pids.iterdir()))

    workers = [int(path.name) for path in pids.iterdir()]
    assert workers
    assert not any(kill_resume.alive(worker) for worker in workers)
