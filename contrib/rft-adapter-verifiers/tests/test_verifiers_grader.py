"""verifiers' rewards as graders, against verifiers itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verifiers.v1", reason="verifiers is not installed")

import verifiers.v1 as vf
from rft_adapter_verifiers.grader import VerifiersGrader
from rft_adapter_verifiers.tasks import trace_of

from rft_core.grading.boundary import GraderCall, invoke
from rft_core.plugins import plugin_manager
from rft_core.testing import grade_all, grade_one, make_grader, make_sample
from rft_core.types import Completion, Grade, Sample

ENVIRONMENT = '''
"""An environment as its authors write one, with verifiers' own scoring of mathematics."""
import verifiers.v1 as vf

class SumsData(vf.TaskData):
    answer: str

class SumsTask(vf.Task[SumsData, vf.State, vf.TaskConfig]):
    @vf.reward(weight=0.8)
    async def right(self, trace):
        return vf.verify_boxed_math_answer(trace.last_reply, self.data.answer)

    @vf.reward(weight=0.2)
    async def brief(self, task, trace):
        return 1 / max(len(trace.last_reply) - len(task.answer), 1)

    @vf.metric
    async def letters(self, trace):
        return len(trace.last_reply)

class SumsTaskset(vf.Taskset[SumsTask, vf.TasksetConfig]):
    def load(self):
        for number in range(50):
            data = SumsData(prompt=f"{number}+{number}?", answer=str(2 * number))
            yield SumsTask(data, self.config.task)

