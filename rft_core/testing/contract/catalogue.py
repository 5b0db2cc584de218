"""The checks that run at a bench, by name."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from rft_core.testing.contract import (
    concurrency,
    effects,
    event_loop,
    failures,
    hostile,
    mutation,
    packaging,
    process_state,
    promises,
    results,
    stability,
)
from rft_core.testing.contract.bench import Bench
from rft_core.testing.findings import Finding

MAX_FINDINGS: Final = 3
"""So many findings of a check are told, of different kinds."""


@dataclass(frozen=True, slots=True)
class BenchCheck:
    """A check that runs at a bench; `needs_process`: only where nobody else lives."""

    name: str
    title: str
    run: Callable[[Bench], Iterable[Finding]]
    needs_process: bool = False
    kind: Literal["violation", "note"] = "violation"


# In this order: what is graded first must find the process as it is when a run starts, and what
# may take the process down comes last.
_ALL: Final = (
    BenchCheck("results", "results have the right type, range and number", results.results),
    BenchCheck("samples", "the given samples are graded", results.samples_are_graded),
    BenchCheck("determinism", "equal samples get equal grades", stability.determinism),
    BenchCheck("state", "a grade does not depend on earlier ones", stability.state),
    BenchCheck("order", "a batch's order and neighbours change nothing", stability.order),
    BenchCheck("concurrency", "calls at once give the same grades", concurrency.concurrency),
    BenchCheck("odd_completions", "odd completions are graded", results.odd),
    BenchCheck("applicability", "no completion escapes grading", results.applicability),
    BenchCheck("metadata", "unknown tokens, reasons and turns are no error", results.metadata),
    BenchCheck("mutation", "samples, rows and configs stay as they are", mutation.mutation),
    BenchCheck("config", "configs are strict and immutable", packaging.config),
    BenchCheck("swallowed", "failures within grading are errors", failures.swallowed),
    BenchCheck("services", "services that fail are errors", failures.services, needs_process=True),
    BenchCheck("broken_rows", "broken rows do not score 0", failures.broken_rows),
    BenchCheck("references", "reference completions earn full marks", promises.references),
    BenchCheck("reports", "reports and warnings are well formed", promises.reports),
    BenchCheck("closing", "close works, and twice", promises.closing),
    BenchCheck("memory", "what was graded is not kept for ever", promises.memory),
    BenchCheck("output", "nothing is printed", effects.output, needs_process=True),
    BenchCheck("secrets", "secrets turn up nowhere", effects.secrets, needs_process=True),
    BenchCheck(
        "execution", "completions are not executed", effects.completions_as_code, needs_process=True
    ),
    BenchCheck(
        "addresses",
        "completions choose neither files nor hosts",
        effects.completions_as_addresses,
        needs_process=True,
    ),
    BenchCheck(
        "process_state",
        "the process stays as it is",
        process_state.process_state,
        needs_process=True,
    ),
    BenchCheck(
        "in_threads", "graders work in threads", process_state.in_threads, needs_process=True
    ),
    BenchCheck(
        "leftovers", "close leaves nothing behind", process_state.leftovers, needs_process=True
    ),
    BenchCheck("blocking", "the event loop is not held up", event_loop.blocking),
    BenchCheck("cancellation", "cancelled calls end", event_loop.cancellation),
    BenchCheck(
        "hostile", "hostile completions are answered in time", hostile.hostile, needs_process=True
    ),
    BenchCheck("notes", "what users see of the grader", packaging.notes, kind="note"),
    BenchCheck(
        "wrong_kinds", "rows with wrong values are noticed", failures.wrong_kinds, kind="note"
    ),
    BenchCheck("opinions", "judges and themselves", stability.opinions, kind="note"),
    BenchCheck(
        "thread_safety", "concurrency could be raised", concurrency.thread_safety, kind="note"
    ),
)
BENCH_CHECKS: Final = {check.name: check for check in _ALL}


def look(name: str, bench: Bench) -> list[Finding]:
    """Return what a check finds, one finding of each kind, some at most."""
    found: dict[str, Finding] = {}
    try:
        bench.tell(BENCH_CHECKS[name].title, bench.seconds())
        _ = bench.first
        for finding in BENCH_CHECKS[name].run(bench):
            found.setdefault(_kind(finding), finding)
            if len(found) >= MAX_FINDINGS:
                break
    except Exception as error:  # noqa: BLE001 - other people's code in places of all sorts
        found["failed"] = _failed(name, error)
    return list(found.values())


def _kind(finding: Finding) -> str:
    """Return what findings of one cause have in common: the exception's name, or the words."""
    return finding.got.split(":")[1] if finding.got.startswith("error ") else finding.got


def _failed(name: str, error: Exception) -> Finding:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{frame.name}, line {frame.lineno}" for frame in reversed(frames))
    return Finding(
        name,
        "this check's samples",
        f"{type(error).__name__}: {error} ({where})",
        "a grader's methods raise no more than their contract says",
        "See where it was raised; only grade, grade_batch and check_item may raise.",
    )
