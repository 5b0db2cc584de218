"""Loading whole tasks: rows against graders, several rewards, templates and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rft_core.errors import DatasetError, TaskFileError, UsageError
from rft_core.grader import Grader
from rft_core.hookspecs import hookimpl
from rft_core.plugins import PluginManager
from rft_core.task.data import Row
from rft_core.task.spec import DatasetSpec
from rft_core.task.task import Task, load_task
from rft_core.types import Item, Sample

Load = Callable[..., Task]
USER = {"role": "user", "content": "why?"}


class NeedsAnswer(Grader[Any]):
    """Grades by the row's answer, which must be there and be text."""

    name = "needs_answer"

    def check_item(self, item: Item) -> None:
        if not isinstance(item.fields["answer"], str):
            raise ValueError("the column 'answer' must be text")  # noqa: TRY004 - the hook's error

    def grade(self, sample: Sample) -> float:
        return float(sample.text == sample.item.fields["answer"])

    def warnings(self) -> list[str]:
        return ["answers are compared letter by letter"]


class Plugin:
    @hookimpl
    def rft_register_graders(self) -> list[type[Grader[Any]]]:
        return [NeedsAnswer]


@pytest.fixture
def load(tmp_path: Path, plugins: PluginManager) -> Load:
    """Return a function that loads a task of given sections over given rows."""
    plugins.register(Plugin(), "tests", "tests 0")

    def do(
        rows: Iterable[Mapping[str, Any]] = ({"answer": "because"},),
        read_dataset: Any = None,
        **sections: Any,
    ) -> Task:
        lines = (json.dumps({"messages": [USER]} | row) + "\n" for row in rows)
        (tmp_path / "train.jsonl").write_text("".join(lines))
        task: dict[str, Any] = {
            "data": {"train": "train.jsonl"},
            "reward": {"graders": {"exact": {"use": "needs_answer"}}},
        }
        task |= sections
        kept = {key: value for key, value in task.items() if value is not None}
        path = tmp_path / "task.yaml"
        path.write_text(yaml.safe_dump(kept, sort_keys=False))
        return load_task(path, read_dataset)

    return do


def test_a_task_grades(load: Load) -> None:
    task = load()
    (item,) = task.train_items()
    with task.engine() as engine:
        graded = engine.grade([Sample(item, "because"), Sample(item, "why not")])
    assert [one.reward for one in graded] == [1.0, 0.0]
    assert task.validation_items() == []


@pytest.mark.parametrize(
    ("row", "cause"), [({}, "'answer'"), ({"answer": 3}, "the column 'answer' must be text")]
)
def test_a_row_that_a_grader_cannot_grade_is_told(
    load: Load, tmp_path: Path, row: dict[str, Any], cause: str
) -> None:
    with pytest.raises(DatasetError, match=f"grader 'exact' cannot grade this row: {cause}") as e:
        load([{"answer": "x"}, row])
    assert e.value.where == f"{tmp_path / 'train.jsonl'}:2"


def test_validation_rows_are_checked_too(load: Load, tmp_path: Path) -> None:
    (tmp_path / "validation.jsonl").write_text(json.dumps({"messages": [USER]}) + "\n")
    with pytest.raises(DatasetError, match="cannot grade this row") as caught:
        load(data={"train": "train.jsonl", "validation": "validation.jsonl"})
    assert caught.value.where == f"{tmp_path / 'validation.jsonl'}:1"


def test_an_empty_dataset_is_told_at_its_line(load: Load) -> None:
    with pytest.raises(DatasetError, match="the dataset has no rows") as caught:
        load([])
    assert str(caught.value.where).endswith("task.yaml:2")


REWARDS = {
    "exact": {"graders": {"exact": {"use": "needs_answer"}}},
    "length": {
        "graders": {"len": {"use": "function", "config": {"path": "builtins:len"}}},
    },
}


def test_each_row_is_checked_by_the_graders_of_its_task(load: Load) -> None:
    task = load(
        [{"task": "exact", "answer": "x"}, {"task": "length"}], reward=None, rewards=REWARDS
    )
    assert list(task.rewards) == ["exact", "length"]
    assert list(task.rewards["length"].calls) == ["len"]


