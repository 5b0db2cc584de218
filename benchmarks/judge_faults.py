"""The judge against an endpoint that fails: what becomes of the samples, and what it costs.

First a run without faults, then one in which 30% of the answers are, in equal parts: status 429
with Retry-After, status 500, no answer at all, a reply that breaks off, a reply that holds no
verdict. Which request gets which is drawn from the sample's name and the number of the attempt, so
it is the same in every run. It fails (exit code 1) unless

* every sample has a score or an error, and every score is the one that the judge gave: none is a 0
  that stands for a failure (the judge never gives 0);
* the run takes at most 1.5 times the time without faults, plus the deadlines that were waited for.

The latter are computed from the requests that the endpoint received: an ideal client, which has no
overhead and never pauses by itself, is given the same answers in the same order (`ideal_seconds`),
once as they were and once with the hung requests and the waits of Retry-After taking no time. The
difference is what waiting cost.

Then the endpoint is down, in two ways: how many requests are made until the circuit opens, and what
happens when it is back.

    python benchmarks/judge_faults.py [--samples 2000] [--latency 0.1] [--concurrency 32]
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from judge import Endpoint, Plan, judging, key_of, make_samples, timed
from rft_grader_judge.testing import Reply, Request, ScriptedServer, verdict_json

from rft_core.types import Grade, Sample

Cause: TypeAlias = Literal["right", "429", "500", "hang", "broken off", "no verdict"]
FAULTS: Final[tuple[Cause, ...]] = ("429", "500", "hang", "broken off", "no verdict")
SHARE: Final = 0.3
SEED: Final = 0
REQUEST_TIMEOUT: Final = 1.0
RETRY_AFTER: Final = 1
NO_VERDICTS: Final = (
    "The answer is excellent.",
    '{"reasoning": "…", "verdict": 11}',
    '{"reasoning": "…", "verdict": null}',
    '{"verdict": 0',
    '{"reasoning": "…", "verdict": "high"}',
)
ALLOWED_RATIO: Final = 1.5
COOLDOWN: Final = 2.0


def cause_of(key: str, attempt: int) -> Cause:
    """Return what the endpoint answers to the nth attempt at a sample."""
    rng = random.Random(f"{SEED}/{key}/{attempt}")
    return rng.choice(FAULTS) if rng.random() < SHARE else "right"


def verdict_of(key: str) -> int:
    """Return the judge's verdict, from 1 to 9."""
    return int(key.removeprefix("answer-")) % 9 + 1


class Judge:
    """Answers after the latency; with `faulty`, not always well."""

    def __init__(self, latency: float, *, faulty: bool) -> None:
        self._latency = latency
        self._faulty = faulty
        self._attempts: Counter[str] = Counter()

    def __call__(self, request: Request) -> Reply:
        """Answer."""
        key = key_of(request)
        attempt = self._attempts[key]
        self._attempts[key] += 1
        right = verdict_json(reasoning="It says what was asked for.", verdict=verdict_of(key))
        match cause_of(key, attempt) if self._faulty else "right":
            case "429":
                return Reply("busy", status=429, headers={"Retry-After": str(RETRY_AFTER)})
            case "500":
                return Reply("failed", status=500, delay=self._latency)
            case "hang":
                return Reply(fault="hang")
            case "broken off":
                return Reply(right, delay=self._latency, fault="truncate")
            case "no verdict":
                return Reply(NO_VERDICTS[attempt % len(NO_VERDICTS)], delay=self._latency)
            case _:
                return Reply(right, delay=self._latency)


def ideal_seconds(chains: Sequence[Sequence[Cause]], plan: Plan, *, waiting: bool) -> float:
    """Return how long an ideal client takes for these answers, one chain for each sample.

    Each request holds one of the slots; a retry comes as early as it may. Without `waiting` hung
    requests and the waits of Retry-After take no time.
    """
    timeout, pause = (REQUEST_TIMEOUT, float(RETRY_AFTER)) if waiting else (0.0, 0.0)
    holds = {"429": 0.0, "hang": timeout}
    pauses = {"429": pause}
    ready = [(0.0, number, 0) for number in range(len(chains))]
    slots = [0.0] * plan.concurrency
    end = 0.0
    while ready:
        since, number, attempt = heapq.heappop(ready)
        cause = chains[number][attempt]
        done = max(since, heapq.heappop(slots)) + holds.get(cause, plan.latency)
        heapq.heappush(slots, done)
        end = max(end, done)
        if attempt + 1 < len(chains[number]):
            heapq.heappush(ready, (done + pauses.get(cause, 0.0), number, attempt + 1))
    return end


def chains_of(keys: Sequence[str]) -> list[list[Cause]]:
    """Return the answers that each sample got, in the order in which samples were first asked."""
    return [[cause_of(key, n) for n in range(count)] for key, count in Counter(keys).items()]


def told(grade: Grade) -> str:
    """Return what became of a sample, in a few words."""
    if grade.error is None:
        return "graded"
    return f"{grade.error.kind}: {grade.error.message.partition(':')[0]}"[:40]


