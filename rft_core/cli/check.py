"""`rft check`."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rft_core.cli.common import console, open_task
from rft_core.cli.tables import number
from rft_core.task.check import Probe, check_task
from rft_core.task.task import Task


def check_command(task_file: Path) -> int:
    """Check a task and print what was found; return the exit code."""
    out = console()
    task = open_task(task_file, out)
    counts = f"{len(task.train)} training and {len(task.validation)} validation items"
    out.print(f"{task_file}: {counts}, all columns bound", markup=False, highlight=False)
    _check_training(task, out)
    result = check_task(task)
    _print_probes(out, result.probes)
    for finding in result.findings:
        style = "red" if finding.fatal else "yellow"
        word = "error" if finding.fatal else "warning"
        out.print(f"{word}: {finding.text}", style=style, markup=False)
    fatal = any(finding.fatal for finding in result.findings)
    out.print("This task cannot work as it is." if fatal else "ok")
    return 2 if fatal else 0


def _check_training(task: Task, out: Console) -> None:
    """Check the model and the training settings, where they can be. Raises `UsageError`."""
    if task.spec.model is None:
        out.print("the task names no model; its training settings were not checked")
    elif importlib.util.find_spec("trl") is None:
        out.print("TRL is not installed; model and training settings were not checked")
    else:
        from rft_core.training.requirements import require_training

        require_training()
        from rft_core.training.plan import plan_run

        plan = plan_run(task)
        out.print(f"model {plan.model}, {plan.max_steps()} steps", markup=False, highlight=False)


def _print_probes(out: Console, probes: Sequence[Probe]) -> None:
    table = Table("answer", "mean reward", "full marks", "errors", title="Without a model")
    for probe in probes:
        table.add_row(probe.name, number(probe.mean), f"{probe.full:.0%}", str(probe.errors))
    out.print(table)
