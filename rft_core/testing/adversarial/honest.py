"""Honest completions: what attacks start from, and are compared with."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rft_core.cases import Case
from rft_core.expectations import Expectation, Within
from rft_core.testing.adversarial.attack import Honest
from rft_core.testing.adversarial.verdicts import TOLERANCE
from rft_core.testing.subject import Subject
from rft_core.types import Grade, Item, Sample

MAX_PEERS: Final = 50
"""An honest completion knows so many of other items."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    item: Item
    completion: str
    source: str


def find_honest(
    subject: Subject, cases: Sequence[Case], items: Sequence[Item] = ()
) -> list[Honest]:
    """Return completions that are right and earn it: more than half of the subject's range.

    They are those of cases that are expected to earn so much, and the subject's own reference
    completions of the items (those of the cases too). Of an item's completions those count that
    earn the most.
    """
    candidates = _distinct([*_from_cases(subject, cases), *_references(subject, cases, items)])
    grades = subject.grade([Sample(one.item, one.completion) for one in candidates])
    earned = [
        Honest(one.item, one.completion, grade.score, one.source)
        for one, grade in zip(candidates, grades, strict=True)
        if grade.score is not None and _is_paid(subject, grade)
    ]
    most: dict[str, float] = defaultdict(lambda: -math.inf)
    for one in earned:
        most[one.item.id] = max(most[one.item.id], one.score)
    best = [one for one in earned if one.score >= most[one.item.id] - TOLERANCE]
    return [replace(one, peers=_peers(one, best)) for one in best]


def midpoint(subject: Subject) -> float:
    """Return the middle of the range of scores; of an unbounded one, that of 0 to 1."""
    low, high = subject.score_range
    return (low + high) / 2 if math.isfinite(low + high) else 0.5


def _is_paid(subject: Subject, grade: Grade) -> bool:
    return grade.score is not None and grade.score > midpoint(subject)


def _from_cases(subject: Subject, cases: Iterable[Case]) -> Iterator[_Candidate]:
    for case in cases:
        if _least(case.expected) > midpoint(subject):
            yield _Candidate(case.item, case.completion, f"case {case.id}")


def _least(expected: Expectation) -> float:
    """Return the lowest score that is as expected, -infinity where none is."""
    if isinstance(expected, Within):
        return expected.low
    return expected if isinstance(expected, float) else -math.inf


def _references(
    subject: Subject, cases: Iterable[Case], items: Iterable[Item]
) -> Iterator[_Candidate]:
    known = {id(item): item for item in [*(case.item for case in cases), *items]}
    for item in known.values():
        completion = _reference(subject, item)
        if completion is not None:
            yield _Candidate(item, completion, f"reference of item {item.id}")


def _reference(subject: Subject, item: Item) -> str | None:
    """Return the item's reference completion, None for an item that cannot be graded."""
    try:
        subject.check_item(item)
        return subject.reference_completion(item)
    except (ValueError, LookupError):
        return None


def _distinct(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    found = {(id(one.item), one.completion): one for one in reversed(list(candidates))}
    return list(found.values())[::-1]


def _peers(one: Honest, others: Sequence[Honest]) -> tuple[str, ...]:
    """Return honest completions of other items, none of which is right for this item, too."""
    own = {other.completion.strip() for other in others if other.item.id == one.item.id}
    peers = (other.completion for other in others if other.item.id != one.item.id)
    return tuple(dict.fromkeys(peer for peer in peers if peer.strip() not in own))[:MAX_PEERS]