def wrong(samples: Sequence[Sample], grades: Sequence[Grade]) -> int:
    """Return how many grades are neither an error nor the judge's own verdict."""
    expected = [verdict_of(sample.text.partition(" ")[0]) / 10 for sample in samples]
    return sum(
        grade.error is None and (grade.score is None or abs(grade.score - score) > 1e-9)
        for grade, score in zip(grades, expected, strict=True)
    )


class Run(NamedTuple):
    """Of one batch: its seconds, and the keys of the requests that were received."""

    wall: float
    keys: list[str]


def run(samples: Sequence[Sample], plan: Plan, *, faulty: bool) -> tuple[Run, list[Grade]]:
    limits = {"request_timeout": REQUEST_TIMEOUT}
    with (
        Endpoint(Judge(plan.latency, faulty=faulty)) as endpoint,
        judging(endpoint.base_url, plan.concurrency, cache=None, endpoint=limits) as grade,
    ):
        grades, wall, _ = timed(lambda: grade(samples))
        return Run(wall, endpoint.take_keys()), grades


def measure_faults(samples: Sequence[Sample], plan: Plan) -> bool:
    """Return whether the run with faults did what it should."""
    calm, graded = run(samples, plan, faulty=False)
    if wrong(samples, graded) or any(grade.error for grade in graded):
        raise RuntimeError("the run without faults has errors")
    stormy, grades = run(samples, plan, faulty=True)
    chains = chains_of(stormy.keys)
    answers = Counter(cause for chain in chains for cause in chain)
    waited = ideal_seconds(chains, plan, waiting=True) - ideal_seconds(chains, plan, waiting=False)
    ratio = (stormy.wall - waited) / calm.wall
    zeros = sum(grade.score == 0 for grade in grades)
    false = wrong(samples, grades)
    print(f"{len(samples)} samples; {sum(answers.values())} answers when {SHARE:.0%} are faults:")
    print("  " + ", ".join(f"{cause} {count}" for cause, count in answers.most_common()))
    print("samples: " + ", ".join(f"{n} {what}" for what, n in outcomes(grades)))
    print(f"scores of 0: {zeros}; neither an error nor the judge's verdict: {false}")
    print(
        f"without faults {calm.wall:.2f} s, with faults {stormy.wall:.2f} s, of which waiting for"
    )
    print(f"deadlines {waited:.2f} s; the rest is {ratio:.2f} of the time without faults")
    return not zeros and not false and len(grades) == len(samples) and ratio <= ALLOWED_RATIO


def outcomes(grades: Sequence[Grade]) -> list[tuple[str, int]]:
    return Counter(map(told, grades)).most_common()


class Outage:
    """Closes each connection while `is_on`."""

    is_on = True

    def __call__(self, request: Request) -> Reply:
        """Answer, or do not."""
        right = verdict_json(reasoning="Fine.", verdict=verdict_of(key_of(request)))
        return Reply(fault="close") if self.is_on else Reply(right)


def measure_outage(samples: Sequence[Sample], plan: Plan) -> None:
    """Grade batches while the endpoint is down and after it is back."""
    outage = Outage()
    limits = {"circuit_cooldown": COOLDOWN}
    print(f"\nbatches of {len(samples)}; the circuit opens after 20 failures, for {COOLDOWN:g} s")
    print(f"{'':36}{'s':>8}{'requests':>10}  samples")
    with (
        ScriptedServer(outage) as server,
        judging(server.base_url, plan.concurrency, cache=None, endpoint=limits) as grade,
    ):

        def one(name: str) -> None:
            before = len(server.requests)
            grades, wall, _ = timed(lambda: grade(samples))
            show(name, wall, str(len(server.requests) - before), grades)

        one("connections are closed")
        one("at once again")
        time.sleep(COOLDOWN)
        one("after the cooldown")
        outage.is_on = False
        time.sleep(COOLDOWN)
        one("back, after another cooldown")
        one("back, at once again")
    with judging(server.base_url, plan.concurrency, cache=None, endpoint=limits) as grade:
        grades, wall, _ = timed(lambda: grade(samples))
        show("connections are refused", wall, "", grades)


def show(name: str, wall: float, requests: str, grades: Sequence[Grade]) -> None:
    what = ", ".join(f"{n} {what}" for what, n in outcomes(grades))
    print(f"{name:36}{wall:8.2f}{requests:>10}  {what}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=Plan.samples)
    parser.add_argument("--latency", type=float, default=Plan.latency)
    parser.add_argument("--concurrency", type=int, default=Plan.concurrency)
    plan = Plan(**vars(parser.parse_args()))
    samples = make_samples(range(plan.samples), random.Random(SEED))
    as_it_should = measure_faults(samples, plan)
    measure_outage(samples[:500], plan)
    return 0 if as_it_should else 1


if __name__ == "__main__":
    sys.exit(main())
