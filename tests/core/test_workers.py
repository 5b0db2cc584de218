"""Worker processes in every kind of parent: how they start there, and that they end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

GRADER = '''
import multiprocessing
import os
import re
import sys
import time

from rft_core import Grade, Grader, PluginConfig


class Reports(Grader[PluginConfig]):
    """Notes its process in a file; then does what the completion says."""

    name = "reports"
    isolation = "process"

    def grade(self, sample):
        folder, what = sample.text.split()
        open(f"{folder}/{os.getpid()}", "w").close()
        if what == "sleep":
            time.sleep(600)
        if what == "busy":
            while True:
                pass
        return 1.0
'''

SCRIPT = """
import sys
import threading

from parent_graders import Reports
from rft_core import PluginConfig
from rft_core.testing import grade_all, make_sample


def main():
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    texts = [f"{sys.argv[1]} {what}" for what in sys.argv[2:]]
    Reports.concurrency = 2
    grades = grade_all(Reports(PluginConfig()), [make_sample(text) for text in texts])
    print([grade.score or str(grade.error) for grade in grades])


if __name__ == "__main__":
    main()
"""

IN_A_PROCESS = """
import multiprocessing

import a_script

if __name__ == "__main__":
    child = multiprocessing.get_context("{method}").Process(target=a_script.main)
    child.start()
    child.join()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parent_graders.py").write_text(GRADER)
    (tmp_path / "a_script.py").write_text(SCRIPT)
    for method in ("fork", "spawn", "forkserver"):
        (tmp_path / f"in_{method}.py").write_text(IN_A_PROCESS.format(method=method))
    (tmp_path / "with_torch.py").write_text("import torch\n" + SCRIPT)
    (tmp_path / "pids").mkdir()
    return tmp_path


def pids(folder: Path) -> list[int]:
    return [int(file.name) for file in (folder / "pids").iterdir()]


@pytest.mark.parametrize(
    "command",
    [
        ["a_script.py"],
        ["-m", "a_script"],
        ["-c", "import a_script; a_script.main()"],
        ["with_torch.py"],
        ["in_fork.py"],
        ["in_spawn.py"],
        ["in_forkserver.py"],
    ],
    ids=" ".join,
)
def test_workers_start_in_any_program(folder: Path, command: list[str]) -> None:
    done = _run(folder, command)
    assert (done.stdout, done.stderr) == ("[1.0, 1.0]\n", "")
    assert pids(folder)
    assert [pid for pid in pids(folder) if _runs(pid)] == []


def test_a_program_that_runs_again_in_its_workers_is_told_what_it_lacks(folder: Path) -> None:
    script = SCRIPT.replace('if __name__ == "__main__":', "if True:")
    (folder / "unguarded.py").write_text(script)
    done = _run(folder, ["unguarded.py"])
    assert done.stdout.count("the worker did not start: its process ended") == 2
    assert f"{folder / 'unguarded.py'}: the program runs again" in done.stderr
    assert 'under `if __name__ == "__main__":`' in done.stderr
    assert pids(folder) == []


@pytest.mark.parametrize("what", ["sleep", "busy"])
def test_workers_end_when_their_parent_is_killed(folder: Path, what: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "a_script.py", "pids", what, what],
        cwd=folder,
        env=_environment(folder),
    )
    try:
        _wait_until(lambda: len(pids(folder)) == 2)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    _wait_until(lambda: not any(map(_runs, pids(folder))))


def test_ctrl_c_ends_the_workers(folder: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "a_script.py", "pids", "sleep", "busy"],
        cwd=folder,
        env=_environment(folder),
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    _wait_until(lambda: len(pids(folder)) == 2)
    os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    _, errors = parent.communicate(timeout=120)
    assert errors.count("Traceback") == 1
    assert errors.endswith("KeyboardInterrupt\n")
    assert [pid for pid in pids(folder) if _runs(pid)] == []


def _run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command, "pids", "grade", "grade"],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder)}


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
