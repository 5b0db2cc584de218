"""A document with its graders configured, to be graded with; what its cases score."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from grader_registry.document import Document
from grader_registry.materials import resolved, write_files
from rft_core.cases import Case, read_cases
from rft_core.configurable import Permissions
from rft_core.task.build import plan_grader, plan_reward, plan_rollout
from rft_core.task.source import Place, Source
from rft_core.task.spec import DataSpec, TaskSpec
from rft_core.task.task import Task
from rft_core.testing.casework import grade_cases
from rft_core.testing.subject import GraderSubject, RewardSubject, Subject
from rft_core.types import Grade

Score: TypeAlias = float | str | None
"""What a case scored: a number, None for not applicable, or "error"."""

CASES_FILE: Final = "cases.jsonl"


@contextmanager
def opened(document: Document, permissions: Permissions | None = None) -> Iterator[Subject]:
    """Yield the document's grader or reward in a folder of its own.

    Raises `UsageError` if its plugins are not there, or do not take its configs.
    """
    with tempfile.TemporaryDirectory(prefix="rft-spec-") as name:
        folder = Path(name) / "spec"
        write_files(document, folder)
        with subject_in(document, folder, permissions) as subject:
            yield subject


def subject_in(document: Document, folder: Path, permissions: Permissions | None = None) -> Subject:
    """Return the subject of a document whose files lie in `folder`. Raises `UsageError`."""
    place = resolved(
        document, folder, reference=document.title, store="", permissions=permissions
    ).place(folder)
    spec = document.spec
    if spec.grader is not None:
        return GraderSubject(plan_grader(spec.name.rpartition("/")[2], spec.grader, place))
    task = TaskSpec(data=DataSpec(train=CASES_FILE), reward=spec.reward)
    plan = plan_reward(task.reward_specs()[None], place)
    rollout = plan_rollout(task.rollout, Place(Source(folder / "spec.json", {})))
    return RewardSubject(Task(place.source, task, {None: plan}, rollout, (), (), None, None, None))


def cases_of(document: Document, bounds: tuple[float, float]) -> list[Case]:
    """Return a document's cases; scores lie in `bounds`. Raises `DatasetError`."""
    if not document.spec.cases:
        return []
    with tempfile.TemporaryDirectory(prefix="rft-cases-") as name:
        path = Path(name) / CASES_FILE
        path.write_text("".join(json.dumps(case) + "\n" for case in document.spec.cases))
        return read_cases(path, bounds)


def scores(subject: Subject, cases: Sequence[Case]) -> list[Score]:
    """Return what cases score, in order.

    Raises `DatasetError` for a case whose item the subject refuses, unless it expects an error.
    """
    return [score_of(one.grades[0]) for one in grade_cases(subject, cases, repeats=1)]


def score_of(grade: Grade) -> Score:
    """Return a grade as it is published: failures have no text, which differs between machines."""
    return "error" if grade.error is not None else grade.score
