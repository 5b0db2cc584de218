"""Evaluations as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

Row = tuple[str, float | None, float | None]
"""Name, mean, standard deviation over runs."""


def evaluation_table(statistics: Mapping[str, Any]) -> Table:
    """Return one evaluation as a table."""
    table = Table("", "mean", "std")
    for name, mean, std in _rows(statistics):
        table.add_row(name, number(mean), number(std))
    return table


def comparison_table(
    before: Mapping[str, Any], after: Mapping[str, Any], names: tuple[str, str]
) -> Table:
    """Return two evaluations side by side, with the change."""
    table = Table("", *names, "change")
    old = {name: (mean, std) for name, mean, std in _rows(before)}
    for name, mean, std in _rows(after):
        old_mean, old_std = old.get(name, (None, None))
        change = "" if mean is None or old_mean is None else f"{mean - old_mean:+.3f}"
        table.add_row(name, _with_std(old_mean, old_std), _with_std(mean, std), change)
    return table


def _rows(statistics: Mapping[str, Any]) -> Iterator[Row]:
    """Yield all rows; a single run has no deviation."""
    single = statistics["samples"] == 1
    for name, mean, std in _all_rows(statistics):
        yield name, mean, None if single else std


def _all_rows(statistics: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of the whole, and of each task where there are several."""
    tasks = statistics.get("tasks", {})
    yield from _outcome_rows(statistics)
    if not tasks:
        yield from _grader_rows(statistics)
    yield from _sample_rows(statistics)
    for task, of_task in tasks.items():
        for rows in (_outcome_rows, _grader_rows, _pass_rows):
            yield from ((f"{task}: {name.strip()}", m, std) for name, m, std in rows(of_task))


def _outcome_rows(statistics: Mapping[str, Any]) -> Iterator[Row]:
    yield "reward", statistics["reward"]["mean"], statistics["reward"]["std"]
    if statistics["reward"]["masked"]:
        yield "  masked", statistics["reward"]["masked"] / _total(statistics), None


def _grader_rows(statistics: Mapping[str, Any]) -> Iterator[Row]:
    for name, grader in statistics["graders"].items():
        yield name, grader["mean"], grader["std"]
        if "error" in grader:
            yield f"  {name} failed", grader["error"] / _total(statistics), None


def _pass_rows(statistics: Mapping[str, Any]) -> Iterator[Row]:
    for k, value in statistics["pass_at"].items():
        yield f"pass@{k}", value, None


def _sample_rows(statistics: Mapping[str, Any]) -> Iterator[Row]:
    yield from _pass_rows(statistics)
    yield f"best of {statistics['samples']}", statistics["best_of_k"], None
    yield "tokens", statistics["num_tokens"], None
    yield "cut off", statistics["clipped"], None


def _total(statistics: Mapping[str, Any]) -> int:
    total: int = statistics["items"] * statistics["samples"]
    return total


def number(value: float | None) -> str:
    """Return a number for a table."""
    return "-" if value is None else f"{value:.3f}"


def _with_std(mean: float | None, std: float | None) -> str:
    return number(mean) if std is None else f"{number(mean)} ± {number(std)}"
