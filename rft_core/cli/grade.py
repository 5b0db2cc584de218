"""`rft grade`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rft_core.cli.common import console, dataset_reader, open_task
from rft_core.cli.grade_report import print_report
from rft_core.errors import UsageError
from rft_core.regrade.regrade import Grading, Outcome, Stop, grade
from rft_core.regrade.source import CHUNK_BYTES, FileSource, Source, open_source
from rft_core.regrade.tally import GradingTally
from rft_core.task.task import Task

PLAIN_EVERY: Final = 60.0
"""Seconds between lines of progress where there is no terminal."""
SERVICE_ROWS: Final = 256
"""Rows of a part where a grader asks a service: parts are what is shown, stopped and kept."""
EXIT_CODES: Final = {"done": 0, "stopped": 0, "failed": 1}


@dataclass(frozen=True)
class GradeRequest:
    """The options of the command."""

    source: Path
    task: Path | None
    output: Path | None
    executor: str | None
    workers: int | None


def grade_command(request: GradeRequest) -> int:
    """Grade a file or a run, print what changed, and return the exit code."""
    out = console()
    source = open_source(request.source)
    task_file = _task_file(request, source)
    # A run's items are looked up by id, so its data is checked before anything is graded.
    task = open_task(task_file, out, data=not isinstance(source, FileSource))
    if isinstance(source, FileSource) and _graders_with_limits(task):
        source.chunk_rows = SERVICE_ROWS
    output = request.output or _default_output(source, task_file)
    executor, workers = _executor(request, source, task)
    if executor == "process" and (kept := _graders_with_limits(task)):
        names = ", ".join(kept)
        text = f"each of the {workers} workers has limits and a budget of its own for: {names}"
        out.print(f"warning: {text}", style="yellow", markup=False)
    grading = Grading(source, task, output, executor, workers, dataset_reader())
    out.print(f"output: {output}", markup=False, highlight=False, soft_wrap=True)
    stop = Stop()
    with _Display(out, source) as display, _stop_on_signals(stop, out):
        outcome = grade(grading, stop, display.show)
    _print_end(out, outcome, output)
    return EXIT_CODES[outcome.status]


def _task_file(request: GradeRequest, source: Source) -> Path:
    if request.task is not None:
        return request.task
    own = request.source / "task.yaml"
    if isinstance(source, FileSource) or not own.is_file():
        raise UsageError("which reward is to grade it?", hint="Give a task file: --task task.yaml.")
    return own


def _default_output(source: Source, task_file: Path) -> Path:
    if isinstance(source, FileSource):
        return source.path.with_name(f"{source.path.name}.graded")
    name = task_file.stem if task_file.stem != "task" else task_file.resolve().parent.name
    return source.path / "regrades" / name


def _executor(request: GradeRequest, source: Source, task: Task) -> tuple[str, int]:
    """Choose the executor and the number of workers where they are not given.

    One process for little data, and for graders whose limits hold within a process.
    """
    many = source.total_bytes > CHUNK_BYTES and not _graders_with_limits(task)
    parallel = request.workers is not None or many
    executor = request.executor or ("process" if parallel else "inline")
    if request.workers is not None:
        return executor, request.workers
    return executor, 1 if executor in {"inline", "thread"} else os.cpu_count() or 1


def _graders_with_limits(task: Task) -> list[str]:
    """Return the graders that ask services: their limits per minute and budgets are a process's."""
    calls = (call for plan in task.rewards.values() for call in plan.calls.values())
    return [c.key for c in calls if c.grader.paid or c.grader.whole_batches or c.grader.is_async()]


@contextmanager
def _stop_on_signals(stop: Stop, out: Console) -> Iterator[None]:
    """Stop after the chunks in flight at the first Ctrl-C or SIGTERM, at once at the second."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True
        out.print("finishing what is in flight; once more to stop at once", style="yellow")

    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Display:
    """A bar over the source's bytes, with the rate in rows; a context manager."""

    def __init__(self, out: Console, source: Source) -> None:
        self._out = out
        self._bar = Progress(
            TextColumn("grading"),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:3.0f} %  {task.fields[facts]}"),
            TimeRemainingColumn(),
            console=out,
            disable=not out.is_terminal,
        )
        self._shown = self._bar.add_task("", total=source.total_bytes, facts="")
        self._told: set[str] = set()
        self._began: tuple[float, int] | None = None
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, graded_bytes: int, tally: GradingTally) -> None:
        """Show how far it is, and each error of a grader once."""
        if self._began is None:  # what an earlier process graded is not in the rate
            self._began = (time.monotonic(), tally.rows)
        since, rows = self._began
        rate = (tally.rows - rows) / max(time.monotonic() - since, 1e-9)
        facts = f"{tally.rows:,} rows  {rate:,.0f}/s"
        self._bar.update(self._shown, completed=graded_bytes, facts=facts)
        if not self._out.is_terminal and time.monotonic() - self._last_line > PLAIN_EVERY:
            self._last_line = time.monotonic()
            self._out.print(f"graded {facts}", markup=False, highlight=False)
        for cause in tally.causes:
            if cause not in self._told:
                self._told.add(cause)
                self._out.print(f"warning: {cause}", style="yellow", markup=False, soft_wrap=True)


def _print_end(out: Console, outcome: Outcome, output: Path) -> None:
    print_report(out, outcome.tally)
    out.print(f"written to {output}", markup=False, highlight=False, soft_wrap=True)
    if outcome.status == "stopped":
        why = f": {outcome.why}" if outcome.why else ""
        text = f"stopped{why}; the same command goes on from here"
        out.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)
    if outcome.status == "failed":
        text = "failed: graders failed on more rows than max_error_rate allows"
        out.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
