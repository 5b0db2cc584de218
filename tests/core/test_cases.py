"""Cases: what is refused, with file and line, and which cases are of one item."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft_core.cases import items_of, read_cases, read_scored_cases
from rft_core.errors import DatasetError
from rft_core.expectations import HigherThan, OutcomeIs, Within

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes cases, or lines as they are, and returns the path."""

    def do(*rows: dict[str, Any] | str) -> Path:
        path = tmp_path / "cases.jsonl"
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_text("\n".join(lines))
        return path

    return do


def case(**changes: Any) -> dict[str, Any]:
    """A right case; None takes a key away."""
    whole = {"item": {"id": "q1", "question": "?"}, "completion": "yes", "expected": 0.5, **changes}
    return {key: value for key, value in whole.items() if value is not None}


def test_a_case_is_read(write: Write) -> None:
    messages = [{"role": "user", "content": "why?"}]
    path = write("", case(id="c", item={"id": 7, "messages": messages, "answer": [1]}, expected=1))
    (one,) = read_cases(path)
    assert (one.id, one.completion, one.expected, one.where) == ("c", "yes", 1.0, f"{path}:2")
    assert (one.item.id, one.item.messages) == ("7", tuple(messages))
    assert one.item.fields == {"answer": [1]}


def test_a_prompt_is_not_needed(write: Write) -> None:
    (one,) = read_cases(write(case()))
    assert one.item.messages == ()


def test_cases_without_id_are_named_after_their_lines(write: Write) -> None:
    assert [one.id for one in read_cases(write(case(), "", case(id=1), case()))] == [
        "line 1",
        "1",
        "line 4",
    ]


def test_cases_of_one_item(write: Write) -> None:
    items = [{"id": "a"}, {"x": 1, "y": 2}, {"id": "a"}, {"x": 2}, {"y": 2, "x": 1}]
    cases = read_cases(write(*(case(item=item) for item in items)))
    assert list(items_of(cases)) == [[0, 2], [1, 4], [3]]
    assert cases[0].item is cases[2].item


def test_the_range_is_inclusive(write: Write) -> None:
    path = write(case(expected=1), case(expected=5))
    assert [one.expected for one in read_cases(path, (1, 5))] == [1.0, 5.0]


@pytest.mark.parametrize(
    ("row", "message", "hint"),
    [
        ("{oops", "the row is not JSON", ""),
        (case(expected=None), "the case has no `expected`", "A case is"),
        ({}, "the case has no `item`, `completion`, `expected`", "A case is"),
        (case(expectd=1), "a case has no key 'expectd'", "Did you mean 'expected'?"),
        (case(expected="good"), '`expected` is not a number but "good"', "human score"),
        (case(expected=True), "`expected` is not a number but true", "1 and 0"),
        (case(expected=[1]), "`expected` is not a number", "human score"),
        (case(expected=4), "`expected` is 4, outside of 0 to 1", "--human-range LOW HIGH"),
        (case(expected=-0.1), "`expected` is -0.1, outside", "--human-range LOW HIGH"),
        ('{"item": {}, "completion": "", "expected": 1e999}', "outside of 0 to 1", ""),
        ('{"item": {}, "completion": "", "expected": 1' + "0" * 400 + "}", "outside of", ""),
        (case(completion={"a": 1}), "`completion` is not text", "as a string"),
        (case(item="q"), "`item` is not an object", "a row as in a dataset"),
        (case(item={"messages": []}), "the row has no messages", ""),
        (case(item={"id": 1.5}), "`item.id` is neither text nor a whole number", ""),
        (case(id=True), "`id` is neither text nor a whole number", ""),
        (case(id="one"), "the id 'one' is there twice, first at", "`item.id` may repeat"),
        (case(item={"id": "q1", "question": "!"}), "item 'q1' differs from the one at", "other"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_case_is_told_with_its_line(
    write: Write, row: Any, message: str, hint: str
) -> None:
    path = write(case(id="one"), "", row)
    with pytest.raises(DatasetError) as caught:
        read_cases(path)
    assert caught.value.where == f"{path}:3"
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_a_file_without_cases_is_told(write: Write, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the file has no cases"):
        read_cases(write(""))
    with pytest.raises(DatasetError, match="no such file"):
        read_cases(tmp_path / "nothing.jsonl")


def test_expectations_other_than_scores(write: Write) -> None:
    expected = [[0, 0.4], {"higher_than": "line 3"}, 1, {"outcome": "not_applicable"}]
    read = [one.expected for one in read_cases(write(*(case(expected=e) for e in expected)))]
    assert read == [Within(0, 0.4), HigherThan("line 3"), 1.0, OutcomeIs("not_applicable")]


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ([0.6, 0.4], "runs from 0.6 to 0.4"),
        ([0.2, 1.5], "outside of 0 to 1"),
        ([1], "not a number"),
        ({"outcome": "graded"}, "not understood"),
        ({"higher_than": "c9"}, "no case 'c9'"),
        ({"higher_than": "c1"}, "higher than itself"),
        ({"higher_than": "c1", "by": 2}, "not understood"),
    ],
)
def test_wrong_expectations_are_refused(write: Write, expected: Any, told: str) -> None:
    path = write(case(id="c1", expected=expected))
    with pytest.raises(DatasetError, match=told) as caught:
        read_cases(path)
    assert caught.value.where == f"{path}:1"


def test_scored_cases_have_scores(write: Write) -> None:
    path = write(case(), case(expected=[0, 1]))
    with pytest.raises(DatasetError, match="no score") as caught:
        read_scored_cases(path)
    assert caught.value.where == f"{path}:2"
