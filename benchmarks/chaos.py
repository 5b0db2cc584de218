"""What failing graders cost: 2,000 samples through five graders in processes, quiet and failing.

    python benchmarks/chaos.py [SAMPLES]

One grader segfaults, one leaks 50 MB, one hangs, one raises and one returns NaN, each on 3 % of the
samples (`tests/core/chaos_graders.py`). All of them have two workers. A hang cannot cost less than
its deadline, so the bound for the time is that of the quiet run plus deadline times hanging samples
by workers. Also measured: how long a worker takes to start, and what a trivial grader's sample
costs in a process.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "core"))

import chaos_graders as graders

from rft_core.configurable import PluginConfig
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.process_executor import ProcessExecutor
from rft_core.reward.composition import WeightedSum
from rft_core.reward.engine import RewardEngine
from rft_core.reward.reward import Reward
from rft_core.testing import make_sample
from rft_core.types import GradedSample, Sample

SHARE = 0.03
STARTS = 10


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    _worker_start_seconds()  # starts the fork server, too
    started = statistics.median(_worker_start_seconds() for _ in range(STARTS))
    print(f"worker start, grader included: {started * 1000:.0f} ms (median of {STARTS})")
    print(f"trivial grader, 1 worker:  {_throughput(1):,.0f} samples/s")
    print(f"trivial grader, 2 workers: {_throughput(2):,.0f} samples/s")
    quiet, graded = _grade(_samples(count, share=0.0))
    print(f"quiet:  {quiet:6.1f} s, peak of a worker {_peak_mb(graded):4.0f} MB")
    failing = _samples(count, share=SHARE)
    chaos, graded = _grade(failing)
    hanging = sum("hangs" in sample.json["faults"] for sample in failing)
    least = graders.Hangs.timeout * hanging / graders.Hangs.concurrency
    print(f"chaos:  {chaos:6.1f} s, peak of a worker {_peak_mb(graded):4.0f} MB")
    print(f"bound:  {quiet + least:6.1f} s = quiet + {least:.1f} s for {hanging} hanging samples")
    print(f"wrong grades: {_wrong(failing, graded)} of {count * len(graders.ALL)}")


def _samples(count: int, share: float) -> list[Sample]:
    faults: list[list[str]] = [[] for _ in range(count)]
    lots = random.Random(7)
    for grader in graders.ALL:
        for index in lots.sample(range(count), int(count * share)):
            faults[index].append(grader.name)
    texts = (json.dumps({"n": n, "faults": names}) for n, names in enumerate(faults))
    return [make_sample(text) for text in texts]


def _call(cls: type[graders.Chaotic], concurrency: int) -> GraderCall:
    return GraderCall(cls.name, cls(PluginConfig()), "benchmark", cls.timeout, concurrency)


def _grade(samples: Sequence[Sample]) -> tuple[float, list[GradedSample]]:
    calls = [_call(cls, cls.concurrency) for cls in graders.ALL]
    reward = Reward(
        runners={call.key: make_runner(call) for call in calls},
        composition=WeightedSum({call.key: 1.0 for call in calls}),
        on_error=dict.fromkeys((call.key for call in calls), "mask"),
    )
    start = time.perf_counter()
    with RewardEngine({None: reward}) as engine:
        graded = engine.grade(samples)
        return time.perf_counter() - start, graded


def _peak_mb(graded: Sequence[GradedSample]) -> float:
    grades = (grade for one in graded for grade in one.grades.values() if grade is not None)
    return max(grade.metrics.get("peak_bytes", 0.0) for grade in grades) / 1024**2


def _wrong(samples: Sequence[Sample], graded: Sequence[GradedSample]) -> int:
    wrong = 0
    for sample, one in zip(samples, graded, strict=True):
        n, faults = sample.json["n"], sample.json["faults"]
        for name, grade in one.grades.items():
            kind = graders.EXPECTED_ERRORS[name] if name in faults else None
            expected = (None, kind) if kind else (n % 100 / 100, None)
            wrong += (grade.score, grade.error and grade.error.kind) != expected
    return wrong


def _worker_start_seconds() -> float:
    executor = ProcessExecutor(_call(graders.Raises, 1))
    samples = _samples(1, share=0.0)
    start = time.perf_counter()
    asyncio.run(executor.run(samples))
    seconds = time.perf_counter() - start
    executor.close()
    return seconds


def _throughput(workers: int) -> float:
    executor = ProcessExecutor(_call(graders.Raises, workers))
    samples = _samples(2000, share=0.0)
    asyncio.run(executor.run(samples[:workers]))
    start = time.perf_counter()
    asyncio.run(executor.run(samples))
    seconds = time.perf_counter() - start
    executor.close()
    return len(samples) / seconds


if __name__ == "__main__":
    main()
