"""The reward of one task: its graders run in stages, their grades are composed and shaped."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from rft_core.errors import GraderContractError, GradingAbortedError, RunStopError
from rft_core.grading.runner import GraderRunner
from rft_core.reward.composition import (
    Composition,
    Gate,
    OnError,
    apply_errors,
    first_failed_gate,
)
from rft_core.reward.shaper import RewardShaper
from rft_core.types import Grade, GradedSample, Progress, Sample


@dataclass(frozen=True)
class Reward:
    """Everything that turns samples of one task into rewards.

    `gates` names the graders that run first. `observers` are graders of weight 0: logged, without
    any say. `on_error` holds a policy for every grader.
    """

    runners: Mapping[str, GraderRunner]
    composition: Composition
    gates: Mapping[str, Gate] = field(default_factory=dict)
    on_error: Mapping[str, OnError] = field(default_factory=dict)
    observers: frozenset[str] = frozenset()
    shapers: Sequence[RewardShaper[Any]] = ()

    async def grade(
        self, samples: Sequence[Sample], task: str | None, progress: Progress
    ) -> list[GradedSample]:
        """Grade, compose and shape a batch.

        Raises `GradingAbortedError` if a grader with `on_error: abort` failed, `RunStopError` if
        one ends the run.
        """
        graded = [
            GradedSample(sample, task, grades)
            for sample, grades in zip(samples, await self._run_graders(samples), strict=True)
        ]
        for one in graded:
            self._compose(one)
        self._shape(graded, progress)
        return graded

    async def _run_graders(self, samples: Sequence[Sample]) -> list[dict[str, Grade | None]]:
        """Run the gates, then the other graders on the samples that passed."""
        everyone = range(len(samples))
        grades: list[dict[str, Grade | None]] = [dict.fromkeys(self.runners) for _ in samples]
        gates = [name for name in self.runners if name in self.gates]
        others = [name for name in self.runners if name not in self.gates]
        if gates:
            await self._run_stage(gates, samples, everyone, grades)
        passed = [i for i in everyone if self._goes_on(grades[i])] if gates else everyone
        await self._run_stage(others, samples, passed, grades)
        return grades

    async def _run_stage(
        self,
        names: Sequence[str],
        samples: Sequence[Sample],
        chosen: Sequence[int],
        grades: Sequence[dict[str, Grade | None]],
    ) -> None:
        """Run the named graders concurrently on the chosen samples; write into `grades`."""
        batch = samples if len(chosen) == len(samples) else [samples[i] for i in chosen]
        columns = await asyncio.gather(*(self.runners[name].run(batch) for name in names))
        for name, column in zip(names, columns, strict=True):
            for i, grade in zip(chosen, column, strict=True):
                grades[i][name] = grade

    def _goes_on(self, grades: Mapping[str, Grade | None]) -> bool:
        failed = any(grade is not None and grade.error for grade in grades.values())
        return not failed and first_failed_gate(self.gates, grades) is None

    def _compose(self, graded: GradedSample) -> None:
        scores: dict[str, float | None] = {}
        failed = False
        for name, grade in graded.grades.items():
            if grade is None:
                scores[name] = None
            else:
                scores[name] = grade.score
                failed = failed or grade.error is not None
        if failed:
            self._abort_on_error(graded)
            graded.failed = apply_errors(graded, self.on_error, self.observers)
            if graded.failed:
                return
        if self.gates and (closed := first_failed_gate(self.gates, graded.grades)):
            graded.failed_gate, gate = closed
            graded.composed = graded.reward = gate.reward
            return
        graded.composed, graded.masked, graded.contributions = self.composition.compose(scores)
        graded.reward = graded.composed

    def _abort_on_error(self, graded: GradedSample) -> None:
        for name, grade in graded.grades.items():
            if grade and grade.error and grade.error.kind == "stop":
                raise RunStopError(f"grader {name!r}: {grade.error.message}")
            if grade and grade.error and self.on_error.get(name) == "abort":
                item = graded.sample.item.id
                trace = grade.error.traceback
                raise GradingAbortedError(f"{grade.error} (item {item!r})\n{trace}")

    def _shape(self, graded: Sequence[GradedSample], progress: Progress) -> None:
        """Pass the rewards through the shapers in order; masked samples stay out."""
        alive = [one for one in graded if one.reward is not None]
        samples = [one.sample for one in alive]
        rewards = [one.reward for one in alive if one.reward is not None]
        for shaper in self.shapers:
            rewards = _checked(shaper, shaper.shape(rewards, samples, progress), len(rewards))
        for one, reward in zip(alive, rewards, strict=True):
            one.reward = reward

    def close(self) -> None:
        """Stop workers and close the graders."""
        with ExitStack() as closing:  # closes them all, even if one fails to
            for runner in self.runners.values():
                closing.callback(runner.close)


def _checked(shaper: RewardShaper[Any], shaped: Sequence[float], expected: int) -> list[float]:
    if len(shaped) != expected:
        raise GraderContractError(
            f"reward shaper {shaper.name!r} returned {len(shaped)} rewards for {expected} samples"
        )
    for reward in shaped:
        if not math.isfinite(reward):
            raise GraderContractError(f"reward shaper {shaper.name!r} returned {reward}")
    return [float(reward) for reward in shaped]
