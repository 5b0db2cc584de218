"""The drafts of JSON Schema that are understood, and which one a schema is written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urljoin

import jsonschema
import jsonschema_specifications  # type: ignore[import-untyped]
from referencing import Registry, Specification
from referencing.jsonschema import DRAFT7, DRAFT201909, DRAFT202012

from rft_core.suggest import did_you_mean

Schema: TypeAlias = dict[str, Any] | bool
METASCHEMAS: Final[Registry[Any]] = jsonschema_specifications.REGISTRY
"""The metaschemas of every draft, which come with jsonschema."""

DraftName: TypeAlias = Literal["7", "2019-09", "2020-12"]


@dataclass(frozen=True)
class Draft:
    """A draft: its URI in `$schema`, and what the libraries call it.

    `rust` names both the validator class and the draft constant of jsonschema-rs.
    """

    name: DraftName
    uri: str
    validator: type[Any]
    specification: Specification[Any]
    rust: str


DRAFTS: Final[Mapping[str, Draft]] = {
    draft.name: draft
    for draft in (
        Draft(
            "7",
            "http://json-schema.org/draft-07/schema",
            jsonschema.Draft7Validator,
            DRAFT7,
            "Draft7",
        ),
        Draft(
            "2019-09",
            "https://json-schema.org/draft/2019-09/schema",
            jsonschema.Draft201909Validator,
            DRAFT201909,
            "Draft201909",
        ),
        Draft(
            "2020-12",
            "https://json-schema.org/draft/2020-12/schema",
            jsonschema.Draft202012Validator,
            DRAFT202012,
            "Draft202012",
        ),
    )
}
_DEFAULT: Final = DRAFTS["2020-12"]
_BY_URI: Final = {draft.uri: draft for draft in DRAFTS.values()}


def choose_draft(schema: Schema, configured: DraftName | None) -> Draft:
    """Return the configured draft, or the one that `$schema` names, or 2020-12.

    Raises `ValueError` if `$schema` names another one than configured, or none that is known.
    """
    declared = declared_draft(schema, "#")
    if configured is None:
        return declared or _DEFAULT
    chosen = DRAFTS[configured]
    if declared is not None and declared is not chosen:
        raise ValueError(f"draft is {chosen.name}, but the schema's $schema says {declared.name}")
    return chosen


def declared_draft(schema: Schema, where: str) -> Draft | None:
    """Return the draft that `$schema` names, None if it names none; `ValueError` if unknown."""
    uri = schema.get("$schema") if isinstance(schema, dict) else None
    if uri is None:
        return None
    draft = _BY_URI.get(uri.rstrip("#")) if isinstance(uri, str) else None
    if draft is None:
        hint = did_you_mean(str(uri), _BY_URI)
        raise ValueError(f"{where}: $schema {uri!r} is none of the drafts {_names()}. {hint or ''}")
    return draft


def _names() -> str:
    return ", ".join(DRAFTS)


@lru_cache
def known_keywords(name: DraftName) -> AbstractSet[str]:
    """Return the keywords that a draft's metaschema, or the vocabularies it is made of, define."""
    meta = DRAFTS[name].validator.META_SCHEMA
    parts: Sequence[Mapping[str, Any]] = meta.get("allOf", ())
    keywords = set(meta["properties"])
    for part in parts:
        vocabulary: Any = METASCHEMAS.contents(urljoin(meta["$id"], part["$ref"]))
        keywords |= vocabulary["properties"].keys()
    return frozenset(keywords)
