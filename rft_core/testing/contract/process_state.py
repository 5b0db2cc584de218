"""Grading leaves its process as it was: nobody else's random numbers, signals, folders change."""

from __future__ import annotations

import gc
import locale
import os
import random
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from rft_core.testing.contract.bench import Bench, short
from rft_core.testing.contract.watching import alarms
from rft_core.testing.findings import Finding

_CYCLES: Final = 3
_SECONDS_TO_END: Final = 2.0
_MANY_SAMPLES: Final = 6


def _numpy_state() -> Any:
    numpy = sys.modules.get("numpy.random")
    return None if numpy is None else repr(numpy.get_state())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_SIGNALS: Final = tuple(sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}))
_PARTS: Final[dict[str, Callable[[], Any]]] = {
    "the working directory": Path.cwd,
    "os.environ": lambda: dict(os.environ),
    "the state of `random`": random.getstate,
    "the state of numpy.random": _numpy_state,
    "signal handlers": lambda: [signal.getsignal(one) for one in _SIGNALS],
    "the alarm timer": lambda: signal.getitimer(signal.ITIMER_REAL)[0] > 0,
    "the recursion limit": sys.getrecursionlimit,
    "the limit of digits of integers": sys.get_int_max_str_digits,
    "sys.path": lambda: list(sys.path),
    "the locale": lambda: locale.setlocale(locale.LC_ALL),
    "the warnings filters": lambda: list(map(repr, warnings.filters)),
    "sys.stdout or sys.stderr": lambda: (id(sys.stdout), id(sys.stderr)),
    "the default timeout of sockets": socket.getdefaulttimeout,
    "the umask": _umask,
    "garbage collection": gc.isenabled,
    "the switch interval of threads": sys.getswitchinterval,
    "tracing": lambda: (sys.gettrace(), sys.getprofile()),
    "sys.excepthook": lambda: sys.excepthook,
}


def process_state(bench: Bench) -> Iterator[Finding]:
    """What belongs to the whole process is as it was after grading."""
    bench.each(bench.samples)  # what is imported at first use changes things, once
    before = _snapshot()
    try:
        for number in range(2):
            alarms.clear()
            grader = bench.new_grader()
            bench.each(bench.samples[:_MANY_SAMPLES] if bench.is_paid else bench.samples, grader)
            now = _snapshot()
            for part, value in before.items():
                if now[part] != value:
                    yield _changed(part, f"{short(value, 60)} before, {short(now[part], 60)} after")
            if alarms and not bench.is_isolated:
                yield _changed("the alarm timer", f"{alarms[0]} was called")
            _restore(before)
            if number == 0:
                _disturb()
                before = _snapshot()
    finally:
        _restore(before)


def _snapshot() -> dict[str, Any]:
    return {name: read() for name, read in _PARTS.items()}


def _disturb() -> None:
    """Change what a grader may set to the same value each time, so that it shows."""
    random.seed(time.monotonic_ns())
    sys.setrecursionlimit(sys.getrecursionlimit() + 17)
    sys.set_int_max_str_digits(sys.get_int_max_str_digits() + 17)
    sys.setswitchinterval(0.004)
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed(time.monotonic_ns() % 2**32)


def _restore(before: dict[str, Any]) -> None:
    os.chdir(before["the working directory"])
    for name in os.environ.keys() - before["os.environ"].keys():
        del os.environ[name]
    os.environ.update(before["os.environ"])
    for number, handler in zip(_SIGNALS, before["signal handlers"], strict=True):
        if handler is not None and signal.getsignal(number) is not handler and _in_main_thread():
            signal.signal(number, handler)
    signal.setitimer(signal.ITIMER_REAL, 0)
    sys.path[:] = before["sys.path"]
    socket.setdefaulttimeout(before["the default timeout of sockets"])
    sys.setrecursionlimit(max(before["the recursion limit"], 1000))
    locale.setlocale(locale.LC_ALL, before["the locale"])


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _changed(part: str, got: str) -> Finding:
    return Finding(
        "process_state", "ordinary samples", f"{part}: {got}",
        "grading leaves its process as it was: other graders and the trainer live there, and runs "
        "are to be repeatable",
        "Use objects of your own (random.Random(seed), subprocess(cwd=…, env=…)); graders run in "
        "threads, so alarms and signals do not work there: set timeout, or isolation.",
    )  # fmt: skip


def in_threads(bench: Bench) -> Iterator[Finding]:
    """A sync grader works in a thread that is not the main one, as in a run."""
    if bench.grader.is_async() or bench.is_isolated or bench.is_paid or not _in_main_thread():
        return
    for sample in bench.typical:
        found: list[str] = []

        def grade(sample: Any = sample, found: list[str] = found) -> None:
            error = bench.alone(sample).error
            if error is not None:
                found.append(error.message)

        thread = threading.Thread(target=grade, daemon=True)
        thread.start()
        thread.join()
        for message in found:
            yield _changed("signals or other things of the main thread", message)


# Leftovers


def leftovers(bench: Bench) -> Iterator[Finding]:
    """After close(), no thread, process or open file of the grader is left."""
    if bench.is_paid:
        return
    counts = [_cycle(bench)]
    for _ in bench.within_budget(range(_CYCLES)):
        counts.append(_cycle(bench))
        if all(counts[-1][what] <= counts[-2][what] for what in counts[-1]):
            return
    for what in counts[0]:
        values = [one[what] for one in counts]
        if len(values) > _CYCLES and all(
            later > earlier for earlier, later in zip(values, values[1:], strict=False)
        ):
            yield Finding(
                "leftovers", "ordinary samples to new instances, closed one after the other",
                f"{what} in the process: {', '.join(map(str, values))}",
                "close() releases everything: threads, processes, files and connections",
                "Keep what you start on the instance and end it in close(); use `with` for files.",
            )  # fmt: skip


def _cycle(bench: Bench) -> dict[str, int]:
    """Build, grade, close; return what there is of each kind afterwards."""
    grader = bench.new_grader()
    bench.each(bench.samples[:_MANY_SAMPLES], grader)
    grader.close()
    del grader
    gc.collect()
    now = _counts()
    end = time.monotonic() + _SECONDS_TO_END / 4
    while time.monotonic() < end:
        time.sleep(0.02)
        later = _counts()
        if later == now:
            break
        now = later
    return now


def _counts() -> dict[str, int]:
    return {
        "threads": threading.active_count(),
        "child processes": len(_children()),
        "open files": len(_descriptors()),
    }


def _descriptors() -> list[str]:
    try:
        return os.listdir("/proc/self/fd")
    except OSError:
        return []


def _children() -> list[str]:
    found: list[str] = []
    for file in Path("/proc/self/task").glob("*/children"):
        try:
            found += file.read_text().split()
        except OSError:  # the thread is gone
            continue
    return found
