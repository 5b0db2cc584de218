"""Both engines give the same verdict and the same fraction for whatever schema and document."""

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rft_grader_jsonschema import JsonSchemaGrader
from rft_grader_jsonschema.parse import parse_json

from rft_core.testing import make_grader, make_sample

pytestmark = pytest.mark.usefixtures("fast")

NAMES = st.sampled_from(["a", "b", "c/d", "e~f", "g h", ""])
NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.sampled_from([0.1, 0.29, 0.01, -0.0, 1.0, 2.5, 1e300, 1e-7, 2**53, 2**53 + 1, 10**30, 1e30]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.sampled_from(["", "x", "xy\n", "😀é"]))
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
POSITIVE = st.sampled_from([1, 2, 3, 0.1, 0.01, 0.5, 1e-7, 2.0, 7, 10**20])
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
LEAVES = st.one_of(
    st.booleans(),
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(
                st.sampled_from(TYPES), st.lists(st.sampled_from(TYPES), min_size=1, unique=True)
            ),
            "enum": st.lists(DOCUMENTS, min_size=1, max_size=3),
            "const": DOCUMENTS,
            "minimum": NUMBERS,
            "exclusiveMaximum": NUMBERS,
            "multipleOf": POSITIVE,
            "minLength": st.integers(0, 3),
            "maxLength": st.integers(0, 3),
            "pattern": st.sampled_from(["^x", "x$", "^(a+)+$", r"\d", r"^\S*$", "^(?!x)"]),
            "maxItems": st.integers(0, 3),
            "uniqueItems": st.booleans(),
            "required": st.lists(NAMES, max_size=3, unique=True),
            "minProperties": st.integers(0, 2),
        },
    ),
)


def _grown(inner: Any) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=2)
    named = st.dictionaries(NAMES, inner, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "properties": named,
            "required": st.lists(NAMES, max_size=3, unique=True),
            "additionalProperties": inner,
            "propertyNames": inner,
            "items": inner,
            "contains": inner,
            "allOf": some,
            "anyOf": some,
            "oneOf": some,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "dependencies": named,
            "$ref": st.sampled_from(["#/definitions/d", "#/definitions/e~0f"]),
        },
    )


SCHEMAS = st.recursive(LEAVES, _grown, max_leaves=8)


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    schema=SCHEMAS,
    definition=LEAVES,
    documents=st.lists(DOCUMENTS, min_size=1, max_size=5),
    draft=st.sampled_from(["7", "2019-09", "2020-12"]),
)
def test_same_score_for_random_schemas(
    schema: Any, definition: Any, documents: list[Any], draft: str
) -> None:
    if isinstance(schema, dict):
        schema = {**schema, "definitions": {"d": definition, "e~f": {"type": "object"}}}
    samples = [make_sample(_json(document)) for document in documents]
    scores = [
        [
            grade.score
            for grade in make_grader(
                JsonSchemaGrader, schema=schema, draft=draft, engine=engine, score="fraction"
            ).grade_batch(samples)
        ]
        for engine in ("jsonschema", "jsonschema-rs")
    ]
    assert scores[0] == scores[1]


@settings(max_examples=300, deadline=None)
@given(
    number=st.one_of(
        st.integers(-(10**40), 10**40), st.floats(allow_nan=False, allow_infinity=False)
    ),
    divisor=st.one_of(st.integers(1, 10**20), st.floats(1e-12, 1e12)),
    bound=st.one_of(
        st.integers(-(10**40), 10**40), st.floats(allow_nan=False, allow_infinity=False)
    ),
)
def test_same_verdict_on_random_numbers(number: float, divisor: float, bound: float) -> None:
    for schema in (
        {"multipleOf": divisor},
        {"minimum": bound},
        {"exclusiveMaximum": bound},
        {"type": "integer"},
        {"const": bound},
        {"enum": [bound, number]},
    ):
        verdicts = [
            make_grader(JsonSchemaGrader, schema=schema, engine=engine)
            .grade_batch([make_sample(_json(number))])[0]
            .score
            for engine in ("jsonschema", "jsonschema-rs")
        ]
        assert verdicts[0] == verdicts[1], schema


def _json(document: Any) -> str:
    text = json.dumps(document)
    parsed = parse_json(text, duplicate_keys="reject", max_depth=64)
    assert not isinstance(parsed, float) or math.isfinite(parsed)
    return text
