"""What the grader does where jsonschema-rs is not installed."""

import sys
from typing import Any

import pytest
from pydantic import ValidationError
from rft_grader_jsonschema import JsonSchemaGrader

from rft_core.testing import make_grader, make_sample


@pytest.fixture(autouse=True)
def without_the_fast_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)  # as if it were not there


def test_schemas_without_patterns_are_judged_by_jsonschema() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"multipleOf": 0.01}}}
    grader = make_grader(JsonSchemaGrader, schema=schema, score="fraction")
    texts = ['{"a": 0.29}', '{"a": 0.295}', "{}", "no"]
    assert [one.score for one in grader.grade_batch(list(map(make_sample, texts)))] == [1, 0, 0, 0]


@pytest.mark.parametrize(
    "config",
    [
        {"schema": {}, "engine": "jsonschema-rs"},
        {"schema": {"items": {"pattern": "^a$"}}},
        {"schema": {"patternProperties": {"^a$": {}}}},
        {"schema": {"unevaluatedProperties": False}},
        {"schema": {"format": "date"}, "check_formats": True},
        {"schema": {}, "check_formats": True},
    ],
)
def test_what_needs_the_fast_engine_says_how_to_get_it(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"pip install 'rft-grader-jsonschema\[fast\]'"):
        make_grader(JsonSchemaGrader, **config)


def test_unchecked_formats_are_no_obstacle() -> None:
    grader = make_grader(JsonSchemaGrader, schema={"format": "date"})
    assert grader.grade_batch([make_sample('"no date"')])[0].score == 1.0
