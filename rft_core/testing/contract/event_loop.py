"""Async graders share one event loop: they neither block it nor refuse to end."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from types import FrameType
from typing import Any, Final, Self

from rft_core.grader import Grader
from rft_core.testing.contract.bench import Bench, shown
from rft_core.testing.contract.watching import listening
from rft_core.testing.findings import Finding
from rft_core.types import Sample

BEAT_SECONDS: Final = 0.01
LAG_SECONDS: Final = 0.4
"""The loop stands still for so long, while another thread of the process does not."""
SECONDS_TO_END: Final = 3.0


def blocking(bench: Bench) -> Iterator[Finding]:
    """Find what holds up the event loop."""
    if not bench.grader.is_async():
        return
    for sample in bench.typical:
        seen = _blocked_by(bench, sample)
        if seen is not None:
            yield Finding(
                "blocking", shown(sample), seen,
                "an async grader awaits: what blocks in it holds up every other async grader, and "
                "cannot be cancelled at its deadline",
                "Use asyncio.sleep and an async client, or asyncio.to_thread; or write a sync "
                "grader, which gets threads.",
            )  # fmt: skip


def _blocked_by(bench: Bench, sample: Sample) -> str | None:
    seen: list[str] = []
    loop_thread: list[int] = []

    def look(event: str, args: tuple[Any, ...]) -> None:
        if threading.get_ident() not in loop_thread:
            return
        if event == "time.sleep" and args and args[0] > 0:
            seen.append(f"time.sleep({args[0]:g}) on the event loop")
        elif event == "socket.connect" and args[0].gettimeout() != 0.0:
            seen.append("a blocking connection on the event loop")
        elif event == "subprocess.Popen" and not _is_asyncios():
            seen.append("subprocess on the event loop")
        elif event in {"socket.getaddrinfo", "os.system", "urllib.Request"}:
            seen.append(f"{event} on the event loop")

    async def graded() -> float:
        loop_thread.append(threading.get_ident())
        beating = asyncio.create_task(_longest_gap())
        await asyncio.sleep(0)
        call = asyncio.create_task(_call(bench.grader, _batch(bench, sample)))
        await asyncio.wait({call})
        await asyncio.sleep(0)
        if not call.cancelled():
            call.exception()
        beating.cancel()
        return (await asyncio.gather(beating, return_exceptions=False))[0]

    bench.say([sample])
    with listening(look), _Metronome() as metronome:
        lag = bench.loop.call(graded())
    if not seen and lag > LAG_SECONDS and metronome.longest < LAG_SECONDS / 3:
        seen.append(f"the event loop stood still for {lag:.1f} s")
    return seen[0] if seen else None


def _is_asyncios() -> bool:
    """Whether asyncio itself starts this program, which it does without waiting for it."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the way to look at callers
    while frame is not None:
        if frame.f_code.co_filename.endswith("base_subprocess.py"):
            return True
        frame = frame.f_back
    return False


async def _longest_gap() -> float:
    """Return the longest time between two turns of the event loop, once cancelled."""
    longest, last = 0.0, time.monotonic()
    try:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
    except asyncio.CancelledError:
        return max(longest, time.monotonic() - last)


class _Metronome:
    """A thread that tells whether the machine, not the grader, stood still."""

    def __enter__(self) -> Self:
        self.longest = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()
        return self

    def _beat(self) -> None:
        last = time.monotonic()
        while not self._ended.wait(BEAT_SECONDS):
            now = time.monotonic()
            self.longest, last = max(self.longest, now - last), now

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def _batch(bench: Bench, sample: Sample) -> list[Sample]:
    others = bench.order.samples[:3] if bench.grader.whole_batches else ()
    return [*others, sample]


def _call(grader: Grader[Any], samples: list[Sample]) -> Coroutine[Any, Any, Any]:
    """Return the grader's own coroutine, without the boundary around it."""
    made: Any = grader.grade_batch(samples) if grader.is_batched() else grader.grade(samples[-1])
    return made if inspect.iscoroutine(made) else _awaiting(made)


async def _awaiting(awaitable: Any) -> Any:
    return await awaitable


def cancellation(bench: Bench) -> Iterator[Finding]:
    """Cancel calls: neither a retry nor a bare `except` goes on."""
    if not bench.grader.is_async():
        return
    for sample in bench.typical[:1]:
        for turns in (1, 2, 4):
            bench.say([sample])
            told = bench.loop.call(_cancelled(bench, sample, turns))
            if told is not None:
                yield Finding(
                    "cancellation", f"{shown(sample)}, cancelled while under way", told,
                    "at its deadline a call is cancelled, and ends by the CancelledError",
                    "Catch Exception, not BaseException or CancelledError; where you must, raise "
                    "it again.",
                )  # fmt: skip


async def _cancelled(bench: Bench, sample: Sample, turns: int) -> str | None:
    task = asyncio.create_task(_call(bench.grader, _batch(bench, sample)))
    for _ in range(turns):
        await asyncio.sleep(0)
    if task.done():
        task.exception()
        return None
    task.cancel()
    await asyncio.wait({task}, timeout=SECONDS_TO_END)
    if not task.done():
        task.cancel()
        return f"still running {SECONDS_TO_END:g} s later"
    if task.cancelled() or task.exception() is not None:
        return None
    return f"it returned {task.result()!r}"[:100]
