"""The order in which rows of several tasks are drawn, and the section `mix`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rft_core.errors import TaskFileError
from rft_core.task.mix import Mix, interleave
from rft_core.task.task import Task, load_task

Load = Callable[..., Task]
WEIGHTS = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 100), min_size=1, max_size=6)


def test_the_one_furthest_behind_comes_next() -> None:
    assert "".join(islice(interleave({"a": 2, "b": 1, "c": 1}), 12)) == "abcaabcaabca"
    assert "".join(islice(interleave({"a": 3, "b": 1}), 8)) == "aabaaaba"


@given(WEIGHTS)
def test_no_task_gets_ahead_of_its_share_and_none_falls_far_behind(
    weights: dict[str, float],
) -> None:
    total = sum(weights.values())
    taken: Counter[str] = Counter()
    for position, name in enumerate(islice(interleave(weights), 300), start=1):
        taken[name] += 1
        for task, weight in weights.items():
            ahead = taken[task] - position * weight / total
            assert -len(weights) < ahead < 1 + 1e-6


@given(WEIGHTS, st.integers(1, 40))
def test_epochs_join_without_a_seam(weights: dict[str, float], positions: int) -> None:
    rows = {task: range(100 * n, 100 * n + 7) for n, task in enumerate(weights)}
    mix = Mix(rows, weights)
    epochs = [mix.order(epoch, positions, 3) for epoch in range(4)]
    assert list(chain.from_iterable(epochs)) == mix.order(0, 4 * positions, 3)


def test_a_small_share_gets_its_turn_though_epochs_are_short() -> None:
    mix = Mix({"often": [0, 1, 2], "rarely": [3]}, {"often": 100, "rarely": 1})
    drawn = Counter(row for epoch in range(202) for row in mix.order(epoch, 3, 0))
    assert drawn[3] == 6


def test_all_rows_of_a_task_come_before_one_comes_again() -> None:
    rows = [4, 8, 15, 16, 23]
    mix = Mix({"few": rows, "many": range(100, 200)}, {"few": 1, "many": 1})
    drawn = [row for epoch in range(5) for row in mix.order(epoch, 12, 7) if row < 100]
    rounds = [drawn[start : start + 5] for start in range(0, 30, 5)]
    assert all(sorted(each) == rows for each in rounds)
    assert len(set(map(tuple, rounds))) > 1, "in a new order each time"


def test_the_order_depends_on_the_seed() -> None:
    mix = Mix({"a": range(50), "b": range(50, 60)}, {"a": 1, "b": 3})
    assert mix.order(2, 40, 1) == mix.order(2, 40, 1)
    assert mix.order(2, 40, 1) != mix.order(2, 40, 2)


def test_without_a_seed_rows_come_in_their_own_order() -> None:
    mix = Mix({"a": [0, 1, 2], "b": [3, 4]}, {"a": 1, "b": 1})
    assert mix.order(0, 8, None) == [0, 3, 1, 4, 2, 3, 0, 4]


GRADER = {"graders": {"len": {"use": "function", "config": {"path": "builtins:len"}}}}
ROWS = [{"task": "tags"}] * 3 + [{"task": "sums"}] * 2


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a function that loads a task file with a given mix."""

    def do(mix: Any, tasks: tuple[str, ...] | None = ("tags", "sums"), data: bool = True) -> Task:
        user = {"messages": [{"role": "user", "content": "why?"}]}
        lines = (json.dumps(user | row) + "\n" for row in ROWS)
        (tmp_path / "train.jsonl").write_text("".join(lines))
        rewards = {"reward": GRADER} if tasks is None else {"rewards": dict.fromkeys(tasks, GRADER)}
        task = {"data": {"train": "train.jsonl"}, "mix": mix, **rewards}
        path = tmp_path / "task.yaml"
        path.write_text(yaml.dump(task, sort_keys=False, Dumper=_NoAliases))
        return load_task(path, data=data)

    return do


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def test_a_mix_finds_each_tasks_rows(load: Load) -> None:
    mix = load({"sums": 1, "tags": 2.5}).mix
    assert mix == Mix({"sums": [3, 4], "tags": [0, 1, 2]}, {"sums": 1, "tags": 2.5})


def test_weight_0_leaves_a_task_out(load: Load) -> None:
    mix = load({"tags": 0, "sums": 1}).mix
    assert mix is not None
    assert set(mix.order(0, 10, 0)) == {3, 4}


def test_a_task_without_rows_may_have_weight_0(load: Load) -> None:
    mix = load({"tags": 1, "sums": 1, "codes": 0}, ("tags", "sums", "codes")).mix
    assert mix is not None
    assert set(mix.rows) == {"tags", "sums"}


def test_without_data_rows_are_not_missed(load: Load) -> None:
    assert load({"tags": 1, "sums": 1}, data=False).train == []


@pytest.mark.parametrize(
    ("mix", "tasks", "says"),
    [
        ({"tags": 1, "sum": 1}, ("tags", "sums"), "mix.sum: there is no reward for task 'sum'"),
        ({"tags": 1, "sums": -1}, ("tags", "sums"), "mix.sums: .*greater than or equal to 0"),
        ({"tags": 1, "sums": float("inf")}, ("tags", "sums"), "mix.sums: .*finite"),
        ({"tags": 1, "sums": float("nan")}, ("tags", "sums"), "mix.sums: "),
        ({"tags": 1, "sums": "much"}, ("tags", "sums"), "mix.sums: .*valid number"),
        ({"tags": 1}, ("tags", "sums"), "mix: task 'sums' has no weight"),
        ({"tags": 0, "sums": 0}, ("tags", "sums"), "mix: every weight is 0"),
        (
            {"tags": 1, "sums": 1, "codes": 1},
            ("tags", "sums", "codes"),
            "mix.codes: there are no training rows of task 'codes'",
        ),
        ({"tags": 1}, None, "mix: only tasks can be mixed"),
    ],
)
def test_a_wrong_mix_is_told_at_its_line(
    mix: dict[str, Any], tasks: tuple[str, ...] | None, says: str, load: Load, tmp_path: Path
) -> None:
    with pytest.raises(TaskFileError, match=says) as caught:
        load(mix, tasks)
    where = str(caught.value.where)
    named = says.split(":", maxsplit=1)[0].removeprefix("mix.")
    line = int(where.rsplit(":", 1)[1])
    text = (tmp_path / "task.yaml").read_text().splitlines()[line - 1]
    assert text.strip().startswith((named, "mix"))
