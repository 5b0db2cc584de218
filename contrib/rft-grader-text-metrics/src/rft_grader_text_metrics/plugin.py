"""What this distribution registers."""

from __future__ import annotations

from typing import Any

from rft_core import Grader, hookimpl
from rft_grader_text_metrics.bleu import BleuGrader
from rft_grader_text_metrics.meteor import MeteorGrader
from rft_grader_text_metrics.rouge import RougeGrader


@hookimpl
def rft_register_graders() -> list[type[Grader[Any]]]:
    """Register the graders."""
    return [BleuGrader, RougeGrader, MeteorGrader]
