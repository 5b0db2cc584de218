"""The judge against a scripted endpoint: throughput, duplicates in a batch, the cache on disk.

The endpoint is a process of its own on this machine and answers after a fixed latency. With so
many requests in flight no client can be faster than requests x latency / concurrency; the figures
are shares of that. Beside the grader the same prompts go through bare `openai.AsyncOpenAI` and a
semaphore, in turn with it, so that a machine that changes its speed changes both alike.

    python benchmarks/judge.py [--samples 2000] [--latency 0.1] [--concurrency 32] [--repetitions 3]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, TypeAlias

from openai import AsyncOpenAI
from rft_grader_judge import JudgeGrader
from rft_grader_judge.testing import Reply, Request, Script, ScriptedServer, verdict_json

from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GradingLoop
from rft_core.testing import make_grader
from rft_core.types import Grade, Item, Sample

APPROVAL: Final = Reply(verdict_json(reasoning="It says what was asked for. " * 4, verdict=7))
INSTRUCTIONS: Final = "Does the answer settle the question?\n\n{{ item.question }}"
GROUP: Final = 16
DUPLICATES: Final = 0.6
KEY: Final = re.compile(r"answer-\d+")
"""Every completion names itself, so that a request tells what it is about."""

Judging: TypeAlias = Callable[[Sequence[Sample]], list[Grade]]


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    samples: int = 2000
    latency: float = 0.1
    concurrency: int = 32
    repetitions: int = 3


def key_of(request: Request) -> str:
    """Return the name of the completion that is judged."""
    found = KEY.search(request.text)
    return found[0] if found else ""


class Endpoint:
    """A scripted server in a process of its own; `keys` are those of the requests it received."""

    def __init__(self, script: Script, latency: float = 0.0) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        start = multiprocessing.get_context("spawn").Process
        self._process = start(target=serve, args=(theirs, script, latency), daemon=True)
        self._process.start()
        self.base_url: str = self._pipe.recv()

    def take_keys(self) -> list[str]:
        """Return the keys of the requests since the last call, in order of arrival."""
        self._pipe.send(None)
        keys: list[str] = self._pipe.recv()
        return keys

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join()


def serve(pipe: Connection, script: Script, latency: float) -> None:
    """Run a server until the other end of the pipe is closed."""
    told = 0
    with ScriptedServer(script, latency=latency) as server:
        pipe.send(server.base_url)
        while True:
            try:
                pipe.recv()
            except EOFError:
                return
            new = server.requests[told:]
            told += len(new)
            pipe.send([key_of(request) for request in new])


def make_samples(numbers: Sequence[int], rng: random.Random) -> list[Sample]:
    """Return one sample per number, the completions of equal numbers equal, in groups of items."""
    items = [
        Item(str(i), (), {"question": f"Question {i}: " + prose(40, rng)})
        for i in range(len(set(numbers)) // GROUP + 1)
    ]
    texts = {number: f"answer-{number:06} {prose(120, rng)}" for number in set(numbers)}
    return [Sample(items[number // GROUP], texts[number]) for number in numbers]


def prose(words: int, rng: random.Random) -> str:
    return " ".join(rng.choices(("the", "answer", "is", "that", "policy", "of", "it"), k=words))


@contextmanager
def judging(base_url: str, concurrency: int, **config: Any) -> Iterator[Judging]:
    """Yield a function that grades a batch as a run does; connections are open already."""
    endpoint = {"base_url": base_url, "concurrency": concurrency, **config.pop("endpoint", {})}
    verdict = {"mode": "score", "range": [0, 10]}
    settings = {"model": "scripted", "instructions": INSTRUCTIONS, "verdict": verdict, **config}
    grader = make_grader(JudgeGrader, endpoint=endpoint, **settings)
    runner = make_runner(GraderCall("judge", grader, "benchmark", None, grader.concurrency))
    with GradingLoop() as loop:
        yield lambda samples: loop.call(runner.run(samples))
        runner.close()


def timed(function: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return the result, and the wall and the CPU time in seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def scores_of(grades: Sequence[Grade]) -> list[float]:
    """Return the scores. Raises `RuntimeError` if one is missing."""
    failed = [grade for grade in grades if grade.score is None]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(grades)} are not graded, such as {failed[0]}")
    return [grade.score for grade in grades if grade.score is not None]


def prompts_of(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return the bodies of the requests that the grader sends for the samples."""
    with (
        ScriptedServer(APPROVAL) as server,
        judging(server.base_url, 32, cache=None) as grade,
    ):
        scores_of(grade(samples))
        return [request.body for request in server.requests]


class Run(NamedTuple):
    """Of one pass over all samples: its seconds, those of each request, and CPU seconds."""

    wall: float
    latencies: list[float]
    cpu: float


def run_grader(base_url: str, samples: Sequence[Sample], plan: Plan, *, stream: bool) -> Run:
    with judging(base_url, plan.concurrency, stream=stream, cache=None) as grade:
        grade(samples[: plan.concurrency])
        grades, wall, cpu = timed(lambda: grade(samples))
    scores_of(grades)
    return Run(wall, [grade.metrics["latency_seconds"] for grade in grades], cpu)


