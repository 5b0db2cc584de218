"""What it costs to grade on Ray, on one machine: the same grading by the local executors beside it.

10,000 samples are graded by `multilabel` and `json_schema`, on threads, in processes and on Ray,
and a file of as many samples by chunks, in processes and on Ray. Start-up is told apart: it comes
once a run. On one machine Ray can only lose; the ratio is what a cluster has to make good.

    python benchmarks/ray_executor.py
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall, invoke
from rft_core.grading.build import make_runner
from rft_core.grading.chunks import ChunkPool
from rft_core.grading.executor import Executor
from rft_core.grading.runner import GradingLoop
from rft_core.plugins import plugin_manager
from rft_core.testing import make_grader, make_sample
from rft_core.types import Grade, Sample

SAMPLES: Final = 10_000
CHUNK: Final = 500
REPEATS: Final = 5
WORKERS: Final = 2
CODES: Final = [f"domain-{n}" for n in range(21)]
SCHEMA: Final = {
    "type": "object",
    "properties": {"level1": {"type": "array", "items": {"type": "object"}, "uniqueItems": True}},
    "required": ["level1"],
}


def make_samples() -> list[Sample]:
    """Return different completions of 500 items."""
    choose = random.Random(0)

    def labels() -> list[str]:
        return choose.sample(CODES, choose.randint(1, 6))

    def answer() -> str:
        codes = labels()
        return '{"level1": [' + ", ".join(f'{{"code": "{code}"}}' for code in codes) + "]}"

    items = [make_sample("", item_id=str(n), reference_answer=labels()).item for n in range(500)]
    return [Sample(choose.choice(items), answer()) for _ in range(SAMPLES)]


def make_call(name: str, **config: Any) -> GraderCall:
    """Return a call of an installed grader with two calls in flight."""
    registered = plugin_manager().graders[name]
    grader: Grader[Any] = make_grader(registered.cls, **config)
    return GraderCall(name, grader, registered.distribution, 60.0, WORKERS)


def calls() -> list[GraderCall]:
    return [
        make_call("multilabel", labels="$.level1[*].code"),
        make_call("json_schema", schema=SCHEMA),
    ]


class Work:
    """Grades chunks by calling the graders themselves."""

    @contextmanager
    def open(self) -> Iterator[Callable[[Sequence[Sample]], list[list[Grade]]]]:
        """See `ChunkWork.open`."""
        graders = calls()
        yield lambda chunk: [invoke(call, chunk) for call in graders]


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def grade_batch(loop: GradingLoop, executor: Executor, samples: Sequence[Sample]) -> list[Grade]:
    return loop.call(executor.run(samples))


def grade_chunks(pool: ChunkPool, chunks: Sequence[Sequence[Sample]]) -> list[Any]:
    return list(pool.map(chunks))


def measure_batches(call: GraderCall, samples: Sequence[Sample]) -> None:
    """Grade the samples as one batch on each executor in turn, so that drift hits all alike."""
    names = ("thread", "process", "ray")
    with GradingLoop() as loop:
        started = {name: timed(partial(make_runner, call, name)) for name in names}
        executors = {name: runner.executor for name, (_, runner) in started.items()}
        first: dict[str, float] = {}
        times: dict[str, list[float]] = {name: [] for name in names}
        for name, executor in executors.items():
            made, _ = started[name]
            first[name] = made + timed(partial(grade_batch, loop, executor, samples[:1]))[0]
        graded = {}
        for _ in range(REPEATS):
            for name, executor in executors.items():
                seconds, graded[name] = timed(partial(grade_batch, loop, executor, samples))
                times[name].append(seconds)
        for _, runner in started.values():
            runner.close()
    refuse_differences(graded)
    report(f"{call.key}, one batch of {len(samples)}", first, times)


def measure_chunks(samples: Sequence[Sample]) -> None:
    """Grade the samples by chunks on each executor in turn."""
    chunks = [samples[start : start + CHUNK] for start in range(0, len(samples), CHUNK)]
    pools, first, graded = {}, {}, {}
    for name in ("process", "ray"):
        executor = plugin_manager().executors[name].cls
        made, pools[name] = timed(partial(executor.chunk_pool, Work(), WORKERS))
        first[name] = made + timed(partial(grade_chunks, pools[name], chunks[:1]))[0]
    times: dict[str, list[float]] = {name: [] for name in pools}
    for _ in range(REPEATS):
        for name, pool in pools.items():
            seconds, graded[name] = timed(partial(grade_chunks, pool, chunks))
            times[name].append(seconds)
    for pool in pools.values():
        pool.close()
    refuse_differences(graded)
    report(f"both graders, chunks of {CHUNK}, {WORKERS} workers", first, times)


def refuse_differences(graded: dict[str, Any]) -> None:
    for name, grades in graded.items():
        if grades != graded["ray"]:
            raise SystemExit(f"{name} and ray grade differently")


def report(what: str, first: dict[str, float], times: dict[str, list[float]]) -> None:
    medians = {name: statistics.median(mine) for name, mine in times.items()}
    print(what)
    for name, seconds in medians.items():
        print(
            f"  {name:8} {seconds * 1e6 / SAMPLES:8.1f} us a sample,"
            f" {seconds / medians['ray']:5.2f} of ray's time,"
            f" {first[name]:6.2f} s until the first grade"
        )


def main() -> None:
    samples = make_samples()
    started, _ = timed(join)
    print(f"a Ray cluster of our own: {started:.1f} s")
    for call in calls():
        measure_batches(call, samples)
    measure_chunks(samples)
    leave()


def join() -> None:
    from rft_executor_ray import cluster

    cluster.join()


def leave() -> None:
    from rft_executor_ray import cluster

    cluster.leave()


if __name__ == "__main__":
    main()
