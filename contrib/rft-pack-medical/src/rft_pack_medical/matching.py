"""One-to-one pairs of named and expected codes, as good as they can be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from rft_pack_medical.system import LEVELS, Place


class Pair(NamedTuple):
    """A named code, the expected one that it stands for, and the deepest level they share."""

    named: Place
    expected: Place
    level: int


def match(named: Sequence[Place], expected: Sequence[Place]) -> list[Pair]:
    """Pair codes so that no other pairing has a higher sum of credits.

    Pairs are made level by level, the deepest first. That is the best assignment for any credits
    that do not fall with depth: in a tree, what two codes share with a third they share with each
    other, so breaking up a deep pair never gains more elsewhere than it loses.
    """
    pairs: list[Pair] = []
    left, right = list(named), list(expected)
    for level in reversed(range(len(LEVELS))):
        waiting: dict[str, list[Place]] = defaultdict(list)
        for one in reversed(right):
            waiting[one[level]].append(one)
        unpaired = []
        for one in left:
            if waiting[one[level]]:
                pairs.append(Pair(one, waiting[one[level]].pop(), level))
            else:
                unpaired.append(one)
        left = unpaired
        right = [one for rest in waiting.values() for one in reversed(rest)]
    return pairs
