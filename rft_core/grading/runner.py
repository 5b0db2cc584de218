"""Batches in, grades out, in order: an event loop in a thread, and executors on it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Self, TypeVar

from rft_core.grading.boundary import GraderCall
from rft_core.grading.executor import Executor
from rft_core.grading.repeats import Repeats
from rft_core.types import Grade, Sample

T = TypeVar("T")


class GradingLoop:
    """An event loop in a daemon thread of its own, on which a run's graders are executed.

    Async graders keep their connections across batches this way, and grading works from any
    thread, whether or not an event loop runs in it.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="grading-loop", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result; cancels it if interrupted."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Stop the loop; does nothing the second time."""
        if self.loop.is_closed():
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=5)
        if not self.loop.is_running():
            self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
