"""Dataset rows: what is refused, with file and line, and what becomes of ids."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft_core.errors import DatasetError
from rft_core.task.data import LocatedItem, Row, make_items, read_jsonl, rows_of_cases
from rft_core.task.templates import parse_template

USER = {"role": "user", "content": "why?"}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes lines to a dataset and returns its path."""

    def do(*lines: str | bytes) -> Path:
        path = tmp_path / "rows.jsonl"
        encoded = (line if isinstance(line, bytes) else line.encode() for line in lines)
        path.write_bytes(b"\n".join(encoded))
        return path

    return do


def items(*rows: dict[str, Any]) -> list[LocatedItem]:
    return make_items([Row(f"rows.jsonl:{n}", row) for n, row in enumerate(rows, 1)], None, {})


def ids(*rows: dict[str, Any]) -> list[str]:
    return [one.item.id for one in items(*({"messages": [USER]} | row for row in rows))]


def test_rows_know_their_lines_and_empty_lines_are_skipped(write: Write) -> None:
    path = write("", '{"a": 1}', "  ", '{"a": 2}', "", "")
    assert [(row.where, row.data) for row in read_jsonl(path)] == [
        (f"{path}:2", {"a": 1}),
        (f"{path}:4", {"a": 2}),
    ]


def test_only_line_feeds_end_lines(write: Write) -> None:
    path = write(json.dumps({"a": "x\u2028y\x0bz"}, ensure_ascii=False), '{"a": 2}\r')
    assert [row.where for row in read_jsonl(path)] == [f"{path}:1", f"{path}:2"]


def test_a_byte_order_mark_is_accepted(write: Write) -> None:
    assert [row.data for row in read_jsonl(write(b'\xef\xbb\xbf{"a": 1}'))] == [{"a": 1}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{oops", "the row is not JSON"),
        ("{'a': 1}", "the row is not JSON"),
        ('{"a": 1} {"b": 2}', "the row is not JSON"),
        ('{"a": NaN}', "the row is not JSON"),
        ("9" * 5_000, "the row is not JSON"),
        ("[" * 100_000, "the row is not JSON"),
        ("[1, 2]", "a row must be a JSON object"),
        ('"text"', "a row must be a JSON object"),
        ("null", "a row must be a JSON object"),
    ],
    ids=lambda text: text[:20],
)
def test_a_bad_line_is_told_with_its_number(write: Write, line: str, message: str) -> None:
    path = write('{"a": 1}', "", line, '{"a": 2}')
    with pytest.raises(DatasetError, match=message) as caught:
        list(read_jsonl(path))
    assert caught.value.where == f"{path}:3"


def test_a_file_that_is_no_text_is_told(write: Write) -> None:
    with pytest.raises(DatasetError, match="not UTF-8"):
        list(read_jsonl(write('{"a": 1}', b'{"a": "\xff"}')))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such file"):
        list(read_jsonl(tmp_path / "nothing.jsonl"))
    with pytest.raises(DatasetError, match="directory"):
        list(read_jsonl(tmp_path))


def test_a_row_becomes_an_item() -> None:
    (one,) = items({"id": "x", "messages": [USER], "answer": [1], "task": "a"})
    assert one.where == "rows.jsonl:1"
    assert one.item.id == "x"
    assert one.item.messages == (USER,)
    assert one.item.fields == {"answer": [1], "task": "a"}


def test_ids() -> None:
    assert ids({}, {}, {}) == ["0", "1", "2"]
    assert ids({"id": "a"}, {"id": 7}, {}) == ["a", "7", "2"]


@pytest.mark.parametrize(
    "given_ids",
    [
        ["a", "a", "a"],
        ["1", None, None],
        [1, "1"],
        ["a#2", "a", "a"],
        ["a", "a#1", "a", "a"],
        ["a", "a", "a#1"],
    ],
)
def test_ids_that_are_there_twice_become_different(given_ids: list[Any]) -> None:
    found = ids(*({} if one is None else {"id": one} for one in given_ids))
    assert len(set(found)) == len(given_ids)
    assert found[0] == str(given_ids[0])


