"""Warnings about schemas that let more pass than their authors think."""

from typing import Any

import pytest
from rft_grader_jsonschema import JsonSchemaGrader

from rft_core.testing import make_grader


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


LABELS = [f"{n:02d} label" for n in range(21)]
EUROVOC = closed(level1={"type": "array", "items": closed(code={"enum": LABELS})})


def warnings(schema: Any, **config: Any) -> str:
    return "\n".join(make_grader(JsonSchemaGrader, schema=schema, **config).warnings())


def test_warns_of_trivial_documents_that_pass(engine: str) -> None:
    for schema in ({}, True, {"properties": {"a": {"type": "string"}}}):
        assert '{}, [], null, "", 0' in warnings(schema, engine=engine)
    assert "accepts {}:" in warnings({"type": "object"}, engine=engine)
    assert "accepts []:" in warnings({"type": "array"}, engine=engine)
    assert 'accepts ""' in warnings({"type": "string"}, engine=engine)
    assert "accepts 0:" in warnings({"type": "integer"}, engine=engine)


def test_a_tight_schema_has_no_warnings() -> None:
    assert warnings(EUROVOC) == ""


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("requried", "required"),
        ("propertys", "properties"),
        ("maxlength", "maxLength"),
        ("enums", "enum"),
    ],
)
def test_warns_of_misspelt_keywords(wrong: str, right: str) -> None:
    text = warnings(closed(a={"type": "object", "additionalProperties": False, wrong: ["x"]}))
    assert f"#/properties/a/{wrong} is no keyword" in text
    assert f"Did you mean '{right}'" in text


def test_property_names_are_no_keywords() -> None:
    assert "no keyword" not in warnings(closed(requried={"const": 1}, maxlength={"const": 2}))
    assert "no keyword" not in warnings({"type": "object", "x-note": 1, "examples": [{"typ": 1}]})


@pytest.mark.usefixtures("fast")
def test_warns_of_open_objects_unanchored_patterns_and_formats() -> None:
    schema = closed(
        a={"type": "object", "required": ["b"], "properties": {"b": {"pattern": "abc"}}},
        c={"type": "string", "format": "date"},
    )
    text = warnings(schema)
    assert "#/properties/a/properties lets unknown properties pass" in text
    assert "#/properties/a/properties/b/pattern is found anywhere" in text
    assert "#/properties/c/format is not checked" in text
    assert "format" not in warnings(schema, check_formats=True)
