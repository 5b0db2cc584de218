"""What Ray does to the process of a run, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from rft_core.task.task import load_task
from rft_core.types import GradedSample, Sample

SCRIPT = """
import os, signal, sys
from rft_core import PluginConfig
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GradingLoop
from rft_core.testing import make_sample
from ray_graders import ByText

def mine(*_): pass

signal.signal(signal.SIGTERM, mine)
signal.signal(signal.SIGINT, mine)
call = GraderCall("quality", ByText(PluginConfig()), "acme-graders 1.2", 20.0, 1)
runner, second = make_runner(call, "ray"), make_runner(call, "ray")
assert signal.getsignal(signal.SIGTERM) is mine
with GradingLoop() as loop:
    graded = loop.call(runner.run([make_sample("a"), make_sample("exit")]))
    assert [one.outcome for one in graded] == ["graded", "error"]
    os.killpg(0, signal.SIGINT)  # as Ctrl-C in a terminal
    runner.close()
    (left,) = loop.call(second.run([make_sample("pid")]))
    assert left.outcome == "graded"
second.close()
import ray
assert not ray.is_initialized()
"""
MARK = "RFT_TEST_MARK"


def processes_marked(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_text())
        except (OSError, ValueError):
            continue
    return found


def run_python(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = str(Path(__file__).parent)
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=300,
        check=False,
    )


def test_a_cluster_of_our_own_is_silent_and_leaves_nothing(graders: Any) -> None:
    pytest.importorskip("ray")
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    done = run_python(SCRIPT, **{MARK: mark})
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    deadline = time.monotonic() + 30
    while (left := processes_marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []


def test_registering_imports_no_ray() -> None:
    script = (
        "import sys; from rft_core.plugins import plugin_manager; "
        "found = plugin_manager().executors['ray']; assert 'ray' not in sys.modules; "
        "print(found.cls.__name__, found.distribution)"
    )
    assert run_python(script).stdout.startswith("RayExecutor rft-executor-ray ")


TASK: dict[str, Any] = {
    "data": {"train": "train.jsonl"},
    "reward": {
        "graders": {
            "right": {"use": "function", "config": {"path": "rewards.py:right"}},
            "short": {"use": "function", "config": {"path": "rewards.py:short"}},
        }
    },
}
REWARDS = """
def right(sample):
    if sample.text == "raise":
        raise ValueError("no")
    return float(sample.text == sample.item.fields["answer"])


def short(sample):
    return 1.0 if len(sample.text) < 5 else 0.3
"""


def write_task(folder: Path, executor: str | None) -> Path:
    rows = [{"messages": [{"role": "user", "content": "?"}], "answer": "a"}]
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "rewards.py").write_text(REWARDS)
    graders = TASK["reward"]["graders"]
    if executor:
        graders = {name: {**spec, "executor": executor} for name, spec in graders.items()}
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump({**TASK, "reward": {"graders": graders}}))
    return path


def grade_batch(task_file: Path) -> list[GradedSample]:
    task = load_task(task_file)
    (item,) = task.train_items()
    with task.engine() as engine:
        return engine.grade([Sample(item, text) for text in ["a", "raise", "b", "longer"] * 8])


def test_a_task_file_grades_batches_on_ray_as_it_does_here(cluster: None, tmp_path: Path) -> None:
    on_ray = grade_batch(write_task(tmp_path, "ray"))
    local = grade_batch(write_task(tmp_path, None))
    for ours, theirs in zip(on_ray, local, strict=True):
        assert (ours.reward, ours.grades, ours.masked) == (
            theirs.reward, theirs.grades, theirs.masked
        )  # fmt: skip
    assert [one.reward for one in on_ray[:4]] == [2.0, None, 1.0, 0.3]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nobody.invalid:6379", "nonsense"])
def test_a_cluster_that_is_not_there_is_a_users_mistake(
    environment: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    pytest.importorskip("ray")
    script = (
        "from rft_core.errors import UsageError\n"
        "from rft_executor_ray import cluster\n"
        "try: cluster.join()\n"
        "except UsageError as error: print(error)\n"
    )
    done = run_python(script, RAY_ADDRESS=address, RAY_TMPDIR=str(tmp_path))
    assert done.stdout.startswith(f"RAY_ADDRESS={address}: no Ray cluster can be reached: ")
    assert "ray start --head" in done.stdout
    assert "Traceback" not in done.stderr


def test_rft_says_so_in_a_line(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    task = str(write_task(tmp_path, "ray"))
    script = "import sys; from rft_core.cli.app import main; "
    script += f"sys.argv[1:] = ['check', {task!r}]; main()"
    done = run_python(script, RAY_ADDRESS="127.0.0.1:1")
    assert done.returncode == 2
    assert "RAY_ADDRESS=127.0.0.1:1: no Ray cluster can be reached" in done.stderr
