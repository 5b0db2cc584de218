"""Real training, with TRL, of a policy of 16,000 parameters."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft_core.errors import ErrorRateExceededError, GradingAbortedError, UsageError
from rft_core.task.task import load_task

Train = Callable[..., Any]
WriteTask = Callable[..., Path]

FAULTY = """
import time


def raises_sometimes(sample):
    if sample.item.id in {"r1", "r4"}:
        raise RuntimeError("the service is down")
    return sample.text.count("a") / max(len(sample.text), 1)


def raises(sample):
    raise RuntimeError("the service is down")


def not_a_number(sample):
    return float("nan")


def short_list(prompts, completions, **_):
    return [0.0]


def sleeps(sample):
    time.sleep(5)
    return 1.0
"""


def graders(**functions: str) -> dict[str, Any]:
    return {key: {"use": "function", "config": {"path": path}} for key, path in functions.items()}


def samples_of(run: Any, phase: str, step: int) -> list[dict[str, Any]]:
    return [json.loads(x) for x in run.directory.samples_file(phase, step).read_text().splitlines()]


def test_a_run_learns_and_leaves_everything_behind(toy_task: WriteTask, train_task: Train) -> None:
    run = train_task(toy_task(train={"max_steps": 30}, evaluate={"every": 10, "samples": 4}))

    assert run.summary["status"] == "done"
    assert [row["step"] for row in run.train_rows] == list(range(1, 31))
    assert [row["step"] for row in run.eval_rows] == [0, 10, 20, 30]
    before, after = run.eval_rows[0]["reward"]["mean"], run.summary["best"]["reward"]["mean"]
    assert after > before + 0.1
    assert set(run.train_rows[0]["seconds"]) == {"generation", "grading", "update", "step"}
    assert run.train_rows[0]["trl"]["learning_rate"] > 0
    assert len(samples_of(run, "train", 1)) == 16
    assert len(samples_of(run, "eval", 30)) == 8 * 4
    best = run.directory.best.resolve()
    assert best.name == f"checkpoint-{run.summary['best_step']}"
    assert (run.directory.path / "environment.json").is_file()


def test_the_best_checkpoint_is_chosen_on_validation(
    toy_task: WriteTask, train_task: Train
) -> None:
    run = train_task(toy_task(train={"max_steps": 6}, evaluate={"every": 1, "keep_checkpoints": 2}))
    by_reward = {row["step"]: row["reward"]["mean"] for row in run.eval_rows if row["step"]}
    best_two = sorted(by_reward, key=lambda step: (by_reward[step], step))[-2:]
    assert run.summary["best_step"] == best_two[-1]
    assert set(run.directory.checkpoints_by_step()) == {*best_two, 6}


def test_the_resolved_task_is_the_task(toy_task: WriteTask, train_task: Train) -> None:
    path = toy_task(train={"max_steps": 1}, evaluate={"every": 1})
    run = train_task(path)
    again, first = load_task(run.directory.task_file), load_task(path)
    assert again.train_items() == first.train_items()
    assert again.spec.train["max_steps"] == 1
    assert "temperature" not in again.spec.train, "TRL's own defaults are TRL's"


def test_evaluating_changes_nothing_about_training(toy_task: WriteTask, train_task: Train) -> None:
    often = train_task(toy_task(evaluate={"every": 1, "samples": 3}), "often")
    seldom = train_task(toy_task(evaluate={"every": 4, "samples": 1}), "seldom")
    assert [row["reward"] for row in often.train_rows] == [
        row["reward"] for row in seldom.train_rows
    ]


def test_a_rollout_of_two_turns_trains(toy_task: WriteTask, train_task: Train) -> None:
    run = train_task(
        toy_task(rollout={"use": "two_turn", "config": {"message": "again", "role": "tool"}})
    )
    assert run.summary["status"] == "done"
    for record in (*samples_of(run, "train", 1), *samples_of(run, "eval", 4)):
        first, said, second = record["messages"]
        assert first["role"] == second["role"] == "assistant"
        assert said == {"role": "tool", "content": "again"}
        assert second["content"] == record["completion"]
        assert record["num_tokens"] <= 16, "the tool's message is not the policy's"


def test_lora_trains_adapters_only(toy_task: WriteTask, train_task: Train) -> None:
    run = train_task(toy_task(lora={"r": 4, "target_modules": ["q_proj", "v_proj"]}))
    assert run.summary["status"] == "done"
    assert (run.directory.best / "adapter_config.json").is_file()
    assert not (run.directory.best / "model.safetensors").exists()


def test_decoupled_rewards_are_columns_of_their_own(toy_task: WriteTask, train_task: Train) -> None:
    both = graders(letters="rewards.py:share_of_a", short="rewards.py:short")
    both["short"]["weight"] = 0.5
    run = train_task(toy_task(reward={"graders": both}, decoupled=True))
    assert run.summary["status"] == "done"
    row = run.train_rows[0]
    assert row["trl"]["rewards/letters/mean"] == pytest.approx(row["graders"]["letters"]["mean"])
    assert row["trl"]["rewards/short/mean"] == pytest.approx(row["graders"]["short"]["mean"])


def test_a_penalty_reaches_every_column(
    toy_task: WriteTask, train_task: Train, tmp_path: Path
) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    both = graders(letters="rewards.py:share_of_a", flaky="faulty.py:raises_sometimes")
    both["flaky"]["on_error"] = {"penalize": -1.0}
    run = train_task(toy_task(reward={"graders": both}, decoupled=True))
    for row in run.train_rows:
        records = samples_of(run, "train", row["step"])
        scores = [
            -1.0 if r["grades"]["flaky"].get("error") else r["grades"]["letters"]["score"]
            for r in records
        ]
        assert row["trl"]["rewards/letters/mean"] == pytest.approx(sum(scores) / len(scores))


def test_each_row_is_graded_by_the_reward_of_its_task(
    toy_task: WriteTask, train_task: Train, tmp_path: Path
) -> None:
    path = toy_task(
        reward=None,
        rewards={
            "letters": {"graders": graders(letters="rewards.py:share_of_a")},
            "short": {"graders": graders(short="rewards.py:short")},
        },
    )
    tasks = ["letters", "short"] * 4
    rows = [{"id": f"r{i}", "question": f"say {i}", "task": t} for i, t in enumerate(tasks)]
    for split in ("train", "validation"):
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    run = train_task(path)
    for record in samples_of(run, "eval", 4):
        assert list(record["grades"]) == [record["task"]]
    assert set(run.eval_rows[-1]["graders"]) == {"letters", "short"}
    assert set(run.eval_rows[-1]["tasks"]) == {"letters", "short"}


def test_a_failing_grader_masks_its_samples_and_the_run_goes_on(
    toy_task: WriteTask, train_task: Train, tmp_path: Path
) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    run = train_task(toy_task(reward={"graders": graders(flaky="faulty.py:raises_sometimes")}))
    assert run.summary["status"] == "done"
    failed = [r for r in samples_of(run, "eval", 4) if r["item"] in {"r1", "r4"}]
    assert len(failed) == 4
    for record in failed:
        assert record["reward"] is None
        assert record["grades"]["flaky"]["score"] is None
        error = record["grades"]["flaky"]["error"]
        assert error["message"] == "RuntimeError: the service is down"
        assert error["distribution"].endswith("faulty.py")
        assert "raises_sometimes" in error["traceback"]
    assert run.eval_rows[-1]["reward"]["masked"] == 4
    assert run.eval_rows[-1]["graders"]["flaky"]["error"] == 4
    told = [row["message"] for row in run.heard if row["kind"] == "warning"]
    assert told == [
        f"grader 'flaky' of {tmp_path}/faulty.py: exception: RuntimeError: the service is down"
    ]


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("raises", "exception: RuntimeError: the service is down"),
        ("not_a_number", "contract: score nan is not finite"),
        ("short_list", "contract: grade_batch returned 1 grades for 16 samples"),
        ("sleeps", "timeout: took longer than"),
    ],
)
def test_a_step_in_which_all_grading_fails_ends_the_run(
    function: str, kind: str, toy_task: WriteTask, train_task: Train, tmp_path: Path
) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    reward = {"graders": graders(bad=f"faulty.py:{function}")}
    reward["graders"]["bad"]["timeout"] = 0.02
    data = {"train": "train.jsonl"}
    with pytest.raises(ErrorRateExceededError) as caught:
        train_task(toy_task(reward=reward, data=data))
    assert f"grader 'bad' of {tmp_path}/faulty.py: {kind}" in str(caught.value)
    run = tmp_path / "run"
    assert json.loads((run / "summary.json").read_text())["status"] == "failed"
    lines = (run / "samples" / "train-000001.jsonl").read_text().splitlines()
    assert {json.loads(line)["reward"] for line in lines} == {None}


def test_abort_ends_the_run_at_the_first_failure(
    toy_task: WriteTask, train_task: Train, tmp_path: Path
) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    reward = {"graders": graders(flaky="faulty.py:raises_sometimes")}
    reward["graders"]["flaky"]["on_error"] = "abort"
    with pytest.raises(GradingAbortedError, match="the service is down"):
        train_task(toy_task(reward=reward))


def test_a_penalty_is_the_samples_reward(
    toy_task: WriteTask, train_task: Train, tmp_path: Path
) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    reward = {"graders": graders(flaky="faulty.py:raises_sometimes")}
    reward["graders"]["flaky"]["on_error"] = {"penalize": -0.25}
    run = train_task(toy_task(reward=reward))
    failed = [r for r in samples_of(run, "eval", 4) if r["item"] in {"r1", "r4"}]
    assert {record["reward"] for record in failed} == {-0.25}


def test_shapers_shape_what_is_trained_on(toy_task: WriteTask, train_task: Train) -> None:
    reward = {
        "graders": graders(letters="rewards.py:share_of_a"),
        "shapers": [
            {"use": "length_penalty", "config": {"max_tokens": 4, "buffer": 4, "penalty": 0.5}},
            {"use": "clip", "config": {"min": -0.4, "max": 1}},
        ],
    }
    run = train_task(toy_task(reward=reward))
    for record in samples_of(run, "train", 1):
        penalty = 0.5 * min(max((record["num_tokens"] - 4) / 4, 0), 1)
        assert record["reward"] == pytest.approx(max(record["composed"] - penalty, -0.4))


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"train": {"learning_rat": 1e-5}}, "Did you mean 'learning_rate'?"),
        ({"train": {"learning_rate": "fast"}}, "train.learning_rate: .*valid number"),
        ({"train": {"output_dir": "x"}}, "train.output_dir: rft sets this field"),
        ({"train": {"per_device_train_batch_size": 10}}, "train: TRL refuses these settings"),
        ({"train": {"per_device_train_batch_size": 64}}, "a step takes 16 items, but there are 8"),
        ({"lora": {"rank": 4}}, "lora.rank: LoraConfig has no such field"),
        ({"model": "no/such/folder"}, "there is no model 'no/such/folder'"),
        ({"model": "./missing.gguf"}, "there is no model './missing.gguf'"),
        ({"model": None}, "the task names no model"),
    ],
)
def test_wrong_settings_are_told_before_a_model_is_loaded(
    section: dict[str, Any], says: str, toy_task: WriteTask
) -> None:
    from rft_core.training.plan import plan_run

    with pytest.raises(UsageError, match=says):
        plan_run(load_task(toy_task(**section)))
