"""`rft grade` as a user types it: outputs, exit codes, interruptions."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from warm import run_warm

REWARDS = """
import os
import time
from pathlib import Path


def share_of_a(sample):
    return sample.text.count("a") / max(len(sample.text), 1)


def slowly(sample):
    time.sleep(0.0002)
    return share_of_a(sample)


async def asks(sample):
    return share_of_a(sample)


def waits(sample):
    Path(__file__).with_name("began").touch()
    time.sleep(600)


def fails(sample):
    raise OSError("no service")


def dies(sample):
    if sample.text == "die":
        os._exit(3)
    return 1.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rewards.py").write_text(REWARDS)
    (tmp_path / "train.jsonl").write_text('{"id": "q1"}\n{"id": "q2"}\n')
    return tmp_path


@pytest.fixture
def task(folder: Path) -> Callable[..., str]:
    """Return a function that writes a task file with one grader and returns its name."""

    def write(function: str = "share_of_a", **sections: Any) -> str:
        grader = {"use": "function", "config": {"path": f"rewards.py:{function}"}}
        spec = {
            "data": {"train": "train.jsonl"},
            "messages": [{"role": "user", "content": "say a"}],
            "reward": {"graders": {"a": grader}},
            **sections,
        }
        (folder / f"{function}.yaml").write_text(yaml.safe_dump(spec))
        return f"{function}.yaml"

    return write


