"""Worker processes as the parent sees them: one that grades pieces, and a supply of them.

Each worker is a pebble pool of one process, and lives until something goes wrong. A pool of several
shares pipes and locks among its processes: one that dies at the wrong moment loses a task of
another, or blocks them all. So a worker that died or was too slow is never repaired, but replaced.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import pickle
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from multiprocessing.context import BaseContext
from typing import Any, Final

from pebble import ProcessExpired, ProcessPool

from rft_core.errors import RFTError, UsageError
from rft_core.grading import worker
from rft_core.grading.worker import Reply, WorkerSetup

START_SECONDS: Final = 300.0
"""A grader may import what it likes, but not for ever."""
MAX_FAILED_STARTS: Final = 3
"""After so many in a row, a batch starts no more workers."""
_CLOSED: Final = "grading is over: the executor was closed"
_PRELOADED: Final = ["__main__", "rft_core.grading.workers"]
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

    @property
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


class Workers:
    """A supply of workers: those that are idle, and new ones.

    Once a worker was lost, one more than are lent is kept ready, so that the next loss costs no
    time. Workers are lent on an event loop; helper threads start and stop them, which blocks.
    """

    def __init__(self, setup: WorkerSetup, name: str, lent_at_most: int) -> None:
        _refuse_in_a_copy_of_the_program()
        self._setup = setup
        self._idle: list[WorkerProcess] = []
        self._all: set[WorkerProcess] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._lost_one = False
        self._starting_spare = False
        self._failed_starts: list[str] = []
        self._helpers = ThreadPoolExecutor(lent_at_most + 2, f"workers-{name}")

    @asynccontextmanager
    async def borrow(self, *, fresh: bool) -> AsyncIterator[WorkerProcess]:
        """Lend a worker, one that has graded nothing if it is to be fresh.

        Whatever goes wrong while it is lent ends it. Raises `WorkerStartError`.
        """
        while (lent := self._idle_worker(fresh=fresh)) is None:
            await self._helped(self._start_one)
        self._keep_a_spare()
        try:
            yield lent
        except BaseException:
            self._lose(lent)
            raise
        if lent.full:
            self._lose(lent)
        else:
            self._idle.append(lent)

    def forgive(self) -> None:
        """Try again to start workers, whatever went wrong before."""
        self._failed_starts.clear()

    def _idle_worker(self, *, fresh: bool) -> WorkerProcess | None:
        """Take an idle worker; the fresh ones are left for those who need one."""
        for found in sorted(self._idle, key=lambda one: one.fresh is not fresh):
            self._idle.remove(found)
            usable = found.fresh or not fresh
            if usable and found.alive:
                return found
            self._end(found)  # it died, or makes room for a fresh one
            if not usable:
                break
        return None

    def _start_one(self) -> None:
        """Start a worker, which is idle then; blocks."""
        if len(self._failed_starts) >= MAX_FAILED_STARTS:
            raise WorkerStartError(self._failed_starts[-1])
        with self._lock:
            if self._closed:
                raise WorkerStartError(_CLOSED)
            made = WorkerProcess(self._setup)
            self._all.add(made)
        try:
            made.start()
        except WorkerStartError as error:
            self._failed_starts.append(str(error))
            self._end(made)
            raise
        self._failed_starts.clear()
        self._idle.append(made)

    def _keep_a_spare(self) -> None:
        if self._lost_one and not self._idle and not self._starting_spare:
            self._starting_spare = True
            self._help(self._start_spare)

    def _start_spare(self) -> None:
        try:
            self._start_one()
        except WorkerStartError:  # told to whoever needs a worker
            pass
        finally:
            self._starting_spare = False

    def _lose(self, worker: WorkerProcess) -> None:
        self._lost_one = True
        self._end(worker)

    def _end(self, worker: WorkerProcess) -> None:
        worker.stop()
        self._help(self._join, worker)

    def _join(self, worker: WorkerProcess) -> None:
        worker.join()
        with self._lock:
            self._all.discard(worker)

    def _help(self, action: Callable[..., None], *args: object) -> Future[None] | None:
        """Let a helper do something; nothing is left to do once `close` was called."""
        with self._lock:
            return None if self._closed else self._helpers.submit(action, *args)

    async def _helped(self, action: Callable[..., None]) -> None:
        help_ = self._help(action)
        if help_ is None:
            raise WorkerStartError(_CLOSED)
        await asyncio.wrap_future(help_)

    def close(self) -> None:
        """Kill all workers; pieces under way end with `WorkerDiedError`."""
        with self._lock:
            self._closed = True
            left = list(self._all)
        for each in left:
            each.stop()
        for each in left:
            each.join()
        self._helpers.shutdown(wait=True)


def _how_it_ended(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"killed by signal {-exit_code}"


def _refuse_in_a_copy_of_the_program() -> None:
    """Raise `UsageError` where a new process imports the main module to become a worker.

    It could start no workers itself, and a whole run would go on without its graders.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError(
            "the program runs again in its own worker process",
            where=str(getattr(sys.modules.get("__mp_main__"), "__file__", "the main module")),
            hint='Put what it does under `if __name__ == "__main__":`.',
        )


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
