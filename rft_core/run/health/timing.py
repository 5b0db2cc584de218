"""Whether graders hold the run up."""

from __future__ import annotations

import statistics
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from rft_core.run.health.recent import WINDOW_STEPS
from rft_core.run.health.rows import Row, grader_label, number, sections, span
from rft_core.run.health.warning import Code, HealthWarning

TIMED_STEPS: Final = 20
"""Steps looked back on; where several are taken on one batch, only some of them grade."""
GRADING_SHARE: Final = 0.5
"""Above this, grading costs more than generating and updating together."""
MIN_GRADING_SECONDS: Final = 0.5
"""Per step; with less, there is nothing to gain."""
TAIL_FACTOR: Final = 10.0
MIN_TAIL_SHARE: Final = 0.1
"""p99 against the step's time. A step waits for its slowest call; a shorter wait is no matter."""
MIN_CALLS: Final = 16
"""Of fewer calls a step, the median says little."""


class _Latency(NamedTuple):
    """Seconds; medians over steps of the steps' own percentiles."""

    p50: float
    p95: float
    p99: float


class _Times(NamedTuple):
    """Seconds of one training step, and the latencies of the graders that were called in it."""

    at: int
    grading: float
    step: float
    graders: Mapping[str, _Latency]


class Timing:
    """The times of the last training steps."""

    def __init__(self) -> None:
        self._steps: deque[_Times] = deque(maxlen=TIMED_STEPS)

    def add(self, row: Row) -> None:
        """Add a training step, if it has its times."""
        seconds = number(row, "seconds", "step")
        if seconds is not None:
            grading = number(row, "seconds", "grading") or 0.0
            self._steps.append(_Times(int(row["step"]), grading, seconds, _row_latencies(row)))

    def warnings(self) -> Iterator[HealthWarning]:
        """Return which graders are slow, and which now and then."""
        if len(self._steps) < WINDOW_STEPS:
            return
        latencies = _median_latencies(self._steps)
        grading = statistics.fmean(one.grading for one in self._steps)
        total = statistics.fmean(one.step for one in self._steps)
        steps = span(self._steps[0].at, self._steps[-1].at)
        if grading >= MIN_GRADING_SECONDS and grading > GRADING_SHARE * total:
            yield _slow_grading(grading, total, latencies, steps)
        for label, latency in latencies.items():
            slow = latency.p99 >= MIN_TAIL_SHARE * total
            if slow and latency.p99 >= TAIL_FACTOR * latency.p50:
                yield _tail(label, latency, steps)


def _slow_grading(
    grading: float, total: float, latencies: Mapping[str, _Latency], steps: str
) -> HealthWarning:
    label = max(latencies, key=lambda name: latencies[name].p95, default=None)
    slowest = (
        f"; the slowest grader is `{label}`, with a 95th percentile of "
        f"{latencies[label].p95:.2g} s a call"
        if label is not None
        else ""
    )
    return HealthWarning(
        Code.SLOW_GRADING,
        f"grading took {grading / total:.0%} of the time over {steps}, {grading:.2g} s a step"
        f"{slowest}: raise `concurrency`, or put a gate before slow graders",
        f"{Code.SLOW_GRADING}:",
    )


def _tail(label: str, latency: _Latency, steps: str) -> HealthWarning:
    return HealthWarning(
        Code.LATENCY_TAIL,
        f"the slowest calls of grader `{label}` took {latency.p99:.2g} s (99th percentile) over "
        f"{steps}, half of all calls at most {latency.p50:.2g} s; each step waits for its slowest "
        "call: lower the `timeout`, or find out what these calls wait for",
        f"{Code.LATENCY_TAIL}:{label}",
    )


def _median_latencies(steps: Iterable[_Times]) -> dict[str, _Latency]:
    """Return the latencies of each grader that was called often in enough of the steps."""
    found: defaultdict[str, list[_Latency]] = defaultdict(list)
    for one in steps:
        for label, latency in one.graders.items():
            found[label].append(latency)
    return {
        label: _Latency(*map(statistics.median, zip(*seen, strict=True)))
        for label, seen in found.items()
        if len(seen) >= WINDOW_STEPS
    }


def _row_latencies(row: Row) -> dict[str, _Latency]:
    found = {
        grader_label(task, name): _latency(grader)
        for task, section in sections(row).items()
        for name, grader in (section.get("graders") or {}).items()
    }
    return {label: latency for label, latency in found.items() if latency is not None}


def _latency(grader: Row) -> _Latency | None:
    """Return a grader's latencies; None where there are none, or too few calls to tell."""
    calls, p50, p95, p99 = (number(grader, "latency", k) for k in ("calls", "p50", "p95", "p99"))
    if calls is None or p50 is None or p95 is None or p99 is None or calls < MIN_CALLS:
        return None
    return _Latency(p50, p95, p99)
