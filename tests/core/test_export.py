"""A composed reward outside of `rft`: as TRL's reward function, and for other code."""

from __future__ import annotations

import asyncio
import gc
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from rft_core.errors import (
    DatasetError,
    ErrorRateExceededError,
    RunError,
    TaskFileError,
    UsageError,
)
from rft_core.export import ComposedReward, TrlReward, trl_reward
from rft_core.types import Completion, Grade, Sample

SOURCE = """
def right(sample):
    if sample.text == "raise":
        raise ConnectionError("down")
    return float(sample.text == sample.item.fields["answer"])

def anything(sample):
    return 1.0
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a task file without data: graders by function, and sections."""
    (tmp_path / "rewards.py").write_text(SOURCE)

    def do(*graders: str, name: str = "task.yaml", **sections: Any) -> Path:
        reward = {
            "graders": {
                one: {"use": "function", "config": {"path": f"rewards.py:{one}"}} for one in graders
            }
        }
        task = {"data": {"train": "none.jsonl"}, "reward": reward} | sections
        path = tmp_path / name
        path.write_text(yaml.safe_dump({k: v for k, v in task.items() if v is not None}))
        return path

    return do


@pytest.fixture
def export(write: Write) -> Iterator[Callable[..., TrlReward]]:
    """Return a function that exports a reward of functions for TRL, and close what it exported."""
    made: list[TrlReward] = []

    def do(*graders: str, **sections: Any) -> TrlReward:
        made.append(trl_reward(write(*graders, **sections)))
        return made[-1]

    yield do
    for one in made:
        one.close()


Export = Callable[..., TrlReward]
SamplesOf = Callable[..., list[Sample]]


def _spy(grade: Callable[..., Any], seen: list[Sample]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        graded = grade(*arguments)
        seen.extend(one.sample for one in graded)
        return graded

    return call


@pytest.fixture
def samples_of(export: Export) -> SamplesOf:
    """Return a function that returns what graders see of a call of TRL's."""

    def do(**call: Any) -> list[Sample]:
        reward = export("anything")
        seen: list[Sample] = []
        reward.reward.grade = _spy(reward.reward.grade, seen)  # type: ignore[method-assign]
        reward(**call)
        return seen

    return do


@pytest.fixture
def completion_of(samples_of: SamplesOf) -> Callable[..., Completion]:
    """Return a function that returns what graders see of one of TRL's completions."""

    def do(completion: Any, ids: list[int] | None = None) -> Completion:
        ids_of_all = None if ids is None else [ids]
        (sample,) = samples_of(prompts=["q"], completions=[completion], completion_ids=ids_of_all)
        return sample.completion

    return do


def test_columns_are_the_row(export: Export) -> None:
    reward = export("right")
    assert reward(prompts=["q", "q"], completions=["4", "5"], answer=["4", "4"]) == [1.0, 0.0]


def test_messages_and_texts_are_both_completions(export: Export) -> None:
    reward = export("right")
    answers = [[{"role": "assistant", "content": "4"}], [{"role": "assistant", "content": "5"}]]
    prompts = [[{"role": "user", "content": "q"}]] * 2
    assert reward(prompts=prompts, completions=answers, answer=["4", "4"]) == [1.0, 0.0]


def test_a_failed_grader_masks_the_sample(export: Export) -> None:
    rewards = export("right")(prompts=["q"] * 3, completions=["4", "raise", "5"], answer=["4"] * 3)
    assert rewards == [1.0, None, 0.0]


def test_the_prompt_is_the_trainers_and_not_the_task_files(write: Write) -> None:
    task_file = write("anything", messages=[{"role": "user", "content": "{{ item.question }}"}])
    prompt = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    with ComposedReward(task_file) as reward:
        (given,) = reward.grade([{}], ["a"], [prompt])
        (rendered,) = reward.grade([{"question": "why?"}], ["a"])
    assert list(given.sample.item.messages) == prompt
    assert list(rendered.sample.item.messages) == [{"role": "user", "content": "why?"}]


def test_a_prompt_may_end_in_what_the_assistant_begins(write: Write) -> None:
    prompt = [{"role": "user", "content": "u"}, {"role": "assistant", "content": "Well,"}]
    with ComposedReward(write("right")) as reward:
        (graded,) = reward.grade([{"answer": "a"}], ["a"], [prompt])
    assert graded.reward == 1.0


def test_a_text_prompt_is_the_users(samples_of: SamplesOf) -> None:
    (sample,) = samples_of(prompts=["q"], completions=["a"])
    assert sample.item.messages == ({"role": "user", "content": "q"},)


def test_tokens_of_a_single_turn_are_counted(completion_of: Callable[..., Completion]) -> None:
    assert completion_of("abc", [1, 2, 3]) == Completion("abc", 3)
    assert completion_of([{"role": "assistant", "content": "abc"}], [1]) == Completion("abc", 1)
    assert completion_of("abc") == Completion("abc", None)


def test_of_several_turns_the_last_answer_is_the_text(
    completion_of: Callable[..., Completion],
) -> None:
    turns = [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "4"},
        {"role": "assistant", "content": [{"type": "text", "text": "four"}]},
    ]
    completion = completion_of(turns, [1, 2, 3, 4])
    assert (completion.text, completion.num_tokens) == ("four", None)
    assert [turn["role"] for turn in completion.messages] == ["assistant", "tool", "assistant"]
    assert completion.messages[0]["tool_calls"] == [{"id": "1"}]


