"""`rft graders list|show`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.table import Column, Table

from rft_core.cli.common import console
from rft_core.plugins import plugin_manager


def list_command() -> None:
    """Print the installed graders, and the plugins that are broken."""
    out = console()
    plugins = plugin_manager()
    table = Table("grader", "version", "from", "what it grades")
    for name, found in plugins.graders.items():
        table.add_row(name, found.cls.version, found.distribution, _first_line(found.cls))
    out.print(table)
    for broken in plugins.broken:
        out.print(f"warning: {broken}", style="yellow", markup=False)


def show_command(name: str) -> None:
    """Print a grader's documentation and options. Raises `PluginError` if there is none."""
    out = console()
    plugins = plugin_manager()
    found = plugins.select("grader", plugins.graders, name)
    out.print(f"{found.name} {found.cls.version} ({found.distribution})", highlight=False)
    out.print(inspect.getdoc(found.cls) or "", markup=False, highlight=False)
    table = Table(Column("option", no_wrap=True), "type", "default", "meaning")
    for row in _options(found.cls.Config):
        table.add_row(*row)
    out.print(table)


def _options(config: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each option; those of a section follow it, as `endpoint.base_url`."""
    properties = config.model_json_schema()["properties"]
    for field_name, field in config.model_fields.items():
        key = field.alias or field_name
        name, sections = f"{prefix}{key}", list(_sections(field.annotation))
        kind = "section" if sections else _type(properties.get(key, {}))
        yield name, kind, _default(field), field.description or ""
        for section in sections:
            if section is not config:
                yield from _options(section, f"{name}.")


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a type is made of: a section, the entries of a list, alternatives."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)


def _first_line(cls: type[Any]) -> str:
    return (inspect.getdoc(cls) or "").split("\n", 1)[0]


def _type(described: dict[str, Any]) -> str:
    """Return a JSON schema's type in few words."""
    if "enum" in described:
        return " | ".join(map(str, described["enum"]))
    if "anyOf" in described:
        return " | ".join(_type(option) for option in described["anyOf"])
    if "$ref" in described:
        return str(described["$ref"]).rpartition("/")[2]
    if "items" in described:
        return f"list of {_type(described['items'])}"
    return str(described.get("const", described.get("type", "any")))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    return "{}" if isinstance(default, BaseModel) else json.dumps(default, default=str)
