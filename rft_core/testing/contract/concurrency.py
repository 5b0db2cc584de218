"""Several calls at once on one instance give what one after the other gives."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

from rft_core.grading.boundary import ainvoke
from rft_core.testing.contract.bench import Bench, same, shown, told
from rft_core.testing.contract.watching import is_watched
from rft_core.testing.findings import Finding
from rft_core.types import Grade, Sample

_THREADS: Final = 4
_SECONDS: Final = 1.5
_ROUNDS: Final = 40


def concurrency(bench: Bench) -> Iterator[Finding]:
    """Grade in several threads or tasks at once, if `concurrency` is above 1."""
    if bench.order.call.concurrency > 1 or bench.grader.concurrency > 1:
        yield from _compared(bench)


def thread_safety(bench: Bench) -> Iterator[Finding]:
    """Whether a grader could do with `concurrency` above 1."""
    if bench.order.call.concurrency == 1 and bench.grader.concurrency == 1:
        yield from _compared(bench)


def _compared(bench: Bench) -> Iterator[Finding]:
    grader = bench.grader
    if grader.whole_batches or bench.is_opinionated or bench.is_paid or bench.is_isolated:
        return
    before = dict(zip(map(id, bench.samples), bench.first, strict=True))
    bench.tell("samples in several threads or tasks at once", bench.seconds())
    at_once = _in_tasks(bench) if grader.is_async() else _in_threads(bench)
    for sample, grade in at_once:
        if not same(grade, before[id(sample)]):
            yield Finding(
                "concurrency", f"{shown(sample)} while other samples are graded",
                f"{told(grade)}, but {told(before[id(sample)])} alone",
                "with concurrency above 1, calls run at the same time on one instance",
                "Keep what belongs to one call in local variables, not on self, and in files "
                "of its own (tempfile), not under a fixed name.",
            )  # fmt: skip


def _in_threads(bench: Bench) -> list[tuple[Sample, Grade]]:
    grader = bench.new_grader()
    graded: list[tuple[Sample, Grade]] = []
    end = time.monotonic() + _SECONDS
    interval = sys.getswitchinterval()

    def work(first: int) -> None:
        for round_ in range(_ROUNDS):
            for offset in range(len(bench.samples)):
                sample = bench.samples[(first + offset) % len(bench.samples)]
                graded.extend((sample, one) for one in bench.quietly([sample], grader))
                if round_ > 0 and time.monotonic() > end:
                    return

    starts = range(0, _THREADS * 3, 3)
    threads = [threading.Thread(target=work, args=[start], daemon=True) for start in starts]
    sys.setswitchinterval(1e-5)
    if is_watched():  # elsewhere a tracer may be somebody's debugger or coverage
        threading.settrace(_yielding(home(bench)))
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.settrace(None)
        sys.setswitchinterval(interval)
    return graded


def home(bench: Bench) -> str:
    """Return the folder that holds the grader's module and its neighbours."""
    file = getattr(sys.modules.get(bench.cls.__module__), "__file__", None)
    return str(Path(file).parent) + os.sep if file else "\0"


def _yielding(home: str) -> Callable[[FrameType, str, Any], Any]:
    """Return a tracer that lets other threads go on between lines of the grader's own code."""

    def trace(frame: FrameType, _event: str, _arg: Any) -> Any:
        if not frame.f_code.co_filename.startswith(home):
            return None
        time.sleep(0)
        return trace

    return trace


def _in_tasks(bench: Bench) -> list[tuple[Sample, Grade]]:
    call = bench.call_for(bench.new_grader())

    async def one(sample: Sample) -> list[tuple[Sample, Grade]]:
        return [(sample, grade) for grade in await asyncio.create_task(ainvoke(call, [sample]))]

    async def all_at_once() -> list[tuple[Sample, Grade]]:
        found: list[tuple[Sample, Grade]] = []
        for _ in range(3):
            for group in await asyncio.gather(*map(one, bench.samples)):
                found += group
        return found

    return bench.loop.call(all_at_once())