def test_parts_that_are_no_text_are_left_out(completion_of: Callable[..., Completion]) -> None:
    parts = [{"type": "text", "text": "a "}, {"type": "image"}, {"type": "text", "text": "cat"}]
    assert completion_of([{"role": "assistant", "content": parts}]).text == "a cat"


def test_the_row_chooses_its_task(export: Export) -> None:
    graders = {
        name: {"graders": {"g": {"use": "function", "config": {"path": f"rewards.py:{name}"}}}}
        for name in ("right", "anything")
    }
    reward = export(reward=None, rewards=graders)
    columns = {"task": ["anything", "right"], "answer": [None, "4"]}
    assert reward(prompts=["q", "q"], completions=["5", "5"], **columns) == [1.0, 0.0]
    with pytest.raises(
        DatasetError, match=r"row 1 of the batch: there is no reward for task 'rigt"
    ):
        reward(prompts=["q", "q"], completions=["5", "5"], task=["anything", "rigt"])
    with pytest.raises(DatasetError, match=r"row 0 of the batch: the row has no `task`"):
        reward(prompts=["q"], completions=["5"])


def test_a_row_without_a_column_that_a_grader_needs_is_told_at_once(write: Write) -> None:
    grader = {"use": "multilabel", "config": {"labels": "$"}}
    reward = trl_reward(write(reward={"graders": {"labels": grader}}))
    with pytest.raises(DatasetError, match="row 0 of the batch: grader 'labels' cannot grade"):
        reward(prompts=["q"], completions=["[]"], gold=[["a"]])
    assert reward(prompts=["q"], completions=['["a"]'], reference_answer=[["a"]]) == [1.0]
    reward.close()


def test_a_batch_on_which_grading_fails_throughout_ends_the_training(export: Export) -> None:
    with pytest.raises(ErrorRateExceededError, match="2 of 2 samples of a whole step"):
        export("right")(prompts=["q"] * 2, completions=["4"] * 2)


@pytest.mark.parametrize("column", [["4"], "44", ["4"] * 3])
def test_a_column_of_another_length_is_refused(export: Export, column: Any) -> None:
    with pytest.raises(UsageError, match="column 'answer' is no list of 2 values"):
        export("right")(prompts=["q"] * 2, completions=["4"] * 2, answer=column)


