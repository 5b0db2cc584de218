"""Grading files: what goes in, what comes out, and going on after an interruption."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rft_core.errors import DatasetError, GradingAbortedError, RunError, UsageError
from rft_core.regrade import source as source_module
from rft_core.regrade.regrade import Grading, Outcome, Stop, grade
from rft_core.regrade.source import open_source
from rft_core.reward.engine import RewardEngine
from rft_core.run.directory import RunDirectory
from rft_core.task.task import load_task
from rft_core.types import Completion, Progress, Sample

REWARDS = """
import os
from pathlib import Path

from rft_core.errors import RunStopError


def share_of_a(sample):
    return sample.text.count("a") / max(len(sample.text), 1)


def right(sample):
    return 1.0 if sample.text == sample.item.fields["answer"] else 0.0


def batch_size(completions):
    return [len(completions) / 1000] * len(completions)


def fails_on_b(sample):
    if sample.text.startswith("b"):
        raise OSError("no service")
    return 1.0


def dies(sample):
    if sample.text == "die":
        os._exit(3)
    return 1.0


def stops_at_stop(sample):
    if sample.text == "stop" and not Path(__file__).with_name("paid").exists():
        raise RunStopError("the budget is spent")
    return 1.0
"""

A = {"use": "function", "config": {"path": "rewards.py:share_of_a"}}


def grader(name: str, **settings: Any) -> dict[str, Any]:
    return {"use": "function", "config": {"path": f"rewards.py:{name}"}, **settings}


def write_task(folder: Path, name: str = "task", **sections: Any) -> Path:
    """Write a task of twelve items for training and two others for validation."""
    (folder / "rewards.py").write_text(REWARDS)
    for split, count in (("train", 12), ("validation", 2)):
        rows = [{"id": f"{split}-{i}", "answer": "a" * i} for i in range(count)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task: dict[str, Any] = {
        "data": {"train": "train.jsonl", "validation": "validation.jsonl"},
        "messages": [{"role": "user", "content": "{{ item.answer }}"}],
        "reward": {"graders": {"a": A}},
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in {**task, **sections}.items() if v}))
    return path


def run(
    source: Path,
    task: Path,
    output: Path,
    executor: str = "inline",
    *,
    workers: int = 1,
) -> Outcome:
    """Grade as the command does, which reads the data for a file's rows only if one needs it."""
    loaded = load_task(task, data=source.is_dir())
    grading = Grading(open_source(source), loaded, output, executor, workers)
    return grade(grading, Stop(), lambda *_: None)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def samples(output: Path) -> list[dict[str, Any]]:
    return [row for path in sorted((output / "samples").iterdir()) for row in lines(path)]


