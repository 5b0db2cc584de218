"""Keeps algebra workers ready, and kills those that pass their deadline.

The workers are plain subprocesses. Unlike multiprocessing they may be started from any thread, from
daemonic, forked and spawned processes, and do not run the caller's main module again.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import Any, Final

from rft_grader_math.compare import Gold, Verdict
from rft_grader_math.errors import UndecidedError
from rft_grader_math.extraction import Extraction
from rft_grader_math.policy import Policy

WORKERS: Final = 2
"""Workers kept ready: while one is replaced, another answers."""
_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG")
"""What a worker is told of the environment: no keys, no proxies."""
_COMMAND: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from rft_grader_math.algebra.worker import main; main()"
)


def ask(gold: Gold, found: Extraction, policy: Policy, *, deadline: float) -> Verdict:
    """Return the worker's verdict; raises `UndecidedError` at the deadline or if it fails."""
    request = {
        "gold": gold.text,
        "found": asdict(found),
        "policy": policy.model_dump(mode="json"),
    }
    reply = _pool().ask(request, deadline)
    if reply is None:
        raise UndecidedError(f"the comparison took longer than {policy.timeout:g} s")
    if "error" in reply:
        raise UndecidedError(f"the comparison failed: {reply['error']}")
    return Verdict(reply["equal"], reply["tier"], reply["reason"], gold.text, found)


class _Worker:
    """A subprocess and its pipes; used by one thread at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, with constant code
            [sys.executable, "-I", "-c", _COMMAND, *filter(None, sys.path)],  # not the folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the parent's business
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
        self._buffer = b""
        self._ready = False

    def ask(self, request: dict[str, Any], deadline: float) -> dict[str, Any] | None:
        """Return the reply; None at the deadline. Raises `UndecidedError` if the worker dies."""
        if not self._ready:
            if self._read(deadline) is None:
                return None
            self._ready = True
        stdin = self._process.stdin
        if stdin is None:
            raise UndecidedError("the algebra worker has no input")
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
        except OSError as error:
            raise UndecidedError(f"the algebra worker died: {error}") from None
        return self._read(deadline)

    def _read(self, deadline: float) -> dict[str, Any] | None:
        """Return the next line as JSON; None at the deadline."""
        stdout = self._process.stdout
        if stdout is None:
            raise UndecidedError("the algebra worker has no output")
        poll = select.poll()
        poll.register(stdout, select.POLLIN | select.POLLHUP)
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                return None
            chunk = os.read(stdout.fileno(), 65_536)
            if not chunk:
                raise UndecidedError(f"the algebra worker died (exit code {self._process.wait()})")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Close the pipes: all that a forked child may do to a worker of its parent."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not flushed has nobody to go to
                    pipe.close()


class _Pool:
    """`WORKERS` workers, started when the first is needed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._closed = False

    def ask(self, request: dict[str, Any], deadline: float) -> dict[str, Any] | None:
        """Ask a worker as soon as one is free; kill it if it does not answer in time."""
        worker = self._take(deadline)
        if worker is None:
            return None
        answered = False
        try:
            reply = worker.ask(request, deadline)
            answered = reply is not None
        finally:
            if answered:
                self._give_back(worker)
            else:  # not here: ending a process with much memory takes its time
                threading.Thread(target=self._replace, args=(worker,), daemon=True).start()
        return reply

    def _take(self, deadline: float) -> _Worker | None:
        with self._changed:
            while len(self._all) < WORKERS:
                self._start()
            while not self._idle:
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    return None
            return self._idle.pop()

    def _start(self) -> None:
        worker = _Worker()
        self._all.add(worker)
        self._idle.insert(0, worker)  # those that are ready are taken first

    def _give_back(self, worker: _Worker) -> None:
        with self._changed:
            self._idle.append(worker)
            self._changed.notify()

    def _replace(self, worker: _Worker) -> None:
        worker.kill()
        with self._changed:
            self._all.discard(worker)
            if not self._closed:
                self._start()
                self._changed.notify()

    def close(self) -> None:
        """Kill all workers."""
        with self._changed:
            self._closed = True
            workers, self._all, self._idle = self._all, set(), []
        for worker in workers:
            worker.kill()

    def forget(self) -> None:
        """Let go of workers that belong to the process this one was forked from."""
        for worker in self._all:
            worker.forget()


_current: list[_Pool] = []
_lock = threading.Lock()


def _pool() -> _Pool:
    with _lock:
        if not _current:
            _current.append(_Pool())
        return _current[0]


def close() -> None:
    """Kill the workers; the next comparison that needs one starts new ones."""
    with _lock:
        pools, _current[:] = list(_current), []
    for pool in pools:
        pool.close()


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - the parent's may be held by a thread that does not exist here
    _lock = threading.Lock()
    pools, _current[:] = list(_current), []
    for pool in pools:
        pool.forget()


atexit.register(close)
os.register_at_fork(after_in_child=_after_fork)
