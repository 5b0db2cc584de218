"""What is under test: a grader, or a reward composed of several."""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from rft_core.errors import UsageError
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GraderRunner, GradingLoop
from rft_core.reward.engine import RewardEngine
from rft_core.suggest import did_you_mean
from rft_core.task.build import RewardPlan
from rft_core.task.task import Task
from rft_core.types import Family, Grade, GradedSample, GradeError, Item, Sample


class Subject(ABC):
    """Something that turns samples into scores; a context manager that closes what it started."""

    name: str
    version: str
    distribution: str
    config: Mapping[str, Any]
    """The options as JSON."""
    score_range: tuple[float, float]
    families: frozenset[Family]
    is_composed: bool
    """Whether it is a reward composed of graders."""
    paid: bool

    @abstractmethod
    def grade(self, samples: Sequence[Sample]) -> list[Grade]:
        """Return one grade per sample, in order, as a run would."""

    @abstractmethod
    def check_item(self, item: Item) -> None:
        """Raise `ValueError` or `LookupError` if the item cannot be graded."""

    @abstractmethod
    def reference_completion(self, item: Item) -> str | None:
        """Return a completion that deserves full marks, None if the item does not tell."""

    @abstractmethod
    def close(self) -> None:
        """Stop what grading started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class GraderSubject(Subject):
    """One configured grader."""

    is_composed = False

    def __init__(self, call: GraderCall) -> None:
        self.call = replace(call, grader=call.grader.without_memory())
        grader = self.call.grader
        self.name = grader.name
        self.version = grader.version
        self.distribution = call.distribution
        self.config = json.loads(grader.config.model_dump_json(by_alias=True, exclude_unset=True))
        self.score_range = grader.score_range
        self.families = frozenset({grader.family} if grader.family else ())
        self.paid = grader.paid
        self._runner: GraderRunner | None = None

    @cached_property
    def _loop(self) -> GradingLoop:
        return GradingLoop()

    def grade(self, samples: Sequence[Sample]) -> list[Grade]:
        """See `Subject.grade`."""
        if self._runner is None:
            self._runner = make_runner(self.call)
        return self._loop.call(self._runner.run(samples))

    def check_item(self, item: Item) -> None:
        """See `Subject.check_item`."""
        self.call.grader.check_item(item)

    def reference_completion(self, item: Item) -> str | None:
        """See `Subject.reference_completion`."""
        return self.call.grader.reference_completion(item)

    def close(self) -> None:
        """See `Subject.close`."""
        if self._runner is not None:
            with contextlib.suppress(Exception):  # the grader's close; a check tells of it
                self._runner.close()
            self._loop.close()


class RewardSubject(Subject):
    """The reward of a task file, before shaping; a masked sample is not graded."""

    is_composed = True

    def __init__(self, task: Task, key: str | None = None) -> None:
        """Take the reward called `key`. Raises `UsageError` if there is none."""
        self.task = task
        self.key = key
        self.plan = _plan(task, key)
        graders = [call.grader for call in self.plan.calls.values()]
        self.name = Path(task.source.path).name if key is None else key
        self.version = "0"
        self.distribution = str(task.source.path)
        spec = task.spec.reward_specs()[key]
        self.config = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
        low, high = self.plan.reward_range()
        self.score_range = min([low, *(gate.reward for gate in self.plan.gates.values())]), high
        self.families = frozenset(grader.family for grader in graders if grader.family)
        self.paid = any(grader.paid for grader in graders)

    @cached_property
    def _engine(self) -> RewardEngine:
        unshaped = replace(self.plan, shapers=())  # shapers want the number of tokens
        return RewardEngine({None: unshaped.start()})

    def grade(self, samples: Sequence[Sample]) -> list[Grade]:
        """See `Subject.grade`."""
        return [_as_grade(one) for one in self.grade_composed(samples)]

    def grade_composed(self, samples: Sequence[Sample]) -> list[GradedSample]:
        """Return the samples with all grades and the composed reward."""
        return self._engine.grade(samples)

    def check_item(self, item: Item) -> None:
        """See `Subject.check_item`."""
        for call in self.plan.calls.values():
            call.grader.check_item(item)

    def reference_completion(self, item: Item) -> str | None:
        """Return what `reference:` of the task file renders, or what one of the graders knows."""
        if self.task.reference is not None:
            return self.task.reference.render({"item": {"id": item.id, **item.fields}})
        graders = (call.grader for call in self.plan.calls.values())
        known = (grader.reference_completion(item) for grader in graders)
        return next((text for text in known if text is not None), None)

    def close(self) -> None:
        """See `Subject.close`."""
        if "_engine" in self.__dict__:
            self._engine.close()


def _plan(task: Task, key: str | None) -> RewardPlan:
    if key in task.rewards:
        return task.rewards[key]
    names = [str(name) for name in task.rewards]
    raise UsageError(
        f"the task file has no reward {key!r}" if key else "the task file has several rewards",
        where=str(task.source.path),
        hint=did_you_mean(key or "", names),
    )


def _as_grade(one: GradedSample) -> Grade:
    """Return the composed reward as a grade; a mask without an error is "not applicable"."""
    if one.composed is not None and not one.failed:
        return Grade(one.composed, _reason(one))
    if one.errors:
        return Grade(error=one.errors[0])
    if one.failed:
        return Grade(error=GradeError("exception", one.masked or "failed", "reward", "task file"))
    return Grade(None, one.masked)


def _reason(one: GradedSample) -> str:
    shown = (
        f"{name} {'-' if grade is None or grade.score is None else format(grade.score, 'g')}"
        for name, grade in one.grades.items()
    )
    gate = f"gate {one.failed_gate} failed; " if one.failed_gate else ""
    return gate + ", ".join(shown)
