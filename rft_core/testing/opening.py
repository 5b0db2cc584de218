"""From a project's section to the subject under test, and what to hold it against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rft_core.cases import Case, read_cases
from rft_core.errors import DatasetError, UsageError
from rft_core.expectations import OutcomeIs
from rft_core.suggest import did_you_mean
from rft_core.task.data import Row
from rft_core.task.selection import configure_grader, read_config
from rft_core.task.spec import CasesSpec
from rft_core.task.task import Task
from rft_core.testing.adversarial.library import SCOPES, classes_of_scopes
from rft_core.testing.examine import Plan
from rft_core.testing.project import Project
from rft_core.testing.subject import GraderSubject, RewardSubject, Subject
from rft_core.types import Item


@contextmanager
def open_grader(
    name: str, project: Project, *, config: str | None = None, cases: Path | None = None
) -> Iterator[tuple[GraderSubject, Plan]]:
    """Yield a grader as its project configures it, and run the service that it needs meanwhile.

    `config` (the text of a `--config` option) and `cases` take the place of the project's own.
    Raises `UsageError`.
    """
    declared = project.config() if config is None else read_config(config)
    place = declared or read_config(None)
    with project.service() as options:
        given = declared is not None or bool(options)
        call = configure_grader(name, place, options, given=given)
        with GraderSubject(call) as subject:
            yield subject, _plan(project, subject, cases, place.value())


@contextmanager
def open_reward(
    task: Task, key: str | None, project: Project, *, cases: Path | None = None
) -> Iterator[tuple[RewardSubject, Plan]]:
    """Yield the reward of a task file that is called `key`. Raises `UsageError`."""
    with RewardSubject(task, key) as subject:
        plan = _plan(project, subject, cases or _own_cases(task, project), subject.config)
        yield subject, replace(plan, cases=_with_prompts(task, plan.cases))


def _own_cases(task: Task, project: Project) -> Path | None:
    """Return the cases that the task trains on, where the project names no others."""
    train = task.spec.data.train
    if project.cases() is not None or not isinstance(train, CasesSpec):
        return None
    return task.base_dir / train.cases


def _plan(
    project: Project, subject: Subject, cases: Path | None, config: Mapping[str, Any]
) -> Plan:
    file = cases or project.cases()
    section = project.section
    _check_accepted(project)
    return Plan(
        cases=read_cases(file, subject.score_range) if file else (),
        cases_file=_label(file, project.folder) if file else None,
        thresholds=section.thresholds,
        accept=section.accept,
        config=config,
        note=section.note,
        folder=project.folder,
        sparing=False if project.has_service else None,
    )


def _check_accepted(project: Project) -> None:
    """Refuse classes that are accepted and not there. Raises `UsageError`."""
    known = [one.cls for one in classes_of_scopes(SCOPES)]
    for cls in project.section.accept:
        if cls not in known:
            raise UsageError(
                f"accept: there is no class of attacks {cls!r}",
                where=str(project.place.source.path) if project.place else None,
                hint=did_you_mean(cls, known),
            )


def _label(file: Path, folder: Path) -> str:
    """Return a file's name as the card shows it: in the project's folder, or alone."""
    path, root = file.resolve(), folder.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _with_prompts(task: Task, cases: Sequence[Case]) -> list[Case]:
    """Return the cases on items as the task makes them of rows, with their prompts."""
    made: dict[int, Item] = {}
    for case in cases:
        if id(case.item) not in made:
            made[id(case.item)] = _item(task, case)
    return [replace(case, item=made[id(case.item)]) for case in cases]


def _item(task: Task, case: Case) -> Item:
    """Return the case's item with its prompt; as it is where it is expected to be refused."""
    try:
        return task.item(Row(case.where, _row(case.item)))
    except DatasetError:
        if case.expected != OutcomeIs("error"):
            raise
        return case.item


def _row(item: Item) -> dict[str, Any]:
    messages = {"messages": list(item.messages)} if item.messages else {}
    return {**item.fields, **messages, "id": item.id}
