"""What a grader says of itself holds: references, reports, warnings, closing, memory."""

from __future__ import annotations

import gc
import json
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rft_core.testing.contract.bench import Bench, short, told
from rft_core.testing.contract.results import accepts
from rft_core.testing.findings import Finding
from rft_core.types import Grade, Item, Sample

_MANY: Final = 6000
"""Samples that no bounded memory of a grader holds; the usual ones hold 128 or 1024."""
_SECONDS: Final = 2.5
_REFERENCES: Final = 5


def references(bench: Bench) -> Iterator[Finding]:
    """`reference_completion` returns what earns full marks."""
    if not bench.is_given:
        return
    for item in bench.items[: 1 if bench.is_paid else _REFERENCES]:
        if not accepts(bench, item):
            continue
        try:
            text: Any = bench.grader.reference_completion(item)
        except Exception as error:  # noqa: BLE001 - other people's code
            yield _reference(item, f"reference_completion raised {type(error).__name__}: {error}")
            continue
        if text is None or bench.is_opinionated:
            continue
        if not isinstance(text, str):
            yield _reference(item, f"reference_completion returned {short(text)}")
            continue
        grade = bench.alone(Sample(item, text))
        if grade.outcome != "not_applicable" and (grade.score or 0.0) < bench.high - 1e-6:
            yield _reference(item, f"{short(text)} earned {told(grade)}, not {bench.high:g}")


def _reference(item: Item, got: str) -> Finding:
    return Finding(
        "references", f"item {item.id!r}", got,
        "reference_completion returns a completion that earns the highest score, or None",
        "Write it in the form that grade reads; return None where the row does not tell it.",
    )  # fmt: skip


def reports(bench: Bench) -> Iterator[Finding]:
    """`report` returns a JSON object, of no samples and of some; `warnings` returns texts."""
    samples = [sample for sample, _ in bench.graded]
    grades = [grade for _, grade in bench.graded]
    for what, args in (("nothing", ([], [])), ("graded samples", (samples, grades))):
        problem = _report_problem(bench, *args)
        if problem is not None:
            yield Finding(
                "reports", f"report of {what}", problem,
                "report returns a JSON object; an exception in it ends the run",
                "Look out for divisions by the number of samples, which may be 0, and convert "
                "sets, tuples as keys and numpy's numbers.",
            )  # fmt: skip
    yield from _warnings(bench)


def _report_problem(bench: Bench, samples: Sequence[Sample], grades: Sequence[Grade]) -> str | None:
    try:
        report = bench.grader.report(samples, grades)
        json.dumps(report, allow_nan=False)
    except Exception as error:  # noqa: BLE001 - other people's code
        return f"{type(error).__name__}: {error}"
    return None if isinstance(report, Mapping) else f"it returned {short(report)}"


def _warnings(bench: Bench) -> Iterator[Finding]:
    try:
        told_: Any = bench.grader.warnings()
        problem = None
    except Exception as error:  # noqa: BLE001 - other people's code
        told_, problem = (), f"{type(error).__name__}: {error}"
    is_list = isinstance(told_, Sequence) and not isinstance(told_, str)
    if problem is None and (not is_list or not all(isinstance(one, str) for one in told_)):
        problem = f"it returned {short(told_)}"
    if problem is not None:
        yield Finding(
            "reports", "warnings()", problem, "warnings returns a list of texts",
            'Return ["…"], or nothing: ().',
        )  # fmt: skip


def closing(bench: Bench) -> Iterator[Finding]:
    """`close` works: before anything was graded, after it, and twice."""
    for graded in (False, True):
        grader = bench.new_grader()
        if graded:
            bench.each(bench.samples[:2], grader)
        try:
            bench.tell("close(), twice", 30.0)
            grader.close()
            grader.close()
        except Exception as error:  # noqa: BLE001 - other people's code
            yield Finding(
                "closing", f"close(), twice, {'after' if graded else 'without'} grading",
                f"{type(error).__name__}: {error}",
                "close releases what there is, and does nothing the second time",
                "Look whether there is something to close, and forget it afterwards.",
            )  # fmt: skip
            return


class _Text(str):  # noqa: SLOT000 - slots would leave no room for weak references
    """A text that can be watched."""


def memory(bench: Bench) -> Iterator[Finding]:
    """Grade more samples than any bounded memory holds, and look which are kept."""
    if bench.is_paid or not bench.graded:
        return
    grader = bench.new_grader()
    sample = min((sample for sample, _ in bench.graded), key=lambda one: len(one.text))
    items: list[weakref.ref[Item]] = []
    texts: list[weakref.ref[_Text]] = []
    end = time.monotonic() + _SECONDS
    while len(items) < _MANY and time.monotonic() < end:
        bench.tell("many samples", bench.seconds())
        _grade_some(bench, grader, sample, items, texts)
    gc.collect()
    for what, watched in (("rows", items), ("completions", texts)):
        kept = sum(one() is not None for one in watched)
        if len(watched) == _MANY and kept == _MANY:
            yield Finding(
                "memory", f"{_MANY} different samples", f"all their {what} are still in memory",
                "a run grades millions of samples: what a grader remembers is bounded",
                "Use a cache with a maximum size (functools.lru_cache(maxsize=…)), or weak "
                "references to items.",
            )  # fmt: skip


def _grade_some(
    bench: Bench, grader: Any, sample: Sample,
    items: list[weakref.ref[Item]], texts: list[weakref.ref[_Text]],
) -> None:  # fmt: skip
    batch: list[Sample] = []
    for _ in range(min(50, _MANY - len(items))):
        number = len(items)
        item = Item(f"{sample.item.id} {number}", sample.item.messages, dict(sample.item.fields))
        text = _Text(f"{sample.text} {number}")
        items.append(weakref.ref(item))
        texts.append(weakref.ref(text))
        batch.append(Sample(item, text))
    if grader.is_batched():
        bench.quietly(batch, grader)
        return
    for one in batch:
        bench.quietly([one], grader)
