"""A composed reward as Inspect's scorer, in Inspect's own evaluations."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed")

import yaml
from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageUser,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.solver import generate, system_message, user_message
from rft_adapter_inspect.scorer import composed_reward

from rft_core.errors import TaskFileError

REWARDS = """
def right(sample):
    if sample.text == "raise":
        raise ConnectionError("down")
    return float(sample.text == sample.item.fields["reference_answer"])

def sometimes(sample):
    return None if sample.text == "odd" else 1.0
"""


@pytest.fixture
def task_file(tmp_path: Path) -> Callable[..., str]:
    (tmp_path / "rewards.py").write_text(REWARDS)

    def write(**graders: dict[str, Any]) -> str:
        for name, entry in graders.items():
            entry.update(use="function", config={"path": f"rewards.py:{name}"})
        path = tmp_path / "task.yaml"
        path.write_text(yaml.safe_dump({"data": {"train": "x"}, "reward": {"graders": graders}}))
        return str(path)

    return write


def run(
    task_file: str,
    answers: list[str],
    tmp_path: Path,
    *solvers: Any,
    samples: int | None = None,
    **sample: Any,
) -> EvalLog:
    outputs = [ModelOutput.from_content("mockllm/model", text) for text in answers]
    for output in outputs:
        output.usage = ModelUsage(output_tokens=3)  # else the mock counts, by a file on the net
    dataset = [
        Sample(**({"input": f"q{i}", "target": "4", "id": i + 1} | sample))
        for i in range(samples or len(answers))
    ]
    (log,) = evaluate(
        Task(
            dataset=MemoryDataset(dataset),
            solver=[*solvers, generate()],
            scorer=composed_reward(task_file),
        ),
        model=get_model("mockllm/model", custom_outputs=outputs),
        log_dir=str(tmp_path / "logs"),
        display="none",
        max_samples=1,
    )
    assert log.status == "success", log.error
    return log


def metrics(log: EvalLog) -> dict[str, float]:
    assert log.results is not None
    return {name: one.value for name, one in log.results.scores[0].metrics.items()}


def scores(log: EvalLog) -> list[Any]:
    assert log.samples is not None
    found = []
    for sample in log.samples:
        assert sample.scores is not None
        found.append(sample.scores["composed_reward"])
    return found


def test_rewards_are_scores(task_file: Callable[..., str], tmp_path: Path) -> None:
    log = run(task_file(right={"weight": 0.5}, sometimes={"weight": 0.5}), ["4", "5"], tmp_path)
    assert [one.value for one in scores(log)] == [1.0, 0.5]
    assert scores(log)[1].metadata == {"right": 0.0, "sometimes": 1.0}
    assert metrics(log)["mean"] == 0.75


def test_a_masked_sample_is_unscored_and_no_zero(
    task_file: Callable[..., str], tmp_path: Path
) -> None:
    log = run(task_file(right={}), ["4", "raise", "4"], tmp_path)
    first, masked, last = scores(log)
    assert (first.value, last.value) == (1.0, 1.0)
    assert math.isnan(masked.value)
    assert masked.reason == "grader_failed"
    assert "down" in masked.explanation
    assert metrics(log)["mean"] == 1.0


def test_where_nothing_applies_it_says_so(task_file: Callable[..., str], tmp_path: Path) -> None:
    (score,) = scores(run(task_file(sometimes={}), ["odd"], tmp_path))
    assert math.isnan(score.value)
    assert score.reason == "scoring_failed"


def test_what_graders_see(task_file: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "rewards.py").write_text(
        "def right(sample):\n"
        "    item, made = sample.item, sample.completion\n"
        "    assert item.id == '1', item\n"
        "    assert item.fields['reference_answer'] == ['4', 'four'], item\n"
        "    assert item.fields['level'] == 3, item\n"
        "    roles = [one['role'] for one in item.messages]\n"
        "    assert roles == ['system', 'user', 'assistant', 'user'], roles\n"
        "    assert item.messages[0]['content'] == 'be brief', item\n"
        "    assert (made.text, made.num_tokens, made.finish_reason) == ('4', 3, 'stop'), made\n"
        "    assert not made.messages\n"
        "    return 0.5\n"
    )
    asked = [
        ChatMessageUser(content="1+1"),
        ChatMessageAssistant(content="2"),
        ChatMessageUser(content="2+2"),
    ]
    sample = {"input": asked, "target": ["4", "four"], "metadata": {"level": 3}}
    log = run(task_file(right={}), ["4"], tmp_path, system_message("be brief"), **sample)
    (score,) = scores(log)
    assert score.value == 0.5, score.explanation


def test_several_turns_are_told(task_file: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "rewards.py").write_text(
        "def right(sample):\n"
        "    said = [one['content'] for one in sample.completion.messages]\n"
        "    assert said == ['5', 'sure?', '4'], said\n"
        "    assert sample.text == '4'\n"
        "    assert len(sample.item.messages) == 1\n"
        "    return 0.5\n"
    )
    turns = (generate(), user_message("sure?"))
    log = run(task_file(right={}), ["5", "4"], tmp_path, *turns, samples=1)
    (score,) = scores(log)
    assert score.value == 0.5, score.explanation


def test_a_wrong_task_file_is_refused(task_file: Callable[..., str]) -> None:
    path = Path(task_file(right={}))
    path.write_text("reward: 3")
    with pytest.raises(TaskFileError):
        composed_reward(str(path))


def test_inspects_command_finds_it_by_name(task_file: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "sums.py").write_text(
        "from inspect_ai import Task, task\n"
        "from inspect_ai.dataset import Sample\n"
        "from inspect_ai.scorer import includes\n"
        "from inspect_ai.solver import solver\n"
        "from inspect_ai.model import ModelOutput\n"
        "@solver\n"
        "def says_four():\n"
        "    async def solve(state, generate):\n"
        "        state.output = ModelOutput.from_content('none/none', '4')\n"
        "        state.messages.append(state.output.message)\n"
        "        return state\n"
        "    return solve\n"
        "@task\n"
        "def sums():\n"
        "    data = [Sample(input='q', target='4'), Sample(input='q', target='else')]\n"
        "    return Task(dataset=data, solver=says_four(), scorer=includes())\n"
    )
    path = task_file(right={})

    def inspect(*words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "inspect_ai", *words, "--display", "none"],
            cwd=tmp_path,
            env={**os.environ, "INSPECT_LOG_DIR": str(tmp_path / "logs")},
            check=True,
            timeout=120,
        )

    inspect("eval", "sums.py", "--model", "mockllm/model", "--log-format", "json")
    (log,) = (tmp_path / "logs").glob("*.json")
    scorer = ("--scorer", "rft_adapter_inspect/composed_reward", "-S", f"task_file={path}")
    inspect("score", str(log), *scorer, "--action", "append", "--overwrite")
    results = json.loads(log.read_text())["results"]["scores"]
    assert [one["scorer"] for one in results] == ["includes", "composed_reward"]
    assert results[1]["metrics"]["mean"]["value"] == 0.5