def rft(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run_warm(["grade", *arguments], cwd)


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rft_core", "grade", *arguments]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, text=True)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def many_rows(count: int) -> list[dict[str, Any]]:
    rng = random.Random(0)  # noqa: S311
    texts = ("".join(rng.choices("ab", k=5)) for _ in range(count))
    return [
        {"item": {"id": f"i{n // 4}"}, "completion": text, "reward": 0.5, "grades": {}}
        for n, text in enumerate(texts)
    ]


def results(output: Path) -> dict[str, Any]:
    """Return all that a grading writes but how long graders took."""
    summary = json.loads((output / "summary.json").read_text())
    for grader in summary["graders"].values():
        del grader["seconds"]
    files = [output / "moved.jsonl", *sorted((output / "samples").iterdir())]
    return summary | {file.name: file.read_bytes() for file in files}


def test_a_file_is_graded_beside_itself(folder: Path, task: Callable[..., str]) -> None:
    rows = [
        {"item": "q1", "completion": "ab", "reward": 1.0, "grades": {"a": {"score": 1.0}}},
        {"item": "q1", "completion": "aa", "reward": 0.0, "grades": {"a": {"score": 0.0}}},
    ]
    write_rows(folder / "answers.jsonl", rows)
    result = rft("answers.jsonl", "--task", task(), cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "2 of 2 rewards changed: 1 up, 1 down, 0 masked, 0 unmasked" in result.stdout
    assert "answers.jsonl:2 (q1): 0.000 → 1.000  a 0 → 1" in result.stdout
    assert "of 1 group of one item's completions, 1 has another best one now" in result.stdout
    assert "and 1 another order (1 of 1 pair turned round)" in result.stdout
    (samples,) = (folder / "answers.jsonl.graded" / "samples").iterdir()
    assert [json.loads(line)["reward"] for line in samples.open()] == [0.5, 1.0]


def test_a_change_is_of_the_rows_that_were_scored_both_times(
    folder: Path, task: Callable[..., str]
) -> None:
    rows: list[dict[str, Any]] = [
        {"item": "q1", "completion": "aa", "reward": 0.5},
        {"item": "q1", "completion": "ab", "reward": None},
        {"item": "q2", "completion": "bb"},
    ]
    write_rows(folder / "answers.jsonl", rows)
    result = rft("answers.jsonl", "--task", task(), cwd=folder)
    lines = [line.strip("│").split("│") for line in result.stdout.splitlines() if "│" in line]
    cells = [[cell.strip() for cell in line] for line in lines]
    assert cells == [
        ["reward", "0.500", "0.500", "+0.500 (1 row)"],
        ["a", "-", "0.500", ""],
    ]
    assert "1 of 2 rewards changed: 1 up, 0 down, 0 masked, 1 unmasked" not in result.stdout
    assert "2 of 2 rewards changed: 1 up, 0 down, 0 masked, 1 unmasked" in result.stdout
    assert "answers.jsonl:1 (q1): 0.500 → 1.000\n" in result.stdout, "no grader is known before"


def test_a_terminal_without_unicode_is_written_to(folder: Path, task: Callable[..., str]) -> None:
    write_rows(folder / "answers.jsonl", [{"item": "q1", "completion": "ab", "reward": 0.0}])
    command = [sys.executable, "-m", "rft_core", "grade", "answers.jsonl", "--task", task()]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    said = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    assert rb"(q1): 0.000 \u2192 0.500" in said.stdout


def test_without_earlier_rewards_nothing_is_compared(
    folder: Path, task: Callable[..., str]
) -> None:
    write_rows(folder / "answers.jsonl", [{"item": "q1", "completion": "ab"}])
    result = rft("answers.jsonl", "--task", task(), cwd=folder)
    assert "mean" in result.stdout
    for word in ("before", "change", "not scored", "one item's completions"):
        assert word not in result.stdout


def test_a_run_is_graded_inside_of_itself(folder: Path, task: Callable[..., str]) -> None:
    (folder / "run" / "samples").mkdir(parents=True)
    rows = [{"item": "q2", "completion": "ab", "reward": 0.25, "grades": {"a": {"score": 0.25}}}]
    write_rows(folder / "run" / "samples" / "train-000007.jsonl", rows)
    result = rft("run", "--task", task(), cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "train-000007.jsonl:1 (q2): 0.250 → 0.500" in result.stdout
    output = folder / "run" / "regrades" / "share_of_a"
    assert json.loads((output / "summary.json").read_text())["status"] == "done"
    again = rft("run", "--task", task(), cwd=folder)
    assert again.returncode == 0, "nothing is left to do"


def test_a_file_needs_a_task(folder: Path) -> None:
    write_rows(folder / "answers.jsonl", many_rows(1))
    result = rft("answers.jsonl", cwd=folder)
    assert result.returncode == 2
    assert "--task" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.jsonl"], "gone.jsonl: no such file or run directory"),
        (["."], "there are no samples in this folder"),
        (["a" * 300], "File name too long"),
        (["answers.jsonl", "-o", "a" * 300], "File name too long"),
        (["answers.jsonl", "-o", "answers.jsonl"], "would be written over what is graded"),
        (["answers.jsonl", "--executor", "inline", "--workers", "2"], "--executor process"),
        (["answers.jsonl", "--executor", "proces"], "Did you mean 'process'?"),
        (["answers.jsonl", "--executor", "asyncio"], "executor 'asyncio' does not grade files"),
        (["answers.jsonl", "-o", "."], "the folder exists, and holds no grading"),
        (["bad.jsonl"], "bad.jsonl:2: the row is not JSON"),
    ],
)
def test_wrong_input_is_one_message_and_exit_code_2(
    arguments: list[str], says: str, folder: Path, task: Callable[..., str]
) -> None:
    write_rows(folder / "answers.jsonl", many_rows(1))
    (folder / "bad.jsonl").write_text('{"item": "q1", "completion": ""}\n{\n')
    result = rft(*arguments, "--task", task(), cwd=folder)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_graders_that_fail_too_often_are_exit_code_1(
    folder: Path, task: Callable[..., str]
) -> None:
    write_rows(folder / "answers.jsonl", many_rows(4))
    result = rft("answers.jsonl", "--task", task("fails"), cwd=folder)
    assert result.returncode == 1
    assert "exception: OSError: no service" in result.stdout
    assert "graders failed on 4 of 4 rows; they are no zeros" in result.stdout
    assert "max_error_rate" in result.stdout


def test_a_grader_that_takes_its_worker_down_is_told(
    folder: Path, task: Callable[..., str]
) -> None:
    rows = [*many_rows(3), {"item": "q1", "completion": "die"}]
    write_rows(folder / "answers.jsonl", rows)
    result = rft("answers.jsonl", "--task", task("dies"), "--executor", "process", cwd=folder)
    assert result.returncode == 1
    assert "a worker process died twice on answers.jsonl, lines 1 to 4" in result.stderr
    assert 'isolation = "process"' in result.stderr
    assert "Traceback" not in result.stderr


def test_a_second_process_is_refused(folder: Path, task: Callable[..., str]) -> None:
    write_rows(folder / "answers.jsonl", many_rows(1))
    arguments = ("answers.jsonl", "--task", task("waits"))
    with start(*arguments, cwd=folder) as first:
        wait_for(folder / "answers.jsonl.graded" / "progress.jsonl")
        second = rft(*arguments, cwd=folder)
        first.kill()
    assert second.returncode == 2
    assert "another process is grading into it" in second.stderr


def wait_for(path: Path, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.02)


def test_ctrl_c_finishes_what_is_in_flight(folder: Path, task: Callable[..., str]) -> None:
    write_rows(folder / "answers.jsonl", many_rows(30_000))
    arguments = ("answers.jsonl", "--task", task("slowly"), "--workers", "2")
    output = folder / "answers.jsonl.graded"
    with start(*arguments, cwd=folder) as process:
        wait_for(output / "samples" / "part-000001.jsonl")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    assert "the same command goes on from here" in said
    stopped = json.loads((output / "summary.json").read_text())
    assert stopped["status"] == "stopped"
    assert 0 < stopped["rows"] < 30_000
    assert stopped["rows"] == sum(
        len(file.read_bytes().splitlines()) for file in (output / "samples").iterdir()
    )


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_killed_again_and_again_it_ends_as_unbroken(
    workers: str, folder: Path, task: Callable[..., str]
) -> None:
    write_rows(folder / "answers.jsonl", many_rows(7000))
    command = ("answers.jsonl", "--task", task("slowly"), "--workers", workers, "-o", "broken")
    rng = random.Random(workers)  # noqa: S311
    progress = folder / "broken" / "progress.jsonl"
    for kill in range(2):
        with start(*command, cwd=folder) as process:
            wait_for(progress)
            size = progress.stat().st_size
            while kill and progress.stat().st_size == size and process.poll() is None:
                time.sleep(0.01)
            time.sleep(rng.random())
            process.kill()
    assert rft(*command, cwd=folder).returncode == 0
    plain = ("answers.jsonl", "--task", "slowly.yaml", "-o", "whole", "--executor", "inline")
    assert rft(*plain, cwd=folder).returncode == 0
    assert results(folder / "broken") == results(folder / "whole")


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_a_second_ctrl_c_ends_it_at_once(
    executor: str, folder: Path, task: Callable[..., str]
) -> None:
    write_rows(folder / "answers.jsonl", many_rows(1))
    arguments = ("answers.jsonl", "--task", task("waits"), "--executor", executor)
    with start(*arguments, cwd=folder) as process:
        wait_for(folder / "began")
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
    assert process.returncode == 130


def test_parts_are_small_where_a_grader_asks_a_service(
    folder: Path, task: Callable[..., str]
) -> None:
    rows = [{"item": {"id": f"q{n}"}, "completion": "a"} for n in range(600)]
    write_rows(folder / "many.jsonl", rows)
    result = rft("many.jsonl", "--task", task("asks"), cwd=folder)
    assert result.returncode == 0, result.stderr
    parts = sorted((folder / "many.jsonl.graded" / "samples").iterdir())
    assert [len(part.read_text().splitlines()) for part in parts] == [256, 256, 88]
