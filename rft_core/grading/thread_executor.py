"""Runs sync graders in threads that can be given up on.

A thread cannot be killed. One that passes its deadline is abandoned: its sample becomes an error,
a new thread takes over the rest, and whatever the abandoned one still returns is dropped. Graders
that may really hang belong into processes (`isolation = "process"`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import ClassVar

from rft_core.grading.boundary import GraderCall, invoke
from rft_core.grading.executor import Executor
from rft_core.types import Grade, Sample


class ThreadExecutor(Executor):
    """`concurrency` threads take the pieces of a batch one by one; the event loop watches them."""

    name: ClassVar[str] = "thread"

    async def run(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade the batch, giving up on threads that pass the deadline."""
        batch = _Batch(self.call, samples, deque(self.units(samples)))
        loop = asyncio.get_running_loop()
        finished = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(finished.set)

        workers = [_Worker(batch, wake) for _ in range(min(self.call.concurrency, len(batch.todo)))]
        while workers:
            await _wait(finished, _until_first_deadline(workers))
            finished.clear()
            workers = [kept for worker in workers if (kept := _relieve(worker, batch, wake))]
        return batch.grades()


class _Batch:
    """The work that the threads share and the results they write."""

    def __init__(self, call: GraderCall, samples: Sequence[Sample], todo: deque[range]) -> None:
        self.call = call
        self.samples = samples
        self.todo = todo
        self.results: list[Grade | None] = [None] * len(samples)
        self.lock = threading.Lock()

    def grades(self) -> list[Grade]:
        return [grade if grade is not None else self.call.timed_out() for grade in self.results]


class _Worker(threading.Thread):
    """Takes pieces until none is left or it is abandoned."""

    def __init__(self, batch: _Batch, wake: Callable[[], None]) -> None:
        super().__init__(name=f"grader-{batch.call.key}", daemon=True)
        self.batch = batch
        self.wake = wake
        self.deadline: float | None = None
        self.abandoned = False
        self.done = False
        self.start()

    def run(self) -> None:
        batch = self.batch
        while (unit := self._take()) is not None:
            grades = invoke(batch.call, [batch.samples[i] for i in unit])
            with batch.lock:
                if self.abandoned:
                    return
                batch.results[unit.start : unit.stop] = grades
        self.wake()

    def _take(self) -> range | None:
        batch = self.batch
        with batch.lock:
            if self.abandoned or not batch.todo:
                self.deadline = None
                self.done = True
                return None
            unit = batch.todo.popleft()
            if batch.call.timeout is not None:
                self.deadline = time.monotonic() + batch.call.timeout * len(unit)
            return unit

    def give_up_if_late(self) -> bool:
        """Abandon the thread if its piece passed the deadline."""
        with self.batch.lock:
            late = self.deadline is not None and time.monotonic() >= self.deadline
            self.abandoned = self.abandoned or late
            return late


def _relieve(worker: _Worker, batch: _Batch, wake: Callable[[], None]) -> _Worker | None:
    """Return who goes on in `worker`'s place: itself, a new thread, or nobody."""
    if worker.give_up_if_late():
        return _Worker(batch, wake) if batch.todo else None
    return None if worker.done else worker


def _until_first_deadline(workers: Sequence[_Worker]) -> float | None:
    deadlines = [worker.deadline for worker in workers if worker.deadline is not None]
    return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
