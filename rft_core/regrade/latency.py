"""How long graders took, over any number of calls."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel, Field

_RATIO: Final = math.log(1.05)
"""Neighbouring bins are 5 % apart, and so are the percentiles told."""
_SHORTEST: Final = 1e-9
_PERCENTILES: Final = (50, 95, 99)


class LatencyHistogram(BaseModel):
    """Durations in seconds by bins of equal ratio: memory does not grow with the calls."""

    bins: Counter[int] = Field(default_factory=Counter)
    longest: float = 0.0

    @classmethod
    def of(cls, seconds: Iterable[float]) -> LatencyHistogram:
        """Count durations."""
        kept = list(seconds)
        bins = Counter([round(math.log(one or _SHORTEST) / _RATIO) for one in kept])
        return cls(bins=bins, longest=max(kept, default=0.0))

    def add(self, other: LatencyHistogram) -> None:
        """Add what another chunk found."""
        self.bins += other.bins
        self.longest = max(self.longest, other.longest)

    def summary(self) -> dict[str, Any]:
        """Return calls, percentiles (to 5 %) and the longest, in seconds; {} without calls."""
        calls = self.bins.total()
        if not calls:
            return {}
        percentiles = {f"p{p}": self._percentile(math.ceil(calls * p / 100)) for p in _PERCENTILES}
        return {"calls": calls, **percentiles, "max": self.longest}

    def _percentile(self, rank: int) -> float:
        seen = 0
        for place, count in sorted(self.bins.items()):
            seen += count
            if seen >= rank:
                return min(math.exp(place * _RATIO), self.longest)
        return self.longest
