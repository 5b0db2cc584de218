"""Grades depend on the sample alone: not on when, where, after what or beside what it is graded."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from rft_core.testing.contract.bench import Bench, same, shown, told
from rft_core.testing.findings import Finding
from rft_core.types import Grade, Sample

REPEATS: Final = 12


def determinism(bench: Bench) -> Iterator[Finding]:
    """Grading a sample again gives the same grade."""
    if not bench.is_opinionated:
        yield from _unlike_before(bench, 2 if bench.is_paid else REPEATS)


def opinions(bench: Bench) -> Iterator[Finding]:
    """How judges differ from themselves."""
    if bench.is_opinionated:
        yield from _unlike_before(bench, 2)


def _unlike_before(bench: Bench, repeats: int) -> Iterator[Finding]:
    grader = bench.new_grader()
    bench.each(bench.samples[:1], grader)
    first = bench.first
    for _ in bench.within_budget(range(repeats)):
        again = bench.each(bench.samples, grader)
        for sample, one, other in zip(bench.samples, first, again, strict=True):
            if not same(one, other) and not is_stop(other):
                yield Finding(
                    "determinism", f"{shown(sample)}, again and again", _both(one, other),
                    "equal samples get equal grades, at any time; a grader that claims to be "
                    "deterministic has its grades kept",
                    "Take nothing from chance, the clock or what was graded before; seed your own "
                    "random.Random with the sample's text if you need one.",
                )  # fmt: skip


def state(bench: Bench) -> Iterator[Finding]:
    """Compare a new instance, one that has graded much, and the process at first."""
    if bench.is_opinionated or bench.is_paid:
        return
    first = bench.first
    used = bench.each(bench.samples)
    new = bench.each(bench.samples, bench.new_grader())
    backwards = bench.each(bench.samples[::-1], bench.new_grader())[::-1]
    for how, grades in (("a used instance", used), ("a new instance, later", new),
                        ("a new instance, in reverse order", backwards)):  # fmt: skip
        for sample, one, other in zip(bench.samples, first, grades, strict=True):
            if not same(one, other):
                yield Finding(
                    "state", f"{shown(sample)}, to {how}", _both(one, other),
                    "a grade does not depend on what was graded before, by this instance or by "
                    "others of the class",
                    "Keep nothing between calls that changes a grade, neither on the instance nor "
                    "on the class or module.",
                )  # fmt: skip


def order(bench: Bench) -> Iterator[Finding]:
    """In a batch, neither order nor neighbours change a grade."""
    grader = bench.grader
    if grader.whole_batches or bench.is_opinionated or bench.is_paid or not grader.is_batched():
        return
    alone = dict(zip(map(id, bench.samples), bench.first, strict=True))
    for how, batch in bench.within_budget(_arrangements(bench.samples)):
        yield from _compared(how, batch, bench.together(batch), alone)


def _arrangements(samples: Sequence[Sample]) -> Iterator[tuple[str, list[Sample]]]:
    listed = list(samples)
    yield "a batch of all samples", listed
    yield "a batch in reverse order", listed[::-1]
    for seed in range(3):
        yield "a batch in another order", random.Random(seed).sample(listed, len(listed))  # noqa: S311
    yield "a batch with every sample twice", [*listed, *listed]
    for sample in listed[:4]:
        yield "a batch of equal samples", [sample] * 3
    for one, other in pairwise(listed):
        yield "a batch of two", [other, one]


def _compared(
    how: str, batch: Sequence[Sample], grades: Sequence[Grade], alone: dict[int, Grade]
) -> Iterator[Finding]:
    for place, (sample, grade) in enumerate(zip(batch, grades, strict=True)):
        if not same(grade, alone[id(sample)]):
            yield Finding(
                "order", f"{how}: at place {place + 1} of {len(batch)} {shown(sample)}",
                f"{told(grade)}, but {told(alone[id(sample)])} when graded alone",
                "a sample's grade does not depend on the other samples of its batch",
                "Return the grades in the order of the samples and compare no sample with "
                "another; a grader that means to compare sets whole_batches = True.",
            )  # fmt: skip


def is_stop(grade: Grade) -> bool:
    """Whether the grader ended the run: its budget is spent."""
    return grade.error is not None and grade.error.kind == "stop"


def _both(one: Grade, other: Grade) -> str:
    return f"first {told(one)}, then {told(other)}"
