"""What this distribution registers: a grader, and the folder of its specs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rft_core import Grader, hookimpl
from rft_pack_extraction.grader import RecordGrader


@hookimpl
def rft_register_graders() -> list[type[Grader[Any]]]:
    """Register the grader."""
    return [RecordGrader]


@hookimpl
def rft_register_packs() -> list[Path]:
    """Register the published specs, laid out as in a store of files."""
    return [Path(__file__).parent / "specs"]
