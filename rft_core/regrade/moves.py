"""Samples whose reward changed, and the groups that are ranked otherwise now."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
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

    `graders` holds the changes of graders that graded it both times. If there are none, weights,
    formula, gates or shapers changed, or other graders graded it.
    """

    where: str
    item: str
    old: float | None
    new: float | None
    difference: float | None
    graders: dict[str, Change]


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
) -> dict[str, Change]:
    changes = {}
    for name, grade in after.items():
        if name not in before:
            continue
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
    both = [(old, new) for old, new in rewards if old is not None and new is not None]
    pairs, discordant = _discordant(sorted(both))
    return Reranked(pairs, discordant, _has_new_best(rewards))


def _discordant(ordered: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """Count pairs with different rewards before, and those of them that are reversed."""
    lower: list[float] = []
    """New rewards of what was worse before, sorted."""
    pairs = discordant = 0
    for _, equals in groupby(ordered, key=itemgetter(0)):
        news = [new for _, new in equals]
        pairs += len(lower) * len(news)
        discordant += sum(len(lower) - bisect_right(lower, new) for new in news)
        for new in news:
            insort(lower, new)
    return pairs, discordant


def _has_new_best(rewards: Sequence[tuple[float | None, float | None]]) -> bool:
    before = _best([old for old, _ in rewards])
    after = _best([new for _, new in rewards])
    return bool(before and after) and not before & after


def _best(rewards: Sequence[float | None]) -> set[int]:
    known = [reward for reward in rewards if reward is not None]
    top = max(known, default=None)
    return {i for i, reward in enumerate(rewards) if reward is not None and reward == top}
