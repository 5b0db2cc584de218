"""Sees what Python code does to the outside: audit events, alarms.

An audit hook cannot be removed, so hooks are set in the bench's own process only.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

Listener: TypeAlias = Callable[[str, tuple[Any, ...]], None]
"""Gets an audit event's name and arguments. What it raises, the audited call raises."""

_listeners: Final[list[Listener]] = []
_watching: Final[list[bool]] = []
alarms: Final[list[str]] = []
"""The functions with which alarms were set, in order."""


def watch() -> None:
    """Begin to watch this process; before the grader is imported."""
    _watching.append(True)
    sys.addaudithook(_hook)
    for name in ("alarm", "setitimer"):
        setattr(signal, name, _noting(name, getattr(signal, name)))
    time.sleep = _announced(time.sleep)


def is_watched() -> bool:
    """Whether this process is watched: only in the bench's own is it."""
    return bool(_watching)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    for listener in _listeners:
        listener(event, args)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send audit events to `listener` meanwhile."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def _announced(sleep: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return `time.sleep` with the audit event that Python 3.13 gives it."""

    def announced(seconds: Any, /) -> None:
        _hook("time.sleep", (seconds,))
        sleep(seconds)

    return announced


def _noting(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def noting(*args: Any) -> Any:
        alarms.append(f"signal.{name}")
        return original(*args)

    return noting
