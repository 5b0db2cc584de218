"""How long a grader's calls took."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

MAX_KEPT: Final = 10_000
"""Of more calls than this between two summaries, the last ones count."""
_PERCENTILES: Final = (50, 95, 99)


class Latencies:
    """The durations of one grader's calls, in seconds from the start of execution.

    A call is one sample, or one piece of a batch where the grader takes batches. Threads may add.
    """

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=MAX_KEPT)

    def add(self, seconds: float) -> None:
        """Note a call that ended, however it ended."""
        self._seconds.append(seconds)

    def extend(self, seconds: Iterable[float]) -> None:
        """Note several calls."""
        self._seconds.extend(seconds)

    def drain(self) -> list[float]:
        """Return what was added and forget it."""
        kept, self._seconds = self._seconds, deque(maxlen=MAX_KEPT)
        return list(kept)

    def take(self) -> Mapping[str, float]:
        """Return calls, p50, p95, p99 and max of what was added, and forget it; {} for nothing."""
        kept = self.drain()
        if not kept:
            return {}
        return {"calls": len(kept), **_percentiles(sorted(kept)), "max": max(kept)}


def _percentiles(ordered: list[float]) -> dict[str, float]:
    if len(ordered) == 1:
        return {f"p{p}": ordered[0] for p in _PERCENTILES}
    cuts = statistics.quantiles(ordered, n=100, method="inclusive")
    return {f"p{p}": cuts[p - 1] for p in _PERCENTILES}
