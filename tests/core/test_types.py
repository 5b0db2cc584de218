"""Items, completions, samples, grades."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rft_core.types
from rft_core.errors import OutputParseError
from rft_core.testing import make_sample
from rft_core.types import (
    MAX_JSON_CHARS,
    Completion,
    Grade,
    GradedSample,
    GradeError,
    Item,
    Sample,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were parsed, in order."""
    texts: list[str] = []
    original = rft_core.types._parse

    def parse(text: str) -> object:
        texts.append(text)
        return original(text)

    monkeypatch.setattr(rft_core.types, "_parse", parse)
    return texts


def test_item_task_is_the_rows_key_as_text() -> None:
    assert Item("a", (), {"task": 3}).task == "3"
    assert Item("a", (), {"task": None}).task is None
    assert Item("a", (), {}).task is None


def test_text_stands_for_a_completion_of_unknown_length() -> None:
    sample = Sample(Item("a", (), {}), "hello")
    assert sample.text == "hello"
    assert sample.completion == Completion("hello", num_tokens=None, finish_reason=None)


@given(JSON, st.sampled_from(["", " ", "\n\t\r "]), st.sampled_from(["", " ", "\r\n"]))
def test_json_is_what_the_text_says(document: object, before: str, after: str) -> None:
    assert make_sample(before + json.dumps(document) + after).json == document


def test_json_is_parsed_lazily_and_once(parses: list[str]) -> None:
    sample = make_sample('{"a": [1]}')
    assert parses == []
    first = sample.json
    assert sample.json is first
    assert parses == ['{"a": [1]}']


def test_null_is_parsed_once_too(parses: list[str]) -> None:
    sample = make_sample("null")
    assert [sample.json, sample.json] == [None, None]
    assert parses == ["null"]


def test_a_parse_error_is_kept(parses: list[str]) -> None:
    sample = make_sample("{oops")
    errors = []
    for _ in range(2):
        with pytest.raises(OutputParseError) as caught:
            _ = sample.json
        errors.append(caught.value)
    assert errors[0] is errors[1]
    assert parses == ["{oops"]


def test_a_kept_parse_error_does_not_grow_its_traceback() -> None:
    sample = make_sample("{oops")
    depths = []
    for _ in range(3):
        with pytest.raises(OutputParseError) as caught:
            _ = sample.json
        depths.append(len(caught.traceback))
    assert len(set(depths)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        '{"a": 1,}',
        "{'a': 1}",
        '{"a": 1} and more',
        "```json\n{}\n```",
        "\x00",
        "01",
        "{}\x0b",
        "\ufeff{}",
        "{}{}",
        "[1]]",
    ],
)
def test_what_is_no_json_is_a_parse_error(text: str) -> None:
    with pytest.raises(OutputParseError, match="is not JSON"):
        _ = make_sample(text).json


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_not_in_the_standard_are_a_parse_error(constant: str) -> None:
    with pytest.raises(OutputParseError, match=f"{constant} is not JSON"):
        _ = make_sample(f'{{"a": [{constant}]}}').json


def test_of_a_key_that_is_there_twice_the_last_counts() -> None:
    assert make_sample('{"a": 1, "a": 2}').json == {"a": 2}


def test_an_integer_with_too_many_digits_is_a_parse_error() -> None:
    with pytest.raises(OutputParseError):
        _ = make_sample("9" * 10_000).json


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_a_parse_error(opening: str, closing: str) -> None:
    text = opening * 100_000 + "1" + closing * 100_000
    with pytest.raises(OutputParseError, match="nested too deeply"):
        _ = make_sample(text).json


def test_the_length_bound_is_inclusive() -> None:
    longest = json.dumps("x" * (MAX_JSON_CHARS - 2))
    assert len(make_sample(longest).json) == MAX_JSON_CHARS - 2
    with pytest.raises(OutputParseError, match="longer than 1000000 characters"):
        _ = make_sample(longest + " ").json


def test_a_lone_surrogate_in_json_is_kept() -> None:
    assert make_sample('"\\ud800"').json == "\ud800"


@pytest.mark.parametrize("read_first", [False, True])
@pytest.mark.parametrize("text", ['{"a": 1}', "{oops"])
def test_a_sample_pickles_whether_or_not_it_was_parsed(text: str, read_first: bool) -> None:
    sample = Sample(Item("a", ({"role": "user", "content": "q"},), {"k": [1]}), Completion(text, 7))
    outcome = _json_or_error(sample) if read_first else None
    copy = pickle.loads(pickle.dumps(sample))  # noqa: S301 - our own bytes
    assert (copy.item, copy.completion) == (sample.item, sample.completion)
    assert _json_or_error(copy) == (outcome or _json_or_error(sample))


def _json_or_error(sample: Sample) -> str:
    try:
        return repr(sample.json)
    except OutputParseError as error:
        return str(error)


def test_a_long_completion_has_a_short_repr() -> None:
    assert len(repr(make_sample("x" * 10_000, item_id="row-1"))) < 200
    assert "row-1" in repr(make_sample("x", item_id="row-1"))


ERROR = GradeError("timeout", "took longer than 3 s", "quality", "acme-graders 1.2")


@pytest.mark.parametrize(
    ("grade", "outcome"),
    [
        (Grade(0.0), "graded"),
        (Grade(1.0, "right"), "graded"),
        (Grade(-0.5), "graded"),
        (Grade(), "not_applicable"),
        (Grade(None, "no reference"), "not_applicable"),
        (Grade(error=ERROR), "error"),
    ],
)
def test_outcome(grade: Grade, outcome: str) -> None:
    assert grade.outcome == outcome


def test_an_error_names_the_grader_and_its_distribution() -> None:
    assert str(ERROR) == "grader 'quality' of acme-graders 1.2: timeout: took longer than 3 s"


def test_errors_of_a_graded_sample_are_those_of_its_grades() -> None:
    grades = {"a": None, "b": Grade(1.0), "c": Grade(error=ERROR), "d": Grade()}
    assert GradedSample(make_sample("x"), None, grades).errors == [ERROR]


def test_an_item_is_immutable() -> None:
    with pytest.raises(AttributeError):
        setattr(Item("a", (), {}), "id", "b")  # noqa: B010 - the type checker knows, too


def test_a_grade_without_metrics_equals_one_with_none_and_pickles() -> None:
    assert Grade(1.0) == Grade(1.0, metrics={})
    assert pickle.loads(pickle.dumps(Grade(1.0))) == Grade(1.0)  # noqa: S301 - our own bytes
    assert dict(Grade(1.0).metrics) == {}
