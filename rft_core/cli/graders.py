"""`rft graders list|show`."""

from __future__ import annotations

import inspect
from typing import Any

from rich.table import Column, Table

from rft_core.cli.common import console
from rft_core.options import options
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
    for row in options(found.cls.Config):
        table.add_row(*row)
    out.print(table)


def _first_line(cls: type[Any]) -> str:
    return (inspect.getdoc(cls) or "").split("\n", 1)[0]