def summary(output: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((output / "summary.json").read_text())
    return loaded


def write_rows(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def row(completion: str, item: Any = None, **more: Any) -> dict[str, Any]:
    return {"item": {"id": "q", "answer": "x"} if item is None else item} | {
        "completion": completion,
        **more,
    }


@pytest.fixture
def grade_bytes(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that grades a file of these bytes and returns the graded samples."""

    def grade_them(data: bytes, **sections: Any) -> list[dict[str, Any]]:
        (tmp_path / "rows.jsonl").write_bytes(data)
        run(tmp_path / "rows.jsonl", write_task(tmp_path, **sections), tmp_path / "out")
        return samples(tmp_path / "out")

    return grade_them


def test_rows_of_a_file_are_graded_in_the_format_of_a_run(
    grade_bytes: Callable[..., Any],
) -> None:
    rows = [row("ab", num_tokens=3, finish_reason="length"), row("aa")]
    graded = grade_bytes("\n".join(map(json.dumps, rows)).encode())
    assert graded == [
        {
            "index": 0,
            "item": "q",
            "completion": "ab",
            "num_tokens": 3,
            "finish_reason": "length",
            "reward": 0.5,
            "composed": 0.5,
            "grades": {"a": {"score": 0.5}},
            "contributions": {"a": 0.5},
        },
        {
            "index": 1,
            "item": "q",
            "completion": "aa",
            "num_tokens": None,
            "finish_reason": None,
            "reward": 1.0,
            "composed": 1.0,
            "grades": {"a": {"score": 1.0}},
            "contributions": {"a": 1.0},
        },
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf%s\r\n\r\n  \t\n%s\r\n",
        b"\n\n%s\n%s",
        b"%s\n%s\n\n\n",
    ],
)
def test_line_ends_marks_and_empty_lines_change_nothing(
    data: bytes, grade_bytes: Callable[..., Any]
) -> None:
    two = (json.dumps(row("a")).encode(), json.dumps(row("b")).encode())
    assert [one["reward"] for one in grade_bytes(data % two)] == [1.0, 0.0]


@pytest.mark.parametrize("text", ["a\0a", "a\ud800", "\U0001f600a", "a" * 1_000_000, ""])
def test_any_text_is_graded_and_comes_back(text: str, grade_bytes: Callable[..., Any]) -> None:
    (graded,) = grade_bytes(json.dumps(row(text)).encode())
    assert graded["completion"] == text
    assert graded["reward"] == text.count("a") / max(len(text), 1)


def test_a_moved_sample_with_half_a_surrogate_is_told(tmp_path: Path) -> None:
    rows = [row("\ud800", {"id": "\udfff", "answer": ""}, reward=1.0, grades={"a": {"score": 1}})]
    run(write_rows(tmp_path / "rows.jsonl", rows), write_task(tmp_path), tmp_path / "out")
    (move,) = lines(tmp_path / "out" / "moved.jsonl")
    assert (move["old"], move["new"], move["item"]) == (1.0, 0.0, "\\udfff")


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("{", "the row is not JSON"),
        ('{"item": NaN, "completion": ""}', "NaN is not JSON"),
        ("[1]", "a row must be a JSON object"),
        ("\ufffe\x01", "the row is not JSON"),
        ('{"completion": "a"}', "the row has no `item`"),
        ('{"item": {"answer": ""}}', "no `completion` that is text"),
        ('{"item": {"answer": ""}, "completion": 3}', "no `completion` that is text"),
        ('{"item": {"answer": ""}, "complection": "a"}', "Did you mean 'completion'?"),
        ('{"item": 3, "completion": ""}', "neither an object nor an id"),
        ('{"item": {"id": [], "answer": ""}, "completion": ""}', "`item.id` is neither"),
        ('{"item": {}, "completion": ""}', "{{ item.answer }} has no value in this row"),
        ('{"item": "q9", "completion": ""}', "there is no item 'q9' in "),
        ('{"item": {"answer": ""}, "completion": "", "num_tokens": 1.5}', "`num_tokens`"),
        ('{"item": {"answer": ""}, "completion": "", "finish_reason": 1}', "`finish_reason`"),
        ('{"item": {"answer": ""}, "completion": "", "messages": ["hi"]}', "`messages`"),
        ('{"item": {"answer": ""}, "completion": "", "reward": "1"}', "`reward` is no number"),
        ('{"item": {"answer": ""}, "completion": "", "reward": 1e999}', "`reward` is no number"),
        ('{"item": {"answer": ""}, "completion": "", "reward": true}', "`reward` is no number"),
        (
            '{"item": {"answer": ""}, "completion": "", "reward": 1, "grades": []}',
            None,
        ),
        (
            '{"item": {"answer": ""}, "completion": "", "reward": 1, "grades": {"a": 1}}',
            "`grades.a` is no grade",
        ),
        (
            '{"item": {"answer": ""}, "completion": "", "reward": 1, "grades": [1]}',
            "`grades` is no object",
        ),
        ('{"item": {"id": "q", "answer": "y"}, "completion": ""}', "differs from the one at"),
    ],
)
def test_a_bad_row_is_told_with_its_line(
    bad: str, says: str | None, grade_bytes: Callable[..., Any]
) -> None:
    data = f"{json.dumps(row('a'))}\n\n{bad}\n".encode()
    if says is None:
        assert len(grade_bytes(data)) == 2
        return
    with pytest.raises(DatasetError) as caught:
        grade_bytes(data)
    assert says in str(caught.value)
    assert caught.value.where is not None
    assert caught.value.where.endswith("rows.jsonl:3")


def test_a_row_that_is_not_utf_8_is_told_with_its_line(grade_bytes: Callable[..., Any]) -> None:
    with pytest.raises(DatasetError, match=r"rows.jsonl:2: the row is not UTF-8"):
        grade_bytes(json.dumps(row("a")).encode() + b'\n{"item": "\xff"}\n')


def test_a_line_beyond_the_bound_is_refused_unread(
    grade_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "MAX_LINE_BYTES", 200)
    with pytest.raises(DatasetError, match=r"rows.jsonl:2: the row is longer than"):
        grade_bytes(f"{json.dumps(row('a'))}\n{json.dumps(row('a' * 200))}\n".encode())


def test_items_are_rows_or_ids_of_the_tasks_data(grade_bytes: Callable[..., Any]) -> None:
    rows = [row("aaa", "train-3"), row("a", "validation-1"), row("b", {"answer": "b"})]
    graded = grade_bytes(
        "\n".join(map(json.dumps, rows)).encode(), reward={"graders": {"r": grader("right")}}
    )
    assert [one["reward"] for one in graded] == [1.0, 1.0, 1.0]
    assert [one["item"] for one in graded] == ["train-3", "validation-1", "line 3"]


def test_items_that_only_python_takes_for_equal_are_kept_apart(
    grade_bytes: Callable[..., Any],
) -> None:
    items = [{"answer": "a", "x": value} for value in (1, 1.0, True, [1], [True])]
    data = "".join(json.dumps(row("a", item)) + "\n" for item in items)
    names = [one["item"] for one in grade_bytes(data.encode())]
    assert names == [f"line {number}" for number in (1, 2, 3, 4, 5)]


def test_rows_of_one_item_may_order_their_keys_differently(grade_bytes: Callable[..., Any]) -> None:
    items = [{"id": "q", "answer": "a"}, {"answer": "a", "id": "q"}]
    data = "".join(json.dumps(row("a", item)) + "\n" for item in items)
    assert [one["item"] for one in grade_bytes(data.encode())] == ["q", "q"]


def test_an_id_needs_the_tasks_data(tmp_path: Path) -> None:
    task = write_task(tmp_path, data={"train": "data/gone.jsonl"})
    source = write_rows(tmp_path / "rows.jsonl", [row("a"), row("a", "train-1")])
    with pytest.raises(DatasetError) as caught:
        run(source, task, tmp_path / "out")
    said = str(caught.value)
    assert said.startswith(f"{source}:2: the id 'train-1' cannot be looked up: ")
    assert f"data.train: {tmp_path}/data/gone.jsonl: no such file" in said


def test_data_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    task = write_task(tmp_path, data={"train": "/proc/thread-self/mem"})
    source = write_rows(tmp_path / "rows.jsonl", [row("a")])
    with pytest.raises(UsageError, match="Input/output error"):
        run(source, task, tmp_path / "out")


def test_an_id_that_two_datasets_have_is_refused(tmp_path: Path) -> None:
    task = write_task(tmp_path)
    (tmp_path / "validation.jsonl").write_text('{"id": "train-3", "answer": "other"}\n')
    rows = write_rows(tmp_path / "rows.jsonl", [row("a", "train-3")])
    with pytest.raises(DatasetError, match="in the training and in the validation data"):
        run(rows, task, tmp_path / "out")


def test_data_that_no_row_needs_may_be_missing(tmp_path: Path) -> None:
    task = write_task(tmp_path, data={"train": "gone.jsonl"})
    rows = write_rows(tmp_path / "rows.jsonl", [row("a")])
    assert run(rows, task, tmp_path / "out").tally.rows == 1
    rows = write_rows(tmp_path / "more.jsonl", [row("a"), row("a", "train-1")])
    with pytest.raises(UsageError, match=r"gone.jsonl: no such file"):
        run(rows, task, tmp_path / "out2")


def test_a_rows_task_chooses_its_reward(grade_bytes: Callable[..., Any]) -> None:
    rewards = {"x": {"graders": {"a": A}}, "y": {"graders": {"r": grader("right")}}}
    rows = [
        row("b", {"answer": "b", "task": "y"}),
        row("b", {"answer": "b"}, task="x"),
        row("b", {"answer": "b"}, task="y"),
    ]
    data = "\n".join(map(json.dumps, rows)).encode()
    graded = grade_bytes(data, reward=None, rewards=rewards)
    assert [(one["task"], one["reward"]) for one in graded] == [("y", 1.0), ("x", 0.0), ("y", 1.0)]


def test_an_unknown_task_is_told(grade_bytes: Callable[..., Any]) -> None:
    data = json.dumps(row("b", task="z")).encode()
    with pytest.raises(DatasetError, match=r"rows.jsonl:1: there is no reward for task 'z'"):
        grade_bytes(data, reward=None, rewards={"x": {"graders": {"a": A}}})


def test_what_changed_is_summed_up(tmp_path: Path) -> None:
    item_1, item_2 = {"id": "1", "answer": ""}, {"id": "2", "answer": ""}
    rows = [
        row("aaaa", item_1, reward=0.1, grades={"a": {"score": 0.1}}),  # up, and best now
        row("aaab", item_1, reward=0.9, grades={"a": {"score": 0.75}}),  # down, by composition
        row("aabb", item_1, reward=None, grades={"a": {"score": None, "error": {"kind": "x"}}}),
        row("a", item_2, reward=1, grades={"a": {"score": 1}}),  # the same
        row("b", item_2, reward=0.5, grades={}),
        row("a", item_2),  # was not graded before
    ]
    source = write_rows(tmp_path / "rows.jsonl", rows)
    run(source, write_task(tmp_path), tmp_path / "out")
    found = summary(tmp_path / "out")
    assert found["reward"] == {
        "before": {"mean": 2.5 / 4, "masked": 1, "scored": 4},
        "after": {"mean": (1 + 0.75 + 0.5 + 1 + 0 + 1) / 6, "scored": 6},
        "change": {"mean": pytest.approx((0.9 - 0.15 + 0 - 0.5) / 4), "scored": 4},
    }
    assert found["graders"]["a"]["before"] == {
        "mean": (0.1 + 0.75 + 1) / 3,
        "error": 1,
        "scored": 3,
    }
    assert found["moved"] == {"compared": 5, "moved": 4, "up": 1, "down": 2, "unmasked": 1}
    assert [(move["where"], move["item"]) for move in found["largest_moves"]] == [
        ("rows.jsonl:1", "1"),
        ("rows.jsonl:5", "2"),
        ("rows.jsonl:2", "1"),
    ]
    assert found["ranking"] == {
        "groups": 2,
        "reordered": 1,
        "new_best": 1,
        "pairs": 2,
        "discordant": 1,
    }
    moved = lines(tmp_path / "out" / "moved.jsonl")
    assert [(move["where"], move["old"], move["new"]) for move in moved] == [
        ("rows.jsonl:1", 0.1, 1.0),
        ("rows.jsonl:2", 0.9, 0.75),
        ("rows.jsonl:3", None, 0.5),
        ("rows.jsonl:5", 0.5, 0.0),
    ]
    assert moved[0]["graders"] == {"a": {"old": 0.1, "new": 1.0, "reason": None}}
    assert moved[1]["graders"] == {}, "its score is the same"
    assert moved[2]["graders"]["a"]["old"] == "error"


def test_failures_are_no_zeros_and_too_many_fail_the_grading(tmp_path: Path) -> None:
    task = write_task(tmp_path, reward={"graders": {"f": grader("fails_on_b")}}, max_error_rate=0.4)
    half = write_rows(tmp_path / "half.jsonl", [row("a"), row("b1"), row("b2"), row("a")])
    outcome = run(half, task, tmp_path / "out")
    assert (outcome.status, outcome.tally.failed) == ("failed", 2)
    found = summary(tmp_path / "out")
    assert found["reward"]["after"] == {"mean": 1.0, "masked": 2, "scored": 2}
    assert found["graders"]["f"]["after"] == {"mean": 1.0, "error": 2, "scored": 2}
    assert "OSError: no service" in found["errors"][0]
    few = write_rows(tmp_path / "few.jsonl", [row("a"), row("b1"), row("a")])
    assert run(few, task, tmp_path / "out2").status == "done"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "CHUNK_ROWS", 4)


def ten_items(count: int = 3) -> list[dict[str, Any]]:
    return [
        row("a" * i + "b" * j, {"id": f"i{i}", "answer": ""}, reward=0.5, grades={})
        for i in range(10)
        for j in range(count)
    ]


def test_chunks_cut_no_item_apart(tmp_path: Path, small_chunks: None) -> None:
    task = write_task(tmp_path, reward={"graders": {"n": grader("batch_size")}})
    run(write_rows(tmp_path / "rows.jsonl", ten_items()), task, tmp_path / "out")
    graded = samples(tmp_path / "out")
    assert [one["item"] for one in graded] == [f"i{i}" for i in range(10) for _ in range(3)]
    sizes = [len(lines(path)) for path in sorted((tmp_path / "out" / "samples").iterdir())]
    assert sizes == [6] * 5
    assert {one["reward"] for one in graded} == {0.006}, "graders see the whole chunk"


def test_an_item_larger_than_two_chunks_is_cut(tmp_path: Path, small_chunks: None) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [row("a")] * 20)
    run(source, write_task(tmp_path), tmp_path / "out")
    files = sorted((tmp_path / "out" / "samples").iterdir())
    assert [path.name for path in files] == [f"part-{i:06d}.jsonl" for i in (1, 2, 3)]
    assert [len(lines(path)) for path in files] == [8, 8, 4]


def test_long_completions_make_shorter_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "CHUNK_BYTES", 2000)
    source = write_rows(tmp_path / "rows.jsonl", [row("a" * 900)] * 9)
    run(source, write_task(tmp_path), tmp_path / "out")
    files = sorted((tmp_path / "out" / "samples").iterdir())
    assert [len(lines(path)) for path in files] == [5, 4]


def contents(output: Path) -> dict[str, bytes]:
    """Return everything that a grading writes but how long graders took."""
    found = {p.name: p.read_bytes() for p in sorted((output / "samples").iterdir())}
    numbers = summary(output)
    for one in numbers["graders"].values():
        del one["seconds"]
    found["summary.json"] = json.dumps(numbers).encode()
    return found | {"moved.jsonl": (output / "moved.jsonl").read_bytes()}


def test_stopped_and_gone_on_is_as_unbroken(tmp_path: Path, small_chunks: None) -> None:
    rows = ten_items()
    rows[17]["completion"] = "stop"
    task = write_task(tmp_path, reward={"graders": {"a": A, "s": grader("stops_at_stop")}})
    source = write_rows(tmp_path / "rows.jsonl", rows)
    stopped = run(source, task, tmp_path / "out")
    assert (stopped.status, stopped.tally.rows) == ("stopped", 12)
    assert "the budget is spent" in stopped.why
    assert summary(tmp_path / "out")["status"] == "stopped"
    (tmp_path / "paid").touch()
    assert run(source, task, tmp_path / "out").status == "done"
    run(source, task, tmp_path / "whole")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_cut_off_at_any_byte_and_gone_on_is_as_unbroken(tmp_path: Path, small_chunks: None) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", ten_items()), write_task(tmp_path)
    run(source, task, tmp_path / "whole")
    whole = (tmp_path / "whole" / "progress.jsonl").read_bytes()
    moved = (tmp_path / "whole" / "moved.jsonl").read_bytes()
    places = random.Random(0).sample(range(1, len(whole)), 12)  # noqa: S311
    for number, end in enumerate(places):
        output = tmp_path / f"cut-{number}"
        (output / "samples").mkdir(parents=True)
        (output / "progress.jsonl").write_bytes(whole[:end])
        # A kill can come after moves were written and before they counted.
        (output / "moved.jsonl").write_bytes(moved)
        for file in sorted((tmp_path / "whole" / "samples").iterdir()):
            (output / "samples" / file.name).write_bytes(file.read_bytes())
        run(source, task, output)
        assert contents(output) == contents(tmp_path / "whole")


def test_a_mended_row_goes_on_where_it_was(tmp_path: Path, small_chunks: None) -> None:
    rows: list[Any] = ten_items()
    good, rows[20] = rows[20], {"item": "nobody", "completion": ""}
    source, task = write_rows(tmp_path / "rows.jsonl", rows), write_task(tmp_path)
    with pytest.raises(DatasetError, match=r"rows.jsonl:21: there is no item 'nobody'"):
        run(source, task, tmp_path / "out")
    assert len(samples(tmp_path / "out")) == 18
    rows[20] = good
    write_rows(source, rows)
    run(source, task, tmp_path / "out")
    run(source, task, tmp_path / "whole")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_rows_added_at_the_end_are_graded_by_the_same_call(tmp_path: Path) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", [row("a")]), write_task(tmp_path)
    run(source, task, tmp_path / "out")
    write_rows(source, [row("a"), row("b")])
    assert run(source, task, tmp_path / "out").tally.rows == 2
    assert [one["reward"] for one in samples(tmp_path / "out")] == [1.0, 0.0]


def change_rows(folder: Path) -> None:
    write_rows(folder / "rows.jsonl", [row("b"), *ten_items()[1:]])


def shorten_rows(folder: Path) -> None:
    write_rows(folder / "rows.jsonl", ten_items()[:3])


def change_task(folder: Path) -> None:
    write_task(folder, reward={"graders": {"a": {**A, "weight": 2}}})


def change_function(folder: Path) -> None:
    (folder / "rewards.py").write_text(REWARDS + "\n# changed\n")


def change_data(folder: Path) -> None:
    (folder / "train.jsonl").write_text('{"id": "train-0", "answer": "other"}\n')


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (change_data, "changed since: the file .*train.jsonl"),
        (change_rows, "samples/part-000001.jsonl was made from have changed"),
        (shorten_rows, "samples/part-000001.jsonl was made from have changed"),
        (change_task, "changed since: the task"),
        (change_function, "changed since: the file .*rewards.py"),
    ],
)
def test_results_of_different_inputs_are_not_mixed(
    change: Callable[[Path], None], says: str, tmp_path: Path
) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", ten_items()), write_task(tmp_path)
    run(source, task, tmp_path / "out")
    before = contents(tmp_path / "out")
    change(tmp_path)
    with pytest.raises(UsageError, match=says):
        run(source, task, tmp_path / "out")
    assert contents(tmp_path / "out") == before


def test_a_done_grading_is_not_graded_again(tmp_path: Path) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", [row("a")]), write_task(tmp_path)
    run(source, task, tmp_path / "out")
    (tmp_path / "out" / "samples" / "part-000001.jsonl").write_text("kept")
    assert run(source, task, tmp_path / "out").tally.rows == 1
    assert (tmp_path / "out" / "samples" / "part-000001.jsonl").read_text() == "kept"


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", [row("a")]), write_task(tmp_path)
    with pytest.raises(UsageError, match="holds no grading"):
        run(source, task, tmp_path)


def test_a_grading_is_not_written_over_itself(tmp_path: Path) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", [row("a")]), write_task(tmp_path)
    with pytest.raises(UsageError, match="written over what is graded"):
        run(source, task, source)
    ids = write_rows(tmp_path / "ids.jsonl", [row("a", "train-1")])
    run(ids, task, tmp_path / "out")
    with pytest.raises(UsageError, match="written over what is graded"):
        run(tmp_path / "out", task, tmp_path / "out")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", [row("a")]), write_task(tmp_path)
    with pytest.raises(UsageError, match="Choose another --output"):
        run(source, task, Path("/proc/no-such-place/out"))
    with pytest.raises(UsageError, match="Choose another --output"):
        run(source, task, source / "out")


def test_one_process_at_a_time_writes(tmp_path: Path) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", [row("a")]), write_task(tmp_path)
    (tmp_path / "out").mkdir()
    other = RunDirectory(tmp_path / "out")
    other.lock()
    with pytest.raises(UsageError, match="another process"):
        run(source, task, tmp_path / "out")


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    task = write_task(tmp_path)
    (tmp_path / "rows.jsonl").touch()
    with pytest.raises(DatasetError, match="no rows"):
        run(tmp_path / "rows.jsonl", task, tmp_path / "out")
    (tmp_path / "blank.jsonl").write_text("\n \n")
    with pytest.raises(DatasetError, match="no rows"):
        run(tmp_path / "blank.jsonl", task, tmp_path / "out2")


def test_a_link_is_read(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [row("a")])
    (tmp_path / "link.jsonl").symlink_to("rows.jsonl")
    run(tmp_path / "link.jsonl", write_task(tmp_path), tmp_path / "out")
    assert len(samples(tmp_path / "out")) == 1


def test_an_abort_keeps_what_was_graded(tmp_path: Path, small_chunks: None) -> None:
    rows = ten_items()
    rows[12]["completion"] = "b"
    reward = {"graders": {"f": grader("fails_on_b", on_error="abort")}}
    task = write_task(tmp_path, reward=reward)
    rows = [one | {"completion": "x" + one["completion"]} for one in rows[:12]] + rows[12:]
    with pytest.raises(GradingAbortedError, match="no service"):
        run(write_rows(tmp_path / "rows.jsonl", rows), task, tmp_path / "out")
    assert len(samples(tmp_path / "out")) == 12


@pytest.fixture
def finished_run(tmp_path: Path) -> Path:
    """A run of two steps and two evaluations, with a reward that grows with the steps."""
    shapers = [{"use": "schedule", "config": {"start": 0, "end": 1}}]
    reward = {"graders": {"a": A}, "shapers": shapers}
    train = {"max_steps": 2}
    task = load_task(write_task(tmp_path, reward=reward, train=train))
    directory = RunDirectory.create(tmp_path / "run")
    path = write_task(tmp_path / "run", reward=reward, train=train)
    assert path == directory.task_file
    with task.engine() as engine:
        write_step(directory, engine, "eval", 0, task.validation_items())
        for step in (1, 2):
            write_step(directory, engine, "train", step, task.train_items()[step * 2 :][:2])
        write_step(directory, engine, "eval", 2, task.validation_items())
    (tmp_path / "run" / "superseded").mkdir()
    (tmp_path / "run" / "superseded" / "train-000003.jsonl").write_text("broken")
    return tmp_path / "run"


def write_step(
    directory: RunDirectory, engine: RewardEngine, phase: Any, step: int, items: Iterable[Any]
) -> None:
    drawn = [
        Sample(item, Completion("a" * len(item.fields["answer"]) + "b" * j, j + 1, "stop"))
        for item in items
        for j in range(2)
    ]
    directory.write_samples(phase, step, engine.grade(drawn, Progress(step, 2)))


def test_the_same_reward_gives_a_runs_samples_again(finished_run: Path) -> None:
    output = finished_run / "regrades" / "same"
    run(finished_run, finished_run / "task.yaml", output)
    for path in (finished_run / "samples").iterdir():
        assert (output / "samples" / path.name).read_bytes() == path.read_bytes()
    assert {path.name for path in (output / "samples").iterdir()} == {
        "eval-000000.jsonl",
        "eval-000002.jsonl",
        "train-000001.jsonl",
        "train-000002.jsonl",
    }
    assert summary(output)["moved"] == {"compared": 16}
    assert (output / "moved.jsonl").read_bytes() == b""


def test_another_reward_grades_a_runs_samples(finished_run: Path, tmp_path: Path) -> None:
    task = write_task(tmp_path, "other", reward={"graders": {"r": grader("right")}})
    run(finished_run, task, tmp_path / "out")
    found = summary(tmp_path / "out")
    assert found["reward"]["after"] == {"mean": 0.5, "scored": 16}
    moved = lines(tmp_path / "out" / "moved.jsonl")
    assert moved[0]["where"] == "eval-000000.jsonl:1", "step 0 earned nothing"


def test_items_of_a_run_are_looked_up_in_the_data_of_their_phase(
    finished_run: Path, tmp_path: Path
) -> None:
    task = write_task(tmp_path, "other")
    (tmp_path / "validation.jsonl").write_text('{"id": "validation-0", "answer": ""}\n')
    with pytest.raises(DatasetError) as caught:
        run(finished_run, task, tmp_path / "out")
    assert str(caught.value).startswith(
        f"{finished_run}/samples/eval-000000.jsonl:3: there is no item 'validation-1' in "
    )
    assert "validation.jsonl" in str(caught.value)


def test_a_graded_folder_can_be_graded_again(finished_run: Path, tmp_path: Path) -> None:
    run(finished_run, finished_run / "task.yaml", tmp_path / "once")
    run(tmp_path / "once", finished_run / "task.yaml", tmp_path / "twice")
    assert summary(tmp_path / "twice")["moved"] == {"compared": 16}


def test_a_file_of_a_runs_samples_can_be_graded(finished_run: Path, tmp_path: Path) -> None:
    source = finished_run / "samples" / "train-000002.jsonl"
    run(source, write_task(tmp_path, "plain"), tmp_path / "out")
    found = summary(tmp_path / "out")
    mean = (1 + 4 / 5 + 1 + 5 / 6) / 4
    assert found["reward"]["after"]["mean"] == pytest.approx(mean), "no step, so the last factor"


def test_a_folder_without_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no samples in this folder"):
        open_source(tmp_path)
    with pytest.raises(UsageError, match="no such file or run directory"):
        open_source(tmp_path / "gone")


def test_workers_give_what_this_process_gives(tmp_path: Path, small_chunks: None) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", ten_items()), write_task(tmp_path)
    run(source, task, tmp_path / "one")
    run(source, task, tmp_path / "two", "process", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_workers_error_is_as_in_this_process(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "rows.jsonl", [row("a"), row("a", "nobody")])
    with pytest.raises(DatasetError, match=r"rows.jsonl:2: there is no item 'nobody'"):
        run(source, write_task(tmp_path), tmp_path / "out", "process", workers=1)


def test_a_crash_in_a_graders_own_process_is_an_error_of_that_sample(tmp_path: Path) -> None:
    task = write_task(tmp_path, reward={"graders": {"d": grader("dies", executor="process")}})
    source = write_rows(tmp_path / "rows.jsonl", [row("a"), row("die"), row("b")])
    outcome = run(source, task, tmp_path / "out", "process", workers=1)
    assert (outcome.status, outcome.tally.failed) == ("done", 1)
    graded = samples(tmp_path / "out")
    assert [one["reward"] for one in graded] == [1.0, None, 1.0]
    assert graded[1]["grades"]["d"]["error"]["kind"] == "crash"


def break_progress(output: Path) -> None:
    (output / "progress.jsonl").write_text("{}\n")


def empty_moved(output: Path) -> None:
    (output / "moved.jsonl").write_text("")


@pytest.mark.parametrize("change", [break_progress, empty_moved])
def test_results_that_were_changed_by_hand_are_not_gone_on_with(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", ten_items()), write_task(tmp_path)
    run(source, task, tmp_path / "out")
    change(tmp_path / "out")
    with pytest.raises(UsageError, match="was changed by hand"):
        run(source, task, tmp_path / "out")


@pytest.mark.parametrize(
    "file", ["progress.jsonl", "samples/part-000003.jsonl", "task.yaml", "summary.json"]
)
def test_a_full_disk_ends_it_and_it_goes_on_later(
    file: str, tmp_path: Path, small_chunks: None
) -> None:
    source, task = write_rows(tmp_path / "rows.jsonl", ten_items()), write_task(tmp_path)
    if file in {"task.yaml", "summary.json"}:  # in a folder that is a grading's already
        stop = Stop()
        stop.requested = True
        grade(
            Grading(open_source(source), load_task(task), tmp_path / "out", "inline", 1),
            stop,
            lambda *_: None,
        )
    blocked = tmp_path / "out" / f"{file}.new"
    blocked.mkdir(parents=True)  # nothing can be written there
    with pytest.raises(RunError, match="the same command goes on"):
        run(source, task, tmp_path / "out")
    blocked.rmdir()
    run(source, task, tmp_path / "out")
    run(source, task, tmp_path / "whole")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
