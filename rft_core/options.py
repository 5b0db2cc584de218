"""The options of a grader, shaper or rollout, as rows of a table: read off its config's schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo


class Option(NamedTuple):
    """One option; `default` is JSON, or "required"."""

    name: str
    type: str
    default: str
    meaning: str


def options(config: type[BaseModel]) -> list[Option]:
    """Return the options in order; those of a section follow it, as `endpoint.base_url`."""
    return list(_options(config, ""))


def _options(config: type[BaseModel], prefix: str) -> Iterator[Option]:
    properties = config.model_json_schema()["properties"]
    for field_name, field in config.model_fields.items():
        key = field.alias or field_name
        name, sections = f"{prefix}{key}", list(_sections(field.annotation))
        kind = "section" if sections else _type(properties.get(key, {}))
        meaning = " ".join((field.description or "").split())
        yield Option(name, kind, _default(field), meaning)
        for section in sections:
            if section is not config:
                yield from _options(section, f"{name}.")


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a type is made of: a section, the entries of a list, alternatives."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)


def _type(described: dict[str, Any]) -> str:
    """Return a JSON schema's type in few words."""
    if "enum" in described:
        return " | ".join(map(str, described["enum"]))
    if "anyOf" in described:
        return " | ".join(_type(option) for option in described["anyOf"])
    if "$ref" in described:
        return str(described["$ref"]).rpartition("/")[2]
    if "prefixItems" in described:
        return f"[{', '.join(map(_type, described['prefixItems']))}]"
    if "items" in described:
        return f"list of {_type(described['items'])}"
    return str(described.get("const", described.get("type", "any")))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    return "{}" if isinstance(default, BaseModel) else json.dumps(default, default=str)
