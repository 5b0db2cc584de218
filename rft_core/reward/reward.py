"""The reward of one task: its graders run in stages, their grades are composed and shaped."""

from __future__ import annotations

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
    is_reward,
)
from rft_core.reward.shaper import RewardShaper
from rft_core.reward.together import together
from rft_core.types import GradedSample, Progress, Sample


@dataclass(frozen=True)
class Reward:
    """Everything that turns samples of one task into rewards.

    `gates` names the graders that run first, one after the other in its order. `observers` are
    graders of weight 0: logged, without any say. `on_error` holds a policy for every grader.
    """

    runners: Mapping[str, GraderRunner]
    composition: Composition
    gates: Mapping[str, Gate] = field(default_factory=dict)
    on_error: Mapping[str, OnError] = field(default_factory=dict)
    observers: frozenset[str] = frozenset()
    shapers: Sequence[RewardShaper[Any]] = ()

    def begin(self, samples: Sequence[Sample], task: str | None) -> list[GradedSample]:
        """Return the samples without grades, as `grade` takes them."""
        return [GradedSample(sample, task, dict.fromkeys(self.runners)) for sample in samples]

    async def grade(self, batch: Sequence[GradedSample], progress: Progress) -> None:
        """Grade, compose and shape a batch; its grades are there as soon as each grader is done.

        Raises `GradingAbortedError` if a grader with `on_error: abort` failed, `RunStopError` if
        one ends the run.
        """
        await self._run_graders(batch)
        for one in batch:
            self._compose(one)
        self._shape(batch, progress)

    async def _run_graders(self, batch: Sequence[GradedSample]) -> None:
        """Run gate after gate on what passed those before, then the other graders at once."""
        for name in self.gates:
            await self._run(name, batch)
            batch = [one for one in batch if self._passed(name, one)]
        others = (name for name in self.runners if name not in self.gates)
        await together(self._run(name, batch) for name in others)

    async def _run(self, name: str, batch: Sequence[GradedSample]) -> None:
        grades = await self.runners[name].run([one.sample for one in batch])
        for one, grade in zip(batch, grades, strict=True):
            one.grades[name] = grade

    def _passed(self, name: str, graded: GradedSample) -> bool:
        grade = graded.grades[name]
        failed = grade is not None and grade.error is not None
        return not failed and not self.gates[name].is_closed_for(grade)

    def _compose(self, graded: GradedSample) -> None:
        grades = graded.grades
        scores = {name: None if grade is None else grade.score for name, grade in grades.items()}
        # A grade with an error has no score, so nothing need be looked for where all have one.
        if None in scores.values() and self._errors_decide(graded):
            return
        if self.gates and (closed := first_failed_gate(self.gates, grades)):
            graded.failed_gate, gate = closed
            graded.composed = graded.reward = gate.reward
            return
        graded.composed, graded.masked, graded.contributions = self.composition.compose(scores)
        graded.reward = graded.composed

    def _errors_decide(self, graded: GradedSample) -> bool:
        """Whether errors of graders set or mask the reward; raise where one ends the run."""
        if graded.errors:
            self._abort_on_error(graded)
            graded.failed = apply_errors(graded, self.on_error, self.observers)
        return graded.failed

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
        if not is_reward(reward):
            raise GraderContractError(f"reward shaper {shaper.name!r} returned {reward}")
    return [float(reward) for reward in shaped]
