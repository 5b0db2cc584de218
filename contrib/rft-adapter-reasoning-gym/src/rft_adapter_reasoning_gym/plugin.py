"""What this distribution registers."""

from __future__ import annotations

from typing import Any

import typer

from rft_adapter_reasoning_gym.commands import app
from rft_adapter_reasoning_gym.grader import ReasoningGym
from rft_core.grader import Grader
from rft_core.hookspecs import hookimpl


@hookimpl
def rft_register_graders() -> list[type[Grader[Any]]]:
    """Register the grader."""
    return [ReasoningGym]


@hookimpl
def rft_register_commands() -> dict[str, typer.Typer]:
    """Register `rft reasoning-gym`."""
    return {"reasoning-gym": app}
