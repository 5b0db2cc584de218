"""What several commands share."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from rft_core.task.data import RowReader
from rft_core.task.task import Task, load_task


def console() -> Console:
    """Return the console that commands print to; wide enough for a line where it is no terminal."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=120)


def open_task(path: Path, out: Console) -> Task:
    """Load a task file and show its warnings. Raises `UsageError`."""
    task = load_task(path, _dataset_reader())
    for warning in task.warnings():
        out.print(f"warning: {warning}", style="yellow", markup=False)
    return task


def _dataset_reader() -> RowReader | None:
    import importlib.util

    if importlib.util.find_spec("datasets") is None:
        return None
    from rft_core.training.hub import read_dataset

    return read_dataset
