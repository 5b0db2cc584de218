"""Which attacks of a class are tried: a bounded number, as different as can be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from random import Random
from typing import Final, TypeAlias

from rft_core.testing.adversarial.attack import Attack, AttackClass, Honest

MAX_HONEST: Final = 50
"""Attacks of a class start from so many honest completions at most."""

Chosen: TypeAlias = tuple[Attack, Honest]


def choose(cls: AttackClass, honest: Sequence[Honest], most: int, seed: int) -> list[Chosen]:
    """Return at most `most` attacks of a class, the same ones for the same seed.

    First comes one of each kind (its `what`), from changing honest completions, then a second one
    of each, and so on. Hostile attacks come once for each kind, all of them.
    """
    order = list(honest)
    _random(seed, cls.cls).shuffle(order)
    kinds: dict[str, list[Chosen]] = defaultdict(list)
    for attack, one in _generated(cls, order[:MAX_HONEST], seed):
        if attack.wanted != "survive" or not kinds[attack.what]:
            kinds[attack.what].append((attack, one))
    _spread(kinds.values())
    chosen = list(_rounds(kinds.values()))
    once = sum(attack.wanted == "survive" for attack, _ in chosen)
    return chosen[: max(most, once)]


def _generated(cls: AttackClass, honest: Sequence[Honest], seed: int) -> Iterator[Chosen]:
    """Yield attacks, but for repetitions and for what is a right answer after all."""
    right: dict[str, set[str]] = defaultdict(set)
    for one in honest:
        right[one.item.id].add(one.completion.strip())
    seen: set[tuple[str, str]] = set()
    for one in honest:
        only_hostile = False
        for attack in cls.generate(one, _random(seed, cls.cls, one.item.id, one.completion)):
            only_hostile = attack.wanted == "survive"
            key = one.item.id, attack.completion
            is_right = attack.completion.strip() in right[one.item.id]
            if key not in seen and not (is_right and attack.wanted in {"fail", "lower"}):
                seen.add(key)
                yield attack, one
        if only_hostile:  # once each; they are large
            return


def _spread(kinds: Iterable[list[Chosen]]) -> None:
    """Let each kind begin with another honest completion."""
    for place, attacks in enumerate(kinds):
        start = place % len(attacks) if attacks else 0
        attacks[:] = attacks[start:] + attacks[:start]


def _rounds(kinds: Iterable[list[Chosen]]) -> Iterator[Chosen]:
    for round_ in zip_longest(*kinds):
        yield from (chosen for chosen in round_ if chosen is not None)


def _random(*parts: object) -> Random:
    return Random("\0".join(map(str, parts)))  # noqa: S311 - the same attacks each time
