"""Runs sync graders in threads that can be given up on.

A thread cannot be killed. One that passes its deadline is abandoned: its sample becomes an error,
a new thread takes over the rest, and whatever the abandoned one still returns is dropped. Graders
that may really hang belong into processes (`isolation = "process"`).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import ClassVar, Final, TypeAlias

from rft_core.grading.boundary import GraderCall, invoke, sample_function
from rft_core.grading.chunks import ChunkPool, ChunkWork
from rft_core.grading.executor import Executor
from rft_core.grading.inline_pool import InlinePool
from rft_core.grading.latencies import Latencies
from rft_core.types import Grade, Sample

SHARES_PER_THREAD: Final = 8
"""Shares are small enough that threads end together, and few enough to cost nothing."""


class ThreadExecutor(Executor):
    """`concurrency` threads take shares of a batch; the event loop watches their deadlines."""

    name: ClassVar[str] = "thread"

    @classmethod
    def chunk_pool(cls, work: ChunkWork, workers: int) -> ChunkPool:
        """See `Executor.chunk_pool`."""
        return InlinePool(work, workers)

    async def run(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade the batch, giving up on threads that pass the deadline."""
        batch = _Batch(self.call, samples, asyncio.get_running_loop(), self.latencies)
        while batch.shares:
            await self._work(batch)
            batch.shares.extend(batch.left_out())
        return batch.grades()

    async def _work(self, batch: _Batch) -> None:
        """Let threads take the shares until none is left."""
        workers = [_Worker(batch) for _ in range(min(self.call.concurrency, len(batch.shares)))]
        try:
            while workers:
                await _wait(batch.wake, _until_first_deadline(workers))
                batch.wake.clear()
                workers = [kept for worker in workers if (kept := _relieve(worker))]
        except asyncio.CancelledError:
            batch.shares.clear()
            for worker in workers:
                worker.abandoned = True
            raise


class _Batch:
    """The shares that threads take and the results they write.

    Writing needs no lock: each result is written by one thread, and assignments are atomic.
    """

    def __init__(
        self,
        call: GraderCall,
        samples: Sequence[Sample],
        loop: asyncio.AbstractEventLoop,
        latencies: Latencies,
    ) -> None:
        self.call = call
        self.samples = samples
        self.loop = loop
        self.latencies = latencies
        self.wake = asyncio.Event()
        self.results: list[Grade | None] = [None] * len(samples)
        self.late: set[int] = set()
        total, threads = len(samples), call.concurrency
        alone = threads == 1 or call.grader.is_batched()
        shares = threads if alone else threads * SHARES_PER_THREAD
        size = -(-total // shares)
        self.shares = deque(range(i, min(i + size, total)) for i in range(0, total, size))

    def left_out(self) -> list[range]:
        """Return samples without result that are not late.

        There are some if a thread was given up on at the very moment when it took a new share.
        """
        missing = (i for i, grade in enumerate(self.results) if grade is None)
        return [range(i, i + 1) for i in missing if i not in self.late]

    def grades(self) -> list[Grade]:
        """Return the results; those that are missing are late."""
        return [grade if grade is not None else self.call.timed_out() for grade in self.results]


_CallUnderWay: TypeAlias = tuple[int, float, range]
"""A call's first sample, when it began and the share that it belongs to."""


class _Worker(threading.Thread):
    """Grades share after share until none is left or it is abandoned."""

    def __init__(self, batch: _Batch, share: range = range(0)) -> None:
        super().__init__(name=f"grader-{batch.call.key}", daemon=True)
        self.batch = batch
        self.share = share
        self.call_under_way: _CallUnderWay | None = None
        """One value, so that its parts belong together."""
        self.abandoned = False
        self.done = False
        self.start()

    def run(self) -> None:
        try:
            self._grade_shares()
        finally:
            self.done = True
            self.call_under_way = None
            with contextlib.suppress(RuntimeError):  # abandoned, and the loop is closed by now
                self.batch.loop.call_soon_threadsafe(self.batch.wake.set)

    def _grade_shares(self) -> None:
        grade_share = self._as_one if self.batch.call.grader.is_batched() else self._by_sample
        grade_share()
        while self.batch.shares and not self.abandoned:
            try:
                self.share = self.batch.shares.popleft()
            except IndexError:  # another thread was faster
                break
            grade_share()

    def _by_sample(self) -> None:
        grade = sample_function(self.batch.call)
        samples, results, now = self.batch.samples, self.batch.results, time.monotonic
        seconds = []  # handed over at the end: this loop is what cheap graders are made of
        start, share = now(), self.share
        for index in share:
            self.call_under_way = (index, start, share)
            result = grade(samples[index])
            if self.abandoned:
                break
            results[index] = result
            end = now()
            seconds.append(end - start)
            start = end
        self.batch.latencies.extend(seconds)

    def _as_one(self) -> None:
        start, stop = self.share.start, self.share.stop
        if start == stop:
            return
        self.call_under_way = (start, began := time.monotonic(), self.share)
        grades = invoke(self.batch.call, self.batch.samples[start:stop])
        if not self.abandoned:
            self.batch.results[start:stop] = grades
            self.batch.latencies.add(time.monotonic() - began)

    def deadline(self, call: _CallUnderWay | None) -> float | None:
        """Return when a call is late, None if there is none or it may take for ever."""
        if call is None:
            return None
        _, began, share = call
        seconds = self.batch.call.seconds_for(len(share) if self._is_batched() else 1)
        return None if seconds is None else began + seconds

    def give_up_if_late(self) -> range | None:
        """Abandon the thread if its call passed the deadline; return what is left of its share."""
        call = self.call_under_way
        deadline = self.deadline(call)
        if call is None or deadline is None or (now := time.monotonic()) < deadline:
            return None
        self.abandoned = True
        first, began, share = call
        self.batch.latencies.add(now - began)
        first_left = share.stop if self._is_batched() else first + 1
        self.batch.late.update(range(first, first_left))
        return range(first_left, share.stop)

    def _is_batched(self) -> bool:
        return self.batch.call.grader.is_batched()


def _relieve(worker: _Worker) -> _Worker | None:
    """Return who goes on in `worker`'s place: itself, a new thread, or nobody."""
    if worker.done:
        return None
    rest = worker.give_up_if_late()
    if rest is None:
        return worker
    return _Worker(worker.batch, rest) if rest or worker.batch.shares else None


def _until_first_deadline(workers: Sequence[_Worker]) -> float | None:
    """Return seconds to wait; None if only the end of the work can be waited for."""
    timeout = workers[0].batch.call.timeout
    if timeout is None:
        return None
    # A thread that has not begun its first call yet has no deadline.
    now = time.monotonic()
    deadlines = [w.deadline(w.call_under_way) or now + timeout for w in workers]
    return max(0.001, min(deadlines) - now)


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
