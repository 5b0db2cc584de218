"""What a new plugin is to be like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT_LICENCE: Final = "Apache-2.0"
DEFAULT_MODEL: Final = "HuggingFaceTB/SmolLM2-135M-Instruct"


@dataclass(frozen=True)
class NewPlugin:
    """What to write. `grader` and `output` follow from `name` where they are None.

    `licence` is an SPDX expression; `model` is what the example trains, as in a task file.
    """

    name: str
    grader: str | None = None
    author: str | None = None
    licence: str = DEFAULT_LICENCE
    model: str = DEFAULT_MODEL
    output: Path | None = None
