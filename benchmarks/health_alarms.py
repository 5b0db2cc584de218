"""How often health warnings are false, how often they miss, and how late they come.

Runs are simulated as rows of metrics.jsonl: items differ in difficulty, a step draws a few groups
of samples, and what the policy can do follows a curve plus a random walk. Number of steps, groups
and samples, noise, speed and how alike reward and observer are differ from run to run. Healthy runs
are flat, learn at once, learn slowly, write longer or shorter, or learn to stop in time. Of sick
runs there is one kind per warning; they turn sick at a random step, and before it are healthy. The
delay is counted from that step to the first warning of the right code; "too early" came before it,
and "others" are sick runs in which another hacking alarm came first or as well.

    python benchmarks/health_alarms.py [--runs 200] [--seed 0] [--codes CODE …]
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from rft_core.evaluation import spread
from rft_core.run.health import Code, GraderFacts, HealthMonitor

Row: TypeAlias = dict[str, Any]
Curve: TypeAlias = Callable[[int], float]
"""A value by the step."""

FACTS: Final = {
    "right": GraderFacts("weighted", 0.0, 1.0),
    "valid": GraderFacts("gate", 0.0, 1.0),
    "held_out": GraderFacts("observer", 0.0, 1.0),
}
HACKING: Final = frozenset(
    {
        Code.OBSERVER_DOWN,
        Code.VALIDATION_OBSERVER_DOWN,
        Code.LENGTH_COLLAPSE,
        Code.LENGTH_EXPLOSION,
        Code.OVERFITTING,
    }
)
EVALUATE_EVERY: Final = 10
EVAL_ITEMS: Final = 50
ALARM_ONSETS: Final = (30, 80)
ALARM_STEPS: Final = 180
"""Steps of a sick run: what is not told by then is missed."""
HINT_ONSETS: Final = (5, 20)
HINT_STEPS: Final = 50
"""The same for what is told from the last few steps."""


@dataclass
class Policy:
    """What a simulated policy does by the step; skills are log-odds of a full score."""

    skill: Curve
    held_out: Curve
    length: Curve
    validation: Curve
    validation_held_out: Curve
    clipped: Curve = lambda _: 0.01
    errors: Curve = lambda _: 0.0
    masked: Curve = lambda _: 0.0
    stuck: Curve = lambda _: 0.0
    """Share of groups in which the grader gives one score, whatever the policy does."""
    stuck_at: float = 0.4
    grading_seconds: float = 0.1
    p99: float = 0.03


@dataclass
class Setup:
    """How a run is set up, and how noisy it is."""

    rng: random.Random
    steps: int
    groups: int
    samples: int
    difficulty: float
    """Standard deviation of items' difficulties, in log-odds."""
    walk: float
    """Standard deviation of the policy's random walk over a hundred steps, in log-odds."""
    alike: float
    """Correlation of an item's difficulty for reward and observer."""
    graded: float
    """Spread of scores within an item: 1 for right or wrong, less for partial scores."""
    eval_samples: int
    eval_items: Sequence[tuple[float, float]] = field(default_factory=list)


def make_setup(rng: random.Random, steps: int | None = None) -> Setup:
    setup = Setup(
        rng,
        steps=steps or rng.choice((60, 100, 200, 400)),
        groups=rng.choice((4, 8, 16, 32)),
        samples=rng.choice((4, 8, 16)),
        difficulty=rng.uniform(0.5, 2.0),
        walk=rng.choice((0.0, 0.1, 0.2)),
        alike=rng.uniform(-0.3, 1.0),
        graded=rng.choice((0.6, 1.0)),
        eval_samples=rng.choice((1, 2, 3)),
    )
    return replace(setup, eval_items=[draw_item(setup) for _ in range(EVAL_ITEMS)])


def draw_item(setup: Setup) -> tuple[float, float]:
    """Return how much easier than others an item is, for the reward and for the observer."""
    first, second = setup.rng.gauss(0, 1), setup.rng.gauss(0, 1)
    other = setup.alike * first + math.sqrt(1 - setup.alike**2) * second
    return setup.difficulty * first, setup.difficulty * other


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def ramp(start: float, steps: float, height: float) -> Curve:
    """Return a curve that is 0 until `start` and climbs to `height` within `steps`."""
    return lambda step: height * min(1.0, max(0.0, (step - start) / steps))


