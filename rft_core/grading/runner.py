"""Batches in, grades out, in order: an event loop in a thread, and executors on it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent import futures
from contextlib import ExitStack
from typing import Any, Final, Self, TypeVar

from rft_core.errors import RunError
from rft_core.grading.boundary import GraderCall
from rft_core.grading.executor import Executor
from rft_core.grading.repeats import Repeats
from rft_core.types import Grade, Sample

T = TypeVar("T")

SECONDS_TO_END: Final = 5.0
"""So long closing waits for what is under way; a grader may block the loop."""
_CLOSED: Final = "grading is over: the graders were closed"


class GradingLoop:
    """An event loop in a daemon thread of its own, on which a run's graders are executed.

    Async graders keep their connections across batches this way, and grading works from any
    thread, whether or not an event loop runs in it.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="grading-loop", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result; cancels it if interrupted."""
        with self._lock:
            if self._closing:
                coroutine.close()
                raise RunError(_CLOSED)
            future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except futures.CancelledError:
            if not self._closing:
                raise
            raise RunError(_CLOSED) from None
        except BaseException:
            future.cancel()
            raise

    def cancel(self) -> None:
        """Break off what is under way: its `call` raises `RunError`, as further ones do.

        The loop goes on, for graders to close their connections on it. A coroutine that will not be
        cancelled is left behind after some seconds.
        """
        with self._lock:
            if self._closing:
                return
            self._closing = True
        ending = asyncio.run_coroutine_threadsafe(_cancel_others(), self.loop)
        with contextlib.suppress(TimeoutError):
            ending.result(SECONDS_TO_END)

    def close(self) -> None:
        """Break off what is under way and stop the loop; does nothing the second time."""
        if self.loop.is_closed():
            return
        self.cancel()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(SECONDS_TO_END)
        if not self.loop.is_running():
            self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=SECONDS_TO_END / 2)


class GraderRunner:
    """One configured grader on its executor."""

    def __init__(self, call: GraderCall, executor: Executor) -> None:
        self.call = call
        self.executor = executor
        grader = call.grader
        self._repeats = (
            Repeats(across_batches=grader.deterministic)
            if grader.pure or grader.deterministic
            else None
        )

    async def run(self, samples: Sequence[Sample]) -> list[Grade]:
        """Return one grade per sample, in order."""
        if not samples:
            return []
        if self._repeats is None:
            return await self.executor.run(samples)
        return await self._repeats.grade(samples, self.executor.run)

    def take_latencies(self) -> Mapping[str, float]:
        """Return how long calls took since this was last asked; see `Latencies.take`."""
        return self.executor.latencies.take()

    def close(self) -> None:
        """Stop workers and let the grader release what it holds."""
        with ExitStack() as closing:
            closing.callback(self.call.grader.close)
            closing.callback(self.executor.close)
