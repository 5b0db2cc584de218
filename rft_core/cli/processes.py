"""Which of several processes this one is, by what launchers tell them; without importing torch."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Final

PATIENCE: Final = 30.0
"""Seconds that other processes give the main one to tell an error."""


def is_main() -> bool:
    """Whether this is the process that talks to the user."""
    return not is_one_of_several() or os.environ.get("RANK", "0") == "0"


def is_one_of_several() -> bool:
    """Whether `accelerate launch` or `torchrun` started more processes than this one."""
    return os.environ.get("WORLD_SIZE", "1") != "1"


def let_main_tell(code: int) -> None:
    """Wait on other processes than the main one until the launcher ends them, to exit with `code`.

    Usually all processes meet the same error, and the launcher ends all as soon as one is gone:
    the main one has to be the first, or its message is lost. If it does not go, the error is this
    process's alone, which then has to tell it.
    """
    if is_main():
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(code))
    time.sleep(PATIENCE)
