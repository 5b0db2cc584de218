"""What this distribution registers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rft_core import Grader, hookimpl
from rft_pack_medical.grader import HierarchyGrader


@hookimpl
def rft_register_graders() -> list[type[Grader[Any]]]:
    """Register the grader."""
    return [HierarchyGrader]


@hookimpl
def rft_register_packs() -> list[Path]:
    """Register the folder of published specs."""
    return [Path(__file__).resolve().parent / "specs"]