__all__ = ["SumsTaskset"]
'''

OWN = """
import verifiers.v1 as vf

async def half(task, trace):
    return 0.5 if trace.last_reply == task.answer else 0.0

async def raises(task, trace):
    raise ConnectionError("down")

async def gives(task, trace):
    return float(task.gives)

async def by_name(task, trace):
    return {"a": 0.25, "b": 0.5}

async def needs_runtime(task, trace, runtime):
    return 1.0

async def may_use_runtime(task, trace, runtime=None):
    return 1.0 if runtime is None else 0.0

async def hangs(task, trace):
    while True:
        pass

async def sees(task, trace):
    return 1.0

def sync(task, trace):
    return 1.0

class Boxed(vf.Task):
    NEEDS_CONTAINER = True

class Empty(vf.Task):
    pass

class Knob(vf.TaskConfig):
    worth: float = 1.0

class Configured(vf.Task[vf.TaskData, vf.State, Knob]):
    @vf.reward
    async def right(self, trace):
        return self.config.worth

    @vf.reward
    async def also(self, trace):
        return 0.0
"""

Make = Callable[..., VerifiersGrader]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of an environment that is installed."""
    package = tmp_path / "acme_sums"
    package.mkdir()
    (package / "__init__.py").write_text(ENVIRONMENT)
    monkeypatch.syspath_prepend(tmp_path)
    return "acme/acme-sums"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that makes a grader of something in OWN."""
    (tmp_path / "own.py").write_text(OWN)

    def do(name: str, **config: Any) -> VerifiersGrader:
        return make_grader(VerifiersGrader, base_dir=tmp_path, path=f"own.py:{name}", **config)

    return do


def graded(grader: VerifiersGrader, sample: Sample | None = None) -> Grade:
    """Grade in this process and thread, for speed."""
    call = GraderCall("under test", grader, "acme", None, 1)
    (grade,) = invoke(call, [sample or make_sample("4", prompt="2+2", answer="4")])
    return grade


def directly(task: Any, text: str) -> float:
    """Return the reward that verifiers gives a reply, without any of the adapter."""
    nodes = [
        vf.MessageNode(message=vf.UserMessage(content=task.data.prompt)),
        vf.MessageNode(parent=0, sampled=True, message=vf.AssistantMessage(content=text)),
    ]
    trace = vf.Trace(
        task=vf.TraceTask(type="SumsTask", data=task.data),
        agent=vf.AgentInfo(config=vf.AgentConfig()),
        nodes=nodes,
    )
    asyncio.run(task.score(trace))
    return float(trace.reward)


def test_a_hundred_samples_score_as_verifiers_scores_them(environment: str) -> None:
    tasks = list(vf.load_taskset(vf.TasksetConfig(id=environment)))
    samples, expected = [], []
    for number, task in enumerate(tasks):
        right = rf"So \boxed{{{task.data.answer}}}" if number % 2 else rf"\boxed{{{2 * number}.0}}"
        for text in (right, f"It is {task.data.answer} or {number}."):
            samples.append(make_sample(text, prompt=task.data.prompt, answer=task.data.answer))
            expected.append(directly(task, text))
    grades = grade_all(make_grader(VerifiersGrader, taskset=environment), samples)
    assert len(samples) == 100
    assert [grade.score for grade in grades] == expected
    assert min(expected) < 0.2
    assert max(expected) > 0.8
    assert set(grades[0].metrics) == {"right", "brief", "letters"}


def test_one_reward_may_count_alone_and_without_its_weight(environment: str) -> None:
    grader = make_grader(VerifiersGrader, taskset=environment, reward="right")
    grade = graded(grader, make_sample(r"\boxed{4}, after much thought", answer="4"))
    assert grade.score == 1.0
    assert grade.metrics["brief"] < 0.2


def test_a_function_is_a_reward(make: Make) -> None:
    grader = make("half")
    assert graded(grader).score == 0.5
    assert graded(grader, make_sample("5", prompt="2+2", answer="4")).score == 0.0


def test_a_task_class_is_configured(make: Make) -> None:
    assert graded(make("Configured", options={"worth": 0.25})).score == 0.25
    plugged = {"rewards": {"right": {"weight": 0.5}}}
    assert graded(make("Configured", options=plugged)).score == 0.5


def test_a_reward_that_raises_is_an_error_and_no_zero(make: Make) -> None:
    grade = graded(make("raises"))
    assert (grade.outcome, grade.score) == ("error", None)
    assert grade.error is not None
    assert "ConnectionError: down" in grade.error.message


def test_a_reward_that_hangs_is_stopped(make: Make) -> None:
    grade = grade_one(make("hangs"), make_sample("a"), timeout=1.0)
    assert grade.error is not None
    assert grade.error.kind == "timeout"


@pytest.mark.parametrize("given", ["nan", "inf", "7"])
def test_what_is_no_score_is_an_error_and_no_zero(make: Make, given: str) -> None:
    grade = graded(make("gives"), make_sample("a", gives=given))
    assert (grade.outcome, grade.score) == ("error", None)


def test_a_range_is_configured(make: Make) -> None:
    assert graded(make("gives", range=[0, 10]), make_sample("a", gives=7)).score == 7.0


def test_scores_by_name_are_summed(make: Make) -> None:
    grade = graded(make("by_name"))
    assert (grade.score, dict(grade.metrics)) == (0.75, {"a": 0.25, "b": 0.5})


def test_rewards_may_wait_for_a_service(make: Make) -> None:
    grader = make("half", asynchronous=True)
    assert grader.is_async()
    assert grader.paid
    samples = [make_sample("4", prompt="2+2", answer="4")] * 5
    assert [grade.score for grade in grade_all(grader, samples)] == [0.5] * 5


def test_threads_are_refused_since_some_rewards_fail_there_unseen(environment: str) -> None:
    grader = make_grader(VerifiersGrader, taskset=environment)
    right = make_sample(r"\boxed{4}", answer="4")
    assert graded(grader, right).metrics["right"] == 1.0
    grader.isolation = "none"  # type: ignore[misc] - as `executor: thread` would
    grade = grade_one(grader, right)
    assert grade.error is not None
    assert "need a process" in grade.error.message


def test_rewards_that_need_a_runtime_are_refused_not_left_out(make: Make) -> None:
    with pytest.raises(ValueError, match="'needs_runtime' needs a runtime"):
        make("needs_runtime").check_item(make_sample("a").item)
    assert graded(make("needs_runtime")).outcome == "error"
    assert graded(make("may_use_runtime")).score == 1.0


def seen_by(grader: VerifiersGrader, sample: Sample) -> tuple[Any, Any]:
    """Return task data and trace that a reward gets."""
    task = grader._task(sample.item)
    trace = trace_of(task, sample)
    return trace.task.data, trace


def test_a_reward_sees_prompt_completion_and_columns(make: Make) -> None:
    sample = make_sample("the answer", prompt="why?", item_id="r7", level=3)
    data, trace = seen_by(make("sees"), sample)
    assert (data.prompt, data.id, data.level) == ("why?", "r7", 3)
    assert trace.last_reply == "the answer"
    assert [message.role for message in trace.messages] == ["user", "assistant"]
    assert (trace.num_turns, trace.is_truncated) == (1, False)


def test_a_reward_sees_the_system_prompt_and_every_turn(make: Make) -> None:
    item = make_sample("").item
    item = type(item)(
        "r",
        (
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "1+1"},
            {"role": "assistant", "content": "2"},
            {"role": "user", "content": "2+2"},
        ),
        {"system_prompt": "of the row", "prompt": "of the row"},
    )
    turns = (
        {"role": "assistant", "content": "5"},
        {"role": "tool", "content": "no"},
        {"role": "assistant", "content": "4"},
    )
    data, trace = seen_by(make("sees"), Sample(item, Completion("4", 9, "length", turns)))
    assert data.system_prompt == "be brief"
    assert [one.content for one in data.prompt] == ["1+1", "2", "2+2"]
    assert [one.content for one in trace.assistant_messages] == ["5", "4"]
    assert (trace.num_turns, trace.is_truncated, trace.num_output_tokens) == (2, True, 9)


def test_without_a_prompt_the_rows_own_is_the_prompt(make: Make) -> None:
    item = make_sample("").item
    data, _ = seen_by(make("sees"), Sample(type(item)("r", (), {"prompt": "of the row"}), "a"))
    assert data.prompt == "of the row"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "give either taskset or path"),
        ({"taskset": "a", "path": "own.py:half"}, "give either taskset or path"),
        ({"taskset": "no-such-environment"}, "cannot load the taskset 'no-such-environment'"),
        ({"path": "own.py:nothing"}, "cannot load 'nothing'"),
        ({"path": "own.py:sync"}, "neither a Task class nor an async reward function"),
        ({"path": "own.py:Boxed"}, "Boxed needs a container"),
        ({"path": "own.py:Configured", "options": {"wort": 1}}, "does not take these `options`"),
        ({"path": "own.py:half", "range": [1, 0]}, "is not below"),
    ],
)
def test_wrong_configs_are_refused(
    make: Make, tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    make("half")
    with pytest.raises(ValueError, match=message):
        make_grader(VerifiersGrader, base_dir=tmp_path, **config)


def test_wrong_rows_and_rewards_are_refused(make: Make, environment: str) -> None:
    with pytest.raises(ValueError, match=r"the row is no SumsData: (.|\n)*answer"):
        make_grader(VerifiersGrader, taskset=environment).check_item(make_sample("a").item)
    with pytest.raises(ValueError, match=r"has no reward 'rigt'. Did you mean 'right'"):
        make("Configured", reward="rigt").check_item(make_sample("a").item)
    with pytest.raises(ValueError, match="Empty has no rewards"):
        make("Empty").check_item(make_sample("a").item)


def test_a_reward_that_answers_by_other_names_is_an_error(make: Make) -> None:
    grade = graded(make("by_name", reward="by_name"))
    assert grade.error is not None
    assert "no score of its name, but of a, b" in grade.error.message


def test_the_distribution_registers_the_grader() -> None:
    assert plugin_manager().graders["verifiers"].cls is VerifiersGrader
