"""What a grading adds up to, chunk by chunk: as much memory for a million rows as for ten."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from rft_core.evaluation import distinct_errors
from rft_core.regrade.latency import LatencyHistogram
from rft_core.regrade.moves import Move, encodable, largest, new_value, old_value, rerank
from rft_core.regrade.rows import Before, GivenRow
from rft_core.types import GradedSample

MAX_CAUSES: Final = 20
"""So many different errors of graders are told."""
SCORED: Final = "scored"
MASKED: Final = "masked"


class Tally(BaseModel):
    """Numbers that add up; it is written to disk after every chunk, as JSON."""

    model_config = ConfigDict(ser_json_inf_nan="constants")


class Scores(Tally):
    """Scores, and how many there were of each outcome.

    `parts` have the sum of the scores without loss, so that chunks may be added in any order.
    """

    outcomes: Counter[str] = Field(default_factory=Counter)
    parts: list[float] = []

    @classmethod
    def of(cls, values: Sequence[float | str]) -> Scores:
        """Add up scores, and count outcomes that are given as words."""
        scores = [value for value in values if not isinstance(value, str)]
        outcomes = Counter({SCORED: len(scores)} if scores else {})
        if len(scores) < len(values):
            outcomes.update(value for value in values if isinstance(value, str))
        return cls(outcomes=outcomes, parts=[_sum(scores)] if scores else [])

    def add(self, other: Scores) -> None:
        """Add what another chunk found."""
        self.outcomes += other.outcomes
        for part in other.parts:
            _add_exactly(self.parts, part)

    def summary(self) -> dict[str, Any]:
        """Return mean and counts."""
        scored, total = self.outcomes[SCORED], _sum(self.parts)
        mean = total / scored if scored and math.isfinite(total) else None
        return {"mean": mean, **dict(sorted(self.outcomes.items()))}


class BeforeAfter(Tally):
    """Scores before, of the rows that came with some, and after.

    `change` has the differences, of the rows that were scored both times: where others were not,
    the two means are of different rows, and their difference says nothing.
    """

    before: Scores = Field(default_factory=Scores)
    after: Scores = Field(default_factory=Scores)
    change: Scores = Field(default_factory=Scores)

    @classmethod
    def of(cls, outcomes: Sequence[tuple[float | str | None, float | str]]) -> BeforeAfter:
        """Add up outcomes before (None: the row came with none) and after."""
        return cls(
            before=Scores.of([old for old, _ in outcomes if old is not None]),
            after=Scores.of([new for _, new in outcomes]),
            change=Scores.of(
                [
                    new - old
                    for old, new in outcomes
                    if old is not None and not isinstance(old, str) and not isinstance(new, str)
                ]
            ),
        )

    def add(self, other: BeforeAfter) -> None:
        """Add what another chunk found."""
        self.before.add(other.before)
        self.after.add(other.after)
        self.change.add(other.change)

    def summary(self) -> dict[str, Any]:
        """Return all of them; `before` and `change` only where there is something."""
        before = {"before": self.before.summary()} if self.before.outcomes else {}
        change = {"change": self.change.summary()} if self.change.outcomes else {}
        return {**before, "after": self.after.summary(), **change}


class Moved(Tally):
    """How many rewards were compared and changed, and the largest changes."""

    counts: Counter[str] = Field(default_factory=Counter)
    """compared, moved; of the moved: up, down, masked (now), unmasked (before)."""
    largest: list[Move] = []

    @classmethod
    def of(cls, compared: int, moves: Sequence[Move]) -> Moved:
        """Count moves."""
        kinds = Counter(_direction(move) for move in moves)
        counts = Counter(compared=compared, moved=len(moves)) + kinds
        return cls(counts=counts, largest=largest(moves))

    def add(self, other: Moved) -> None:
        """Add what another chunk found."""
        self.counts += other.counts
        self.largest = largest([*self.largest, *other.largest])


def _direction(move: Move) -> str:
    if move.difference is None:
        return "masked" if move.new is None else "unmasked"
    return "up" if move.difference > 0 else "down"


class Ranking(Tally):
    """How the order of the completions of an item changed; see `rerank`."""

    groups: int = 0
    """Items with at least two completions that had a reward before."""
    reordered: int = 0
    new_best: int = 0
    pairs: int = 0
    discordant: int = 0

    @classmethod
    def of(cls, groups: Iterable[Sequence[tuple[float | None, float | None]]]) -> Ranking:
        """Compare the orders of groups of rewards before and after."""
        found = cls()
        for group in groups:
            if sum(old is not None for old, _ in group) < 2:  # noqa: PLR2004 - one has no order
                continue
            changed = rerank(group)
            found.groups += 1
            found.reordered += changed.discordant > 0
            found.new_best += changed.new_best
            found.pairs += changed.pairs
            found.discordant += changed.discordant
        return found

    def add(self, other: Ranking) -> None:
        """Add what another chunk found."""
        for name in type(self).model_fields:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class GradingTally(Tally):
    """All of it. Graders are named as in the task file, `task/grader` where there are tasks."""

    rows: int = 0
    failed: int = 0
    """Rows whose reward an error of a grader decided."""
    reward: BeforeAfter = Field(default_factory=BeforeAfter)
    tasks: dict[str, BeforeAfter] = {}
    graders: dict[str, BeforeAfter] = {}
    latencies: dict[str, LatencyHistogram] = {}
    moved: Moved = Field(default_factory=Moved)
    ranking: Ranking = Field(default_factory=Ranking)
    causes: list[str] = []

    @classmethod
    def of(
        cls,
        rows: Sequence[GivenRow],
        graded: Sequence[GradedSample],
        moves: Sequence[Move],
        latencies: Mapping[str, Sequence[float]],
    ) -> GradingTally:
        """Sum up a chunk."""
        pairs = [(row.before, one) for row, one in zip(rows, graded, strict=True)]
        compared = [(before, one) for before, one in pairs if before is not None]
        by_task = _by_task(pairs)
        graders = _graders(by_task)
        has_errors = any(scores.after.outcomes["error"] for scores in graders.values())
        return cls(
            rows=len(rows),
            failed=sum(one.failed for one in graded),
            reward=_rewards(pairs),
            tasks={task: _rewards(mine) for task, mine in by_task.items() if task is not None},
            graders=graders,
            latencies={name: LatencyHistogram.of(some) for name, some in latencies.items()},
            moved=Moved.of(len(compared), moves),
            ranking=Ranking.of(_groups(compared)),
            causes=_causes(graded) if has_errors else [],
        )

    def add(self, other: GradingTally) -> None:
        """Add what another chunk found."""
        self.rows += other.rows
        self.failed += other.failed
        self.reward.add(other.reward)
        for task, scores in other.tasks.items():
            self.tasks.setdefault(task, BeforeAfter()).add(scores)
        for name, scores in other.graders.items():
            self.graders.setdefault(name, BeforeAfter()).add(scores)
        for name, seconds in other.latencies.items():
            self.latencies.setdefault(name, LatencyHistogram()).add(seconds)
        self.moved.add(other.moved)
        self.ranking.add(other.ranking)
        self.causes = list(dict.fromkeys([*self.causes, *other.causes]))[:MAX_CAUSES]

    def summary(self) -> dict[str, Any]:
        """Return it all as a JSON object."""
        graders = {name: self._grader(name) for name in self.graders}
        tasks = {task: scores.summary() for task, scores in self.tasks.items()}
        return {
            "rows": self.rows,
            "failed": self.failed,
            "reward": self.reward.summary(),
            **({"tasks": tasks} if tasks else {}),
            "graders": graders,
            "moved": dict(self.moved.counts),
            "largest_moves": [move.model_dump() for move in self.moved.largest],
            "ranking": self.ranking.model_dump(),
            "errors": self.causes,
        }

    def _grader(self, name: str) -> dict[str, Any]:
        seconds = self.latencies[name].summary() if name in self.latencies else {}
        return self.graders[name].summary() | ({"seconds": seconds} if seconds else {})


Pair = tuple[Before | None, GradedSample]


def _rewards(pairs: Sequence[Pair]) -> BeforeAfter:
    return BeforeAfter.of(
        [
            (None if before is None else _word(before.reward), _word(one.reward))
            for before, one in pairs
        ]
    )


def _word(reward: float | None) -> float | str:
    return MASKED if reward is None else reward


def _by_task(pairs: Sequence[Pair]) -> dict[str | None, list[Pair]]:
    tasks: dict[str | None, list[Pair]] = defaultdict(list)
    for pair in pairs:
        tasks[pair[1].task].append(pair)
    return tasks


def _graders(by_task: Mapping[str | None, Sequence[Pair]]) -> dict[str, BeforeAfter]:
    found: dict[str, BeforeAfter] = {}
    for task, mine in by_task.items():
        for name in mine[0][1].grades:
            found[name if task is None else f"{task}/{name}"] = BeforeAfter.of(
                [(_old(before, name), new_value(one.grades[name])) for before, one in mine]
            )
    return found


def _old(before: Before | None, name: str) -> float | str | None:
    return old_value(before.grades[name]) if before and name in before.grades else None


def _groups(
    compared: Sequence[tuple[Before, GradedSample]],
) -> Iterable[list[tuple[float | None, float | None]]]:
    groups: dict[tuple[str | None, str], list[tuple[float | None, float | None]]]
    groups = defaultdict(list)
    for before, one in compared:
        groups[one.task, one.sample.item.id].append((before.reward, one.reward))
    return groups.values()


def _causes(graded: Sequence[GradedSample]) -> list[str]:
    return [encodable(cause) for cause in distinct_errors(graded)[:MAX_CAUSES]]


def _sum(values: Sequence[float]) -> float:
    try:
        return math.fsum(values)
    except OverflowError:  # rewards near the end of what a float can hold
        return math.nan


def _add_exactly(parts: list[float], value: float) -> None:
    """Add to a sum that is kept in parts, none of which has a digit of another.

    J. R. Shewchuk, "Adaptive precision floating-point arithmetic", 1997, GROW-EXPANSION.
    """
    kept = []
    for part in parts:
        large, small = (value, part) if abs(value) > abs(part) else (part, value)
        value = large + small
        if rest := small - (value - large):
            kept.append(rest)
    parts[:] = [*kept, value]
