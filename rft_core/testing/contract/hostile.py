"""Completions made to take for ever, or all memory, are answered in time."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rft_core.grading.worker import address_space
from rft_core.testing.contract.bench import Bench, shown, told
from rft_core.testing.contract.materials import hostile_completions
from rft_core.testing.contract.results import is_undecided
from rft_core.testing.findings import Finding
from rft_core.types import Sample

SECONDS: Final = 10.0
"""A completion may take so long; a good grader takes milliseconds."""
MEMORY: Final = 2 * 1024**3
"""Address space in bytes that grading one completion may add."""
BUDGET_SECONDS: Final = 15.0


def hostile(bench: Bench) -> Iterator[Finding]:
    """Hostile completions are graded within seconds and a bounded amount of memory."""
    if bench.is_paid:
        return
    for typical in bench.typical[:1]:
        for text in bench.within_budget(hostile_completions(typical.text), BUDGET_SECONDS):
            sample = Sample(typical.item, text)
            others = bench.order.samples[:3] if bench.grader.whole_batches else ()
            bench.tell(shown(sample), SECONDS, may_be_lost=bench.is_isolated)
            with _little_memory():
                grade = bench.quietly([*others, sample], bench.grader)[-1]
            if grade.error is not None and not (bench.is_isolated and is_undecided(grade)):
                yield Finding(
                    "hostile", shown(sample), told(grade),
                    "a completion made to take for ever, or all memory, is answered in time "
                    "(0.0, with a reason) and is no error",
                    "Bound the length, depth and numbers that you read; write patterns that do "
                    'not backtrack. Where that cannot be had, set isolation = "process".',
                )  # fmt: skip


@contextmanager
def _little_memory() -> Iterator[None]:
    """Bound what the process may take meanwhile, so that a bomb harms it alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