def test_lengths_that_differ_are_refused(write: Write) -> None:
    with ComposedReward(write("right")) as reward, pytest.raises(ValueError, match="shorter"):
        reward.grade([{"answer": "4"}] * 2, ["4"])


def test_a_wrong_task_file_is_refused_at_once(write: Write) -> None:
    with pytest.raises(TaskFileError, match=r"task\.yaml:\d+: .*'nothing'"):
        trl_reward(write(reward={"graders": {"g": {"use": "nothing"}}}))


def test_neither_data_nor_model_is_read(write: Write) -> None:
    task_file = write("right", model="nobody/has-this-model")
    with ComposedReward(task_file) as reward:
        assert reward.task.train == []


def test_shapers_learn_the_trainers_progress(export: Export) -> None:
    grader = {"use": "function", "config": {"path": "rewards.py:right"}}
    shaper = {"use": "schedule", "config": {"start": 0.0, "end": 1.0}}
    reward = export(reward={"graders": {"right": grader}, "shapers": [shaper]})

    def at(step: int) -> list[float | None]:
        state = SimpleNamespace(global_step=step, max_steps=10)
        return reward(prompts=["q"], completions=["4"], answer=["4"], trainer_state=state)

    assert [at(0), at(5), at(10)] == [[0.0], [0.5], [1.0]]


def test_the_means_of_graders_are_logged(export: Export) -> None:
    logged: dict[str, float] = {}
    export("right")(
        prompts=["q"] * 3,
        completions=["4", "5", "raise"],
        answer=["4"] * 3,
        log_metric=logged.__setitem__,
        log_extra=None,
        environments=[object()] * 3,
        trainer_state=None,
    )
    assert logged == {"graders/right": 0.5}


def test_equal_rows_are_one_item_and_others_are_not(write: Write) -> None:
    with ComposedReward(write("right")) as reward:
        rows = [{"answer": 1}, {"answer": 1}, {"answer": True}, {"answer": 1.0}, {"answer": "1"}]
        items = [one.sample.item for one in reward.grade(rows, ["a"] * 5)]
        (again,) = reward.grade([{"answer": 1}], ["b"])
        (asked,) = reward.grade([{"answer": 1}], ["b"], [[{"role": "user", "content": "?"}]])
    assert items[0] is items[1] is again.sample.item
    assert len({id(item) for item in items}) == 4
    assert len({item.id for item in items}) == 4
    assert asked.sample.item is not items[0]


def test_rows_that_are_no_json_are_graded_too(write: Write) -> None:
    with ComposedReward(write("right")) as reward:
        first, second = reward.grade([{"answer": "4", "image": object()}] * 2, ["4", "5"])
    assert (first.reward, second.reward) == (1.0, 0.0)


def test_grading_works_inside_of_an_event_loop(export: Export) -> None:
    reward = export("right")

    async def main() -> list[float | None]:
        blocking = reward(prompts=["q"], completions=["4"], answer=["4"])
        one, two = await asyncio.gather(
            reward.reward.grade_async([{"answer": "4"}], ["5"]),
            reward.reward.grade_async([{"answer": "4"}], ["raise"]),
        )
        return [*blocking, one[0].reward, two[0].reward]

    assert asyncio.run(main()) == [1.0, 0.0, None]


def test_many_threads_may_grade_at_once(export: Export) -> None:
    reward = export("right").reward

    def grade(number: int) -> list[float | None]:
        rows = [{"answer": str(number)}] * 2
        return [one.reward for one in reward.grade(rows, [str(number), "no"])]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(grade, range(40))) == [[1.0, 0.0]] * 40


def test_it_can_be_copied_by_pickle(export: Export) -> None:
    reward = export("right")
    reward(prompts=["q"], completions=["4"], answer=["4"])
    copy = pickle.loads(pickle.dumps(reward))  # noqa: S301 - our own
    assert copy.__name__ == "reward"
    assert copy(prompts=["q"], completions=["4"], answer=["4"]) == [1.0]
    copy.close()
    assert reward(prompts=["q"], completions=["4"], answer=["4"]) == [1.0]


