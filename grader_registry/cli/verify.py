"""`rft registry verify`."""

from __future__ import annotations

from pathlib import Path

from grader_registry.cli.out import Out, plain_errors
from grader_registry.project.settings import Project
from grader_registry.project.verify import verify


def verify_command(folder: Path, *, cases: bool) -> int:
    """Check what a project uses and print what is wrong; return the exit code."""
    out = Out()
    with plain_errors(), out.working("verifying"):
        count, problems = verify(Project.find(folder), cases=cases)
    for one in problems:
        out.line(f"error: {one}", "red")
    if problems:
        out.line(f"{len(problems)} of what is used is not as it was published and locked")
        return 1
    scored = ", their cases score what they scored" if cases else ""
    out.line(f"{count} {'spec is' if count == 1 else 'specs are'} as published and locked{scored}")
    return 0