@given(st.lists(st.none() | st.sampled_from(["a", "b", "0", "1", "2", "a#1", "a#2", "a#3", "1#2"])))
def test_ids_are_always_different(given_ids: list[str | None]) -> None:
    found = ids(*({} if one is None else {"id": one} for one in given_ids))
    assert len(set(found)) == len(given_ids)


def test_an_id_of_null_is_no_id() -> None:
    assert ids({"id": None}) == ["0"]


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (None, "the row has no messages"),
        ([], "the row has no messages"),
        ("why?", "the row has no messages"),
        ({"role": "user"}, "the row has no messages"),
        ([USER, {"role": "assistant", "content": "because"}], "the last message is the assistant"),
        (["why?"], r"messages\[0\] is no message"),
        ([USER, {"content": "x"}], r"messages\[1\] is no message"),
        ([{"role": "robot", "content": "x"}], r"messages\[0\] is no message"),
        ([{"role": None, "content": "x"}], r"messages\[0\] is no message"),
        ([{"role": ["user"], "content": "x"}], r"messages\[0\] is no message"),
        ([{"role": {"a": 1}, "content": "x"}], r"messages\[0\] is no message"),
        ([{"role": "user"}], r"messages\[0\].content is not text"),
        ([{"role": "user", "content": None}], r"messages\[0\].content is not text"),
        ([{"role": "user", "content": ["x"]}], r"messages\[0\].content is not text"),
    ],
)
def test_bad_messages_are_told_with_their_line(messages: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        items({"messages": [USER]}, {"messages": messages})
    assert caught.value.where == "rows.jsonl:2"


def test_a_row_without_messages_key() -> None:
    with pytest.raises(DatasetError, match="has no messages") as caught:
        items({"question": "why?"})
    assert "Add a `messages` list" in str(caught.value.hint)


def test_a_conversation_may_have_turns() -> None:
    messages = [USER, {"role": "assistant", "content": "because"}, USER]
    assert items({"messages": messages})[0].item.messages == tuple(messages)


def render(template: str, row: dict[str, Any]) -> str:
    names = frozenset({"item", "response_format"})
    templates = (("user", parse_template(template, names)),)
    constants = {"response_format": {"schema": {"type": "object"}}}
    (one,) = make_items([Row("rows.jsonl:1", row)], templates, constants)
    return str(one.item.messages[0]["content"])


def test_prompts_come_from_templates() -> None:
    assert render("Q: {{ item.q }}", {"q": "why?", "messages": "ignored"}) == "Q: why?"
    assert render("{{ response_format.schema }}", {}) == '{"type": "object"}'
    assert render("{{ item.id }}", {"id": 7}) == "7"


def test_a_template_finds_the_id_of_a_row_that_has_none_of_its_own() -> None:
    assert render("{{ item.id }}", {}) == "0"


def test_a_missing_column_is_told_with_the_rows_line() -> None:
    with pytest.raises(DatasetError, match=r"\{\{ item\.q \}\} has no value in this row") as caught:
        render("{{ item.q }}", {"question": "why?"})
    assert caught.value.where == "rows.jsonl:1"


def test_items_of_cases_come_once_and_without_those_that_get_no_score(tmp_path: Path) -> None:
    cases = [
        ("paris", 1),
        ("lyon", [0, 0.5]),
        ("paris", {"higher_than": "1"}),
        ("nowhere", {"outcome": "not_applicable"}),
        ("broken", {"outcome": "error"}),
        ("rome", {"outcome": "error"}),
        ("rome", 0),
    ]
    path = tmp_path / "cases.jsonl"
    lines = ({"item": {"city": c}, "completion": "", "expected": e} for c, e in cases)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    rows = list(rows_of_cases(path))
    assert [row.data["city"] for row in rows] == ["paris", "lyon", "rome"]
    assert [row.where for row in rows] == [f"{path}:{line}" for line in (1, 2, 7)]
