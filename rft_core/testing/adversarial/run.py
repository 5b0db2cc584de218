"""Tries attacks on a subject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from rft_core.testing.adversarial.attack import AttackClass, Honest, Outcome
from rft_core.testing.adversarial.choose import Chosen, choose
from rft_core.testing.adversarial.hostile import HostileGrading
from rft_core.testing.adversarial.library import classes_for
from rft_core.testing.adversarial.verdicts import judge
from rft_core.testing.subject import Subject
from rft_core.types import Grade, Sample

PER_CLASS: Final = 12
"""So many attacks of a class are tried at most."""

OnGraded: TypeAlias = Callable[[AttackClass, Sequence[Outcome]], None]
"""Told of each class when it is done."""


def run_attacks(
    subject: Subject,
    honest: Sequence[Honest],
    classes: Sequence[AttackClass] | None = None,
    *,
    per_class: int = PER_CLASS,
    seed: int = 0,
    on_graded: OnGraded | None = None,
) -> list[Outcome]:
    """Try attacks of every class that suits the subject, or of the given ones.

    The attacks and their order are the same for the same honest completions and seed. Hostile ones
    are graded apart from the others, under a deadline of their own.
    """
    tried = classes_for(subject) if classes is None else classes
    outcomes: list[Outcome] = []
    with HostileGrading(subject) as hostile:
        for cls in tried:
            chosen = choose(cls, honest, per_class, seed)
            grades = _grade(subject, hostile, chosen)
            low = subject.score_range[0]
            done = [judge(*one, grade, low) for one, grade in zip(chosen, grades, strict=True)]
            outcomes += done
            if on_graded is not None:
                on_graded(cls, done)
    return outcomes


def _grade(subject: Subject, hostile: HostileGrading, chosen: Sequence[Chosen]) -> list[Grade]:
    samples = [Sample(honest.item, attack.completion) for attack, honest in chosen]
    apart = [attack.wanted == "survive" for attack, _ in chosen]
    plain = subject.grade([s for s, is_apart in zip(samples, apart, strict=True) if not is_apart])
    risky = hostile.grade([s for s, is_apart in zip(samples, apart, strict=True) if is_apart])
    of_plain, of_risky = iter(plain), iter(risky)
    return [next(of_risky) if is_apart else next(of_plain) for is_apart in apart]
