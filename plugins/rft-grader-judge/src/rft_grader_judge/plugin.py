"""What this distribution adds to rft-core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rft_core.grader import Grader
from rft_core.hookspecs import hookimpl


@hookimpl
def rft_register_graders() -> list[type[Grader[Any]]]:
    """Register the grader `judge`."""
    from rft_grader_judge.grader import JudgeGrader  # imports the OpenAI client

    return [JudgeGrader]


@hookimpl
def rft_run_started(run_dir: Path) -> None:
    """Count tokens and cost for this run, going on from what a resumed one has used."""
    from rft_grader_judge.ledger import ledger

    ledger.open_run(run_dir)


@hookimpl
def rft_run_finished() -> None:
    """Stop counting for this run."""
    from rft_grader_judge.ledger import ledger

    ledger.close_run()
