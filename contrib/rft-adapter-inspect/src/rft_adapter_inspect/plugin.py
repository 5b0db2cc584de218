"""What this distribution registers."""

from __future__ import annotations

from typing import Any

from rft_adapter_inspect.grader import InspectGrader
from rft_core.grader import Grader
from rft_core.hookspecs import hookimpl


@hookimpl
def rft_register_graders() -> list[type[Grader[Any]]]:
    """Register the grader."""
    return [InspectGrader]