def run_bare(base_url: str, bodies: Sequence[Any], plan: Plan, *, stream: bool) -> Run:
    """Send the same requests by a plain loop, as one writes it down."""

    async def all_of() -> tuple[Any, float, float]:
        slots = asyncio.Semaphore(plan.concurrency)
        async with AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) as client:

            async def one(body: dict[str, Any]) -> float:
                async with slots:
                    started = time.perf_counter()
                    json.loads(await (streamed if stream else whole)(client, body))
                    return time.perf_counter() - started

            await asyncio.gather(*map(one, bodies[: plan.concurrency]))
            wall, cpu = time.perf_counter(), time.process_time()
            latencies = await asyncio.gather(*map(one, bodies))
            return latencies, time.perf_counter() - wall, time.process_time() - cpu

    latencies, wall, cpu = asyncio.run(all_of())
    return Run(wall, latencies, cpu)


async def whole(client: AsyncOpenAI, body: dict[str, Any]) -> str:
    answer = await client.chat.completions.create(**body)
    return answer.choices[0].message.content or ""


async def streamed(client: AsyncOpenAI, body: dict[str, Any]) -> str:
    options: Any = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = await client.chat.completions.create(**body, **options)
    return "".join([c.choices[0].delta.content or "" async for c in chunks if c.choices])


def measure_throughput(plan: Plan, samples: Sequence[Sample]) -> None:
    bodies = prompts_of(samples)
    ideal = len(samples) * plan.latency / plan.concurrency
    print(f"{len(samples)} distinct judgements; ideal {ideal:.2f} s; medians of {plan.repetitions}")
    print(f"{'':24}{'s':>8}{'of ideal':>10}{'p50, ms':>10}{'p99, ms':>10}{'CPU, ms each':>14}")
    with Endpoint(APPROVAL, plan.latency) as endpoint:
        for stream in (False, True):
            runs: dict[str, list[Run]] = {"grader": [], "bare loop": []}
            for _ in range(plan.repetitions):
                url = endpoint.base_url
                runs["grader"].append(run_grader(url, samples, plan, stream=stream))
                runs["bare loop"].append(run_bare(url, bodies, plan, stream=stream))
            for name, some in runs.items():
                show(f"{name}{', streamed' if stream else ''}", some, ideal)


def show(name: str, runs: Sequence[Run], ideal: float) -> None:
    wall = statistics.median(run.wall for run in runs)
    each = 1e3 * statistics.median(run.cpu / len(run.latencies) for run in runs)
    percentiles = [statistics.quantiles(run.latencies, n=100) for run in runs]
    middle, slow = (1e3 * statistics.median(of[n - 1] for of in percentiles) for n in (50, 99))
    print(f"{name:24}{wall:8.2f}{ideal / wall:10.1%}{middle:10.1f}{slow:10.1f}{each:14.2f}")


def measure_duplicates(plan: Plan, rng: random.Random) -> None:
    """Grade a batch with equal completions of one item, then again from the cache on disk."""
    distinct = round(plan.samples * (1 - DUPLICATES))
    numbers = [*range(distinct), *rng.choices(range(distinct), k=plan.samples - distinct)]
    rng.shuffle(numbers)
    samples = make_samples(numbers, rng)
    everything = make_samples(range(plan.samples), rng)
    print(f"\n{plan.samples} samples, {distinct} of them distinct")
    print(f"{'':24}{'s':>8}{'requests':>10}{'asked twice':>13}")
    with (
        Endpoint(APPROVAL, plan.latency) as endpoint,
        tempfile.TemporaryDirectory() as folder,
    ):

        def one(name: str, batch: Sequence[Sample], cache: Path | None) -> float:
            with judging(endpoint.base_url, plan.concurrency, cache=cache) as grade:
                grades, wall, _ = timed(lambda: grade(batch))
            scores_of(grades)
            keys = Counter(endpoint.take_keys())
            twice = sum(count > 1 for count in keys.values())
            print(f"{name:24}{wall:8.2f}{keys.total():10}{twice:13}")
            return wall

        full = one("all distinct", everything, None)
        less = one("duplicates", samples, None)
        first = one("cache, first run", samples, Path(folder) / "verdicts.sqlite")
        again = one("cache, second run", samples, Path(folder) / "verdicts.sqlite")
    print(f"time with duplicates: {less / full:.2f} of all distinct (ideal {1 - DUPLICATES:.2f});")
    print(f"second run with the cache: {again / first:.3f} of the first")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=Plan.samples)
    parser.add_argument("--latency", type=float, default=Plan.latency)
    parser.add_argument("--concurrency", type=int, default=Plan.concurrency)
    parser.add_argument("--repetitions", type=int, default=Plan.repetitions)
    plan = Plan(**vars(parser.parse_args()))
    rng = random.Random(0)
    measure_throughput(plan, make_samples(range(plan.samples), rng))
    measure_duplicates(plan, rng)


if __name__ == "__main__":
    main()
