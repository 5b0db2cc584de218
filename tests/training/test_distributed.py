"""Two processes train as one: one of them grades, and none waits for one that has failed."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[2] / "contrib" / "eurovoc-demo"
LAUNCH = [
    *(sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch"),
    *("--multi_gpu", "--num_processes", "2", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "-m", "rft_core", "train"),
]
SECONDS = 240
"""Far more than a launch takes, far less than processes that wait for each other would."""


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Launch two processes, in a group of their own as a terminal would."""
    return subprocess.Popen(
        [*LAUNCH, *arguments],
        cwd=cwd,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def output_of(process: subprocess.Popen[str]) -> str:
    """Return what a launch printed, or end it if it does not end by itself."""
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        pytest.fail(f"the processes hang:\n{output}")
    return output


def launch(*arguments: str, cwd: Path) -> tuple[int, str]:
    process = start(*arguments, cwd=cwd)
    output = output_of(process)
    return process.returncode, output


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows(run: Path, kind: str) -> list[dict[str, Any]]:
    return [row for row in lines(run / "metrics.jsonl") if row["kind"] == kind]


def wait_for_step(run: Path, step: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + SECONDS
    while not (run / "metrics.jsonl").is_file() or not rows(run, "train")[step - 1 :]:
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def processes_of(launcher: int) -> dict[str, int]:
    """Return the process ids of a launch by rank."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    found = {}
    for child in children:
        environment = Path(f"/proc/{child}/environ").read_text().split("\0")
        found |= {entry[5:]: int(child) for entry in environment if entry.startswith("RANK=")}
    return found


GRADERS = '''

import itertools
import os

graded = itertools.count()


def on_one_process(sample):
    """Fails on the second half of each batch of 16: the samples of the second process."""
    assert os.environ.get("RANK", "0") == "0", "graders run on the main process only"
    if next(graded) % 16 >= 8:
        raise RuntimeError("the service is down")
    return share_of_a(sample)


def never(sample):
    raise RuntimeError("the service is down")
'''


@pytest.fixture
def small_task(toy_task: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that writes a task whose steps take 16 samples on two processes."""

    def write(grader: str = "share_of_a", *, samples: int = 8, **sections: Any) -> Path:
        train = sections.pop("train", {}) | {"per_device_train_batch_size": samples}
        config = {"path": f"rewards.py:{grader}"}
        graders = {"letters": {"use": "function", "concurrency": 1, "config": config}}
        path = toy_task(reward={"graders": graders}, train=train, **sections)
        with (path.parent / "rewards.py").open("a") as file:
            file.write(GRADERS)
        return path

    return write


def test_two_processes_make_the_run_that_one_makes(
    small_task: Callable[..., Path], train_task: Callable[..., Any], tmp_path: Path
) -> None:
    alone = train_task(small_task("on_one_process", samples=16), "alone").directory.path
    task = small_task("on_one_process", samples=8)

    code, output = launch(str(task), "--output", "run", cwd=tmp_path)

    run = tmp_path / "run"
    assert code == 0, output
    assert output.count("run: run") == 1
    assert output.count("validation at step 4") == 1
    assert [row["step"] for row in rows(run, "train")] == [1, 2, 3, 4]
    assert [row["step"] for row in rows(run, "eval")] == [0, 2, 4]
    for ours, theirs in zip(rows(run, "train"), rows(alone, "train"), strict=True):
        assert keys(ours) == keys(theirs)
        assert ours["reward"]["masked"] == theirs["reward"]["masked"] == 8
        assert ours["graders"]["letters"]["error"] == 8
    for ours, theirs in zip(rows(run, "eval"), rows(alone, "eval"), strict=True):
        assert keys(ours) == keys(theirs)
        assert (ours["items"], ours["samples"]) == (8, 2)
    assert sample_files(run) == sample_files(alone)
    for name in sample_files(run):
        ours, theirs = lines(run / "samples" / name), lines(alone / "samples" / name)
        assert [one["index"] for one in ours] == list(range(16))
        assert [one["item"] for one in ours] == [one["item"] for one in theirs]
        assert [one["reward"] is None for one in ours] == [False] * 8 + [True] * 8
    last = run / "checkpoints" / "checkpoint-4"
    assert {"complete.json", "rng_state_0.pth", "rng_state_1.pth"} <= names(last)


def keys(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row's keys, with those of the objects in it."""
    return {key: keys(value) if isinstance(value, dict) else None for key, value in row.items()}


def sample_files(run: Path) -> list[str]:
    return sorted(names(run / "samples"))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.slow
def test_graders_that_fail_too_often_end_both_processes(
    small_task: Callable[..., Path], tmp_path: Path
) -> None:
    code, output = launch(str(small_task("never")), "--output", "run", cwd=tmp_path)

    assert code == 1
    assert output.count("error: graders failed on 16 of 16 samples") == 1
    assert output.count("exitcode  : 1 ") == 2, output
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["status"] == "failed"


@pytest.mark.slow
def test_interrupt_stops_all_after_a_step_and_resume_goes_on(
    small_task: Callable[..., Path], tmp_path: Path
) -> None:
    task = small_task(train={"max_steps": 12}, evaluate={"every": 50})
    run = tmp_path / "run"
    process = start(str(task), "--output", "run", cwd=tmp_path)
    wait_for_step(run, 2, process)
    os.killpg(process.pid, signal.SIGINT)
    output = output_of(process)

    assert "stopping after this step" in output
    assert json.loads((run / "summary.json").read_text())["status"] == "stopped", output
    last = rows(run, "train")[-1]["step"]
    assert last < 12
    assert {"complete.json", "rng_state_0.pth", "rng_state_1.pth"} <= names(
        run / "checkpoints" / f"checkpoint-{last}"
    )

    code, output = launch("--resume", "run", cwd=tmp_path)

    assert code == 0, output
    assert [row["step"] for row in rows(run, "train")] == list(range(1, 13))
    assert [row["step"] for row in rows(run, "eval")] == [0, 12]


def test_a_run_of_two_processes_is_not_resumed_by_one(
    small_task: Callable[..., Path], train_task: Callable[..., Any], tmp_path: Path
) -> None:
    from rft_core.errors import UsageError
    from rft_core.run.directory import RunDirectory
    from rft_core.task.task import load_task
    from rft_core.training.callback import StopRequest
    from rft_core.training.plan import plan_run
    from rft_core.training.run import train

    trained = train_task(small_task(samples=16, train={"max_steps": 1})).directory.path
    run = shutil.copytree(trained, tmp_path / "copy", symlinks=True)
    checkpoint = run / "checkpoints" / "checkpoint-1"
    (checkpoint / "rng_state.pth").rename(checkpoint / "rng_state_0.pth")
    (checkpoint / "rng_state_1.pth").write_bytes((checkpoint / "rng_state_0.pth").read_bytes())

    with pytest.raises(UsageError, match="made by 2 processes, and this is 1"):
        train(
            plan_run(load_task(run / "task.yaml")),
            RunDirectory.open(run),
            resume=True,
            listener=lambda _: None,
            stop=StopRequest(),
        )


@pytest.mark.slow
@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_killed_process_ends_the_other(
    rank: str, small_task: Callable[..., Path], tmp_path: Path
) -> None:
    task = small_task(train={"max_steps": 1000}, evaluate={"every": 1000})
    process = start(str(task), "--output", "run", cwd=tmp_path)
    wait_for_step(tmp_path / "run", 2, process)
    ranks = processes_of(process.pid)
    os.kill(ranks[rank], signal.SIGKILL)
    output_of(process)

    assert process.returncode == 1
    assert not any(Path(f"/proc/{pid}").exists() for pid in ranks.values())


@pytest.mark.slow
def test_a_killed_run_of_two_processes_goes_on_to_the_same_end(
    small_task: Callable[..., Path], tmp_path: Path
) -> None:
    task = small_task(train={"max_steps": 8})
    code, output = launch(str(task), "--output", "whole", cwd=tmp_path)
    assert code == 0, output
    process = start(str(task), "--output", "broken", cwd=tmp_path)
    wait_for_step(tmp_path / "broken", 5, process)
    os.killpg(process.pid, signal.SIGKILL)  # the launcher and both processes
    output_of(process)

    code, output = launch("--resume", "broken", cwd=tmp_path)

    assert code == 0, output
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert sample_files(broken) == sample_files(whole)
    for name in sample_files(whole):
        assert (broken / "samples" / name).read_bytes() == (whole / "samples" / name).read_bytes()
    model = "checkpoints/checkpoint-8/model.safetensors"
    assert (broken / model).read_bytes() == (whole / model).read_bytes()


@pytest.mark.slow
def test_a_signal_to_one_process_stops_both(
    small_task: Callable[..., Path], tmp_path: Path
) -> None:
    task = small_task(train={"max_steps": 1000}, evaluate={"every": 1000})
    process = start(str(task), "--output", "run", cwd=tmp_path)
    wait_for_step(tmp_path / "run", 2, process)
    os.kill(processes_of(process.pid)["1"], signal.SIGTERM)
    output = output_of(process)

    assert process.returncode == 0, output
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["status"] == "stopped"


@pytest.mark.slow
def test_a_wrong_input_is_told_once(small_task: Callable[..., Path], tmp_path: Path) -> None:
    task = small_task()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "something").touch()

    _, output = launch(str(task), "--output", "run", cwd=tmp_path)

    assert output.count("error: run: the folder exists and is not empty") == 1
    assert output.count("exitcode  : 2 ") == 2, output


@pytest.mark.slow
@pytest.mark.parametrize("section", ["decoupled", "two_turn"])
def test_columns_and_rollouts_work_on_two_processes(
    section: str, small_task: Callable[..., Path], tmp_path: Path
) -> None:
    sections: dict[str, Any] = {
        "decoupled": {"decoupled": True},
        "two_turn": {"rollout": {"use": "two_turn"}},
    }
    task = small_task("on_one_process", train={"max_steps": 2}, **sections[section])

    code, output = launch(str(task), "--output", "run", cwd=tmp_path)

    assert code == 0, output
    assert [row["reward"]["masked"] for row in rows(tmp_path / "run", "train")] == [8, 8]
    name = "letters" if section == "decoupled" else "reward"
    assert f"rewards/{name}/mean" in rows(tmp_path / "run", "train")[0]["trl"]


@pytest.mark.slow
def test_the_demo_trains_on_two_processes(tmp_path: Path) -> None:
    import yaml

    task = yaml.safe_load((DEMO / "task.yaml").read_text())
    task["data"] = {name: str(DEMO / path) for name, path in task["data"].items()}
    task["messages"][0]["file"] = str(DEMO / "prompt.md")
    task["model"]["name"] = str(DEMO.parent / "tiny-policy" / "model")
    task["reward"]["graders"]["valid"]["config"]["schema"] = str(DEMO / "level1.json")
    task["train"] |= {"max_steps": 2, "per_device_train_batch_size": 32}
    task["evaluate"] = {"every": 2, "samples": 2, "max_items": 9}
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(task))

    code, output = launch("task.yaml", "--output", "run", cwd=tmp_path)

    run = tmp_path / "run"
    assert code == 0, output
    for row in rows(run, "train"):
        samples = lines(run / "samples" / f"train-{row['step']:06d}.jsonl")
        groups = [{one["item"] for one in samples[i : i + 8]} for i in range(0, 64, 8)]
        assert len(samples) == row["samples"] == 64
        assert [len(group) for group in groups] == [1] * 8
    for row in rows(run, "eval"):
        samples = lines(run / "samples" / f"eval-{row['step']:06d}.jsonl")
        assert [one["item"] for one in samples[::2]] == [one["item"] for one in samples[1::2]]
        assert len({one["item"] for one in samples}) == row["items"] == 9


TOGETHER = """
import os, sys
import torch.distributed as dist
from rft_core.errors import *
from rft_core.training.distributed import OnMain, Processes

rank = int(os.environ["RANK"])
dist.init_process_group("gloo")
us = Processes.launched()

def fail_on(culprit, error):
    if rank == culprit:
        raise error
    return rank

def outcome(call):
    try:
        return repr(call())
    except BaseException as error:
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
"""


@pytest.fixture
def in_two_processes(tmp_path: Path) -> Callable[[str], list[str]]:
    """Return a function that runs statements in two processes; it returns what each printed."""

    def run(statements: str) -> list[str]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
        both = [
            subprocess.Popen(
                [sys.executable, "-c", TOGETHER + statements],
                env=os.environ | shared | {"RANK": rank},
                stdout=subprocess.PIPE,
                text=True,
            )
            for rank in ("0", "1")
        ]
        return [process.communicate(timeout=120)[0].strip() for process in both]

    return run


def test_what_one_process_meets_all_of_them_meet(
    in_two_processes: Callable[[str], list[str]],
) -> None:
    calls: Sequence[tuple[str, str, str]] = (
        ("us.each(lambda: rank)", "[0, 1]", "[0, 1]"),
        ("us.main(lambda: rank)", "0", "0"),
        ("us.together(lambda: rank)", "0", "1"),
        ("list(us.share(range(5)))", "[0, 1]", "[2, 3, 4]"),
        ("us.each(lambda: fail_on(0, UsageError('a', where='b')))", *["UsageError: b: a"] * 2),
        ("us.each(lambda: fail_on(1, UsageError('a')))", *["UsageError: process 1: a"] * 2),
        ("us.main(lambda: fail_on(0, RunStopError('spent')))", *["RunStopError: spent"] * 2),
        (
            "us.main(lambda: fail_on(0, ErrorRateExceededError('x')))",
            *["ErrorRateExceededError: x"] * 2,
        ),
        ("us.main(lambda: fail_on(0, KeyboardInterrupt()))", *["KeyboardInterrupt: "] * 2),
        ("us.main(lambda: fail_on(1, ValueError()))", "0", "0"),
        ("us.together(lambda: fail_on(0, ValueError('x')))", "ValueError: x", TRACE),
        (
            "us.together(lambda: fail_on(1, ValueError('x')))",
            *[f"RunError: process 1: {TRACE[10:]}"] * 2,
        ),
        ("OnMain(us, None if rank else 7).use(lambda it: it * 6)", "42", "42"),
    )
    printed = in_two_processes("".join(f"print(outcome(lambda: {call}))\n" for call, _, _ in calls))
    assert printed[0].splitlines() == [main for _, main, _ in calls]
    assert printed[1].splitlines() == [other for _, _, other in calls]


TRACE = "RunError: Traceback (most recent call last):"


def test_a_process_that_is_gone_is_told(in_two_processes: Callable[[str], list[str]]) -> None:
    main, _ = in_two_processes("us.meet()\nif rank: os._exit(1)\nprint(outcome(us.meet))\n")
    assert main.startswith("RunError: another process of the run ended")


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "several-machines.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_documented_settings_for_vllm_are_trls(tmp_path: Path) -> None:
    from rft_core.task.source import Place, read_yaml
    from rft_core.training.config import grpo_config, train_section

    (text,) = blocks("yaml")
    (tmp_path / "task.yaml").write_text(text)
    source = read_yaml(tmp_path / "task.yaml")
    place = Place(source) / "train"
    config = grpo_config(train_section(source.data["train"], place), tmp_path, {}, place)
    assert (config.use_vllm, config.vllm_mode) == (True, "server")
    assert config.vllm_server_host == "10.0.0.2"
    assert config.vllm_server_timeout == 600


def test_the_documented_server_has_the_options_that_trl_gives_it() -> None:
    import trl

    script = Path(inspect.getfile(trl)).parent / "scripts" / "vllm_serve.py"
    (served,) = [line for line in commands() if "vllm serve" in line]
    for option in ("--weight-transfer-config", "--logprobs-mode", "processed_logprobs"):
        assert option in served
        assert option in script.read_text()


def test_the_documented_launches_are_understood() -> None:
    from accelerate.commands.launch import launch_command_parser

    launches = [line for line in commands() if "accelerate launch" in line and "…" not in line]
    assert len(launches) == 5
    for line in launches:
        words = shlex.split(line.partition("accelerate launch")[2])
        arguments = launch_command_parser().parse_args(words)
        assert arguments.multi_gpu
        assert (arguments.module, arguments.training_script) == (True, "rft_core")
        assert arguments.training_script_args[0] == "train"


def commands() -> list[str]:
    """Return the page's shell commands, each in one line."""
    return [line for text in blocks("sh") for line in text.replace("\\\n", " ").splitlines()]


def test_a_sharded_policy_is_refused(
    small_task: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rft_core.errors import UsageError
    from rft_core.task.task import load_task
    from rft_core.training.plan import plan_run

    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(UsageError, match="FSDP"):
        plan_run(load_task(small_task(samples=16)))
