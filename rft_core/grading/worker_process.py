"""One worker process as the parent sees it.

Each worker is a pebble pool of one process, and lives until something goes wrong. A pool of several
shares pipes and locks among its processes: one that dies at the wrong moment loses a task of
another, or blocks them all. So a worker that died or was too slow is never repaired, but replaced.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future
from functools import cache
from multiprocessing.context import BaseContext
from typing import Any, Final

from pebble import ProcessExpired, ProcessPool

from rft_core.errors import RFTError
from rft_core.grading import worker
from rft_core.grading.worker import Reply, WorkerSetup

START_SECONDS: Final = 300.0
"""A grader may import what it likes, but not for ever."""
_PRELOADED: Final = ["__main__", "rft_core.grading.worker_process"]
"""What the fork server imports once, so that workers need not."""


class WorkerDiedError(RFTError):
    """The process ended before it answered."""


class WorkerStartError(RFTError):
    """There is no worker to be had."""


class _OneLife:
    """Arguments that can be sent to a process once.

    pebble replaces a process that ended, and takes one that ended with exit code 0 for a good one
    whose task goes on. If it cannot start another, it tells that the pool is broken.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup: WorkerSetup | None = setup

    def __reduce__(self) -> tuple[Callable[[WorkerSetup], WorkerSetup], tuple[WorkerSetup]]:
        setup, self._setup = self._setup, None
        if setup is None:
            raise OSError("this worker is not replaced")
        return _itself, (setup,)


def _itself(setup: WorkerSetup) -> WorkerSetup:
    return setup


class WorkerProcess:
    """One process with one grader. It takes one piece at a time."""

    def __init__(self, setup: WorkerSetup) -> None:
        self.fresh = True
        """Whether it has not graded anything yet."""
        self.full = False
        """Whether it has used up half of the memory it has for samples."""
        self._answer: Future[Any] | None = None
        self._stopped = False
        self._joining = threading.Lock()
        self._pool = ProcessPool(
            max_workers=1,
            initializer=worker.begin,
            initargs=[_OneLife(setup)],
            context=_context(),
        )

    def alive(self) -> bool:
        """Whether it can take a piece, as far as is known."""
        return bool(self._pool.active)

    def start(self) -> None:
        """Start the process and build its grader; blocks. Raises `WorkerStartError`."""
        try:
            problem = self._asked(worker.ready).result(START_SECONDS)
        except TimeoutError:
            problem = f"it was not ready after {START_SECONDS:g} s"
        except CancelledError:
            problem = "it was stopped"
        except BrokenExecutor:
            problem = "its process ended; what it wrote to standard error may say why"
        except Exception as error:  # noqa: BLE001 - processes fail to start in many ways
            problem = f"{type(error).__name__}: {error}"
        if problem is not None:
            raise WorkerStartError(f"the worker did not start: {problem}")

    async def grade(self, pickled: bytes, seconds: float | None) -> Reply:
        """Grade pickled samples. Raises `TimeoutError` and `WorkerDiedError`."""
        self.fresh = False
        try:
            async with asyncio.timeout(seconds):
                sent = await asyncio.wrap_future(self._asked(worker.grade, pickled, seconds))
        except ProcessExpired as error:
            raise WorkerDiedError(_how_it_ended(error.exitcode)) from None
        except RuntimeError as error:  # pebble's BrokenProcessPool is one
            raise WorkerDiedError("it ended without a sign") from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise WorkerDiedError("it was stopped") from None  # by `join`
        reply: Reply = pickle.loads(sent)  # noqa: S301 - from a process of ours
        self.full = reply.full
        return reply

    def _asked(self, function: Callable[..., Any], *args: object) -> Future[Any]:
        """Send a task to the process. Raises `RuntimeError` if it has ended."""
        answer: Future[Any] = self._pool.schedule(function, args=args)
        self._answer = answer
        if self._stopped:  # asked after the fact: `join` may have looked for an answer before
            answer.cancel()
        return answer

    def stop(self) -> None:
        """Say that the process is to be killed; `join` does it."""
        self._stopped = True
        self._pool.stop()

    def join(self) -> None:
        """Kill the process after `stop` and wait for its end; blocks for about 0.1 s."""
        with self._joining:  # pebble's `join` is not for two threads at once
            self._pool.join()
        if self._answer is not None:
            self._answer.cancel()  # nobody is left to give it


def _how_it_ended(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"killed by signal {-exit_code}"


@cache
def _context() -> BaseContext:
    """Return how processes are started.

    Forking a process that holds threads and torch is unsafe. A fork server is a process without
    them, and forks a worker in a tenth of the time that a new interpreter takes.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context
