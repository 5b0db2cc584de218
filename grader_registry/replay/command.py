"""`rft registry diff`."""

from __future__ import annotations

import json
from pathlib import Path

from grader_registry.cli.out import Out, plain_errors
from grader_registry.project.settings import Project
from grader_registry.publishing.bump import called_for
from grader_registry.replay.comparison import SHOWN, Comparison, replay
from grader_registry.replay.finding import find_document
from grader_registry.replay.samples import MAX_SAMPLES, Samples, read_samples
from grader_registry.replay.telling import lines_of
from rft_core.cli.common import dataset_reader


def diff_command(old: str, new: str, run: Path | None, project: Path, as_json: bool = False) -> int:
    """Print what is different between two versions; return the exit code. Raises `UsageError`."""
    out = Out()
    with plain_errors():
        found = Project.find(project)
        before, after = (find_document(named, found) for named in (old, new))
        samples = None if run is None else read_samples(run, dataset_reader())
        with out.working("grading with both"):
            comparison = replay(before, after, found.permissions, samples)
        if as_json:
            out.line(json.dumps(comparison.as_json(), indent=2))
        else:
            _print(out, comparison, samples)
    return 0


def _print(out: Out, comparison: Comparison, samples: Samples | None) -> None:
    old, new = comparison.old, comparison.new
    for line in comparison.config or (f"{old.title} and {new.title} say the same",):
        out.line(line, {"+": "green", "-": "red"}.get(line[:1]))
    for note in comparison.notes:
        out.warn(note)
    out.line("cases of both versions:")
    for line in lines_of(comparison.cases, "case", SHOWN):
        out.line(f"  {line}")
    if old.spec.name == new.spec.name:
        out.line(f"this is a {called_for(comparison).bump} change")
    if comparison.samples is None or samples is None:
        return
    out.line("samples of the run:")
    for line in lines_of(comparison.samples, "sample", SHOWN):
        out.line(f"  {line}")
    if not samples.is_all:
        out.warn(f"only the run's first files are graded, up to {MAX_SAMPLES:,} samples")
