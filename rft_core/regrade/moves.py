"""Samples whose reward changed, and the groups that are ranked otherwise now."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, Final

from pydantic import BaseModel

from rft_core.regrade.rows import Before
from rft_core.types import Grade, GradedSample

LARGEST: Final = 10
"""So many of the largest moves are kept."""
MAX_REASON: Final = 200


class Change(BaseModel):
    """A grader's score before and after; a word stands for an outcome that is no score."""

    old: float | str
    new: float | str
    reason: str | None = None


class Move(BaseModel):
    """A sample whose reward changed; None stands for masked.

    `graders` holds the changes of graders that graded it both times, None if none did. If it is
    empty, weights, formula, gates, shapers or another set of graders changed the reward.
    """

    where: str
    item: str
    old: float | None
    new: float | None
    difference: float | None
    graders: dict[str, Change] | None


def is_moved(old: float | None, new: float | None) -> bool:
    """Whether a reward changed by more than rounding, or came or went."""
    if old is None or new is None:
        return old is not new
    return old != new and not math.isclose(old, new, rel_tol=1e-9, abs_tol=1e-12)


def move_of(where: str, before: Before, graded: GradedSample) -> Move:
    """Return what changed, for a sample that `is_moved`."""
    old, new = before.reward, graded.reward
    return Move(
        where=encodable(where),
        item=encodable(graded.sample.item.id),
        old=old,
        new=new,
        difference=None if old is None or new is None else new - old,
        graders=_changes(before.grades, graded.grades),
    )


def _changes(
    before: Mapping[str, Mapping[str, Any] | None], after: Mapping[str, Grade | None]
) -> dict[str, Change] | None:
    both_times = [name for name in after if name in before]
    if not both_times:
        return None
    changes = {}
    for name in both_times:
        grade = after[name]
        old, new = old_value(before[name]), new_value(grade)
        both = isinstance(old, float) and isinstance(new, float)
        if is_moved(old, new) if both else old != new:  # type: ignore[arg-type]
            reason = grade.reason if grade else None
            short = encodable(reason[:MAX_REASON]) if reason else None
            changes[name] = Change(old=old, new=new, reason=short)
    return changes


def encodable(text: str) -> str:
    """Return the text with lone surrogates escaped, which completions may hold."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def old_value(record: Mapping[str, Any] | None) -> float | str:
    """Return a logged grade's score, or its outcome in words."""
    if record is None:
        return "not run"
    if record.get("error"):
        return "error"
    score = record.get("score")
    return "not applicable" if score is None else float(score)


def new_value(grade: Grade | None) -> float | str:
    """Return a grade's score, or its outcome in words."""
    if grade is None:
        return "not run"
    if grade.error is not None:
        return "error"
    return "not applicable" if grade.score is None else grade.score


def largest(moves: Iterable[Move]) -> list[Move]:
    """Return the moves with the largest differences, the first of equal ones first."""
    return heapq.nlargest(
        LARGEST,
        (move for move in moves if move.difference is not None),
        key=lambda move: abs(move.difference or 0.0),
    )


@dataclass(frozen=True)
class Reranked:
    """How the order of one item's completions changed.

    `pairs` have two rewards each time, and differing ones before; `discordant` ones are the other
    way round now. `new_best`: none of the best before is among the best now.
    """

    pairs: int
    discordant: int
    new_best: bool


def rerank(rewards: Sequence[tuple[float | None, float | None]]) -> Reranked:
    """Compare the order of rewards before with that after; masked ones are None."""
    before, after = _levels([old for old, _ in rewards]), _levels([new for _, new in rewards])
    levels = list(zip(before, after, strict=True))
    both = [(old, new) for old, new in levels if old is not None and new is not None]
    pairs, discordant = _discordant(sorted(both))
    return Reranked(pairs, discordant, _has_new_best(levels))


def _levels(rewards: Sequence[float | None]) -> list[int | None]:
    """Return the places of rewards by size; what differs by rounding only has one place."""
    known = sorted({reward for reward in rewards if reward is not None})
    level = 0
    levels: dict[float | None, int | None] = {None: None}
    for below, reward in pairwise([-math.inf, *known]):
        level += is_moved(below, reward)
        levels[reward] = level
    return [levels[reward] for reward in rewards]


def _discordant(ordered: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Count pairs on different levels before, and those of them that are reversed."""
    lower: list[int] = []
    """New levels of what was worse before, sorted."""
    pairs = discordant = 0
    for _, equals in groupby(ordered, key=itemgetter(0)):
        news = [new for _, new in equals]
        pairs += len(lower) * len(news)
        discordant += sum(len(lower) - bisect_right(lower, new) for new in news)
        for new in news:
            insort(lower, new)
    return pairs, discordant


def _has_new_best(levels: Sequence[tuple[int | None, int | None]]) -> bool:
    before = _best([old for old, _ in levels])
    after = _best([new for _, new in levels])
    return bool(before and after) and not before & after


def _best(levels: Sequence[int | None]) -> set[int]:
    top = max((level for level in levels if level is not None), default=None)
    return {i for i, level in enumerate(levels) if level is not None and level == top}
