"""YAML 1.2 scalars, and everything that is refused, with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft_core.errors import TaskFileError
from rft_core.task.source import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_VALUES,
    Place,
    Source,
    read_yaml,
    write_yaml,
)

Read = Callable[..., Source]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a text (or bytes) as a task file."""

    def do(text: str | bytes) -> Source:
        path = tmp_path / "task.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yaml(path)

    return do


def line_of(error: TaskFileError) -> int:
    return int(str(error.where).rpartition(":")[2])


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("1e-5", 1e-5),
        ("1E-5", 1e-5),
        ("1e5", 100000.0),
        ("1.e3", 1000.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("+1.5", 1.5),
        ("2.0", 2.0),
        ("12", 12),
        ("-12", -12),
        ("010", 10),
        ("0", 0),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("No", "No"),
        ("on", "on"),
        ("yes", "yes"),
        ("off", "off"),
        ("y", "y"),
        ("null", None),
        ("~", None),
        ("", None),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("0b1", "0b1"),
        ("1.2.3", "1.2.3"),
        ("e5", "e5"),
        ("1e", "1e"),
        ("=", "="),
        ('"1e-5"', "1e-5"),
        ("'true'", "true"),
        ('"\\u00e9"', "é"),
        ("!!str 12", "12"),
        ("!!float 1", 1.0),
        ("|\n  a\n  b", "a\nb\n"),
        (">\n  a\n  b", "a b\n"),
    ],
)
def test_scalars(read: Read, scalar: str, value: Any) -> None:
    found = read(f"key: {scalar}\n").data["key"]
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number(read: Read) -> None:
    assert str(read("key: .nan").data["key"]) == "nan"


def test_keys_are_words_whatever_they_look_like(read: Read) -> None:
    assert set(read("no: 1\n1: 2\nnull: 3\n1e5: 4\n").data) == {"no", "1", "null", "1e5"}


def test_json_is_accepted(read: Read) -> None:
    text = '{"a": [1, 2.5e-3, true, null, "x"], "b": {"c": {}}}'
    assert read(text).data == {"a": [1, 0.0025, True, None, "x"], "b": {"c": {}}}


def test_a_byte_order_mark_and_windows_lines_are_accepted(read: Read) -> None:
    source = read("\ufeffa: 1\r\nb: 2\r\n")
    assert source.data == {"a": 1, "b": 2}
    assert source.where(("b",)).endswith("task.yaml:2")


def test_aliases_are_copies_of_their_anchors(read: Read) -> None:
    data = read("a: &x {k: 1}\nb: *x\n").data
    assert data == {"a": {"k": 1}, "b": {"k": 1}}
    assert data["a"] is not data["b"]


