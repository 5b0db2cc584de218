"""Progress that shows up only where the work takes time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import Progress, ProgressColumn

AFTER: Final = 1.0
"""Seconds after which progress is shown."""


@contextmanager
def late_progress(out: Console, *columns: ProgressColumn) -> Iterator[Progress]:
    """Show progress from the second second on: a bar that flashes up says nothing."""
    bar = Progress(*columns, console=out, transient=True, disable=not out.is_terminal)
    timer = threading.Timer(AFTER, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield bar
    finally:
        timer.cancel()
        timer.join()
        bar.stop()
