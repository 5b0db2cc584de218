"""One worker process as the parent sees it.

Each worker has a process and a socket of its own, and lives until something goes wrong. Processes
of a pool share pipes and locks: one that dies at the wrong moment loses a task of another, or
blocks them all. A worker that died or was too slow is never repaired, but replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import multiprocessing
import pickle
import signal
import socket
import threading
from functools import cache
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Final

from rft_core.errors import RFTError
from rft_core.grading import worker
from rft_core.grading.worker import ANSWER, REQUEST, Reply, WorkerSetup

START_SECONDS: Final = 300.0
"""A grader may import what it likes, but not for ever."""
SECONDS_TO_REST: Final = 5.0
"""So long the event loop may take to notice that a worker ended, before its socket is closed."""
_PRELOADED: Final = ["__main__", "rft_core.grading.worker_process"]
"""What the fork server imports once, so that workers need not."""
_starting_or_reaping: Final = threading.Lock()
"""multiprocessing reads exit codes of all processes whenever it starts one, and each only once."""


class WorkerDiedError(RFTError):
    """The process ended before it answered."""


class WorkerStartError(RFTError):
    """There is no worker to be had."""


class WorkerProcess:
    """One process with one grader. It takes one piece at a time."""

    def __init__(self, setup: WorkerSetup) -> None:
        self.fresh = True
        """Whether it has not graded anything yet."""
        self.full = False
        """Whether it has used up half of the memory it has for samples."""
        self._pipe, self._theirs = socket.socketpair()
        self._process: BaseProcess = _context().Process(
            target=worker.serve, args=(self._theirs, setup), daemon=True
        )
        self._lock = threading.Lock()
        self._stopped = False
        self._joining = threading.Lock()
        self._joined = False
        self._at_rest = threading.Event()
        self._at_rest.set()

    def alive(self) -> bool:
        """Whether it can take a piece, as far as is known."""
        try:
            self._pipe.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True  # it is there and has nothing to say
        except OSError:
            pass
        return False

    def start(self) -> None:
        """Start the process and build its grader; blocks. Raises `WorkerStartError`."""
        try:
            problem = self._started()
        except TimeoutError:
            problem = f"it was not ready after {START_SECONDS:g} s"
        except EOFError:
            problem = "its process ended; what it wrote to standard error may say why"
        except Exception as error:  # noqa: BLE001 - processes fail to start in many ways
            problem = f"{type(error).__name__}: {error}"
        if problem is not None:
            raise WorkerStartError(f"the worker did not start: {problem}")

    def _started(self) -> str | None:
        """Start the process and return what it says is wrong."""
        with self._lock:
            if self._stopped:
                return "it was stopped"
            with _starting_or_reaping:
                self._process.start()
            self._theirs.close()
        self._pipe.settimeout(START_SECONDS)
        answers = self._pipe.makefile("rb")
        header = answers.read(ANSWER.size)
        if not header:
            raise EOFError
        problem: str | None = pickle.loads(answers.read(*ANSWER.unpack(header)))  # noqa: S301
        self._pipe.setblocking(False)
        return problem

    async def grade(self, pickled: bytes, seconds: float | None) -> Reply:
        """Grade pickled samples. Raises `TimeoutError` and `WorkerDiedError`."""
        self.fresh = False
        self._at_rest.clear()
        try:
            async with asyncio.timeout(seconds):
                reply = await self._reply(pickled, math.inf if seconds is None else seconds)
        finally:
            self._at_rest.set()
        self.full = reply.full
        return reply

    async def _reply(self, pickled: bytes, seconds: float) -> Reply:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._process.sentinel, self._hang_up, ended)
        try:
            await loop.sock_sendall(self._pipe, REQUEST.pack(len(pickled), seconds) + pickled)
            header = await _exactly(self._pipe, ANSWER.size)
            answer = await _exactly(self._pipe, *ANSWER.unpack(header))
        except (EOFError, OSError):
            self.stop()  # it may live on without a pipe
            await ended.wait()
            raise WorkerDiedError(self._how_it_ended()) from None
        finally:
            loop.remove_reader(self._process.sentinel)
        reply: Reply = pickle.loads(answer)  # noqa: S301 - from a process of ours
        return reply

    def _hang_up(self, ended: asyncio.Event) -> None:
        """End what is being sent or awaited, after the process ended.

        It need not end by itself: processes that a grader forked have the other end, too.
        """
        ended.set()
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        with contextlib.suppress(OSError):
            self._pipe.shutdown(socket.SHUT_RDWR)

    def _how_it_ended(self) -> str:
        with _starting_or_reaping:
            return _meaning(self._process.exitcode)

    def stop(self) -> None:
        """Kill the process."""
        with self._lock:
            self._stopped = True
            if not self._joined and self._process.pid is not None:
                self._process.kill()

    def join(self) -> None:
        """Wait for the end of the process after `stop`, and let go of it; blocks."""
        with self._joining:
            if self._joined:
                return
            if self._process.pid is not None:
                wait([self._process.sentinel])
                self._at_rest.wait(SECONDS_TO_REST)
            with self._lock, _starting_or_reaping:
                self._joined = True
                if self._process.pid is not None:
                    self._process.join()
                    self._process.close()
                self._pipe.close()
                self._theirs.close()


async def _exactly(pipe: socket.socket, size: int) -> bytearray:
    """Receive so many bytes. Raises `EOFError` if the other end closes before."""
    loop = asyncio.get_running_loop()
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        received = await loop.sock_recv_into(pipe, rest)
        if not received:
            raise EOFError
        rest = rest[received:]
    return data


def _meaning(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"killed by signal {-exit_code}"


@cache
def _context() -> ForkServerContext | SpawnContext:
    """Return how processes are started.

    Forking a process that holds threads and torch is unsafe. A fork server is a process without
    them, and forks a worker in a tenth of the time that a new interpreter takes.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context