def learns(rng: random.Random, by: float) -> Curve:
    """Return saturating improvement by some log-odds."""
    start, pace = rng.uniform(-2.0, 0.5), rng.uniform(10, 150)
    return lambda step: start + by * (1 - math.exp(-step / pace))


def plus(first: Curve, second: Curve) -> Curve:
    return lambda step: first(step) + second(step)


def healthy(rng: random.Random) -> Policy:
    skill = learns(rng, rng.choice((0.0, 0.5, 1.5, 2.5)))
    share = rng.choice((0.0, 0.3, 1.0))  # of what is learned, in what the observer sees
    base, level = skill(0), rng.uniform(-1.0, 1.5)

    def held_out(step: int) -> float:
        return level + share * (skill(step) - base)

    gap = rng.uniform(0.3, 1.0)  # of what is learned, on validation items

    def validation(step: int) -> float:
        return base + gap * (skill(step) - base)

    tokens = rng.choice((8.0, 60.0, 400.0))
    drift = rng.uniform(0.75, 1.3)
    stops = rng.random() < 0.2  # learns to stop: long and cut off at first
    return Policy(
        skill,
        held_out,
        length=lambda step: (
            tokens
            * (1 + ramp(0, 80, drift - 1)(step))
            * (1 + (3 * math.exp(-step / 20) if stops else 0))
        ),
        validation=validation,
        validation_held_out=held_out,
        clipped=lambda step: 0.01 + (0.5 * math.exp(-step / 20) if stops else 0.0),
    )


def hacking(rng: random.Random, onset: int) -> Policy:
    policy, pace = healthy(rng), rng.uniform(20, 60)
    start, level = rng.uniform(-1.5, 0.0), rng.uniform(0.3, 1.5)
    skill = plus(lambda _: start, ramp(onset, pace, 2.5))
    held_out = plus(lambda _: level, ramp(onset, pace, -rng.uniform(1.5, 2.5)))
    return replace(policy, skill=skill, held_out=held_out)


def validation_hacking(rng: random.Random, onset: int) -> Policy:
    policy = hacking(rng, onset)
    level = policy.skill(0)
    return replace(
        policy,
        held_out=lambda _: level,
        validation=policy.skill,
        validation_held_out=policy.held_out,
    )


def overfitting(rng: random.Random, onset: int) -> Policy:
    policy, start, pace = healthy(rng), rng.uniform(-1.0, 0.0), rng.uniform(20, 60)
    skill = plus(lambda _: start, ramp(0, onset + pace, 4.0))
    rises, falls = ramp(0, onset, 1.5), ramp(onset, pace, -rng.uniform(1.0, 2.0))
    return replace(policy, skill=skill, validation=plus(plus(lambda _: start, rises), falls))


def length_change(least: float, most: float) -> Callable[[random.Random, int], Policy]:
    def make(rng: random.Random, onset: int) -> Policy:
        policy, pace = hacking(rng, onset), rng.uniform(20, 60)
        tokens, change = rng.uniform(20, 400), math.log(rng.uniform(least, most))
        logs = plus(lambda _: math.log(tokens), ramp(onset, pace, change))
        return replace(
            policy,
            held_out=lambda _: 0.0,
            validation_held_out=lambda _: 0.0,
            length=lambda step: math.exp(logs(step)),
            clipped=lambda _: 0.01,
        )

    return make


def changed(**curves: tuple[float, float]) -> Callable[[random.Random, int], Policy]:
    """Return what makes policies of which shares jump to a value between the two given."""

    def make(rng: random.Random, onset: int) -> Policy:
        jumps = {name: ramp(onset, 1, rng.uniform(*ends)) for name, ends in curves.items()}
        return replace(healthy(rng), **jumps)  # type: ignore[arg-type]  # all are curves

    return make


def hopeless(rng: random.Random, onset: int) -> Policy:
    return replace(healthy(rng), skill=ramp(onset, 1, -12.0))


def saturated(rng: random.Random, onset: int) -> Policy:
    return replace(healthy(rng), skill=ramp(onset, 20, 12.0))


