"""Kill a run with SIGKILL at random moments, resume it, and compare with the unbroken run.

Half of the moments are uniform over the wall time of the unbroken run, from the first line of
`rft train` to its last, so loading, generation, evaluation and saving are all met. The other half
are uniform over what the run does to files of its directory, and it dies right before it. Every
third run is killed again while it resumes, and again after that.

    python benchmarks/kill_resume.py            # 20 runs
    python benchmarks/kill_resume.py 100 7      # 100 runs, seed 7

Runs are forked from a process that has imported torch, TRL and the plugins; then they do what
`rft train` does.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self, TypeAlias, cast

import yaml
from safetensors.numpy import load_file

FORKS = """
import atexit, json, os, sys
from rft_core.cli.app import main
from rft_core.plugins import plugin_manager
from rft_core.training.requirements import require_training

require_training()
import rft_core.training.plan, rft_core.training.run
plugin_manager().graders

# What the audit events of writing are; `open` reports flags last.
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.truncate"}

def count_changes(dies_at):
    count = 0

    def hook(event, arguments):
        nonlocal count
        writes = event in CHANGES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if writes and str(arguments[0]).startswith(("run/", here + "/run/")) and os.getpid() == pid:
            count += 1
            if count == dies_at:
                os.kill(pid, 9)

    pid, here = os.getpid(), os.getcwd()
    sys.addaudithook(hook)
    atexit.register(lambda: print(count, file=open("changes.txt", "w")))

print("ready", flush=True)
for line in sys.stdin:
    job = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.chdir(job["folder"])
        log = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for ours, theirs in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(ours, theirs)
        count_changes(job["dies_at"])
        sys.argv = ["rft", *job["arguments"]]
        main()
    print(pid, flush=True)
    print(os.waitpid(pid, 0)[1], flush=True)
"""

POLICY = Path(__file__).resolve().parent.parent / "contrib" / "tiny-policy" / "model"
TIMES = {"seconds", "latency", "step_time"}
"""What differs between two runs that do the same."""


class Forks:
    """Starts `rft` without the seconds that its imports take; a context manager."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-c", FORKS],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._jobs = cast("IO[str]", self._parent.stdin)
        self._answers = cast("IO[str]", self._parent.stdout)
        self._read()

    def run(
        self,
        folder: Path,
        *arguments: str,
        kill_when: Callable[[], bool] | None = None,
        dies_at: int | None = None,
    ) -> int:
        """Run `rft` in a folder; kill it when it is time, or at a change of a file of the run.

        Returns the exit code, or the negative number of the signal that ended it.
        """
        job = {"folder": str(folder), "arguments": arguments, "dies_at": dies_at}
        self._jobs.write(json.dumps(job) + "\n")
        self._jobs.flush()
        pid = int(self._read())
        if kill_when is not None:
            while alive(pid) and not kill_when():
                time.sleep(0.005)
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(int(self._read()))
        await_end_of_session(pid)
        return code

    def _read(self) -> str:
        line = self._answers.readline()
        if not line:
            raise RuntimeError("the process that runs are forked from is gone")
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._jobs.close()
        self._parent.wait()


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def await_end_of_session(session: int, seconds: float = 20.0) -> None:
    """Wait until no process of a session is left. Raises `RuntimeError` if one stays."""
    end = time.monotonic() + seconds
    while left := [pid for pid in all_pids() if session_of(pid) == session and alive(pid)]:
        if time.monotonic() > end:
            raise RuntimeError(f"processes outlive their run: {left}")
        time.sleep(0.05)


def all_pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


Moment: TypeAlias = float | int
"""When to kill: after so many seconds, or, if it is an int, at this change of a file."""


@dataclass(frozen=True)
class Broken:
    """What became of a run that was killed at these moments and resumed."""

    moments: Sequence[Moment]
    deaths: int
    lost_rows: int
    differences: Sequence[str]


def break_and_resume(forks: Forks, task: Path, whole: Path, moments: Sequence[Moment]) -> Broken:
    """Kill a run of `task` at each of the moments after it starts or resumes, then let it end.

    It is made in a folder of its own, beside nothing else, and compared with the run `whole`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        deaths = sum(killed(forks, task, folder, moment) for moment in moments)
        code = forks.run(folder, *command(task, folder))
        log = (folder / "log.txt").read_text()
        differences = differing(folder / "run", whole) if code == 0 else [f"exit {code}: {log}"]
        lost = sum(len(lines(path)) for path in folder.glob("run/superseded/*/metrics.jsonl"))
    return Broken(moments, deaths, lost, differences)


def killed(forks: Forks, task: Path, folder: Path, moment: Moment) -> bool:
    """Start or resume a run and kill it; return whether it was killed before it ended."""
    arguments = command(task, folder)
    if isinstance(moment, int):
        code = forks.run(folder, *arguments, dies_at=moment)
    else:
        code = forks.run(folder, *arguments, kill_when=after(moment))
    return code == -signal.SIGKILL


def after(seconds: float) -> Callable[[], bool]:
    """Return what says whether so many seconds have passed from now."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def command(task: Path, folder: Path) -> list[str]:
    """Return what a user types: resume, or start again where nothing was begun."""
    run = folder / "run"
    return ["train", "--resume", "run"] if (run / "task.yaml").exists() else begin(task)


