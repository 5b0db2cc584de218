"""One run on several tasks: shares, rewards and statistics of each task."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rft_core.task.mix import Mix
from rft_core.task.task import load_task

DEMO = Path(__file__).resolve().parents[2] / "contrib" / "mixed-demo"
PROMPTS, SAMPLES = 8, 4


@pytest.fixture(scope="module")
def short_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's task file with small steps and three validation items of each task."""
    task = yaml.safe_load((DEMO / "task.yaml").read_text())
    task["model"]["name"] = str(DEMO / "model")
    folder = tmp_path_factory.mktemp("mixed-demo")
    rows = [json.loads(x) for x in (DEMO / "data" / "validation.jsonl").read_text().splitlines()]
    few = [row for t in task["rewards"] for row in [r for r in rows if r["task"] == t][:3]]
    (folder / "validation.jsonl").write_text("".join(json.dumps(row) + "\n" for row in few))
    task["data"] = {
        "train": str(DEMO / "data" / "train.jsonl"),
        "validation": "validation.jsonl",
    }
    task["rewards"]["tagging"]["graders"]["valid"]["config"]["schema"] = str(
        DEMO.parent / "eurovoc-demo" / "level1.json"
    )
    task["rewards"]["extraction"]["graders"]["form"]["config"]["schema"] = str(DEMO / "record.json")
    task["train"] |= {
        "max_steps": 2,
        "num_generations": SAMPLES,
        "per_device_train_batch_size": PROMPTS * SAMPLES,
        "use_cpu": True,
    }
    task["evaluate"] = {"every": 2, "samples": 1}
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(task, sort_keys=False))
    return path


def samples_of(run: Any, phase: str, step: int) -> list[dict[str, Any]]:
    return [json.loads(x) for x in run.directory.samples_file(phase, step).read_text().splitlines()]


def test_the_demo_trains_each_task_with_its_share_and_its_own_reward(
    short_demo: Path, train_task: Callable[..., Any]
) -> None:
    run = train_task(short_demo)

    assert run.summary["status"] == "done"
    graders = {name: set(plan.calls) for name, plan in load_task(short_demo).rewards.items()}
    items: Counter[str] = Counter()
    for row in run.train_rows:
        samples = samples_of(run, "train", row["step"])
        prompts = Counter(sample["task"] for sample in samples[::SAMPLES])
        assert prompts == {"tagging": 2, "arithmetic": 4, "extraction": 2}
        assert set(row["tasks"]) == set(prompts)
        for sample in samples:
            assert set(sample["grades"]) == graders[sample["task"]]
            assert sample["reward"] is not None
        items.update(sample["item"] for sample in samples[::SAMPLES])
    assert set(items.values()) == {1}, "no row comes again before its task's others"
    assert Counter(sample["task"] for sample in samples_of(run, "eval", 2)) == {
        "tagging": 3,
        "arithmetic": 3,
        "extraction": 3,
    }
    assert set(run.eval_rows[-1]["tasks"]) == {"tagging", "arithmetic", "extraction"}


def mixed_rows(folder: Path, tasks: list[str]) -> None:
    rows = [{"id": f"r{i}", "question": f"say {i}", "task": t} for i, t in enumerate(tasks)]
    for split in ("train", "validation"):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))


LETTERS = {"graders": {"a": {"use": "function", "config": {"path": "rewards.py:share_of_a"}}}}


def test_a_run_draws_the_rows_of_its_mix(
    toy_task: Callable[..., Path], train_task: Callable[..., Any], tmp_path: Path
) -> None:
    rewards = {"often": LETTERS, "seldom": LETTERS, "never": LETTERS}
    weights = {"often": 3, "seldom": 1, "never": 0}
    path = toy_task(
        reward=None,
        rewards=rewards,
        mix=weights,
        train={"max_steps": 5},
        evaluate={"every": 5, "samples": 1},
    )
    mixed_rows(tmp_path, ["seldom"] * 5 + ["often"] * 2 + ["never"])
    run = train_task(path)
    drawn = [
        [sample["item"] for sample in samples_of(run, "train", step)[::4]] for step in range(1, 6)
    ]
    # Eight rows, four prompts a step: two steps an epoch.
    mix = Mix({"often": [5, 6], "seldom": range(5)}, {"often": 3, "seldom": 1})
    order = [f"r{row}" for epoch in range(3) for row in mix.order(epoch, 8, 42)]
    assert drawn == [order[start : start + 4] for start in range(0, 20, 4)]
    assert {row["tasks"]["seldom"]["samples"] for row in run.train_rows} == {4}
    assert {s["task"] for s in samples_of(run, "eval", 5)} == {"often", "seldom", "never"}


def test_a_resumed_mix_goes_on_as_the_unbroken_run(
    toy_task: Callable[..., Path], train_task: Callable[..., Any], tmp_path: Path
) -> None:
    from rft_core.run.directory import RunDirectory
    from rft_core.training.callback import StopRequest
    from rft_core.training.plan import plan_run
    from rft_core.training.run import train

    sections: dict[str, Any] = {
        "reward": None,
        "rewards": {"often": LETTERS, "seldom": LETTERS},
        "mix": {"often": 2.5, "seldom": 1},
        "data": {"train": "train.jsonl"},
    }
    path = toy_task(**sections, train={"max_steps": 5}, evaluate={"every": 3})
    mixed_rows(tmp_path, ["seldom"] * 3 + ["often"] * 5)
    whole = train_task(path, "whole")

    directory = RunDirectory.create(tmp_path / "broken")
    stop = StopRequest()

    def stop_in_the_second_epoch(row: Any) -> None:
        stop.requested = row.get("step") == 3

    def go(*, resume: bool, listener: Any) -> None:
        train(plan_run(load_task(path)), directory, resume=resume, listener=listener, stop=stop)

    go(resume=False, listener=stop_in_the_second_epoch)
    assert max(directory.checkpoints_by_step()) < 5
    stop.requested = False
    go(resume=True, listener=lambda _: None)

    for step in range(1, 6):
        ours = directory.samples_file("train", step).read_text()
        assert ours == whole.directory.samples_file("train", step).read_text()
