"""Factories that the tests of the core share: graders from functions, rewards, task files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

import rft_core.plugins
from rft_core.configurable import PluginConfig
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GradingLoop
from rft_core.plugins import PluginManager
from rft_core.reward.composition import Composition, WeightedSum
from rft_core.reward.engine import RewardEngine
from rft_core.reward.reward import Reward
from rft_core.testing import make_sample
from rft_core.types import Grade, GradedSample, Progress, Sample

OWNER = "acme-graders 1.2"


def _grader(function: Callable[..., Any], *, batch: bool, **attributes: Any) -> Grader[Any]:
    method = "grade_batch" if batch else "grade"
    members = {"name": "under_test", method: staticmethod(function), **attributes}
    return type("UnderTest", (Grader,), members)(PluginConfig())


@pytest.fixture
def make_call() -> Callable[..., GraderCall]:
    """Return a function that makes a grader of a function and puts limits on it."""

    def make(
        function: Callable[..., Any],
        *,
        key: str = "quality",
        batch: bool = False,
        timeout: float | None = None,
        concurrency: int = 1,
        **attributes: Any,
    ) -> GraderCall:
        grader = _grader(function, batch=batch, **attributes)
        return GraderCall(key, grader, OWNER, timeout, concurrency)

    return make


@pytest.fixture
def grading_loop() -> Iterator[GradingLoop]:
    with GradingLoop() as loop:
        yield loop


@pytest.fixture
def grade_texts(
    make_call: Callable[..., GraderCall], grading_loop: GradingLoop
) -> Callable[..., list[Grade]]:
    """Return a function that grades texts with a function, on the executor that suits it."""

    def grade(
        function: Callable[..., Any],
        texts: Sequence[str] = ("only",),
        *,
        executor: str | None = None,
        **limits: Any,
    ) -> list[Grade]:
        runner = make_runner(make_call(function, **limits), executor)
        try:
            return grading_loop.call(runner.run([make_sample(text) for text in texts]))
        finally:
            runner.close()

    return grade


@pytest.fixture
def make_reward(make_call: Callable[..., GraderCall]) -> Callable[..., Reward]:
    """Return a function that makes a reward of functions, of equal weights if none are given.

    A grader may be a constant score. `on_error` defaults to mask.
    """

    def make(
        graders: Mapping[str, Any],
        composition: Composition | None = None,
        **settings: Any,
    ) -> Reward:
        functions = {name: g if callable(g) else _constant(g) for name, g in graders.items()}
        on_error = dict.fromkeys(graders, "mask") | settings.pop("on_error", {})
        return Reward(
            runners={
                name: make_runner(make_call(function, key=name, score_range=(-10.0, 10.0)))
                for name, function in functions.items()
            },
            composition=composition or WeightedSum(dict.fromkeys(graders, 1.0)),
            on_error=on_error,
            **settings,
        )

    return make


def _constant(score: Any) -> Callable[[Sample], Any]:
    return lambda _: score


@pytest.fixture
def grade_reward() -> Callable[..., list[GradedSample]]:
    """Return a function that grades texts with a reward, as a run with one task does."""

    def grade(
        reward: Reward, texts: Sequence[str] = ("only",), progress: Progress | None = None
    ) -> list[GradedSample]:
        with RewardEngine({None: reward}) as engine:
            return engine.grade([make_sample(text) for text in texts], progress)

    return grade


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> PluginManager:
    """A plugin manager of built-ins only, in the place of the process-wide one."""
    manager = PluginManager("rft_nothing_is_installed_here")
    monkeypatch.setattr(rft_core.plugins, "_manager", manager)
    return manager
