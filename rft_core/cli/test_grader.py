"""`rft graders test`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from rft_core.cli.common import console, open_task
from rft_core.cli.late_progress import late_progress
from rft_core.cli.readme_card import ReadmeCard
from rft_core.cli.test_report import print_card, say
from rft_core.errors import UsageError
from rft_core.plugins import plugin_manager
from rft_core.run.directory import write_atomically
from rft_core.testing.card import GradeCard, write_json
from rft_core.testing.card_markdown import write_markdown
from rft_core.testing.examine import Plan, examine
from rft_core.testing.opening import open_grader, open_reward
from rft_core.testing.project import (
    Project,
    find_project,
    find_reward_project,
    read_project,
    similar,
)
from rft_core.testing.subject import Subject


@dataclass(frozen=True)
class TestRequest:
    """The options of the command: a grader's `name`, or a `task` with the name of its `reward`."""

    name: str | None
    config: str | None = None
    cases: Path | None = None
    project: Path | None = None
    card: Path | None = None
    readme: Path | None = None
    task: Path | None = None
    reward: str | None = None

    def check(self) -> None:
        """Refuse options that do not go together. Raises `UsageError`."""
        if (self.name is None) == (self.task is None):
            raise UsageError("give either a grader's name or --task TASK.yaml")
        of_graders = {"--config": self.config, "--project": self.project}
        if self.task is not None:
            for option in (key for key, value in of_graders.items() if value is not None):
                raise UsageError(f"{option} is for graders; a task file has its own options")
        elif self.reward is not None:
            raise UsageError("--reward names a reward of --task TASK.yaml")
        if self.card is not None and self.card.exists() and not self.card.is_dir():
            raise UsageError("it is no folder", where=f"--card {self.card}")


def test_command(request: TestRequest) -> int:
    """Test a grader or a reward, print what was found, write cards; return the exit code."""
    out = console()
    request.check()
    with _opened(request, out) as (subject, plan):
        readme = ReadmeCard(request.readme, subject.name) if request.readme else None
        card = _examine(subject, plan, out)
    print_card(out, card)
    if request.card is not None:
        _write(request.card, card, out)
    if readme is not None:
        readme.write(write_markdown(card))
        say(out, f"written into {readme.path}")
    return 0 if card.passed else 1


@contextmanager
def _opened(request: TestRequest, out: Console) -> Iterator[tuple[Subject, Plan]]:
    if request.task is not None:
        task = open_task(request.task, out, data=False)
        project = find_reward_project(request.task)
        with open_reward(task, request.reward, project, cases=request.cases) as reward:
            yield reward
        return
    name = str(request.name)
    project = _project(name, request.project, out)
    with open_grader(name, project, config=request.config, cases=request.cases) as (subject, plan):
        for warning in subject.call.grader.warnings():
            say(out, f"warning: {warning}", "yellow")
        yield subject, plan


def _project(name: str, folder: Path | None, out: Console) -> Project:
    plugins = plugin_manager()
    found = plugins.select("grader", plugins.graders, name)
    if folder is not None:
        return read_project(name, folder)
    project = find_project(name, start=Path(), owner=found.distribution)
    if project.place is not None:
        say(out, f"project: {project.place.source.path}")
        return project
    hint = similar(name, Path())
    text = f"no pyproject.toml has [tool.rft.graders.{name}], so the defaults count"
    say(out, f"warning: {text}" + (f". {hint}" if hint else ""), "yellow")
    return project


def _examine(subject: Subject, plan: Plan, out: Console) -> GradeCard:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with late_progress(out, *columns) as bar:
        return examine(subject, plan, _Teller(bar).tell)


class _Teller:
    """Shows which phase is under way, and how many gradings it did."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("")
        self._done: dict[str, int] = {}

    def tell(self, phase: str, count: int) -> None:
        """Take note of some more gradings."""
        self._done[phase] = self._done.get(phase, 0) + count
        done = f": {self._done[phase]} graded" if self._done[phase] else ""
        self._bar.update(self._task, description=f"{phase}{done}")


def _write(folder: Path, card: GradeCard, out: Console) -> None:
    stem = Path(card.name).name  # a reward may be called anything
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, text in ((".json", write_json(card)), (".md", write_markdown(card))):
            path = folder / f"{stem}.card{suffix}"
            write_atomically(path, text.split("\n")[:-1])
            say(out, f"written to {path}")
    except OSError as error:
        raise UsageError(error.strerror or str(error), where=f"--card {folder}") from None
