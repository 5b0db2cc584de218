"""How fast a subject grades on this machine."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Final

from rft_core.cases import Case
from rft_core.testing.casework import BATCH_CASES
from rft_core.testing.subject import Subject
from rft_core.types import Sample

SECONDS: Final = 0.5
"""So long each of the two measurements takes, or one call if that is longer."""
MAX_CALLS: Final = 2_000


@dataclass(frozen=True)
class Speed:
    """Milliseconds per sample graded alone, and samples a second in batches; of one machine.

    `calls` samples were graded alone. `batch` is how many there are in a batch.
    """

    p50_ms: float
    p99_ms: float
    per_second: float
    calls: int
    batch: int
    cpus: int
    python: str
    system: str


def measure_speed(subject: Subject, cases: Sequence[Case]) -> Speed | None:
    """Time the grading of the cases through the runner, which is warm by now.

    None if there is nothing to grade, or if grading costs money.
    """
    if not cases or subject.paid:
        return None
    alone = [1000 * seconds for seconds in _seconds(subject, cases, 1)]
    batch = list(_seconds(subject, cases, BATCH_CASES))
    return Speed(
        p50_ms=_rounded(statistics.median(alone)),
        p99_ms=_rounded(_percentile99(alone)),
        per_second=_rounded(BATCH_CASES / statistics.median(batch)),
        calls=len(alone),
        batch=BATCH_CASES,
        cpus=os.cpu_count() or 1,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
    )


def _seconds(subject: Subject, cases: Sequence[Case], size: int) -> Iterator[float]:
    """Yield how long grading `size` samples takes, going round the cases."""
    following = cycle(cases)
    deadline = time.perf_counter() + SECONDS
    for _ in range(MAX_CALLS):
        # Items of their own: a grade that is kept from an equal sample would be no grading.
        chosen = [next(following) for _ in range(size)]
        samples = [Sample(replace(case.item), case.completion) for case in chosen]
        start = time.perf_counter()
        subject.grade(samples)
        end = time.perf_counter()
        yield end - start
        if end >= deadline:
            return


def _percentile99(ordered: list[float]) -> float:
    if len(ordered) == 1:
        return ordered[0]
    return statistics.quantiles(ordered, n=100, method="inclusive")[-1]


def _rounded(value: float) -> float:
    """Return three significant digits; more would be noise."""
    return float(f"{value:.3g}")
