"""`rft graders list|show`."""

from __future__ import annotations

import inspect
import json
from typing import Any

from pydantic.fields import FieldInfo
from rich.table import Table

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
    table = Table("option", "type", "default", "meaning")
    schema = found.cls.Config.model_json_schema()
    for field_name, field in found.cls.Config.model_fields.items():
        key = field.alias or field_name
        described = schema["properties"].get(key, {})
        table.add_row(key, _type(described), _default(field), field.description or "")
    out.print(table)


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
    return str(described.get("type", "any"))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return json.dumps(field.get_default(call_default_factory=True), default=str)
