"""What a task file may say about the grader `json_schema`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, ValidationInfo, model_validator

from rft_core.configurable import PluginConfig, file_path
from rft_core.errors import OutputParseError
from rft_core.types import MAX_JSON_CHARS
from rft_grader_jsonschema.drafts import DraftName, Schema
from rft_grader_jsonschema.engines import EngineChoice, choose_engine, load_engine
from rft_grader_jsonschema.extract import ExtractPolicy
from rft_grader_jsonschema.parse import DuplicateKeys, parse_json
from rft_grader_jsonschema.references import check_references
from rft_grader_jsonschema.source import SchemaSource, make_source

_MAX_SCHEMA_DEPTH: Final = 200


def _load(value: Any, info: ValidationInfo) -> Any:
    """Return the schema that `value` is, or that the file of this name holds."""
    if isinstance(value, str | Path):
        return _read(file_path(value, info))
    if isinstance(value, Mapping):
        _refuse_what_is_no_schema(value)
    return value


def _read(path: Path) -> Schema:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read the schema file {path}: {error}") from None
    try:
        schema = parse_json(text, duplicate_keys="reject", max_depth=_MAX_SCHEMA_DEPTH)
    except OutputParseError as error:
        raise ValueError(f"schema file {path}: {error}") from None
    if not isinstance(schema, dict | bool):
        raise ValueError(f"schema file {path} holds no schema but a {type(schema).__name__}")  # noqa: TRY004 - pydantic reports ValueError
    _refuse_what_is_no_schema(schema)
    return schema


def _refuse_what_is_no_schema(value: Mapping[str, Any] | bool) -> None:
    if isinstance(value, Mapping) and value.get("type") == "json_schema":
        raise ValueError("this is a response_format; give the schema in it (json_schema.schema)")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the schema is not JSON: {error}") from None


SchemaDocument: TypeAlias = Annotated[dict[str, Any] | StrictBool, BeforeValidator(_load)]
"""A schema as a mapping or boolean, or the name of a JSON file relative to the task file."""


class JsonSchemaConfig(PluginConfig):
    """Configuration of the grader; `README.md` says more about each field."""

    model_config = ConfigDict(serialize_by_alias=True)

    # pydantic's models have a method `schema`, hence the alias.
    schema_: SchemaDocument = Field(alias="schema")
    """A mapping, true or false, or the name of a JSON file relative to the task file."""
    resources: dict[str, SchemaDocument] = Field(default_factory=dict)
    """Documents that the schema may refer to: URI to schema or file."""
    draft: Annotated[DraftName | None, BeforeValidator(lambda v: str(v) if v else v)] = None
    """If not given: what `$schema` says, else 2020-12."""
    score: Literal["validity", "fraction"] = "validity"
    """1 or 0, or the fraction of satisfied constraints."""
    extract: ExtractPolicy = "strict"
    """Which part of the completion is the document."""
    reasoning_tag: str | None = Field("think", min_length=1)
    """Text inside of this tag does not count; null: everything counts."""
    duplicate_keys: DuplicateKeys = "reject"
    """Whether an object with a key twice is wrong, or the last value counts."""
    check_formats: bool = False
    """Check `format`, which otherwise says nothing."""
    engine: EngineChoice = "auto"
    """auto: jsonschema-rs where it is installed; the verdicts are the same."""
    max_chars: int = Field(200_000, ge=1, le=MAX_JSON_CHARS)
    """Longer completions are wrong, unread."""
    max_depth: int = Field(64, ge=1, le=128)
    """JSON nested deeper is wrong."""

    def source(self) -> SchemaSource:
        """Return the schema, checked; raise `ValueError` if it is none."""
        return make_source(
            self.schema_,
            draft=self.draft,
            resources=self.resources,
            check_formats=self.check_formats,
        )

    @model_validator(mode="after")
    def _check_schema(self) -> Self:
        source = self.source()
        check_references(source)
        compile_schema = load_engine(choose_engine(self.engine))
        compile_schema(source, source.root)
        if self.check_formats:
            choose_engine("jsonschema-rs")  # which knows the formats
        return self
