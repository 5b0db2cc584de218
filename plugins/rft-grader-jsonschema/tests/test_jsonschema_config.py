"""What may stand in a task file, and how mistakes are told."""

import json
import pickle
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rft_grader_jsonschema import JsonSchemaConfig, JsonSchemaGrader

from rft_core.plugins import PluginManager
from rft_core.testing import make_grader, make_sample


def refusal(base_dir: Path | None = None, **config: Any) -> str:
    with pytest.raises(ValidationError) as error:
        make_grader(JsonSchemaGrader, base_dir=base_dir, **config)
    return str(error.value)


def test_the_entry_point_registers_the_grader() -> None:
    assert PluginManager().graders["json_schema"].cls is JsonSchemaGrader


def test_a_schema_file_is_relative_to_the_task_file(tmp_path: Path) -> None:
    (tmp_path / "level1.json").write_text('{"type": "object"}')
    grader = make_grader(JsonSchemaGrader, base_dir=tmp_path, schema="level1.json")
    assert [g.score for g in grader.grade_batch([make_sample("{}"), make_sample("[]")])] == [1, 0]


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{'type': 1}", "not JSON"),
        ('{"type": "object", "type": "array"}', "duplicate key: 'type'"),
        ("[1, 2]", "no schema but a list"),
        ("[" * 5000, "nested deeper"),
        ('{"type": "objekt"}', "at #/type"),
    ],
)
def test_wrong_schema_files(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "s.json").write_text(content)
    assert complaint in refusal(tmp_path, schema="s.json")


def test_a_missing_schema_file_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "nowhere.json") in refusal(tmp_path, schema="nowhere.json")


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"type": "objekt"}, "#/type"),
        ({"properties": []}, "#/properties"),
        ({"properties": {"a": {"minimum": "1"}}}, "#/properties/a/minimum"),
        ({"required": "a"}, "#/required"),
        ({"allOf": []}, "#/allOf"),
        ({"items": [{}]}, "#/items"),
        (3, "schema"),
        (None, "schema"),
        ({"const": date(2024, 1, 1)}, "not JSON"),
        ({"maximum": float("nan")}, "not JSON"),
        ({"type": "json_schema", "json_schema": {"schema": {}}}, "response_format"),
    ],
)
def test_what_is_no_schema_is_a_config_error(schema: Any, where: str) -> None:
    assert where in refusal(schema=schema)


def test_the_draft_is_chosen_by_the_schema_or_the_config() -> None:
    tuple_schema = {"items": [{"type": "string"}]}
    for config in (
        {"schema": tuple_schema, "draft": 7},
        {"schema": tuple_schema, "draft": "2019-09"},
        {"schema": {**tuple_schema, "$schema": "http://json-schema.org/draft-07/schema#"}},
        {"schema": {**tuple_schema, "$schema": "https://json-schema.org/draft/2019-09/schema"}},
    ):
        (grade,) = make_grader(JsonSchemaGrader, **config).grade_batch([make_sample("[1]")])
        assert grade.score == 0.0


def test_conflicting_and_unknown_drafts_are_refused() -> None:
    seven = "http://json-schema.org/draft-07/schema#"
    assert "$schema says 7" in refusal(schema={"$schema": seven}, draft="2020-12")
    assert "Input should be" in refusal(schema={}, draft="4")
    close = refusal(schema={"$schema": "https://json-schema.org/draft/2020-12/shema"})
    assert "Did you mean 'https://json-schema.org/draft/2020-12/schema'" in close
    assert "draft 7" in refusal(schema={"$defs": {"a": {"$schema": seven}}})


REMOTE = [
    "http://example.com/x.json",
    "https://json-schema.org/draft/2099-01/schema",
    "file:///etc/passwd",
    "other.json#/a",
    "#/$defs/missing",
    "#anchor",
    "http://[",
]


