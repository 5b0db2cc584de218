"""A schema with everything needed to judge by it: its draft and the documents it refers to."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, urlsplit

import jsonschema
from jsonschema.exceptions import SchemaError
from referencing import Registry

from rft_grader_jsonschema.drafts import (
    METASCHEMAS,
    Draft,
    DraftName,
    Schema,
    choose_draft,
    declared_draft,
)
from rft_grader_jsonschema.walk import Steps, pointer, walk

_NAMELESS: Final = "urn:rft:schema"
"""The URI of a schema that has no absolute `$id`."""


@dataclass(frozen=True)
class SchemaSource:
    """A checked schema. `resources` are the documents that it may refer to, by URI."""

    root: Schema
    draft: Draft
    resources: Mapping[str, Schema]
    check_formats: bool

    @property
    def uri(self) -> str:
        """The URI under which the schema is known to itself."""
        own = self.root.get("$id") if isinstance(self.root, dict) else None
        return own if isinstance(own, str) and urlsplit(own).scheme else _NAMELESS

    @property
    def documents(self) -> Mapping[str, Schema]:
        """Every document by its URI, the schema itself included."""
        return {**self.resources, self.uri: self.root}

    @cached_property
    def registry(self) -> Registry[Any]:
        """What references resolve to: these documents and the metaschemas. Nothing is fetched."""
        create = self.draft.specification.create_resource
        return METASCHEMAS.with_resources((uri, create(doc)) for uri, doc in self.documents.items())

    def part(self, steps: Steps) -> Schema:
        """Return a schema that judges as the subschema at `steps` does."""
        return {"$ref": self.uri.rstrip("#") + quote(pointer(steps), safe="#/~")}


def make_source(
    root: Schema,
    *,
    draft: DraftName | None = None,
    resources: Mapping[str, Schema] | None = None,
    check_formats: bool = False,
) -> SchemaSource:
    """Check that `root` and `resources` are schemas of one draft.

    Raises `ValueError` saying what is wrong and where.
    """
    chosen = choose_draft(root, draft)
    others = resources or {}
    for where, document in (("schema", root), *others.items()):
        check_schema(document, chosen, where)
    plain = {uri: _without_dialect(document, chosen, uri) for uri, document in others.items()}
    return SchemaSource(_without_dialect(root, chosen, "schema"), chosen, plain, check_formats)


def check_schema(schema: Schema, draft: Draft, where: str) -> None:
    """Raise `ValueError` unless `schema` conforms to the draft's metaschema."""
    try:
        # Formats unchecked: "regex" would hold patterns against Python's syntax.
        draft.validator.check_schema(schema, format_checker=jsonschema.FormatChecker(formats=()))
    except SchemaError as error:
        at = pointer(tuple(error.absolute_path))
        raise ValueError(
            f"{where} is no JSON Schema (draft {draft.name}): at {at}: {error.message[:300]}"
        ) from None
    except RecursionError:
        raise ValueError(f"{where} is nested too deeply for a schema") from None


def _without_dialect(schema: Schema, draft: Draft, where: str) -> Schema:
    """Return `schema` without `$schema`, which has been obeyed, and would switch implementations.

    Raises `ValueError` if a part of it is written in another draft.
    """
    plain = copy.deepcopy(schema)
    for steps, node in walk(plain):
        declared = declared_draft(node, f"{where} {pointer(steps)}")
        if declared not in {None, draft}:
            raise ValueError(
                f"{where} {pointer(steps)}: $schema says draft {declared.name if declared else ''},"
                f" the schema is draft {draft.name}; use one draft"
            )
        node.pop("$schema", None)
    return plain
