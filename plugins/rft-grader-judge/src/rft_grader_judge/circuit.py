"""Not asking an endpoint that keeps failing."""

from __future__ import annotations

import time
from collections.abc import Callable

from rft_grader_judge.errors import CircuitOpenError


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
        self._failures = 0.0
        self._in_a_row = 0
        self._open_until = 0.0
        self._last = ""

    def check(self) -> None:
        """Raise `CircuitOpenError` if the endpoint is not to be asked now."""
        if self._failures >= self._after and self._now() < self._open_until:
            raise CircuitOpenError(
                f"not asked: the judge failed {self._in_a_row} times in a row, "
                f"the last time with: {self._last}"
            )

    def succeeded(self) -> None:
        """Close the circuit."""
        self._failures = 0.0
        self._in_a_row = 0

    def failed(self, cause: str, counts: float = 1.0) -> None:
        """Count a failure, or a part of one."""
        self._failures += counts
        self._in_a_row += 1
        self._last = cause
        if self._failures >= self._after:
            self._open_until = self._now() + self._cooldown
