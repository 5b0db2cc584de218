"""`rft train`."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from rft_core.cli.common import console, open_task
from rft_core.cli.display import TrainDisplay
from rft_core.cli.processes import is_main, is_one_of_several
from rft_core.cli.tables import comparison_table
from rft_core.errors import RunError, UsageError
from rft_core.run.directory import RunDirectory

if TYPE_CHECKING:
    from rft_core.training.callback import StopRequest

ECHO_SECONDS: Final = 5.0
"""A launcher passes the Ctrl-C on that a terminal gave to its processes too; both are one."""


def train_command(task_file: Path | None, output: Path | None, resume: Path | None) -> None:
    """Train, or go on with a run; print how it went and what to do next."""
    out = console() if is_main() else Console(quiet=True)
    directory = RunDirectory.open(resume) if resume else None
    task = open_task(directory.task_file if directory else _given(task_file), out)
    from rft_core.training.requirements import require_training

    require_training()
    from rft_core.training.callback import StopRequest
    from rft_core.training.distributed import Processes
    from rft_core.training.plan import plan_run
    from rft_core.training.run import train

    plan = plan_run(task)
    processes = Processes.launched()
    directory = directory or RunDirectory(
        processes.main(lambda: _new_directory(output, _given(task_file)))
    )
    out.print(f"run: {directory.path}", markup=False, highlight=False)
    stop = StopRequest()
    samples = len(task.validation_items()) * task.spec.evaluate.samples
    with (
        TrainDisplay(out, plan.max_steps(), samples) as display,
        _stop_on_signals(stop, out),
    ):
        try:
            summary = train(
                plan,
                directory,
                resume=resume is not None,
                listener=display.row,
                stop=stop,
                on_sampled=display.sampled,
                processes=processes,
            )
        except (KeyboardInterrupt, RunError):
            out.print(_how_to_go_on(directory), markup=False, highlight=False, soft_wrap=True)
            raise
    if is_main():
        _report(out, directory, summary)
    processes.end()


def _new_directory(output: Path | None, task_file: Path) -> Path:
    return RunDirectory.create(output or _default_output(task_file)).path


def _given(task_file: Path | None) -> Path:
    if task_file is None:
        raise UsageError("give a task file")
    return task_file


def _default_output(task_file: Path) -> Path:
    name = task_file.stem if task_file.stem != "task" else task_file.resolve().parent.name
    return Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"


@contextmanager
def _stop_on_signals(stop: StopRequest, out: Console) -> Iterator[None]:
    """Stop after the current step at the first Ctrl-C or SIGTERM, at once at the second."""
    asked_at: float | None = None

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked_at
        now = time.monotonic()
        if asked_at is not None:
            if is_one_of_several() and now - asked_at < ECHO_SECONDS:
                return
            raise KeyboardInterrupt
        asked_at = now
        stop.requested = True
        out.print("stopping after this step; once more to stop at once", style="yellow")

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _report(out: Console, directory: RunDirectory, summary: Mapping[str, Any]) -> None:
    before, after = summary["baseline"], summary["best"] or summary["last"]
    if before and after and after["step"] > before["step"]:
        names = ("before", f"best (step {after['step']})")
        out.print(comparison_table(before, after, names))
        if (after["reward"]["mean"] or 0.0) <= (before["reward"]["mean"] or 0.0):
            out.print("No checkpoint is better than the model before training.", style="yellow")
    took = f"{summary['steps']} steps, {summary['seconds']:.0f} s"
    out.print(f"{summary['status']}: {took}", markup=False, highlight=False)
    for line in _next_steps(directory, summary):
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _next_steps(directory: RunDirectory, summary: Mapping[str, Any]) -> Iterator[str]:
    yield f"run:        {directory.path}"
    if directory.best.exists():
        yield f"best model: {directory.best}"
    for task in summary.get("tasks", {}):
        if directory.best_of(task).exists():
            yield f"  at {task}: {directory.best_of(task)}"
    if summary["status"] == "stopped":
        yield _how_to_go_on(directory)
        return
    if directory.best.exists():
        yield f"evaluate:   rft eval {directory.task_file} --model {directory.best}"


def _how_to_go_on(directory: RunDirectory) -> str:
    launched = ", launched as before" if is_one_of_several() else ""
    return f"go on:      rft train --resume {directory.path}{launched}"