def begin(task: Path) -> list[str]:
    return ["train", str(task), "--output", "run"]


def differing(run: Path, whole: Path) -> list[str]:
    """Return in what a run differs from the unbroken one; nothing if it is as good."""
    try:
        found = facts(run)
    except (OSError, ValueError) as error:  # a file is missing, or a line torn
        return [f"unreadable: {error}"]
    expected = facts(whole)
    return [name for name in expected if found[name] != expected[name]]


def facts(run: Path) -> dict[str, Any]:
    """Return everything that a run leaves behind, but times."""
    checkpoints = run / "checkpoints"
    return {
        "metrics": [without_times(row) for row in lines(run / "metrics.jsonl")],
        "samples": {path.name: lines(path) for path in sorted((run / "samples").iterdir())},
        "checkpoints": sorted(path.name for path in checkpoints.iterdir()),
        "best": str((checkpoints / "best").readlink()),
        "weights": {
            path.parent.name: weights(path) for path in checkpoints.glob("*/*.safetensors")
        },
        "summary": without_times(json.loads((run / "summary.json").read_text())),
    }


def weights(file: Path) -> dict[str, bytes]:
    return {name: tensor.tobytes() for name, tensor in load_file(file).items()}


def lines(file: Path) -> list[Any]:
    """Return the rows of a file. Raises `ValueError` if one is torn."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def without_times(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: without_times(v) for name, v in value.items() if name not in TIMES}


REWARDS = """
def share_of_a(sample):
    return sample.text.count("a") / max(len(sample.text), 1)
"""


def write_task(folder: Path) -> Path:
    """Write a task of six steps and four evaluations that takes seconds."""
    (folder / "rewards.py").write_text(REWARDS)
    rows = [{"id": f"r{i}", "question": f"say {i}"} for i in range(8)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    grader = {"use": "function", "config": {"path": "rewards.py:share_of_a"}}
    task = {
        "data": {"train": "rows.jsonl", "validation": "rows.jsonl"},
        "messages": [{"role": "user", "content": "{{ item.question }}"}],
        "model": {"name": str(POLICY), "attn_implementation": "eager"},
        "reward": {"graders": {"letters": grader}},
        "train": {
            "max_steps": 6,
            "num_generations": 4,
            "per_device_train_batch_size": 16,
            "gradient_accumulation_steps": 1,
            "max_completion_length": 8,
            "learning_rate": 1e-2,
            "use_cpu": True,
        },
        "evaluate": {"every": 2, "samples": 2, "keep_checkpoints": 2},
    }
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(task, sort_keys=False))
    return path


def any_moment(generator: random.Random, number: int, seconds: float, changes: int) -> Moment:
    """Return a moment in seconds for even numbers, a change of a file for odd ones."""
    return generator.randint(1, changes) if number % 2 else generator.uniform(0, seconds)


def main(count: int, seed: int) -> None:
    """Print what became of each run."""
    print(f"{count} runs, seed {seed}")
    with tempfile.TemporaryDirectory() as scratch, Forks() as forks:
        task = write_task(Path(scratch))
        started = time.monotonic()
        code = forks.run(Path(scratch), *begin(task))
        seconds = time.monotonic() - started
        if code != 0:
            raise SystemExit((Path(scratch) / "log.txt").read_text())
        changes = int((Path(scratch) / "changes.txt").read_text())
        print(f"the unbroken run takes {seconds:.1f} s and changes files {changes} times\n")
        print("| killed after s, or at the n-th change | kills | rows set aside | differs in |")
        print("|---|---|---|---|")
        generator, bad = random.Random(seed), 0
        for number in range(count):
            deaths = 0
            while not deaths:  # a run may end before its moment comes
                kills = 3 if number % 3 == 2 else 1
                some = [any_moment(generator, number, seconds, changes) for _ in range(kills)]
                broken = break_and_resume(forks, task, Path(scratch) / "run", some)
                deaths = broken.deaths
                bad += bool(broken.differences)
            times = ", ".join(f"{m} ch." if isinstance(m, int) else f"{m:.2f} s" for m in some)
            told = "; ".join(broken.differences) or "nothing"
            print(f"| {times} | {deaths} | {broken.lost_rows} | {told} |", flush=True)
    print(f"\n{count - bad} of {count} end as the unbroken run")


if __name__ == "__main__":
    main(*(int(text) for text in (*sys.argv[1:3], *("20", "1")[len(sys.argv) - 1 :])))
