"""The score `fraction`: what counts, and that it cannot be gamed."""

import json
from itertools import permutations
from typing import Any

import pytest
from rft_grader_jsonschema import JsonSchemaGrader

from rft_core.testing import grade_all, grade_one, make_grader, make_sample
from rft_core.types import Grade


def grade(schema: Any, document: Any, **config: Any) -> Grade:
    grader = make_grader(JsonSchemaGrader, schema=schema, **config)
    text = document if isinstance(document, str) else json.dumps(document)
    result = grade_one(grader, make_sample(text))
    assert result.outcome == "graded"
    return result


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


LABELS = [f"{n:02d} label" for n in range(21)]
EUROVOC = closed(level1={"type": "array", "items": closed(code={"enum": LABELS})})


THREE = closed(
    a={"type": "integer"}, b=closed(c={"type": "string"}, d={"type": "array"}), e={"minimum": 0}
)


@pytest.mark.parametrize(
    ("document", "met"),
    [  # of 6: the whole, a, b, b.c, b.d, e
        ({}, 0),
        ([], 0),
        ({"junk": 1, "more": [1] * 1000}, 0),
        ({"a": "x"}, 0),
        ({"a": 1}, 1),
        ({"a": 1, "junk": 1}, 1),
        ({"a": 1, "e": 0}, 2),
        ({"a": 1, "e": -1}, 1),
        ({"a": 1, "e": 0, "b": {}}, 2),
        ({"a": 1, "e": 0, "b": {"c": "x"}}, 3),
        ({"a": 1, "e": 0, "b": {"c": "x", "d": []}, "junk": 1}, 5),
        ({"a": 1, "e": 0, "b": {"c": "x", "d": []}}, 6),
    ],
)
def test_fraction_counts_points_of_the_schema(engine: str, document: Any, met: int) -> None:
    assert grade(THREE, document, engine=engine, score="fraction").score == pytest.approx(met / 6)


def test_fraction_follows_references_and_conjunctions(engine: str) -> None:
    schema = {
        "$ref": "#/$defs/base",
        "allOf": [{"required": ["x"]}, {"properties": {"x": {"type": "null"}}}],
        "$defs": {
            "base": {"required": ["y~/z"], "properties": {"y~/z": {"$ref": "#/$defs/int"}}},
            "int": {"type": "integer"},
        },
    }
    scores = [
        grade(schema, document, engine=engine, score="fraction").score
        for document in ({}, {"x": 1}, {"x": None}, {"y~/z": 1}, {"y~/z": 1, "x": None})
    ]
    assert scores == pytest.approx([0, 0, 1 / 3, 1 / 3, 1])


def test_fraction_of_a_schema_that_requires_itself_ends(engine: str) -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}
    assert grade(schema, {"a": {"a": {}}}, engine=engine, score="fraction").score == 0.0


@pytest.mark.parametrize("text", ["", "not JSON", '{"a": 1', '{"a": 1, "a": 1}', "[" * 1000])
def test_fraction_without_a_document_is_zero(engine: str, text: str) -> None:
    assert grade(THREE, text, engine=engine, score="fraction").score == 0.0


def test_valid_junk_in_arrays_earns_nothing(engine: str) -> None:
    bad = {"level1": [{"code": "wrong"}]}
    padded = {"level1": [{"code": "wrong"}, *({"code": label} for label in LABELS * 50)]}
    config = {"engine": engine, "score": "fraction"}
    assert grade(EUROVOC, bad, **config).score == grade(EUROVOC, padded, **config).score == 0.0


@pytest.mark.parametrize("order", list(permutations(range(6)))[::37])
def test_fixing_a_violation_never_lowers_the_fraction(engine: str, order: tuple[int, ...]) -> None:
    """Start from a document with all its faults and mend them one by one, in any order."""
    fixes = [
        lambda d: d.update(a=1),
        lambda d: d["b"].update(c="x"),
        lambda d: d["b"].update(d=[1]),
        lambda d: d["b"].pop("junk"),
        lambda d: d.update(e=3),
        lambda d: d.pop("junk"),
    ]
    document = {"a": "1", "b": {"c": 1, "junk": 0}, "e": -1, "junk": [1, 2, 3]}
    grader = make_grader(JsonSchemaGrader, schema=THREE, engine=engine, score="fraction")
    samples = [make_sample(json.dumps(document))]
    for number in order:
        fixes[number](document)
        samples.append(make_sample(json.dumps(document)))
    scores = [result.score for result in grade_all(grader, samples)]
    assert scores == sorted(scores)
    assert (scores[0], scores[-1]) == (0.0, 1.0)
