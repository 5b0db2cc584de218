"""Grades the chunks of a file in worker processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from typing import Final, TypeAlias

from rft_core.errors import RunError
from rft_core.grading.chunks import Chunk, ChunkPool, ChunkWork, Result

IN_FLIGHT: Final = 2
"""Chunks per worker that are graded or wait: enough that no worker waits for the parent."""
SECONDS_TO_CLOSE: Final = 5.0
"""So long may graders take to close when a worker is told to stop in the middle of a chunk."""

_Pending: TypeAlias = deque[tuple[Chunk, "Future[Result]"]]


class ProcessPool(ChunkPool):
    """`workers` processes, each with a reward stage of its own.

    They are no daemons, so that graders with `isolation = "process"` can have workers there too.
    A chunk on which a worker dies is tried once more, alone.
    """

    def __init__(self, work: ChunkWork, workers: int) -> None:
        self._work = work
        self._workers = workers
        self._pending: _Pending = deque()
        self._start()

    def _start(self) -> None:
        # Workers hold the end that is read: they stop when the other one is closed, by `close` or
        # because this process was killed.
        reader, self._lifeline = multiprocessing.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            self._workers,
            # Forking a process that holds threads is unsafe, hence "spawn".
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(self._work, reader),
        )

    def map(self, chunks: Iterable[Chunk]) -> Iterator[Result]:
        """See `ChunkPool.map`. A chunk's text says in messages what it holds."""
        for chunk in chunks:
            self._pending.append((chunk, self._submit(chunk)))
            if len(self._pending) >= IN_FLIGHT * self._workers:
                yield self._first()
        while self._pending:
            yield self._first()

    def _submit(self, chunk: Chunk) -> Future[Result]:
        try:
            with _ctrl_c_held_back():  # it starts a worker, which inherits that
                return self._pool.submit(_grade, chunk)
        except BrokenExecutor as error:
            return _failed(error)

    def _first(self) -> Result:
        if isinstance(self._pending[0][1].exception(), BrokenExecutor):
            self._try_again()
        return self._pending.popleft()[1].result()

    def _try_again(self) -> None:
        """Grade what was in flight when a worker died, in a new pool.

        Which chunk it died on is not known, so each is alone in the pool now.
        """
        self._restart()
        for index, (chunk, future) in enumerate(self._pending):
            if not isinstance(future.exception(), BrokenExecutor):
                continue
            again = self._submit(chunk)
            self._pending[index] = (chunk, again)
            if isinstance(again.exception(), BrokenExecutor):
                self._pending[index] = (chunk, _failed(_death(chunk)))
                return  # when its turn comes; chunks before it are whole

    def _restart(self) -> None:
        self._stop_workers()
        self._start()

    def close(self) -> None:
        """Stop the workers, at once if they are at work."""
        if all(future.done() for _, future in self._pending):
            self._pool.shutdown()
        self._stop_workers()

    def _stop_workers(self) -> None:
        self._lifeline.close()
        self._pool.shutdown(cancel_futures=True)


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _failed(error: Exception) -> Future[Result]:
    future: Future[Result] = Future()
    future.set_exception(error)
    return future


def _death(chunk: Chunk) -> RunError:
    return RunError(
        f"a worker process died twice on {chunk}\n"
        "  A grader crashes, or memory ran out. With `executor: process` a grader gets processes "
        "of its own, and what kills one is an error of that sample alone; a grader's author sets "
        'isolation = "process".'
    )


_grade_chunk: list[Callable[[Chunk], Result]] = []


def _start_worker(work: ChunkWork, lifeline: Connection) -> None:
    # Ctrl-C goes to all processes of a terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    opened = ExitStack()
    Finalize(None, opened.close, exitpriority=100)  # workers run no `atexit` functions
    threading.Thread(target=_watch, args=(lifeline, opened.close), daemon=True).start()
    _grade_chunk.append(_opened(work, opened))


def _opened(work: ChunkWork, opened: ExitStack) -> Callable[[Chunk], Result]:
    """Open the work; an error is told at the first chunk, where it reaches the parent whole."""
    try:
        return opened.enter_context(work.open())
    except Exception as error:  # noqa: BLE001 - raised below
        cause = error

    def fail(_: Chunk) -> Result:
        raise cause

    return fail


def _watch(lifeline: Connection, close: Callable[[], None]) -> None:
    """End this process when the parent lets go of the other end."""
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        give_up = threading.Timer(SECONDS_TO_CLOSE, os._exit, [1])
        give_up.daemon = True
        give_up.start()
        close()
        os._exit(1)


def _grade(chunk: Chunk) -> Result:
    (grade,) = _grade_chunk
    return grade(chunk)
