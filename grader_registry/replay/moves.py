"""Scores before and after, and what moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from grader_registry.subject import Score
from rft_core.regrade.tally import Ranking, Scores


@dataclass(frozen=True, slots=True)
class Pair:
    """A completion with what it scored before and scores now; `where` names it for messages.

    `group` is what completions of one item share.
    """

    where: str
    group: str
    old: Score
    new: Score

    @property
    def moved(self) -> bool:
        """Whether anything is different, be it the last bit."""
        return self.old != self.new

    @property
    def difference(self) -> float | None:
        """By how much the score rose, None where there is no score each time."""
        if isinstance(self.old, int | float) and isinstance(self.new, int | float):
            return self.new - self.old
        return None

    @property
    def fell(self) -> bool:
        """Whether a score fell or went, or there is another outcome that is no score."""
        if not self.moved:
            return False
        return not isinstance(self.new, int | float) or (self.difference or 0.0) < 0

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        values = {"old": self.old, "new": self.new, "difference": self.difference}
        return {"where": self.where, **values}


@dataclass(frozen=True)
class Moves:
    """All completions that were scored both ways."""

    pairs: Sequence[Pair]

    @cached_property
    def moved(self) -> list[Pair]:
        """What moved: first what is scored no more or was not before, then by size."""
        found = [pair for pair in self.pairs if pair.moved]
        return sorted(found, key=_size, reverse=True)

    @property
    def fell(self) -> list[Pair]:
        """What moved and did not rise."""
        return [pair for pair in self.moved if pair.fell]

    @cached_property
    def ranking(self) -> Ranking:
        """How the order of the completions of an item changed."""
        groups: dict[str, list[tuple[float | None, float | None]]] = {}
        for pair in self.pairs:
            groups.setdefault(pair.group, []).append((_number(pair.old), _number(pair.new)))
        return Ranking.of(groups.values())

    def summary(self) -> dict[str, Any]:
        """Return counts, means, and the largest difference, as plain data."""
        differences = [one.difference for one in self.pairs if one.difference is not None]
        change = Scores.of(differences).summary()["mean"]
        return {
            "compared": len(self.pairs),
            "moved": len(self.moved),
            "rose": len(self.moved) - len(self.fell),
            "fell": len(self.fell),
            "old": Scores.of([word(pair.old) for pair in self.pairs]).summary(),
            "new": Scores.of([word(pair.new) for pair in self.pairs]).summary(),
            "mean_change": change,
            "largest": max(differences, key=abs, default=None),
        }

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        moved = [pair.as_json() for pair in self.moved]
        return {**self.summary(), "moves": moved, "ranking": self.ranking.model_dump()}


def word(score: Score) -> float | str:
    """Return a score, or its outcome in words."""
    return "not applicable" if score is None else score


def paired(
    places: Sequence[tuple[str, str]], old: Sequence[Score], new: Sequence[Score]
) -> list[Pair]:
    """Return pairs of scores; `places` are where and group of each."""
    rows = zip(places, old, new, strict=True)
    return [Pair(where, group, before, after) for (where, group), before, after in rows]


def _size(pair: Pair) -> tuple[bool, float]:
    return pair.difference is None, abs(pair.difference or 0.0)


def _number(score: Score) -> float | None:
    return score if isinstance(score, int | float) else None
