"""What this distribution registers: the folder of its specs."""

from __future__ import annotations

from pathlib import Path

from rft_core import hookimpl


@hookimpl
def rft_register_packs() -> list[Path]:
    """Register the published specs, laid out as in a store of files."""
    return [Path(__file__).parent / "specs"]