@pytest.mark.parametrize(
    ("row", "message", "hint"),
    [
        ({"task": "exakt"}, "there is no reward for task 'exakt'", "Did you mean 'exact'?"),
        ({}, "the row has no `task`", "Known: exact, length."),
        ({"task": None}, "the row has no `task`", "Known: exact, length."),
    ],
)
def test_a_row_of_no_known_task_is_told(
    load: Load, row: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        load([{"task": "length"}, row], reward=None, rewards=REWARDS)
    assert caught.value.hint == hint
    assert str(caught.value.where).endswith("train.jsonl:2")


def test_errors_below_rewards_have_lines(load: Load) -> None:
    rewards = REWARDS | {"third": {"graders": {"g": {"use": "functoin"}}}}
    with pytest.raises(TaskFileError, match=r"rewards\.third\.graders\.g\.use: .*'functoin'") as e:
        load(reward=None, rewards=rewards)
    assert e.value.hint == "Did you mean 'function'?"


@pytest.mark.parametrize("inline", [True, False])
def test_the_schema_may_stand_in_templates(load: Load, tmp_path: Path, inline: bool) -> None:
    schema = {"type": "object", "required": ["ä"]}
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    task = load(
        response_format={"schema": schema if inline else "schema.json"},
        messages=[{"role": "user", "content": "Answer as {{ response_format.schema }}"}],
    )
    assert task.response_schema == schema
    text = task.train[0].item.messages[0]["content"]
    assert json.loads(text.removeprefix("Answer as ")) == schema


@pytest.mark.parametrize(("text", "message"), [("{oops", "not JSON"), ("[1]", "is an object")])
def test_a_schema_file_that_is_none_is_told(
    load: Load, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "schema.json").write_text(text)
    with pytest.raises(TaskFileError, match=message) as caught:
        load(response_format={"schema": "schema.json"})
    assert "schema.json" in str(caught.value)


def test_prompts_may_stand_in_files(load: Load, tmp_path: Path) -> None:
    (tmp_path / "prompt.md").write_text("Be {{ item.mood }}.\n\n")
    task = load(
        [{"answer": "x", "mood": "kind"}], messages=[{"role": "system", "file": "prompt.md"}]
    )
    assert task.messages == [("system", "Be {{ item.mood }}.\n\n".rstrip("\n"))]
    assert task.train[0].item.messages == ({"role": "system", "content": "Be kind."},)


def test_an_error_in_a_prompt_file_names_the_message(load: Load, tmp_path: Path) -> None:
    (tmp_path / "prompt.md").write_text("{{ itm.mood }}")
    with pytest.raises(TaskFileError, match=r"messages\.0: .*must start with item"):
        load(messages=[{"role": "system", "file": "prompt.md"}])


def test_a_prompt_without_the_users_turn_may_not_end_with_the_assistant(load: Load) -> None:
    with pytest.raises(UsageError, match="assistant"):
        load(messages=[{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}])


def test_a_prompt_has_at_least_one_message(load: Load) -> None:
    with pytest.raises(UsageError, match="messages"):
        load(messages=[])


def test_datasets_are_read_by_the_reader(load: Load) -> None:
    asked: list[DatasetSpec] = []

    def read(spec: DatasetSpec) -> list[Row]:
        asked.append(spec)
        return [Row("hub[0]", {"answer": "x", "messages": [USER]})]

    validation = {"name": "org/other", "split": "test", "revision": "abc"}
    task = load(read_dataset=read, data={"train": "org/set", "validation": validation})
    assert asked == [
        DatasetSpec(name="org/set", split="train"),
        DatasetSpec(name="org/other", split="test", revision="abc"),
    ]
    assert task.train[0].where == "hub[0]"


def test_without_a_reader_only_files_can_be_read(load: Load) -> None:
    with pytest.raises(TaskFileError, match=r"data\.train: 'org/set' is neither") as caught:
        load(data={"train": "org/set"})
    assert "pip install 'rft-core[train]'" in str(caught.value.hint)


def test_overrides(load: Load) -> None:
    task = load(model="org/model", evaluate={"samples": 3})
    changed = task.with_overrides(model="org/other", samples=8)
    assert changed.spec.model is not None
    assert changed.spec.model.name == "org/other"
    assert changed.spec.evaluate.samples == 8
    assert task.spec.evaluate.samples == 3
    assert task.with_overrides(model=None, samples=None).spec == task.spec


def test_as_many_items_are_evaluated_as_wanted(load: Load) -> None:
    rows = [{"answer": str(n)} for n in range(5)]
    data = {"train": "train.jsonl", "validation": "train.jsonl"}
    task = load(rows, data=data, evaluate={"max_items": 2})
    assert [item.id for item in task.validation_items()] == ["0", "1"]
    assert len(task.train_items()) == 5


def test_where_not_all_items_are_evaluated_each_task_has_its_part(load: Load) -> None:
    rows = [{"answer": "a", "task": task} for task in "xxxxyzzz"]
    reward = {"graders": {"right": {"use": "needs_answer"}}}
    task = load(
        rows,
        data={"train": "train.jsonl", "validation": "train.jsonl"},
        reward=None,
        rewards=dict.fromkeys("xyz", reward),
        evaluate={"max_items": 5},
    )
    assert [item.id for item in task.validation_items()] == ["0", "1", "4", "5", "6"]


def test_warnings_of_graders_are_passed_on(load: Load) -> None:
    assert load().warnings() == ["grader 'exact': answers are compared letter by letter"]


def test_paths_are_relative_to_the_task_file(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert len(load().train) == 1


def test_the_items_of_cases_are_a_dataset_each_once(load: Load, tmp_path: Path) -> None:
    first, second = ({"messages": [USER], "answer": answer} for answer in ("one", "two"))
    cases = [
        {"item": first, "completion": "x", "expected": 1},
        {"item": first, "completion": "y", "expected": 0},
        {"item": second, "completion": "z", "expected": 1},
    ]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))
    task = load(data={"train": {"cases": "cases.jsonl"}})
    assert [one.item.fields["answer"] for one in task.train] == ["one", "two"]
