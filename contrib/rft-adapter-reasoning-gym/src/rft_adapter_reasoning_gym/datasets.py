"""reasoning-gym's datasets: by name, with what one has to know about their scorers."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from rft_core.suggest import did_you_mean

Entry = Mapping[str, Any]

_EVALUATORS: Final = frozenset({"eval", "exec", "parse_expr", "sympify"})


class Dataset(Protocol):
    """What is used of a dataset of reasoning-gym."""

    def score_answer(self, answer: str | None, entry: dict[str, Any]) -> float:
        """Return the score of an answer to an entry."""
        ...

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return an entry: question, answer and metadata."""
        ...


def names() -> list[str]:
    """Return the names of the datasets that can be used by themselves."""
    from reasoning_gym.factory import DATASETS

    return sorted(DATASETS.keys() - {"composite"})


def create(name: str, options: Mapping[str, Any]) -> Dataset:
    """Make a dataset. Raises `ValueError` for an unknown name or wrong options."""
    from reasoning_gym.factory import create_dataset

    known = names()
    if name not in known:
        hint = did_you_mean(name, known) or "`rft reasoning-gym list` shows all."
        raise ValueError(f"reasoning-gym has no dataset {name!r}. {hint}")
    try:
        dataset: Dataset = create_dataset(name, **options)
    except (TypeError, ValueError, AssertionError) as error:
        raise ValueError(f"dataset {name!r} does not take these options: {error}") from None
    return dataset


def evaluator(dataset: Dataset) -> str | None:
    """Return what the dataset's scorer evaluates answers with, such as "eval"; None if nothing.

    Found by reading the scorer's source, and that of the methods and functions beside it that it
    calls.
    """
    module = sys.modules[type(dataset).__module__]
    found = set(_calls(type(dataset).score_answer, type(dataset), vars(module), set()))
    return min(found & _EVALUATORS, default=None)


def _calls(
    function: Callable[..., Any], cls: type, beside: Mapping[str, Any], seen: set[str]
) -> Iterator[str]:
    """Yield the names that a function calls, and those that its neighbours call for it."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        name = _called(node)
        if name is None or name in seen:
            continue
        seen.add(name)
        yield name
        neighbour = getattr(cls, name, None) or beside.get(name)
        if inspect.isfunction(neighbour) and neighbour.__module__ == cls.__module__:
            yield from _calls(neighbour, cls, beside, seen)


def _called(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None