TEXT = """\
# a comment

data:
  train: a.jsonl

reward:
  graders:
    one:
      use: function
    two: {use: x,
          weight: 1}
  shapers:
    - use: clip
    -
      use: schedule
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ((), 3),
        (("data",), 3),
        (("data", "train"), 4),
        (("reward", "graders"), 7),
        (("reward", "graders", "one", "use"), 9),
        (("reward", "graders", "two", "weight"), 11),
        (("reward", "shapers", 0, "use"), 13),
        (("reward", "shapers", 1, "use"), 15),
        (("reward", "graders", "one", "config", "path"), 8),
        (("nothing",), 3),
    ],
)
def test_lines(read: Read, location: tuple[str | int, ...], line: int) -> None:
    assert read(TEXT).where(location).endswith(f"task.yaml:{line}")


def test_a_place_says_where_it_is(read: Read) -> None:
    error = (Place(read(TEXT)) / "reward" / "shapers" / 1).error("no good", "Do better.")
    assert str(error).endswith("task.yaml:15: reward.shapers.1: no good\n  Do better.")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' is there twice"),
        ("a:\n  b: 1\n  b: 2\n", 3, "the key 'b' is there twice"),
        ("1: a\n'1': b\n", 2, "the key '1' is there twice"),
        ("a: 1\n\tb: 2\n", 2, "not YAML"),
        ("a:\n\t- 1\n", 2, "not YAML"),
        ("a: [1, 2\nb: 3\n", 2, "not YAML"),
        ("a: 'x\n", 2, "not YAML"),
        ("a: b: c\n", 1, "not YAML"),
        ("a: *nothing\n", 1, "not YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: 1\n? [x]\n: 2\n", 2, "a key must be a word"),
        ("a: 1\n? {x: 1}\n: 2\n", 2, "a key must be a word"),
        ("a: 1\nb: !!python/name:os.system\n", 2, "not allowed"),
        ("a: 1\nb: !!python/object/apply:os.system [exit]\n", 2, "not allowed"),
        ("a: 1\nb: !!python/object:os.Thing {x: 1}\n", 2, "not allowed"),
        ("a: 1\nb: !mine x\n", 2, "not allowed"),
        ("a: 1\nb: !mine [x]\n", 2, "not allowed"),
        ("a: 1\nb: !!binary aGk=\n", 2, "not allowed"),
        ("a: 1\nb: !!timestamp 2026-01-01\n", 2, "not allowed"),
        ("a: 1\nb: !!set {x}\n", 2, "not allowed"),
        ("a: 1\nb: !!int abc\n", 2, "not allowed"),
        ("a: 1\nb: !!float abc\n", 2, "not allowed"),
        ("a: 1\nb: !!bool maybe\n", 2, "not allowed"),
        ("a: 1\nb: " + "9" * 2_000, 2, "not allowed"),
        ("a: 1\nb: " + "[" * 60 + "]" * 60, 2, "deeply nested"),
        ("a: 1\nb: &x [*x]\n", 2, "deeply nested"),
    ],
)
def test_what_is_refused_with_its_line(read: Read, text: str, line: int, message: str) -> None:
    with pytest.raises(TaskFileError, match=message) as caught:
        read(text)
    assert line_of(caught.value) == line


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_an_empty_file_is_refused(read: Read, text: str) -> None:
    with pytest.raises(TaskFileError, match="the file is empty"):
        read(text)


@pytest.mark.parametrize(
    "text", [b"a: \xff\xfe", b"\xff\xfea\x00", b"a: b\x00", b"a: \xed\xa0\x80", b"\x00\x01\x02"]
)
def test_what_is_no_text_is_refused(read: Read, text: bytes) -> None:
    with pytest.raises(TaskFileError, match=r"not UTF-8|not YAML"):
        read(text)


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_very_deep_nesting_is_refused(read: Read, brackets: str) -> None:
    opening, closing = brackets[0] + ("a: " if brackets == "{}" else ""), brackets[1]
    with pytest.raises(TaskFileError, match="deeply"):
        read(opening * 5_000 + closing * 5_000)


def test_a_document_that_grows_by_aliases_is_refused(read: Read) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(TaskFileError, match="too many or too deeply nested values"):
        read("\n".join(levels))


def test_bounds_leave_room_for_real_files() -> None:
    assert MAX_VALUES >= 10_000
    assert MAX_DEPTH >= 30


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "task.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(TaskFileError, match="larger than"):
        read_yaml(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskFileError, match="no such file"):
        read_yaml(tmp_path / "nothing.yaml")
    with pytest.raises(TaskFileError, match=r"directory"):
        read_yaml(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["1e-5", "no", "on", "0x10", "1_000", "12:30", "null", "", "é\n# x", "2026-01-01", "{{ a }}"],
)
def test_what_is_written_is_read_as_the_same(text: str, tmp_path: Path) -> None:
    data = {"text": text, "number": 1e-05, "list": [text, 1, True, None]}
    path = tmp_path / "task.yaml"
    path.write_text(write_yaml(data), encoding="utf-8")
    assert read_yaml(path).data == data
