"""The words of the adversarial library: honest completions, attacks on them, and what they earned.

A family's generators turn an honest completion into attacks. Each attack says what a good grader
makes of it, as compared with the honest completion of the same item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias, TypeVar

from rft_core.types import Family, Grade, Item

Scope: TypeAlias = Family | Literal["composite", "any"]
"""Whom a class of attacks is for: "any" grader, those of one family, or composed rewards."""

Wanted: TypeAlias = Literal["fail", "lower", "no_more", "pass", "survive"]
"""What a good grader makes of an attack.

* fail: at most half of what the honest completion earns above the lowest score;
* lower: less than the honest completion;
* no_more: at most what the honest completion earns;
* pass: as much as the honest completion, which it is in other writing;
* survive: an answer in time, whatever it is.
"""

Verdict: TypeAlias = Literal["held", "fooled", "missed", "broke", "skipped"]
"""What became of an attack.

* held: as wanted;
* fooled: it was paid what it does not deserve;
* missed: it was not paid what it deserves;
* broke: the grader failed (an error outcome);
* skipped: the grader does not apply, or the honest completion earned nothing to compare with.
"""


@dataclass(frozen=True, slots=True)
class Honest:
    """A right completion of an item, the score that it earned, and where it is from.

    `peers` are honest completions of other items, for attacks that need wrong answers in the right
    form.
    """

    item: Item
    completion: str
    score: float
    source: str
    peers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Attack:
    """One completion of the honest completion's item.

    `cls` names the class, such as "M1" of the catalogue or the mutation "drop"; `what` says in a
    few words what it does.
    """

    cls: str
    what: str
    completion: str
    wanted: Wanted


Generator: TypeAlias = Callable[[Honest, Random], Iterable[Attack]]
"""Yields attacks on an honest completion; the same ones for the same random state."""


@dataclass(frozen=True, slots=True)
class AttackClass:
    """A class of attacks, its title, whom it is for and what makes them."""

    cls: str
    title: str
    scope: Scope
    generate: Generator


Changes: TypeAlias = Iterable[tuple[str, str]]
"""What is done, and the completion (or the answer in it) that comes of it."""

TakenApartT = TypeVar("TakenApartT")


def generator(
    cls: str,
    wanted: Wanted,
    take_apart: Callable[[Honest], TakenApartT | None],
    change: Callable[[TakenApartT, Random], Changes],
) -> Generator:
    """Return what changes honest completions that can be taken apart, and passes over others."""

    def generate(honest: Honest, random: Random) -> Iterator[Attack]:
        parts = take_apart(honest)
        if parts is not None:
            for what, completion in change(parts, random):
                yield Attack(cls, what, completion, wanted)

    return generate


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attack, what it earned, and what that means."""

    attack: Attack
    honest: Honest
    grade: Grade
    verdict: Verdict