@pytest.mark.parametrize("reference", REMOTE)
@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
def test_references_are_never_fetched(engine: str, reference: str, keyword: str) -> None:
    for schema in (
        {keyword: reference},
        {"properties": {"a": {"items": {"not": {keyword: reference}}}}},
        {"$ref": "#/odd/place", "odd": {"place": {keyword: reference}}},
    ):
        message = refusal(schema=schema, engine=engine)
        assert repr(reference) in message
        assert "never fetched" in message


def test_documents_named_in_resources_are_used(tmp_path: Path, engine: str) -> None:
    (tmp_path / "code.json").write_text('{"type": "integer", "$ref": "limits.json#/$defs/low"}')
    grader = make_grader(
        JsonSchemaGrader,
        base_dir=tmp_path,
        schema={"properties": {"a": {"$ref": "https://example.com/code.json"}}},
        resources={
            "https://example.com/code.json": "code.json",
            "https://example.com/limits.json": {"$defs": {"low": {"maximum": 9}}},
        },
        engine=engine,
    )
    texts = ['{"a": 9}', '{"a": 10}', '{"a": "x"}']
    assert [g.score for g in grader.grade_batch(list(map(make_sample, texts)))] == [1, 0, 0]


@pytest.mark.usefixtures("fast")
def test_the_metaschema_may_be_referred_to() -> None:
    grader = make_grader(
        JsonSchemaGrader, schema={"$ref": "https://json-schema.org/draft/2020-12/schema"}
    )
    texts = ['{"type": "object"}', '{"type": "objekt"}']
    assert [g.score for g in grader.grade_batch(list(map(make_sample, texts)))] == [1, 0]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {
            "properties": {"a": {"$ref": "#/$defs/x"}},
            "$defs": {"x": {"not": {"$ref": "#/$defs/x"}}},
        },
        {"$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"$ref": "#/$defs/x"}}, "$ref": "#/$defs/x"},
    ],
)
def test_a_schema_that_judges_a_value_by_itself_is_refused(schema: Any) -> None:
    assert "leads back to itself" in refusal(schema=schema)


def test_recursive_schemas_are_fine() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": False}
    grader = make_grader(JsonSchemaGrader, schema=tree)
    texts = ['{"next": {"next": {}}}', '{"next": {"nest": {}}}']
    assert [g.score for g in grader.grade_batch(list(map(make_sample, texts)))] == [1, 0]


@pytest.mark.parametrize(
    "config",
    [
        {"shema": {}},
        {"schema": True, "extract": "lenient"},
        {"schema": True, "engine": "ajv"},
        {"schema": True, "max_chars": 0},
        {"schema": True, "max_depth": 1000},
        {"schema": True, "score": "partial"},
        {"schema": True, "reasoning_tag": ""},
        {},
    ],
)
def test_unknown_keys_and_values_are_refused(config: Any) -> None:
    refusal(**config)


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("pattern", ["(", "[z-a]", "a{2,1}", "(?<"])
def test_patterns_that_do_not_compile_are_refused(pattern: str) -> None:
    assert "regex" in refusal(schema={"pattern": pattern}, engine="jsonschema-rs")


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(
    "schema",
    [
        {"patternProperties": {"^a": {}}},
        {"unevaluatedProperties": False},
        {"items": {"unevaluatedItems": False}},
    ],
)
def test_the_reference_engine_says_what_it_cannot_bound(schema: Any) -> None:
    assert "needs jsonschema-rs" in refusal(schema=schema, engine="jsonschema")
    make_grader(JsonSchemaGrader, schema=schema, engine="jsonschema-rs")


def test_config_and_grader_survive_pickling() -> None:
    grader = make_grader(JsonSchemaGrader, schema={"type": "object"}, score="fraction")
    copy = pickle.loads(pickle.dumps(grader))  # noqa: S301 - our own bytes
    assert copy.config == grader.config
    assert copy.grade_batch([make_sample("{}")])[0].score == 1.0


def test_a_dumped_config_can_be_read_again() -> None:
    config = JsonSchemaConfig.model_validate({"schema": {"type": "object"}, "max_chars": 10})
    dumped = json.loads(config.model_dump_json())
    assert dumped["schema"] == {"type": "object"}
    assert JsonSchemaConfig.model_validate(dumped) == config
