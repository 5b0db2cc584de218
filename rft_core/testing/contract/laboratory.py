"""Starts the bench's process, asks it to check, and notices when it hangs or dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Final, TypeAlias

from rft_core.testing.contract.bench import Bench
from rft_core.testing.contract.order import Order
from rft_core.testing.findings import Finding

START_SECONDS: Final = 120.0
"""A grader may import and build what it likes, but not for ever."""
HASH_SEED: Final = "1"
MAX_LOST: Final = 4
"""After so many lost processes the remaining checks are not tried."""

_SAME_SAMPLES: Final = {"applicability": "odd_completions"}
"""Checks that would be lost where another was."""

Report: TypeAlias = list[Finding]


class BenchLostError(Exception):
    """The bench's process hangs or is gone; the message says how, `at` what it was doing."""

    def __init__(self, how: str, at: str, *, may: bool = False) -> None:
        self.at = at
        self.may = may
        """Whether the grader may do so: it is meant for processes that can be killed."""
        super().__init__(how)


@dataclass(frozen=True, slots=True)
class At:
    """What the bench does now, and the seconds that it may take."""

    what: str
    seconds: float
    may_be_lost: bool = False


class Laboratory:
    """A bench in a process of its own, started when needed and again when lost.

    A grader that cannot be sent to another process is looked at in this one, as far as that is
    harmless.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._lost = 0
        self._lost_at: set[str] = set()
        self._child: BenchProcess | None = None
        self._here: Bench | None = None
        self._packed: bytes | None = None
        try:
            self._packed = order.pack()
        except Exception as error:  # noqa: BLE001 - pickling runs other people's code
            self.problem: str | None = f"{type(error).__name__}: {error}"
        else:
            self.problem = None

    def run(self, name: str) -> Report:
        """Return what the check called `name` finds at the bench."""
        from rft_core.testing.contract.catalogue import BENCH_CHECKS

        if self._packed is None:
            return self._run_here(name)
        if self._lost >= MAX_LOST or _SAME_SAMPLES.get(name) in self._lost_at:
            return []
        try:
            if self._child is None:
                self._child = BenchProcess(self._packed)
            report: Report = self._child.ask(name)
        except BenchLostError as error:
            self.close()
            if error.may:
                return []
            self._lost += 1
            self._lost_at.add(name)
            return [lost(name, error, BENCH_CHECKS[name].title)]
        return report

    def _run_here(self, name: str) -> Report:
        from rft_core.testing.contract.catalogue import BENCH_CHECKS, look

        if BENCH_CHECKS[name].needs_process:
            return []
        if self._here is None:
            self._here = Bench(self._order)
        return look(name, self._here)

    def grades_elsewhere(self, hash_seeds: Mapping[str, str]) -> list[Any]:
        """Return what the samples earn in new processes whose sets have another order.

        The value of each hash seed is "grades", or "backwards" for the reverse order. Each entry is
        a list of grades, or None where the process was lost.
        """
        if self._packed is None:
            return []
        children = [BenchProcess(self._packed, {"PYTHONHASHSEED": seed}) for seed in hash_seeds]
        try:
            asked = zip(children, hash_seeds.values(), strict=True)
            return [_asked(child, what) for child, what in asked]
        finally:
            for child in children:
                child.kill()

    def grades(self) -> Any:
        """Return what the samples earned first at the bench; None if it was lost."""
        if self._packed is None:
            return None
        if self._child is None:
            self._child = BenchProcess(self._packed)
        return _asked(self._child, "grades")

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
            self._child = None
        if self._here is not None:
            self._here.close()
            self._here = None


def _asked(child: BenchProcess, what: str) -> Any:
    try:
        return child.ask(what)
    except BenchLostError:
        return None


def lost(name: str, error: BenchLostError, title: str) -> Finding:
    """Return the finding that a lost bench is."""
    return Finding(
        name,
        error.at,
        str(error),
        f"every call ends in a grade, in time, and leaves its process alive (while checking: "
        f"{title})",
        "Bound what grading may take, in time, memory and depth. What cannot be bounded, or may "
        'take the process down, needs `isolation = "process"` and a `timeout`.',
    )


class BenchProcess:
    """The process of a bench. It executes `rft_core.testing.contract.child`, not the main module.

    Connections are used in place of standard input and output, which belong to the grader.
    """

    def __init__(self, packed: bytes, environment: Mapping[str, str] | None = None) -> None:
        self._ours, theirs = Pipe()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `kill`
        self._at = At("building the grader from its class and config", START_SECONDS)
        variables = {**os.environ, "PYTHONHASHSEED": HASH_SEED, **(environment or {})}
        command = [sys.executable, "-m", "rft_core.testing.contract.child", str(theirs.fileno())]
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env=variables,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._send(sys.path)
        self._send(packed)

    def _send(self, what: Any) -> None:
        try:
            self._ours.send(what)
        except OSError:
            raise self._gone() from None

    def ask(self, what: str) -> Any:
        """Return the answer. Raises `BenchLostError`."""
        self._send(what)
        while True:
            if not _poll(self._ours, self._at.seconds):
                seconds = f"{self._at.seconds:g} s"
                raise BenchLostError(
                    f"no answer within {seconds}", self._at.what, may=self._at.may_be_lost
                )
            try:
                answer = self._ours.recv()
            except (EOFError, OSError):
                raise self._gone() from None
            if not isinstance(answer, At):
                return answer
            self._at = answer

    def _gone(self) -> BenchLostError:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return BenchLostError("the process went silent", self._at.what)
        ended = f"killed by {_signal_name(-code)}" if code < 0 else f"exit code {code}"
        self._errors.seek(0)
        said = self._errors.read()[-2000:].decode(errors="replace").strip()
        last = f"; last on standard error: {said.splitlines()[-1][:200]}" if said else ""
        return BenchLostError(
            f"the process ended: {ended}{last}", self._at.what, may=self._at.may_be_lost
        )

    def kill(self) -> None:
        """End the process and what it started in its group; does nothing the second time."""
        self._ours.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._errors.close()

    def __del__(self) -> None:
        if "_process" in self.__dict__:
            self.kill()


def _poll(connection: Connection, seconds: float) -> bool:
    try:
        return connection.poll(seconds)
    except OSError:
        return True  # `recv` tells


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
