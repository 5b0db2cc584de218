"""Reading rows of metrics.jsonl, in which any value may be missing or null."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from rft_core.run.health.warning import GraderFacts

Row: TypeAlias = Mapping[str, Any]
"""A row, or the part of one that is about one task: both have the same keys."""


def number(row: Any, *path: str) -> float | None:
    """Return the finite number that keys lead to; None if there is none."""
    for key in path:
        if not isinstance(row, Mapping):
            return None
        row = row.get(key)
    if isinstance(row, bool) or not isinstance(row, int | float) or not math.isfinite(row):
        return None
    return float(row)


def sections(row: Row) -> Mapping[str, Row]:
    """Return what the row says of each task; of the task "" where it has no several ones."""
    return row.get("tasks") or {"": row}


def grader_label(task: str, name: str) -> str:
    """Return what a grader is called where several tasks may have one of the name."""
    return f"{task}/{name}" if task else name


def known_graders(
    task: str, section: Row, facts: Mapping[str, GraderFacts]
) -> Iterator[tuple[str, GraderFacts, str]]:
    """Return name, facts and label of each grader of a section that facts are known of."""
    for name in section.get("graders") or {}:
        label = grader_label(task, name)
        if label in facts:
            yield name, facts[label], label


def about(task: str) -> str:
    """Return the beginning of a message that is about one task of several."""
    return f"task `{task}`: " if task else ""


def span(first: int, last: int) -> str:
    """Return a range of steps in words."""
    return f"step {first}" if first == last else f"steps {first} to {last}"
