"""Not asking an endpoint that keeps failing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from rft_grader_judge.errors import CircuitOpenError

WHOLE: Final = 5
"""The parts that a failure counts."""


class Circuit:
    """Opens after `after` failures in a row, for `cooldown` seconds.

    What is asked after that decides: a failure opens it again, a success closes it.
    """

    def __init__(
        self, after: int, cooldown: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._after = after
        self._cooldown = cooldown
        self._now = now
        self._parts = 0
        self._in_a_row = 0
        self._open_until = 0.0
        self._last = ""

    def check(self) -> None:
        """Raise `CircuitOpenError` if the endpoint is not to be asked now."""
        if self._is_open() and self._now() < self._open_until:
            raise CircuitOpenError(
                f"not asked: the judge failed {self._in_a_row} times in a row, "
                f"the last time with: {self._last}"
            )

    def succeeded(self) -> None:
        """Close the circuit."""
        self._parts = 0
        self._in_a_row = 0

    def failed(self, cause: str, parts: int = WHOLE) -> None:
        """Count a failure, or some parts of one."""
        self._parts += parts
        self._in_a_row += 1
        self._last = cause
        if self._is_open():
            self._open_until = self._now() + self._cooldown

    def _is_open(self) -> bool:
        return self._parts >= self._after * WHOLE
