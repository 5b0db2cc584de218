"""The configuration of the grader `record`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from rft_core import PluginConfig, compile_path
from rft_core.types import MAX_JSON_CHARS
from rft_pack_extraction.dates import ambiguous
from rft_pack_extraction.fields import (
    AmountField,
    BooleanField,
    DateField,
    NumberField,
    TextField,
    TextsField,
    Typed,
)

MAX_FIELDS: Final = 100


def _long(value: Any) -> Any:
    """Return `{"type": "date"}` for `date`."""
    return {"type": value} if isinstance(value, str) else value


class RecordField(Typed):
    """A record within the record; it counts as its share of right fields says."""

    type: Literal["record"] = "record"
    """Chooses this type."""
    # Without the schema's recursion, which tables of options do not show.
    fields: Annotated[Fields, WithJsonSchema({"type": "object"})]
    """The fields by name, as of the whole record."""


AnyField: TypeAlias = Annotated[
    Annotated[
        TextField | TextsField | NumberField | AmountField | DateField | BooleanField | RecordField,
        Field(discriminator="type"),
    ],
    BeforeValidator(_long),
]
"""A type's name, or a mapping with `type` and its options."""
Fields: TypeAlias = Annotated[dict[str, AnyField], Field(min_length=1, max_length=MAX_FIELDS)]


class RecordConfig(PluginConfig):
    """Where the right record is, and what its fields are."""

    fields: Fields
    """The fields by name: text, texts, number, amount, date, boolean or record, or a mapping with
    `type`, `weight`, `optional` and the options of the type."""
    reference: str = "$.reference_answer"
    """A JSONPath into the row, or the name of a column: the right record."""
    extra: float = Field(default=1.0, ge=0, le=1000)
    """What a field costs that is not declared, or that the right record does not have."""
    max_chars: int = Field(default=100_000, ge=1, le=MAX_JSON_CHARS)
    """Longer completions score 0."""

    @field_validator("reference")
    @classmethod
    def _is_path(cls, path: str) -> str:
        compile_path(path)
        return path

    def suspicions(self) -> list[str]:
        """Return what is allowed but probably not meant."""
        found = [
            f"{path}: its forms read 03/04 as two days, so such dates score as wrong"
            for path, field in walk(self.fields)
            if isinstance(field, DateField) and ambiguous(field.forms)
        ]
        if not self.extra:
            found.append("extra: 0 makes invented fields free, and policies learn to guess")
        return found


def walk(fields: Mapping[str, AnyField], prefix: str = "") -> Iterator[tuple[str, AnyField]]:
    """Yield the fields of a record and of the records in it, with their paths: `seller.name`."""
    for name, field in fields.items():
        yield f"{prefix}{name}", field
        if isinstance(field, RecordField):
            yield from walk(field.fields, f"{prefix}{name}.")


RecordField.model_rebuild()
RecordConfig.model_rebuild()
