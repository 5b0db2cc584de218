"""Progress while a run goes: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from rft_core.cli.tables import number

PLAIN_EVERY: Final = 10
"""Without a terminal one line stands for this many steps."""


class TrainDisplay:
    """Shows the rows of a run's metrics as they come; a context manager."""

    def __init__(self, console: Console, max_steps: int, evaluations: int) -> None:
        """Show `max_steps` steps, and evaluations that take `evaluations` samples each."""
        self.console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._train = self._progress.add_task("train", total=max_steps, facts="")
        self._eval = self._progress.add_task("evaluate", total=evaluations, visible=False, facts="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def row(self, row: Mapping[str, Any]) -> None:
        """Show a row of metrics or a warning."""
        if row["kind"] == "warning":
            self.console.print(f"warning: {row['message']}", style="yellow", markup=False)
        elif row["kind"] == "eval":
            self._progress.update(self._eval, completed=0, visible=False)
            self.console.print(_evaluation_line(row), markup=False, highlight=False)
        else:
            self._progress.update(self._train, completed=row["step"], facts=_train_facts(row))
            if not self.console.is_terminal and row["step"] % PLAIN_EVERY == 0:
                line = f"step {row['step']}: {_train_facts(row)}"
                self.console.print(line, markup=False, highlight=False)

    def sampled(self, count: int) -> None:
        """Show that an evaluation sampled some more completions."""
        self._progress.update(self._eval, advance=count, visible=True)


def _train_facts(row: Mapping[str, Any]) -> str:
    seconds = row["seconds"]
    times = "  ".join(
        f"{name} {seconds[name]:.2f}s" for name in ("generation", "grading", "update")
    )
    return f"{_scores(row)}  |  {times}"


def _evaluation_line(row: Mapping[str, Any]) -> str:
    return f"validation at step {row['step']}: {_scores(row)}"


def _scores(row: Mapping[str, Any]) -> str:
    if "reward" not in row:
        return ""
    parts = [f"reward {number(row['reward']['mean'])}"]
    parts += [f"{name} {number(part)}" for name, part in _parts(row).items()]
    if row["reward"]["masked"]:
        parts.append(f"masked {row['reward']['masked']}")
    return "  ".join(parts)


def _parts(row: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the mean reward of each task, or the mean score of each grader of the only one."""
    if "tasks" in row:
        return {task: found["reward"]["mean"] for task, found in row["tasks"].items()}
    return {name: grader["mean"] for name, grader in row["graders"].items()}
