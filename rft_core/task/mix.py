"""Which share of the training prompts each task gets, however many rows it has."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import TypeVar

from rft_core.suggest import did_you_mean
from rft_core.task.source import Place
from rft_core.task.spec import TaskSpec
from rft_core.types import Item

NameT = TypeVar("NameT")


@dataclass(frozen=True)
class Mix:
    """The order in which rows of several tasks are drawn.

    `rows` are the indexes of each task's rows, `weights` the tasks' shares, which need not add up
    to 1. Tasks of weight 0 are in neither.
    """

    rows: Mapping[str, Sequence[int]]
    weights: Mapping[str, float]

    def order(self, epoch: int, positions: int, seed: int | None) -> list[int]:
        """Return the rows at the positions of an epoch, counted from 0.

        It depends on the arguments only. Each task goes through all of its rows before one comes
        again, also from epoch to epoch, in a new order each time; in their own order if `seed` is
        None.
        """
        tasks = interleave(self.weights)
        before = Counter(islice(tasks, epoch * positions))
        drawn = {task: _cycle(rows, seed, before[task]) for task, rows in self.rows.items()}
        return [next(drawn[task]) for task in islice(tasks, positions)]


def interleave(weights: Mapping[NameT, float]) -> Iterator[NameT]:
    """Yield names without end, always the one that is furthest behind its share.

    So no name is ever a whole position ahead of its share. Of equals the first is taken.
    """
    total = sum(weights.values())
    shares = {name: weight / total for name, weight in weights.items()}
    behind = dict.fromkeys(weights, 0.0)
    taken = dict.fromkeys(weights, 0)
    for position in count(1):
        for name, share in shares.items():
            behind[name] = share * position - taken[name]
        name = max(behind, key=behind.__getitem__)
        taken[name] += 1
        yield name


def _cycle(rows: Sequence[int], seed: int | None, start: int) -> Iterator[int]:
    """Go round and round through rows without end, from the one at `start` on."""
    rounds, skipped = divmod(start, len(rows))
    endless = chain.from_iterable(_shuffled(rows, seed, number) for number in count(rounds))
    return islice(endless, skipped, None)


def _shuffled(rows: Sequence[int], seed: int | None, number: int) -> Sequence[int]:
    """Return the rows in the order of a round."""
    if seed is None:
        return rows
    # A text seeds alike on every machine; no two pairs of numbers make the same one.
    generator = random.Random(f"{seed} {number}")  # noqa: S311 - an order, no secret
    return generator.sample(rows, len(rows))


def plan_mix(spec: TaskSpec, root: Place, items: Sequence[Item]) -> Mix | None:
    """Check the section `mix` and find each task's rows; None without the section.

    Raises `TaskFileError`. Without any items, only names and weights are checked.
    """
    if spec.mix is None:
        return None
    place = root / "mix"
    _check_names(spec, spec.mix, place)
    weights = {task: weight for task, weight in spec.mix.items() if weight}
    if not weights:
        raise place.error("every weight is 0, so there is nothing to train on")
    rows: dict[str, list[int]] = {task: [] for task in weights}
    for index, item in enumerate(items):
        if item.task in rows:
            rows[item.task].append(index)
    for task, indexes in rows.items():
        if items and not indexes:
            raise (place / task).error(
                f"there are no training rows of task {task!r}", "Weight 0 leaves a task out."
            )
    return Mix(rows, weights)


def _check_names(spec: TaskSpec, mix: Mapping[str, float], place: Place) -> None:
    if spec.rewards is None:
        raise place.error("only tasks can be mixed", "Use `rewards:`, with a reward for each task.")
    for task in mix:
        if task not in spec.rewards:
            hint = did_you_mean(task, spec.rewards)
            raise (place / task).error(f"there is no reward for task {task!r}", hint)
    if missing := [task for task in spec.rewards if task not in mix]:
        raise place.error(
            f"task {missing[0]!r} has no weight", "Name every task; weight 0 leaves one out."
        )
