"""Graders that fail on command, for workers to import: a completion says on whom it is to act.

A completion is `{"n": 17, "faults": ["hangs", "nan"]}`. Every grader scores `n % 100 / 100` unless
its own name is among the faults. All of them report their process: its pid and its peak memory.
"""

from __future__ import annotations

import ctypes
import os
import resource
import time
from typing import Any, ClassVar, Final

from rft_core import Grade, Grader, PluginConfig, Sample

LEAK_BYTES: Final = 50 * 1024**2
LEAKY_LIMIT: Final = 600 * 1024**2


class Chaotic(Grader[PluginConfig]):
    """Grades rightly, or does what its subclass does."""

    isolation: ClassVar = "process"
    timeout: ClassVar = 30.0
    concurrency: ClassVar = 2

    def grade(self, sample: Sample) -> Any:
        if self.name in sample.json["faults"]:
            return self.fail(sample)
        return right_grade(sample)

    def fail(self, sample: Sample) -> Any:
        raise NotImplementedError


def right_grade(sample: Sample) -> Grade:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
    metrics = {"pid": float(os.getpid()), "peak_bytes": peak}
    return Grade(sample.json["n"] % 100 / 100, metrics=metrics)


class Segfaults(Chaotic):
    name = "segfaults"

    def fail(self, sample: Sample) -> Any:
        ctypes.string_at(0)


class Leaks(Chaotic):
    """Its grades are right, but what it keeps would not fit for long."""

    name = "leaks"
    memory_limit: ClassVar = LEAKY_LIMIT
    kept: ClassVar[list[bytes]] = []

    def fail(self, sample: Sample) -> Any:
        self.kept.append(b"x" * LEAK_BYTES)
        return right_grade(sample)


class Hangs(Chaotic):
    """Sleeps, or keeps the CPU busy."""

    name = "hangs"
    timeout: ClassVar = 1.0

    def fail(self, sample: Sample) -> Any:
        if sample.json["n"] % 2:
            time.sleep(600)
        while True:
            pass


class Raises(Chaotic):
    name = "raises"

    def fail(self, sample: Sample) -> Any:
        raise RuntimeError(f"no service for {sample.json['n']}")


class ReturnsNan(Chaotic):
    name = "nan"

    def fail(self, sample: Sample) -> Any:
        return float("nan")


ALL: Final[tuple[type[Chaotic], ...]] = (Segfaults, Leaks, Hangs, Raises, ReturnsNan)
EXPECTED_ERRORS: Final = {
    "segfaults": "crash",
    "leaks": None,
    "hangs": "timeout",
    "raises": "exception",
    "nan": "contract",
}
