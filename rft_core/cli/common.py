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


def open_task(path: Path, out: Console, *, data: bool = True) -> Task:
    """Load a task file, without `data` not its datasets, and show its warnings.

    Raises `UsageError`.
    """
    task = load_task(path, dataset_reader(), data=data)
    for warning in task.warnings():
        out.print(f"warning: {warning}", style="yellow", markup=False)
    return task


def dataset_reader() -> RowReader | None:
    """Return what reads Hugging Face datasets, None if their library is not installed."""
    import importlib.util

    if importlib.util.find_spec("datasets") is None:
        return None
    from rft_core.training.hub import read_dataset

    return read_dataset
