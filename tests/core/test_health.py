"""What is told of a run's health, from rows as they stand in metrics.jsonl."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rft_core.run.health import Code, GraderFacts, HealthMonitor, HealthWarning

ROOT = Path(__file__).resolve().parents[2]
FACTS = {
    "recall": GraderFacts("weighted", 0.0, 1.0),
    "valid": GraderFacts("gate", 0.0, 1.0),
    "f1": GraderFacts("observer", 0.0, 1.0),
}
HACKING = {
    Code.OBSERVER_DOWN,
    Code.VALIDATION_OBSERVER_DOWN,
    Code.LENGTH_COLLAPSE,
    Code.LENGTH_EXPLOSION,
    Code.OVERFITTING,
}

# The demo's run of 40 steps, as logged: a policy that learns quickly and then hovers.
DEMO_REWARD = [
    *(0.464, 0.671, 0.665, 0.787, 0.639, 0.702, 0.799, 0.849, 0.816, 0.714),
    *(0.824, 0.786, 0.768, 0.887, 0.858, 0.877, 0.815, 0.816, 0.883, 0.895),
    *(0.907, 0.805, 0.896, 0.874, 0.866, 0.902, 0.899, 0.900, 0.899, 0.887),
    *(0.903, 0.909, 0.933, 0.896, 0.955, 0.831, 0.907, 0.914, 0.888, 0.913),
]
DEMO_F1 = [
    *(0.491, 0.679, 0.700, 0.802, 0.729, 0.741, 0.807, 0.869, 0.851, 0.749),
    *(0.828, 0.794, 0.772, 0.887, 0.874, 0.889, 0.838, 0.824, 0.891, 0.903),
    *(0.911, 0.840, 0.904, 0.881, 0.881, 0.917, 0.903, 0.911, 0.903, 0.891),
    *(0.903, 0.909, 0.933, 0.904, 0.955, 0.835, 0.907, 0.926, 0.888, 0.917),
]
DEMO_TOKENS = [
    *(6.05, 6.94, 7.72, 8.38, 9.69, 8.63, 8.26, 8.24, 8.16, 7.91),
    *(7.88, 8.00, 7.22, 7.92, 8.34, 8.66, 8.84, 8.40, 8.39, 7.86),
    *(8.42, 9.33, 8.70, 8.45, 8.37, 8.51, 9.36, 7.80, 7.72, 7.46),
    *(7.69, 7.88, 8.03, 8.31, 7.97, 7.53, 7.69, 7.86, 7.75, 8.27),
]


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first with the second's values in it, at all depths."""
    both = dict(first)
    for key, value in second.items():
        deeper = isinstance(value, Mapping) and isinstance(both.get(key), Mapping)
        both[key] = merged(both[key], value) if deeper else value
    return both


def train(step: int, **changes: Any) -> dict[str, Any]:
    """Return the row of a healthy step, changed."""
    grader = {"mean": 0.5, "std": 0.4, "zero_variance_groups": 0.1}
    latency = {"calls": 64, "p50": 0.01, "p95": 0.015, "p99": 0.02, "max": 0.02}
    row = {
        "kind": "train",
        "step": step,
        "samples": 64,
        "groups": 8,
        "reward": {"mean": 0.5, "std": 0.4, "masked": 0},
        "graders": {name: grader | {"latency": latency} for name in FACTS},
        "zero_variance_groups": 0.1,
        "saturated": 0.05,
        "num_tokens": 100.0,
        "clipped": 0.01,
        "seconds": {"generation": 3.0, "grading": 0.1, "update": 2.0, "step": 5.1},
    }
    return merged(row, changes)


def evaluation(step: int, reward: float, f1: float = 0.5) -> dict[str, Any]:
    return {
        "kind": "eval",
        "step": step,
        "reward": {"mean": reward, "std": 0.01, "runs": [reward] * 3},
        "graders": {"f1": {"mean": f1, "std": 0.01, "runs": [f1] * 3}},
    }


def told(
    rows: Iterable[Mapping[str, Any]], facts: Mapping[str, GraderFacts] = FACTS
) -> list[tuple[int, HealthWarning]]:
    """Return what a monitor tells of a run, with the steps at which it does."""
    monitor = HealthMonitor(facts, 512)
    return [(row["step"], warning) for row in rows for warning in monitor.observe(row)]


