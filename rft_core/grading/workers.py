"""A supply of worker processes for one grader."""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from rft_core.errors import UsageError
from rft_core.grading.worker import WorkerSetup
from rft_core.grading.worker_process import WorkerProcess, WorkerStartError

MAX_FAILED_STARTS: Final = 3
"""After so many in a row, a batch starts no more workers."""
_CLOSED: Final = "grading is over: the executor was closed"


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
            if usable and found.alive():
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