def test_after_closing_nothing_is_graded(export: Export) -> None:
    for started in (True, False):
        reward = export("right")
        if started:
            reward(prompts=["q"], completions=["4"], answer=["4"])
        reward.close()
        reward.close()
        with pytest.raises(RunError, match="closed"):
            reward(prompts=["q"], completions=["4"], answer=["4"])


def _loops() -> int:
    return sum(thread.name == "grading-loop" for thread in threading.enumerate())


def test_graders_end_with_the_object(write: Write) -> None:
    before = _loops()
    reward = trl_reward(write("right"))
    reward(prompts=["q"], completions=["4"], answer=["4"])
    assert _loops() == before + 1
    del reward
    gc.collect()
    assert _loops() == before


def test_graders_end_with_the_process(write: Write, tmp_path: Path) -> None:
    (tmp_path / "closing.py").write_text(
        "from rft_core.grader import Grader\n"
        "from rft_core.export import trl_reward\n"
        "Grader.close = lambda self: print('closed', self.name)\n"
        f"reward = trl_reward({str(write('right'))!r})\n"
        "print(reward(prompts=['q'], completions=['4'], answer=['4']))\n"
    )
    done = subprocess.run(
        [sys.executable, str(tmp_path / "closing.py")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "[1.0]\nclosed function\n"


def test_trl_trains_on_it(write: Write, toy_policy: Path, tmp_path: Path) -> None:
    """Two steps of TRL's own trainer; a masked sample reaches it as such."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    (tmp_path / "letters.py").write_text(
        "def letters(sample):\n"
        "    number = sum(map(ord, sample.text + sample.item.fields['letter']))\n"
        "    if number % 2:\n"
        "        raise ConnectionError('down')\n"
        "    return number % 10 / 10\n"
    )
    grader = {"use": "function", "config": {"path": "letters.py:letters"}}
    reward = trl_reward(write(reward={"graders": {"letters": grader}}), name="composed")
    graded: list[Sample] = []
    reward.reward.grade = _spy(reward.reward.grade, graded)  # type: ignore[method-assign]
    rows = [
        {"prompt": [{"role": "user", "content": f"say {i}"}], "letter": "ab"[i % 2]}
        for i in range(4)
    ]
    trainer = GRPOTrainer(
        str(toy_policy),
        reward_funcs=[reward],
        train_dataset=Dataset.from_list(rows),
        args=GRPOConfig(
            output_dir=str(tmp_path / "out"),
            max_steps=2,
            num_generations=4,
            per_device_train_batch_size=8,
            gradient_accumulation_steps=1,
            max_completion_length=8,
            use_cpu=True,
            report_to=[],
            logging_steps=1,
            save_strategy="no",
        ),
    )
    trainer.train()
    reward.close()
    log = [entry for entry in trainer.state.log_history if "rewards/composed/mean" in entry]
    assert len(log) == 2
    assert all("graders/letters" in entry for entry in log)
    assert len(graded) == 16
    assert {sample.item.fields["letter"] for sample in graded} == {"a", "b"}
    assert graded[0].item.messages[0]["content"].startswith("say ")
    assert all(sample.completion.num_tokens for sample in graded)
    numbers = [sum(map(ord, one.text + one.item.fields["letter"])) for one in graded[:8]]
    even = [number % 10 / 10 for number in numbers if number % 2 == 0]
    assert 0 < len(even) < len(numbers)  # so some are masked
    assert log[0]["rewards/composed/mean"] == pytest.approx(sum(even) / len(even))


def test_a_grade_tells_what_it_is_made_of(write: Write) -> None:
    with ComposedReward(write("right", "anything")) as reward:
        (graded,) = reward.grade([{"answer": "4"}], [Completion("5", 2)])
    assert graded.reward == 1.0
    assert graded.grades["right"] == Grade(0.0)
    assert graded.contributions == {"right": 0.0, "anything": 1.0}