def codes(rows: Iterable[Mapping[str, Any]], facts: Mapping[str, GraderFacts] = FACTS) -> set[str]:
    return {warning.code for _, warning in told(rows, facts)}


def steps(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [train(step, **changes) for step in range(1, count + 1)]


def curves(
    reward: Sequence[float],
    f1: Sequence[float] | None = None,
    tokens: Sequence[float] | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of a run whose means follow curves."""
    return [
        train(
            at + 1,
            reward={"mean": reward[at]},
            graders={"f1": {"mean": f1[at] if f1 else 0.5}},
            num_tokens=tokens[at] if tokens else 100.0,
        )
        for at in range(len(reward))
    ]


def noisy(start: float, end: float, count: int = 60, sd: float = 0.03) -> list[float]:
    """Return a noisy line; the noise depends on its ends only."""
    rng = random.Random(f"{start} {end} {count}")  # noqa: S311 - a simulation
    return [start + (end - start) * i / count + rng.gauss(0, sd) for i in range(count)]


def test_a_healthy_run_is_silent() -> None:
    assert told(curves(noisy(0.3, 0.8), noisy(0.3, 0.7), noisy(100, 120, sd=5))) == []


def test_the_demos_run_gives_no_alarm() -> None:
    assert codes(curves(DEMO_REWARD, DEMO_F1, DEMO_TOKENS)) & HACKING == set()


def test_an_observer_that_falls_while_the_reward_rises_is_told() -> None:
    ((step, warning),) = told(curves(noisy(0.3, 0.8), noisy(0.7, 0.2)))[:1]
    assert warning.code == "reward_up_observer_down"
    assert warning.key == "reward_up_observer_down:f1"
    assert 20 <= step <= 40
    assert re.match(
        r"the reward rose from 0\.\d+ to 0\.\d+ while observer `f1`, which is not trained on, fell "
        rf"from 0\.\d+ to 0\.\d+ between steps \d+ to \d+ and steps {step - 9} to {step}: ",
        warning.message,
    )


@pytest.mark.parametrize(
    ("reward", "f1"),
    [
        (noisy(0.8, 0.3), noisy(0.7, 0.2)),
        (noisy(0.3, 0.8), noisy(0.2, 0.7)),
        (noisy(0.5, 0.5), noisy(0.7, 0.2)),
        (noisy(0.3, 0.8), noisy(0.5, 0.45, sd=0.001)),
        (noisy(0.3, 0.8), noisy(0.7, 0.5, sd=0.4)),
    ],
    ids=["both fall", "both rise", "the reward stays", "it hardly falls", "it may be noise"],
)
def test_what_is_no_hacking(reward: list[float], f1: list[float]) -> None:
    assert codes(curves(reward, f1)) == set()


@pytest.mark.parametrize("role", ["weighted", "gate"])
def test_only_observers_are_held_out(role: Any) -> None:
    rows = curves(noisy(0.3, 0.8), noisy(0.7, 0.2))
    assert codes(rows, FACTS | {"f1": GraderFacts(role, 0.0, 1.0)}) == set()


def test_an_alarm_compares_with_where_the_observer_stood_highest() -> None:
    f1 = [*noisy(0.3, 0.7, 30), *noisy(0.7, 0.3, 30)]
    ((step, warning),) = told(curves(noisy(0.3, 0.8), f1))[:1]
    assert warning.code == Code.OBSERVER_DOWN
    assert step > 35
    first = re.search(r"between steps (\d+)", warning.message)
    assert first
    assert 20 <= int(first[1]) <= 30


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        (noisy(100, 20, sd=3), {Code.LENGTH_COLLAPSE}),
        (noisy(100, 400, sd=3), {Code.LENGTH_EXPLOSION}),
        (noisy(100, 70, sd=3), set()),
        (noisy(3, 1, sd=0.05), set()),
        ([0.0] * 60, set()),
    ],
    ids=["shrinks", "grows", "drifts", "was short anyway", "says nothing"],
)
def test_lengths(tokens: list[float], found: set[Code]) -> None:
    assert codes(curves(noisy(0.3, 0.8), tokens=tokens)) == found


def test_lengths_without_a_rising_reward_are_no_alarm() -> None:
    assert codes(curves(noisy(0.5, 0.5), tokens=noisy(100, 20, sd=3))) == set()


def test_a_policy_that_learns_to_stop_is_no_collapse() -> None:
    rows = curves(noisy(0.3, 0.8), tokens=noisy(100, 20, sd=3))
    clipped = [row | {"clipped": 0.2 * (1 - i / 60)} for i, row in enumerate(rows)]
    assert codes(clipped) == set()


def with_evaluations(
    reward: Sequence[float], validation: Sequence[float], f1: Sequence[float]
) -> list[dict[str, Any]]:
    """Return a run with an evaluation every fifth step, before the row of its step."""
    rows = curves(reward)
    for at in reversed(range(len(validation))):
        rows.insert(max(0, 5 * at - 1), evaluation(5 * at, validation[at], f1[at]))
    return rows


RISES = [0.3 + 0.02 * i for i in range(12)]
FALLS = [0.6 - 0.03 * i for i in range(12)]


@pytest.mark.parametrize(
    ("reward", "validation", "f1", "found"),
    [
        (noisy(0.3, 0.9), FALLS, FALLS, {Code.OVERFITTING}),
        (noisy(0.3, 0.9), RISES, FALLS, {Code.VALIDATION_OBSERVER_DOWN}),
        (noisy(0.3, 0.9), RISES, RISES, set()),
        (noisy(0.9, 0.3), FALLS, FALLS, set()),
    ],
    ids=["overfitting", "hacking", "generalises", "unlearns"],
)
def test_evaluations(
    reward: list[float], validation: list[float], f1: list[float], found: set[Code]
) -> None:
    assert codes(with_evaluations(reward, validation, f1)) == found


def test_spread_of_runs_is_noise() -> None:
    rows = with_evaluations(noisy(0.3, 0.9), FALLS, RISES)
    for row in rows:
        if row["kind"] == "eval":
            row["reward"]["std"] = 0.4
    assert codes(rows) == set()


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        (
            {"graders": {"recall": {"zero_variance_groups": 0.93, "mean": 0.2}}},
            Code.ZERO_VARIANCE_GRADER,
            (
                "grader `recall` gave the same score to all samples of 93% of groups over steps 1 "
                "to 5 (mean 0.2): there is nothing to learn from it."
            ),
        ),
        (
            {"graders": {"recall": {"zero_variance_groups": 0.95, "mean": 0.99}}},
            Code.SATURATED_GRADER,
            (
                "grader `recall` gave the same score to all samples of 95% of groups over steps 1 "
                "to 5, nearly always its highest:"
            ),
        ),
        (
            {"zero_variance_groups": 0.8, "saturated": 0.3},
            Code.ZERO_VARIANCE_REWARD,
            (
                "all samples of a group got the same reward in 80% of groups over steps 1 to 5, of "
                "which 30% passed throughout:"
            ),
        ),
        (
            {"zero_variance_groups": 0.8, "saturated": 0.8},
            Code.SATURATED_ITEMS,
            "the policy always passes 80% of the items over steps 1 to 5: harder items",
        ),
        (
            {"clipped": 0.5},
            Code.CLIPPED_COMPLETIONS,
            "50% of completions were cut off at the length limit of 512 tokens over steps 1 to 5,",
        ),
        (
            {"graders": {"f1": {"error": 8, "not_run": 24}}},
            Code.GRADER_ERRORS,
            "grader `f1` failed on 20% of the samples that it was to grade over steps 1 to 5:",
        ),
        (
            {"reward": {"masked": 16}},
            Code.MASKED_SAMPLES,
            "25% of the samples had no reward over steps 1 to 5, and not because of errors:",
        ),
        (
            {
                "seconds": {"grading": 9.0, "step": 15.0},
                "graders": {"valid": {"latency": {"p95": 1.2}}},
            },
            Code.SLOW_GRADING,
            (
                "grading took 60% of the time over steps 1 to 5, 9 s a step; the slowest grader is "
                "`valid`, with a 95th percentile of 1.2 s a call:"
            ),
        ),
        (
            {"graders": {"recall": {"latency": {"p99": 2.5}}}},
            Code.LATENCY_TAIL,
            (
                "the slowest calls of grader `recall` took 2.5 s (99th percentile) over steps 1 "
                "to 5, half of all calls at most 0.01 s;"
            ),
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Code) else "",
)
def test_the_last_steps(changes: dict[str, Any], code: Code, message: str) -> None:
    assert told(steps(4, **changes)) == []
    ((step, warning),) = told(steps(20, **changes))
    assert (step, warning.code) == (5, code)
    assert warning.message.startswith(message)


@pytest.mark.parametrize(
    "changes",
    [
        {"graders": {"valid": {"zero_variance_groups": 1.0}}},
        {"graders": {"f1": {"zero_variance_groups": 1.0}}},
        {"graders": {"recall": {"zero_variance_groups": 0.85}}},
        {"graders": {"recall": {"zero_variance_groups": None}}},
        {"zero_variance_groups": 0.7},
        {"saturated": 0.65},
        {"clipped": 0.2},
        {"graders": {"recall": {"error": 2}}},
        {"reward": {"masked": 5}},
        {"seconds": {"grading": 0.4, "step": 0.6}},
        {"seconds": {"grading": 2.4}},
        {"graders": {"recall": {"latency": {"p99": 0.4}}}},
        {"graders": {"recall": {"latency": {"p99": 2.5, "calls": 10}}}},
    ],
    ids=json.dumps,
)
def test_what_is_not_worth_a_warning(changes: dict[str, Any]) -> None:
    assert told(steps(30, **changes)) == []


def test_masking_by_errors_is_told_once() -> None:
    failing = steps(10, reward={"masked": 16}, graders={"recall": {"error": 16}})
    assert codes(failing) == {Code.GRADER_ERRORS}


def test_where_steps_have_few_groups_more_steps_are_taken() -> None:
    ((step, warning),) = told(steps(30, groups=2, clipped=0.5))
    assert step == 10
    assert "over steps 1 to 10," in warning.message
    assert told(steps(10, groups=0, clipped=0.5)) == []


def test_a_larger_step_weighs_more() -> None:
    rows = [train(i, groups=30 if i % 2 else 1, clipped=0.5 * (i % 2)) for i in range(1, 7)]
    (_, warning), *_ = told(rows)
    assert warning.message.startswith("49% of completions")


def test_an_unbounded_range_has_no_top() -> None:
    rows = steps(9, graders={"recall": {"zero_variance_groups": 1.0, "mean": 5.0}})
    facts = {"recall": GraderFacts("weighted", -math.inf, math.inf)}
    assert codes(rows, facts) == {Code.ZERO_VARIANCE_GRADER}


def test_a_warning_that_lasts_is_told_every_50_steps() -> None:
    assert [step for step, _ in told(steps(120, clipped=0.5))] == [5, 55, 105]


def test_a_warning_that_came_back_is_told_again() -> None:
    shares = [0.9] * 10 + [0.0] * 20 + [0.9] * 10
    rows = [train(i, clipped=share) for i, share in enumerate(shares, start=1)]
    assert [step for step, _ in told(rows)] == [5, 32]


def test_a_warning_about_its_threshold_is_not_told_each_time() -> None:
    rows = [train(i, clipped=0.9 if i // 5 % 2 else 0.0) for i in range(1, 50)]
    assert len(told(rows)) == 1


def test_at_most_three_are_told_per_step_and_the_others_later() -> None:
    everything = {
        "zero_variance_groups": 1.0,
        "clipped": 0.9,
        "reward": {"masked": 30},
        "graders": {"recall": {"zero_variance_groups": 1.0}},
        "seconds": {"grading": 50.0, "step": 55.0},
    }
    rows = [row for at in range(1, 9) for row in (evaluation(at, 0.5), train(at, **everything))]
    found = [(step, warning.code) for step, warning in told(rows)]
    assert found == [
        (5, Code.MASKED_SAMPLES),
        (5, Code.ZERO_VARIANCE_REWARD),
        (5, Code.CLIPPED_COMPLETIONS),
        (6, Code.ZERO_VARIANCE_GRADER),
        (6, Code.SLOW_GRADING),
    ]


def test_tasks_are_watched_by_themselves() -> None:
    easy = train(0, saturated=0.9, graders={"recall": {"zero_variance_groups": 1.0}})
    rows = [train(i, saturated=0.9) | {"tasks": {"a": easy, "b": train(0)}} for i in range(1, 10)]
    facts = {f"{task}/{name}": fact for task in "ab" for name, fact in FACTS.items()}
    found = told(rows, facts)
    assert {warning.key for _, warning in found} == {
        "saturated_items:a",
        "zero_variance_grader:a/recall",
    }
    assert any(w.message.startswith("task `a`: the policy always passes 90%") for _, w in found)


def test_an_observer_of_a_task_is_compared_with_its_tasks_reward() -> None:
    hacked = curves(noisy(0.3, 0.8), noisy(0.7, 0.2))
    rows = [train(i, tasks={"a": row, "b": train(0)}) for i, row in enumerate(hacked, start=1)]
    facts = {f"{task}/{name}": fact for task in "ab" for name, fact in FACTS.items()}
    assert {w.key for _, w in told(rows, facts)} == {"reward_up_observer_down:a/f1"}


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "train", "step": 1},
        {"kind": "eval", "step": 1},
        {"kind": "train", "step": 1, "seconds": {"step": 1.0}},
        {"kind": "train", "step": 1, "samples": 8, "groups": 1, "graders": {}},
        merged(
            train(1), {"reward": {"mean": None, "std": None}, "graders": {"f1": {"mean": None}}}
        ),
        merged(train(1), {"num_tokens": None, "clipped": None, "saturated": None, "groups": None}),
        merged(train(1), {"graders": {"f1": {"latency": {}}}, "seconds": None}),
        {"kind": "eval", "step": 1, "reward": {"mean": None, "std": None, "runs": [None]}},
    ],
    ids=lambda row: json.dumps(row)[:50],
)
def test_whatever_is_missing_or_null_is_left_out(row: dict[str, Any]) -> None:
    assert told([row | {"step": step} for step in range(1, 30)]) == []


def test_steps_without_graded_batches_do_not_count() -> None:
    rows = [
        train(i, clipped=0.5) if i % 4 == 1 else {"kind": "train", "step": i} for i in range(1, 20)
    ]
    ((step, warning),) = told(rows)
    assert step == 17
    assert "over steps 1 to 17," in warning.message


def test_graders_of_which_nothing_is_known_are_not_judged() -> None:
    assert told(curves(noisy(0.3, 0.8), noisy(0.7, 0.2)), facts={}) == []


def test_a_monitor_that_saw_the_first_rows_tells_the_same_of_the_others() -> None:
    hacked = curves(noisy(0.3, 0.8), noisy(0.7, 0.2))
    rows = [row | {"clipped": 0.5} for row in hacked]
    resumed = HealthMonitor(FACTS, 512)
    for row in json.loads(json.dumps(rows[:10])):
        resumed.observe(row)
    rest = [(row["step"], warning) for row in rows[10:] for warning in resumed.observe(row)]
    assert {warning.code for _, warning in rest} == {Code.OBSERVER_DOWN, Code.CLIPPED_COMPLETIONS}
    assert rest == [(step, warning) for step, warning in told(rows) if step > 10]


def test_rows_are_not_changed() -> None:
    rows = with_evaluations(noisy(0.3, 0.9), FALLS, FALLS)
    before = json.dumps(rows)
    told(rows)
    assert json.dumps(rows) == before


def test_what_is_kept_of_a_run_is_bounded() -> None:
    import pickle

    def size(count: int) -> int:
        monitor = HealthMonitor(FACTS, 512)
        for step in range(1, count + 1):
            if step % 4 == 0:
                monitor.observe(evaluation(step, 0.5))
            monitor.observe(train(step, clipped=0.5))
        return len(pickle.dumps(monitor))

    assert size(400) < 1.05 * size(250)


def test_all_codes_are_documented_in_their_order() -> None:
    page = (ROOT / "docs" / "health.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == [str(code) for code in Code]
