"""Grading leaves its process as it was: nobody else's random numbers, signals, folders change."""

from __future__ import annotations

import decimal
import gc
import locale
import logging
import os
import random
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
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


def _torch_state() -> Any:
    torch = sys.modules.get("torch")
    return None if torch is None else torch.get_rng_state().tolist()


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
    "the warnings filters": lambda: list(warnings.filters),
    "sys.stdout or sys.stderr": lambda: (id(sys.stdout), id(sys.stderr)),
    "the default timeout of sockets": socket.getdefaulttimeout,
    "the umask": _umask,
    "garbage collection": gc.isenabled,
    "the switch interval of threads": sys.getswitchinterval,
    "tracing": lambda: (sys.gettrace(), sys.getprofile()),
    "sys.excepthook": lambda: sys.excepthook,
    "the root logger": lambda: (list(logging.root.handlers), logging.root.level),
    "the decimal context": lambda: str(decimal.getcontext()),
    "the state of torch's random numbers": _torch_state,
}


_at_first: Final[dict[str, Any]] = {}


def remember() -> None:
    """Remember how the process was before any grader was imported."""
    _at_first.update(_snapshot())


def process_state(bench: Bench) -> Iterator[Finding]:
    """Compare what belongs to the whole process before and after grading.

    Imports at first use may change it, once. So everything has been graded before, and what was
    changed then is put back: what changes again, grading changes.
    """
    _restore(_at_first or _snapshot())
    _disturb()
    before = _snapshot()
    alarms.clear()
    bench.each(bench.samples, bench.new_grader())
    now = _snapshot()
    if alarms and not bench.is_isolated:
        yield _changed("the alarm timer", f"{alarms[0]} was called")
    _restore(before)
    for part, value in before.items():
        if now[part] != value:
            yield _changed(part, _difference(value, now[part]))


def _difference(before: Any, after: Any) -> str:
    """Say what changed; the values of variables may be secret."""
    if isinstance(before, dict):
        names = (name for name in before | after if before.get(name) != after.get(name))
        return ", ".join(sorted(names))
    return f"{short(before, 60)} before, {short(after, 60)} after"


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
    if threading.current_thread() is threading.main_thread():
        for number, handler in zip(_SIGNALS, before["signal handlers"], strict=True):
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
    signal.setitimer(signal.ITIMER_REAL, 0)
    sys.path[:] = before["sys.path"]
    warnings.filters[:] = before["the warnings filters"]  # type: ignore[index]
    os.umask(before["the umask"])
    logging.root.handlers[:], logging.root.level = before["the root logger"]
    decimal.setcontext(decimal.Context())
    socket.setdefaulttimeout(before["the default timeout of sockets"])
    sys.setrecursionlimit(before["the recursion limit"])
    sys.set_int_max_str_digits(before["the limit of digits of integers"])
    sys.setswitchinterval(before["the switch interval of threads"])
    locale.setlocale(locale.LC_ALL, before["the locale"])


def _changed(part: str, got: str) -> Finding:
    return Finding(
        "process_state", "ordinary samples", f"{part}: {got}",
        "grading leaves its process as it was: other graders and the trainer live there, and runs "
        "are to be repeatable",
        "Use objects of your own (random.Random(seed), subprocess(cwd=…, env=…)); graders run in "
        "threads, so alarms and signals do not work there: set timeout, or isolation.",
    )  # fmt: skip


def in_threads(bench: Bench) -> Iterator[Finding]:
    """Grade in a thread that is not the main one, as a run does."""
    if bench.grader.is_async() or bench.is_isolated or bench.is_paid:
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
        if len(values) > _CYCLES and all(later > earlier for earlier, later in pairwise(values)):
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
        return [file.name for file in Path("/proc/self/fd").iterdir()]
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
