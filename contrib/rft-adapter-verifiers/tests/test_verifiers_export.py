"""A composed reward as a reward of verifiers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verifiers.v1", reason="verifiers is not installed")

import verifiers.v1 as vf
import yaml
from rft_adapter_verifiers.export import composed_reward

from rft_core.errors import TaskFileError

REWARDS = """
def right(sample):
    if sample.text == "raise":
        raise ConnectionError("down")
    return float(sample.text == sample.item.fields["answer"])

def sometimes(sample):
    return None

def sees(sample):
    item, made = sample.item, sample.completion
    assert item.id == "r7", item
    assert item.fields["level"] == 3, item
    assert [one["content"] for one in item.messages] == ["be brief", "2+2"], item
    assert [one["content"] for one in made.messages] == ["5", "no", "4"], made
    assert (sample.text, made.finish_reason) == ("4", "length"), made
    return 0.5
"""


class Data(vf.TaskData):
    answer: str = "4"
    level: int = 3


Write = Callable[..., Path]


@pytest.fixture
def task_file(tmp_path: Path) -> Write:
    (tmp_path / "rewards.py").write_text(REWARDS)

    def write(*graders: str) -> Path:
        entries = {
            name: {"use": "function", "config": {"path": f"rewards.py:{name}"}} for name in graders
        }
        path = tmp_path / "task.yaml"
        path.write_text(yaml.safe_dump({"data": {"train": "x"}, "reward": {"graders": entries}}))
        return path

    return write


def trace_of(data: Data, *nodes: tuple[Any, bool], **call: Any) -> Any:
    made = [
        vf.MessageNode(parent=index - 1 if index else None, message=message, sampled=sampled)
        for index, (message, sampled) in enumerate(nodes)
    ]
    return vf.Trace(
        task=vf.TraceTask(type="Sums", data=data),
        agent=vf.AgentInfo(config=vf.AgentConfig()),
        nodes=made,
        calls=[vf.ModelCall(node=len(made) - 1, **call)] if call else [],
    )


def answered(text: str) -> Any:
    asked = (vf.UserMessage(content="2+2"), False)
    return trace_of(Data(prompt="2+2"), asked, (vf.AssistantMessage(content=text), True))


def test_it_is_a_method_of_a_task(task_file: Write) -> None:
    class Sums(vf.Task[Data, vf.State, vf.TaskConfig]):
        composed = composed_reward(task_file("right"), weight=0.5)

    for text, reward in (("4", 0.5), ("5", 0.0)):
        trace = answered(text)
        asyncio.run(Sums(trace.task.data).score(trace))
        assert trace.reward == reward
        assert set(trace.rewards) == {"composed"}


def test_it_is_plugged_into_a_task_by_its_path(task_file: Write, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from rft_adapter_verifiers.export import composed_reward\n"
        f"reward = composed_reward({str(task_file('right'))!r}, weight=0.25)\n"
    )
    config = vf.TaskConfig(rewards={"mine": {"fn": f"{tmp_path / 'mine.py'}:reward"}})
    trace = answered("4")
    asyncio.run(vf.Task(trace.task.data, config).score(trace))
    assert trace.rewards["mine"] == vf.Reward(score=1.0, weight=0.25)


@pytest.mark.parametrize(
    ("grader", "message"), [("right", "ConnectionError: down"), ("sometimes", "masked")]
)
def test_a_masked_sample_is_an_error_and_no_zero(
    task_file: Write, grader: str, message: str
) -> None:
    class Sums(vf.Task[Data, vf.State, vf.TaskConfig]):
        composed = composed_reward(task_file(grader))

    trace = answered("raise")
    with pytest.raises(vf.TaskError, match=message):
        asyncio.run(Sums(trace.task.data).score(trace))
    assert trace.rewards == {"composed": None}


def test_graders_see_the_trace(task_file: Write) -> None:
    class Sums(vf.Task[Data, vf.State, vf.TaskConfig]):
        composed = composed_reward(task_file("sees"))

    trace = trace_of(
        Data(id="r7", prompt="2+2"),
        (vf.SystemMessage(content="be brief"), False),
        (vf.UserMessage(content=[vf.TextContentPart(text="2+2")]), False),
        (vf.AssistantMessage(content="5"), True),
        (vf.ToolMessage(content="no", tool_call_id="1"), False),
        (vf.AssistantMessage(content="4"), True),
        finish_reason="length",
    )
    asyncio.run(Sums(trace.task.data).score(trace))
    assert trace.reward == 0.5


def test_a_trace_without_an_answer_is_an_empty_one(task_file: Write) -> None:
    class Sums(vf.Task[Data, vf.State, vf.TaskConfig]):
        composed = composed_reward(task_file("right"))

    trace = trace_of(Data(prompt="2+2", answer=""), (vf.UserMessage(content="2+2"), False))
    asyncio.run(Sums(trace.task.data).score(trace))
    assert trace.reward == 1.0


def test_a_wrong_task_file_is_refused_at_once(task_file: Write) -> None:
    path = task_file("right")
    path.write_text("reward: 3")
    with pytest.raises(TaskFileError):
        composed_reward(path)
