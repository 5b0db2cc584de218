"""Graders with one defect each, and what the test kit is to say of them.

Those of `semantic` keep the contract and reward the wrong thing: attacks find them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rft_core import Grader


@dataclass(frozen=True)
class Seeded:
    """A faulty grader; a check or class of attacks named in `expected` is to find the defect.

    `rows` are fields of items with a right and a wrong completion.
    """

    cls: type[Grader[Any]]
    expected: frozenset[str]
    config: dict[str, Any] = field(default_factory=dict)
    rows: tuple[tuple[dict[str, Any], str, str], ...] = ()

    def __str__(self) -> str:
        return self.cls.name


TEXT_ROWS = (
    ({"question": "The capital of France?", "answer": "Paris"}, "Paris", "Lyon"),
    ({"question": "The largest animal?", "answer": "blue whale"}, "blue whale", "a mouse"),
    ({"question": "Six times seven?", "answer": "42"}, "42", "41"),
)
JSON_ROWS = (
    ({"labels": ["law", "trade"]}, '{"labels": ["trade", "law"]}', '{"labels": ["food"]}'),
    ({"labels": ["food"]}, '{"labels": ["food"]}', '{"labels": ["law", "trade"]}'),
)


def right(sample: Any) -> bool:
    """Whether the completion is the row's answer."""
    return bool(sample.text.strip() == sample.item.fields["answer"])


def right_score(sample: Any) -> float:
    """Return 1.0 or 0.0."""
    return float(right(sample))
