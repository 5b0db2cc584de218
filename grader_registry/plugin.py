"""The registry's hooks: `rft registry …`, and shared specs in task files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rft_core.hookspecs import hookimpl

if TYPE_CHECKING:
    import typer

    from rft_core.task.shared import Resolved


@hookimpl
def rft_register_commands() -> Mapping[str, typer.Typer]:
    """Return the commands of the registry."""
    from grader_registry.cli.app import app

    return {"registry": app}


@hookimpl(trylast=True)  # it refuses what it does not know, so others are asked before
def rft_resolve_spec(reference: str, folder: Path) -> Resolved:
    """Return the locked and vendored spec. Raises `UsageError`; asks no store."""
    from grader_registry.project.resolve import resolve

    return resolve(reference, folder)
