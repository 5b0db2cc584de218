"""Five graders that crash, leak, hang, raise and return NaN: each failure costs its sample only."""

from __future__ import annotations

import importlib
import json
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rft_core.configurable import PluginConfig
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.reward.composition import WeightedSum
from rft_core.reward.engine import RewardEngine
from rft_core.reward.reward import Reward
from rft_core.testing import make_sample
from rft_core.types import GradedSample

SAMPLES = 2000
AFFECTED = 60
"""Of each grader's samples; 3 %."""


@pytest.fixture(scope="module")
def graders() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("chaos_graders")


@pytest.fixture(scope="module")
def faults(graders: Any) -> list[list[str]]:
    """The graders that each sample is to make fail, by lot."""
    drawn: list[list[str]] = [[] for _ in range(SAMPLES)]
    lots = random.Random(7)  # noqa: S311 - the same faults in every run
    for grader in graders.ALL:
        for index in lots.sample(range(SAMPLES), AFFECTED):
            drawn[index].append(grader.name)
    return drawn


@pytest.fixture(scope="module")
def graded(graders: Any, faults: list[list[str]]) -> list[GradedSample]:
    """All samples, graded by all graders, with a closed reward stage behind them."""
    calls = [
        GraderCall(cls.name, cls(PluginConfig()), "acme 1", cls.timeout, cls.concurrency)
        for cls in graders.ALL
    ]
    reward = Reward(
        runners={call.key: make_runner(call) for call in calls},
        composition=WeightedSum({call.key: 1.0 for call in calls}),
        on_error=dict.fromkeys((call.key for call in calls), "mask"),
    )
    samples = [make_sample(json.dumps({"n": n, "faults": names})) for n, names in enumerate(faults)]
    with RewardEngine({None: reward}) as engine:
        return engine.grade(samples)


def test_every_grade_is_right_or_the_error_that_its_own_sample_caused(
    graders: Any, graded: list[GradedSample], faults: list[list[str]]
) -> None:
    wrong = []
    for n, (one, names) in enumerate(zip(graded, faults, strict=True)):
        for name, grade in one.grades.items():
            assert grade is not None
            kind = graders.EXPECTED_ERRORS[name] if name in names else None
            expected = (None, kind) if kind else (n % 100 / 100, None)
            if (grade.score, grade.error and grade.error.kind) != expected:
                wrong.append((n, name, names, grade))
    assert wrong == []


def test_rewards_are_composed_in_order_and_failed_samples_masked(
    graded: list[GradedSample], faults: list[list[str]]
) -> None:
    for n, (one, names) in enumerate(zip(graded, faults, strict=True)):
        if set(names) - {"leaks"}:
            assert one.reward is None
        else:
            assert one.reward == pytest.approx(5 * (n % 100 / 100))


def test_workers_that_leak_are_replaced_in_time(graders: Any, graded: list[GradedSample]) -> None:
    assert _peak(graded, "leaks") < graders.LEAKY_LIMIT
    assert len(_pids(graded, "leaks")) > 2
    assert len(_pids(graded, "raises")) == 2


def test_no_process_and_no_thread_is_left(graded: list[GradedSample]) -> None:
    pids = set[int]().union(*(_pids(graded, name) for name in graded[0].grades))
    assert [pid for pid in pids if _exists(pid)] == []
    names = [thread.name for thread in threading.enumerate()]
    assert [name for name in names if name.startswith(("workers-", "grading-loop"))] == []


def _pids(graded: list[GradedSample], name: str) -> set[int]:
    return {int(pid) for one in graded if (pid := _metric(one, name, "pid"))}


def _peak(graded: list[GradedSample], name: str) -> float:
    return max(_metric(one, name, "peak_bytes") or 0.0 for one in graded)


def _metric(one: GradedSample, name: str, metric: str) -> float | None:
    grade = one.grades[name]
    return grade.metrics.get(metric) if grade else None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
