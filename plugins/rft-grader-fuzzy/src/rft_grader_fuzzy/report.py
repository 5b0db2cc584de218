"""The report of an evaluation: how similarities are spread, and what the guards did."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from rft_grader_fuzzy.comparing import Result

BINS: Final = 10


class SimilarityReport:
    """Adds up results; `summary` then gives the numbers."""

    def __init__(self) -> None:
        self._answers = 0
        self._zero = 0
        self._bins = [0] * BINS
        self._guards: Counter[str] = Counter()

    def add(self, result: Result) -> None:
        """Count one answer."""
        self._answers += 1
        self._zero += result.score == 0.0
        if result.fired is not None:
            self._guards[result.fired.guard] += 1
        if result.fired is None or result.similarity:
            self._bins[min(int(result.similarity * BINS), BINS - 1)] += 1

    def summary(self) -> dict[str, Any]:
        """Return the report.

        `similarity` counts the answers that were compared, in ten equal bins from 0 to 1;
        `zeroed_by` holds the share of all answers that each guard scored 0.
        """
        total = self._answers or 1
        return {
            "answers": self._answers,
            "zero": self._zero / total,
            "similarity": self._bins,
            "zeroed_by": {name: n / total for name, n in self._guards.most_common()},
        }