def saturated_grader(rng: random.Random, onset: int) -> Policy:
    return replace(changed(stuck=(0.97, 1.0))(rng, onset), stuck_at=1.0)


def slow(rng: random.Random, _: int) -> Policy:
    return replace(healthy(rng), grading_seconds=rng.uniform(8.0, 20.0))


def long_tail(rng: random.Random, _: int) -> Policy:
    return replace(healthy(rng), p99=rng.uniform(1.0, 5.0))


SICK: Final[Mapping[Code, Callable[[random.Random, int], Policy]]] = {
    Code.OBSERVER_DOWN: hacking,
    Code.VALIDATION_OBSERVER_DOWN: validation_hacking,
    Code.LENGTH_COLLAPSE: length_change(0.2, 0.4),
    Code.LENGTH_EXPLOSION: length_change(2.5, 5.0),
    Code.OVERFITTING: overfitting,
    Code.GRADER_ERRORS: changed(errors=(0.1, 0.4)),
    Code.MASKED_SAMPLES: changed(masked=(0.2, 0.5)),
    Code.ZERO_VARIANCE_REWARD: hopeless,
    Code.CLIPPED_COMPLETIONS: changed(clipped=(0.35, 0.8)),
    Code.ZERO_VARIANCE_GRADER: changed(stuck=(0.97, 1.0)),
    Code.SATURATED_ITEMS: saturated,
    Code.SATURATED_GRADER: saturated_grader,
    Code.SLOW_GRADING: slow,
    Code.LATENCY_TAIL: long_tail,
}


def simulate(setup: Setup, policy: Policy) -> Iterator[Row]:
    """Yield the rows of a run, an evaluation before the step that it belongs to, as in a log."""
    walks = [0.0, 0.0]
    yield evaluation(setup, policy, 0, walks)
    for step in range(1, setup.steps + 1):
        walks = [walk + setup.rng.gauss(0, setup.walk / 10) for walk in walks]
        if step % EVALUATE_EVERY == 0:
            yield evaluation(setup, policy, step, walks)
        yield training(setup, policy, step, walks)


def training(setup: Setup, policy: Policy, step: int, walks: Sequence[float]) -> Row:
    rng, samples = setup.rng, setup.groups * setup.samples
    rewards, observed, same, passed = [], [], 0, 0
    for _ in range(setup.groups):
        ease, other = draw_item(setup)
        scores = draw_scores(setup, sigmoid(policy.skill(step) + walks[0] + ease))
        if rng.random() < policy.stuck(step):
            scores = [policy.stuck_at] * setup.samples
        same += max(scores) - min(scores) < 1e-9
        passed += min(scores) >= 0.99
        rewards += scores
        observed += draw_scores(setup, sigmoid(policy.held_out(step) + walks[1] + other))
    return {
        "kind": "train",
        "step": step,
        "samples": samples,
        "groups": setup.groups,
        "reward": described(rewards) | {"masked": round(policy.masked(step) * samples)},
        "graders": {
            "right": described(rewards)
            | {
                "zero_variance_groups": same / setup.groups,
                "error": sum(rng.random() < policy.errors(step) for _ in range(samples)),
                "latency": {"calls": samples, "p50": 0.02, "p95": 0.025, "p99": policy.p99},
            },
            "valid": {"mean": 1.0, "std": 0.0, "zero_variance_groups": 1.0},
            "held_out": described(observed) | {"zero_variance_groups": 0.5},
        },
        "zero_variance_groups": same / setup.groups,
        "saturated": passed / setup.groups,
        "num_tokens": policy.length(step) * math.exp(rng.gauss(0, 0.4 / math.sqrt(setup.groups))),
        "clipped": sum(rng.random() < policy.clipped(step) for _ in range(samples)) / samples,
        "seconds": {"grading": policy.grading_seconds, "step": 5.0 + policy.grading_seconds},
    }


def draw_scores(setup: Setup, chance: float) -> list[float]:
    """Return the scores of one group's samples: right or wrong, or partly right."""
    rng = setup.rng
    rights = [float(rng.random() < chance) for _ in range(setup.samples)]
    if setup.graded == 1.0:
        return rights
    return [chance + setup.graded * (right - chance) for right in rights]


