"""Runs graders that may hang or crash in processes that can be killed."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
from collections.abc import Sequence
from concurrent.futures import TimeoutError as DeadlineError
from functools import cache
from typing import Any, ClassVar, Final

from pebble import ProcessExpired, ProcessPool

from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall, invoke
from rft_core.grading.executor import PieceExecutor
from rft_core.types import Grade, Sample

MEMORY_LIMIT_BYTES: Final = 2 * 1024**3
"""Address space of a worker, as OpenAI's python graders have."""


class ProcessExecutor(PieceExecutor):
    """`concurrency` worker processes, started once; one that passes its deadline is killed.

    The grader is built anew in each worker from its class and its config.
    """

    name: ClassVar[str] = "process"

    def __init__(self, call: GraderCall) -> None:
        super().__init__(call)
        grader = call.grader
        # Forking a process that holds threads and torch is unsafe, hence "spawn".
        self._pool = ProcessPool(
            max_workers=call.concurrency,
            initializer=_start_worker,
            initargs=(type(grader), grader.config, call.key, call.distribution),
            context=multiprocessing.get_context("spawn"),
        )

    async def run_piece(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade a piece in a worker."""
        # pebble's clock starts when a worker takes the task, not while it is queued.
        timeout = self.call.seconds_for(len(samples))
        try:
            future = self._pool.schedule(_grade, args=[samples], timeout=timeout)
            return list(await asyncio.wrap_future(future))
        except (DeadlineError, TimeoutError):
            grade = self.call.timed_out()
        except ProcessExpired as error:
            grade = self.call.error("crash", f"worker died: {error}")
        except Exception as error:  # noqa: BLE001 - a pool that broke, a grade that does not pickle
            grade = self.call.error("crash", f"{type(error).__name__}: {error}")
        return [grade] * len(samples)

    def close(self) -> None:
        """Kill the workers."""
        self._pool.stop()
        self._pool.join()


_parts: list[Any] = []


def _start_worker(grader: type[Grader[Any]], config: Any, key: str, distribution: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    _parts.extend((grader, config, key, distribution))


@cache
def _call() -> GraderCall:
    """Build the worker's grader; at its first sample, so that a failure is told as the grader's."""
    grader, config, key, distribution = _parts
    return GraderCall(key, grader(config), distribution, None, 1)


def _grade(samples: Sequence[Sample]) -> list[Grade]:
    return invoke(_call(), samples)
