"""Whether one quantity rose while another fell, by more than their noise."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Track:
    """A quantity over time, at least three values.

    A change of less than `floor` matters to nobody, however sure it is. `known_noise` is the
    standard error of a value, where the values themselves tell of it.
    """

    values: Sequence[float]
    floor: float
    known_noise: float = 0.0

    def noise(self) -> float:
        """Return the standard deviation of a value about the trend.

        From second differences, which a steady trend does not enter: each is made of three values
        with weights 1, -2 and 1, so its variance is six times theirs.
        """
        values = self.values
        bends = [a - 2 * b + c for a, b, c in zip(values, values[1:], values[2:], strict=False)]
        return max(math.hypot(*bends) / math.sqrt(6 * len(bends)), self.known_noise)

    def least(self, width: int, sigmas: float) -> float:
        """Return which difference of two means over `width` values counts as a change."""
        return max(self.floor, sigmas * self.noise() * math.sqrt(2 / width))

    def mean(self, window: slice) -> float:
        """Return the mean of some of the values."""
        return statistics.fmean(self.values[window])


@dataclass(frozen=True, slots=True)
class Divergence:
    """Two windows of equal width: one track rose from `early` to `late`, the other fell."""

    early: slice
    late: slice


@dataclass(frozen=True, slots=True)
class Windows:
    """How many values are compared with as many, and how many standard errors make a change.

    A fall needs more of them than a rise: it is measured from the highest of many windows.
    """

    width: int
    rise_sigmas: float
    fall_sigmas: float


def divergence(rising: Track, falling: Track, windows: Windows) -> Divergence | None:
    """Return how the tracks parted, None if they did not.

    The last window of values is compared with that one before it in which `falling` stood highest.
    Both changes have to be larger than noise and floor.
    """
    width = windows.width
    count = len(falling.values)
    if count < 2 * width:
        return None
    late = slice(count - width, count)
    sums = _window_sums(falling.values, width)[: count - 2 * width + 1]
    start = max(range(len(sums)), key=sums.__getitem__)
    early = slice(start, start + width)
    fall = falling.mean(early) - falling.mean(late)
    rise = rising.mean(late) - rising.mean(early)
    fell = fall > falling.least(width, windows.fall_sigmas)
    rose = rise > rising.least(width, windows.rise_sigmas)
    return Divergence(early, late) if fell and rose else None


def _window_sums(values: Sequence[float], width: int) -> list[float]:
    sums = [0.0, *accumulate(values)]
    return [after - before for before, after in zip(sums, sums[width:], strict=False)]