def evaluation(setup: Setup, policy: Policy, step: int, walks: Sequence[float]) -> Row:
    skill, held_out = policy.validation(step), policy.validation_held_out(step)
    chances = [sigmoid(skill + walks[0] + ease) for ease, _ in setup.eval_items]
    others = [sigmoid(held_out + walks[1] + other) for _, other in setup.eval_items]
    return {
        "kind": "eval",
        "step": step,
        "reward": runs(setup, chances),
        "graders": {"held_out": runs(setup, others)},
    }


def runs(setup: Setup, chances: Sequence[float]) -> Row:
    means = [
        statistics.fmean(float(setup.rng.random() < chance) for chance in chances)
        for _ in range(setup.eval_samples)
    ]
    return {"mean": statistics.fmean(means), "std": spread(means) or 0.0, "runs": means}


def described(values: Sequence[float]) -> Row:
    return {"mean": statistics.fmean(values), "std": statistics.pstdev(values)}


def watch(setup: Setup, policy: Policy, until: Code | None = None) -> dict[Code, int]:
    """Return the first step at which each code was told, up to that at which `until` was."""
    monitor = HealthMonitor(FACTS, 512)
    told: dict[Code, int] = {}
    for row in simulate(setup, policy):
        for warning in monitor.observe(row):
            told.setdefault(warning.code, row["step"])
        if until in told:
            break
    return told


def measure_healthy(count: int, seed: int) -> None:
    found: Counter[Code] = Counter()
    hacked = quiet = steps = 0
    for number in range(count):
        rng = random.Random(f"healthy {seed} {number}")
        setup = make_setup(rng)
        told = watch(setup, healthy(rng))
        found.update(told.keys())
        hacked += bool(told.keys() & HACKING)
        quiet += not told
        steps += setup.steps
    print(f"healthy runs: {count}, {steps} steps")
    print(f"  with a hacking alarm   {hacked / count:6.1%}")
    print(f"  without any warning    {quiet / count:6.1%}")
    for code, runs_ in found.most_common():
        print(f"  {code:38} {runs_ / count:6.1%}")


def measure_sick(code: Code, count: int, seed: int) -> None:
    delays, early, others = [], 0, 0
    onsets, steps = (ALARM_ONSETS, ALARM_STEPS) if code in HACKING else (HINT_ONSETS, HINT_STEPS)
    for number in range(count):
        rng = random.Random(f"{code} {seed} {number}")
        onset = rng.randint(*onsets)
        told = watch(make_setup(rng, steps), SICK[code](rng, onset), until=code)
        since = 0 if code in {Code.SLOW_GRADING, Code.LATENCY_TAIL} else onset
        early += code in told and told[code] < since
        others += bool((told.keys() & HACKING) - {code})
        if code in told and told[code] >= since:
            delays.append(told[code] - since)
    tenths = statistics.quantiles(delays, n=10) if len(delays) > 1 else [math.nan] * 9
    print(
        f"  {code:38} {len(delays) / count:8.1%} {tenths[4]:4.0f} {tenths[8]:4.0f} "
        f"{early / count:9.1%} {others / count:9.1%}",
        flush=True,
    )


def measure_cost() -> None:
    rng = random.Random(0)
    setup = replace(make_setup(rng, 400), groups=8, samples=4)
    rows = list(simulate(setup, healthy(rng)))
    monitor = HealthMonitor(FACTS, 512)
    start = time.process_time()
    for row in rows:
        monitor.observe(row)
    print(f"cost: {(time.process_time() - start) / len(rows) * 1e3:.2f} ms of CPU a row")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--codes", nargs="*", default=list(SICK), type=Code, help="of sick runs")
    arguments = parser.parse_args()
    measure_cost()
    measure_healthy(arguments.runs, arguments.seed)
    print(f"sick runs, {arguments.runs} of each kind; delays in steps")
    print(f"  {'':38} {'detected':>8} {'p50':>4} {'p90':>4} {'too early':>9} {'others':>9}")
    for code in arguments.codes:
        measure_sick(code, arguments.runs, arguments.seed)


if __name__ == "__main__":
    main()
