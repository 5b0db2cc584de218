"""The last steps of a run, and shares over them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rft_core.run.health.rows import Row, number, span

WINDOW_STEPS: Final = 5
"""A single step is no habit."""
WINDOW_GROUPS: Final = 20
"""Where steps have few groups, more steps are taken: a share of a handful tells nothing."""
MAX_STEPS: Final = 20
"""With fewer groups than the above in as many steps, no share is told."""


class Share(NamedTuple):
    """A mean over the samples of the last steps, and over which."""

    value: float
    first: int
    last: int

    def percent(self) -> str:
        """Return the share in words."""
        return f"{self.value:.0%}"

    def steps(self) -> str:
        """Return the steps in words."""
        return f"over {span(self.first, self.last)}"


@dataclass(slots=True)
class Recent:
    """The last graded steps of one task, as (step, section) pairs, oldest first."""

    steps: deque[tuple[int, Row]] = field(default_factory=lambda: deque(maxlen=MAX_STEPS))

    def add(self, step: int, section: Row) -> None:
        """Add a step, if anything was graded in it."""
        if number(section, "samples") or number(section, "reward", "mean") is not None:
            self.steps.append((step, section))

    def share(self, read: Callable[[Row], float | None]) -> Share | None:
        """Return the mean of what `read` finds in the last steps, weighted by their groups.

        Steps in which it finds None are left out; None if what is left is too little.
        """
        total = weight = 0.0
        last = 0
        for count, (step, groups, value) in enumerate(self._known(read), start=1):
            last = last or step
            total, weight = total + groups * value, weight + groups
            if count >= WINDOW_STEPS and weight >= WINDOW_GROUPS:
                return Share(total / weight, step, last)
        return None

    def _known(self, read: Callable[[Row], float | None]) -> Iterator[tuple[int, float, float]]:
        """Yield step, groups and value, newest first."""
        for step, section in reversed(self.steps):
            value, groups = read(section), number(section, "groups") or 1.0
            if value is not None:
                yield step, groups, value
