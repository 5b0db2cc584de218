"""Strict JSON: what is refused, with which reason, and that nothing crashes."""

import json
from typing import Any

import pytest
from rft_grader_jsonschema import JsonSchemaGrader

from rft_core.testing import grade_one, make_grader, make_sample
from rft_core.types import Grade


def grade(text: str, **config: Any) -> Grade:
    grader = make_grader(JsonSchemaGrader, **{"schema": True, **config})
    result = grade_one(grader, make_sample(text))
    assert result.outcome == "graded"
    return result


DUPLICATES = ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "c": 2, "a": 3}}]', '{"a":1,"\\u0061":2}']


@pytest.mark.parametrize("text", DUPLICATES)
def test_duplicate_keys_are_rejected_unless_allowed(text: str) -> None:
    refused = grade(text)
    assert refused.score == 0.0
    assert "duplicate key: 'a'" in refused.reason
    assert grade(text, duplicate_keys="last").score == 1.0


def test_the_last_of_duplicate_keys_counts() -> None:
    schema = {"properties": {"a": {"const": 2}}}
    assert grade('{"a": 1, "a": 2}', schema=schema, duplicate_keys="last").score == 1.0
    assert grade('{"a": 2, "a": 1}', schema=schema, duplicate_keys="last").score == 0.0


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "[1, NaN, 2]"])
@pytest.mark.parametrize("policy", ["strict", "fenced", "last"])
def test_nan_and_infinity_are_not_json(text: str, policy: str) -> None:
    result = grade(text, extract=policy)
    assert result.score == 0.0
    assert grade("-0").score == 1.0


@pytest.mark.parametrize("text", ["1e999", "[-1e400]", '{"a": 123456789e9999}'])
def test_numbers_beyond_floats_are_refused(text: str) -> None:
    assert "out of range" in grade(text).reason
    assert grade("1e-999").score == 1.0


@pytest.mark.parametrize("digits", [30, 400, 4000])
def test_big_integers_are_integers(engine: str, digits: int) -> None:
    number = "7" * digits
    schema = {"type": "integer", "minimum": 10**20, "multipleOf": 7}
    assert grade(number, schema=schema, engine=engine).score == 1.0
    assert grade(f"-{number}", schema=schema, engine=engine).score == 0.0


@pytest.mark.parametrize("policy", ["strict", "fenced", "last"])
@pytest.mark.parametrize(
    "text", ["1" * 5000, "[" + "9" * 100_000 + "]", '{"a": -' + "1" * 5000 + "}"]
)
def test_integers_with_thousands_of_digits_are_refused(text: str, policy: str) -> None:
    result = grade(text, extract=policy)
    assert result.score == 0.0
    assert "digits" in result.reason


@pytest.mark.parametrize(
    "text", ['"\\ud800"', '{"\\udfff": 1}', '["\\ud800\\u0041"]', '"\ud800"', '{"a": "\udc00"}']
)
def test_lone_surrogates_are_refused(text: str) -> None:
    result = grade(text)
    assert result.score == 0.0
    assert "surrogate" in result.reason
    result.reason.encode()


def test_surrogate_pairs_are_characters() -> None:
    assert grade('"\\ud83d\\ude00"', schema={"maxLength": 1}).score == 1.0
    assert grade('"😀"', schema={"maxLength": 1}).score == 1.0


NESTED = [
    ("[", "1", "]"),
    ('{"a":', "1", "}"),
    ('[{"b":', "[]", "}]"),
]


@pytest.mark.parametrize("policy", ["strict", "fenced", "last"])
@pytest.mark.parametrize(("opening", "core", "closing"), NESTED)
@pytest.mark.parametrize("times", [100, 5000])
def test_deep_nesting_is_refused(
    policy: str, opening: str, core: str, closing: str, times: int
) -> None:
    result = grade(opening * times + core + closing * times, extract=policy)
    assert result.score == 0.0
    assert "nested deeper than 64 levels" in result.reason


@pytest.mark.parametrize("policy", ["strict", "fenced", "last"])
@pytest.mark.parametrize("limit", [1, 5, 64, 128])
def test_the_depth_limit_is_exact(engine: str, policy: str, limit: int) -> None:
    schema = {"items": {"$ref": "#"}, "type": "array"}
    config = {"schema": schema, "engine": engine, "extract": policy, "max_depth": limit}
    prose = "Sure: " if policy == "last" else ""
    assert grade(prose + "[" * limit + "]" * limit, **config).score == 1.0
    deeper = grade("[" * (limit + 1) + "]" * (limit + 1), **config)
    assert f"nested deeper than {limit} levels" in deeper.reason


def test_brackets_in_strings_are_no_nesting() -> None:
    assert grade(json.dumps("[" * 1000)).score == 1.0
    assert grade(json.dumps([{"a": "{[" * 100}] * 100)).score == 1.0


def test_long_completions_are_refused_unread() -> None:
    config = {"max_chars": 10}
    assert grade('{"abc": 1}', **config).score == 1.0
    result = grade('{"abcd": 1}', **config)
    assert result.score == 0.0
    assert "10 characters" in result.reason
    assert grade(" " * 200_001).reason.startswith("longer than 200000")


@pytest.mark.parametrize("text", ["", " ", "{'a': 1}", "{a: 1}", "[1,]", '{"a": 1,}', "\0", "tru"])
def test_what_is_not_json_is_wrong_and_says_so(text: str) -> None:
    result = grade(text)
    assert result.score == 0.0
    assert result.reason.startswith("not JSON: ")
