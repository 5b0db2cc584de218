"""What runs in a worker process: limits first, then the grader, then piece after piece.

pebble calls `begin` when the process starts; the parent then asks for `ready` once and for `grade`
per piece. Grades go back pickled: what cannot be pickled is found here, where it can be told which
sample it belongs to.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import pickle
import resource
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import Final

from rft_core.grading.boundary import GraderCall, failure, invoke
from rft_core.types import Grade, Sample

THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)
"""Numeric libraries start a thread per core and process unless these say otherwise."""
CPU_SLACK_SECONDS: Final = 10
"""Beyond what a sample can use until its deadline, on all cores."""
_ORPHANED: Final = 3
"""Exit code of a worker whose parent is gone; nobody is left to read it."""
_STRAY: Final = 4
"""Exit code of a copy of the worker that a grader forked and that came back from it."""


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker is told when it starts.

    `grader` is the grader's class and config, pickled: unpickling them imports the grader's
    module, which has to wait until the limits are set. `memory_limit` is in bytes of address
    space, beyond what the process has when it starts.
    """

    grader: bytes
    key: str
    distribution: str
    memory_limit: int | None
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """The grades of a piece.

    `seconds` is how long grading took, `full` whether more than half of the memory that the worker
    had for its samples is in use.
    """

    grades: list[Grade]
    seconds: float
    full: bool


class _Worker:
    """The state of this process."""

    def __init__(self, setup: WorkerSetup) -> None:
        cls, config = pickle.loads(setup.grader)  # noqa: S301 - from the parent process
        self.call = GraderCall(setup.key, cls(config), setup.distribution, None, 1)
        self.full_at = _half_full() if setup.memory_limit else None
        self.process = os.getpid()

    def grade(self, pickled: bytes) -> Reply:
        start = time.monotonic()
        samples: list[Sample] = pickle.loads(pickled)  # noqa: S301 - from the parent process
        try:
            grades = invoke(self.call, samples)
        except BaseException as error:  # noqa: BLE001 - what comes out would end the parent's loop
            grades = [failure(self.call, error)] * len(samples)
        seconds = time.monotonic() - start
        if os.getpid() != self.process:
            os._exit(_STRAY)  # its answer would be taken for that of the next piece
        return Reply(grades, seconds, self.full_at is not None and address_space() > self.full_at)


_setup: WorkerSetup | None = None
_worker: _Worker | None = None


def begin(setup: WorkerSetup) -> None:
    """Set the limits of this process, before anything of the grader is imported."""
    global _setup  # noqa: PLW0603 - a worker process has one setup
    # pebble's handler runs Python code, for which a call that is stuck in C leaves no room.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # A fork server has the environment of its start.
    os.environ.update({**setup.environment, **dict.fromkeys(THREAD_VARIABLES, "1")})
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    _setup = setup
    if setup.memory_limit is not None:
        # The program's main module may map gigabytes before any grader does.
        _limit(resource.RLIMIT_AS, address_space() + setup.memory_limit)


def ready() -> str | None:
    """Build the grader; return what went wrong, or None."""
    global _worker  # noqa: PLW0603 - a worker process has one grader
    try:
        _worker = _Worker(_setup) if _setup else None
    except BaseException as error:  # noqa: BLE001 - other people's module is imported
        return f"{type(error).__name__}: {error}"
    return None


def grade(pickled: bytes, seconds: float | None) -> bytes:
    """Grade the samples of a piece, whose deadline is `seconds`; return a pickled `Reply`."""
    if _worker is None:
        raise RuntimeError("the worker is not ready")
    _allow_cpu(seconds)
    reply = _worker.grade(pickled)
    try:
        return pickle.dumps(reply)
    except Exception:  # noqa: BLE001 - pickling runs other people's code
        grades = list(map(partial(_sendable, _worker.call), reply.grades))
        return pickle.dumps(Reply(grades, reply.seconds, reply.full))


def is_memory_error(grade: Grade) -> bool:
    """Whether the grader ran out of memory; numpy's exception is a subclass with a prefix."""
    error = grade.error
    if error is None or error.kind != "exception":
        return False
    return error.message.partition(":")[0].endswith("MemoryError")


def address_space() -> int:
    """Return the bytes that `RLIMIT_AS` counts; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_bytes().split(maxsplit=1)[0]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def _half_full() -> int:
    """Return the address space at which half of what there is for samples is used."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return (address_space() + limit) // 2


def _allow_cpu(seconds: float | None) -> None:
    """Move the CPU limit ahead: it ends a worker whose parent could not.

    A sample cannot reach it before its deadline, with as many threads as it likes.
    """
    if seconds is None:
        _limit(resource.RLIMIT_CPU, resource.RLIM_INFINITY)
        return
    used = time.process_time()
    _limit(resource.RLIMIT_CPU, math.ceil(used + seconds * _CORES) + CPU_SLACK_SECONDS)


_CORES: Final = os.cpu_count() or 1


def _limit(which: int, soft: int) -> None:
    """Set a soft limit; the hard one stays, so that it can be moved."""
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(which, (soft, hard))


def _end_with_parent() -> None:
    """Leave when the parent has ended, in whatever way, and whatever the grader is doing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        with contextlib.suppress(OSError):
            wait([parent.sentinel])
        os._exit(_ORPHANED)


def _sendable(call: GraderCall, grade: Grade) -> Grade:
    try:
        pickle.dumps(grade)
    except Exception as error:  # noqa: BLE001 - pickling runs other people's code
        return call.error("exception", f"the grade cannot be sent back: {error}")
    return grade
