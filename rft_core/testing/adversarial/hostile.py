"""Grading of completions that may hang or crash a grader."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final, Self

from rft_core.errors import UsageError
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GraderRunner, GradingLoop
from rft_core.testing.subject import GraderSubject, Subject
from rft_core.types import Grade, Sample

SECONDS: Final = 20.0
"""A grader gets so long for a hostile completion, less if its own deadline is shorter."""


class HostileGrading:
    """Grades hostile completions one by one; after one that hangs, those of its batch are given up.

    A sync grader is graded in worker processes, where it works there, so that a call that hangs
    does not go on behind the rest. Other graders and composed rewards run as they would anyway.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._started: list[GraderRunner] = []

    @cached_property
    def _loop(self) -> GradingLoop:
        return GradingLoop()

    def grade(self, samples: Sequence[Sample]) -> list[Grade]:
        """Return one grade per sample."""
        grades: list[Grade] = []
        for sample in samples:
            late = next((one for one in grades if _is_late(one)), None)
            grades.append(self._grade_one(sample) if late is None else late)
        return grades

    def _grade_one(self, sample: Sample) -> Grade:
        if not isinstance(self._subject, GraderSubject):
            (grade,) = self._subject.grade([sample])
            return grade
        runner = self._runner_for(self._subject, sample)
        (grade,) = self._loop.call(runner.run([sample]))
        return grade

    def _runner_for(self, subject: GraderSubject, sample: Sample) -> GraderRunner:
        if not self._started:
            self._started.append(self._isolated(subject, sample) or make_runner(_call(subject)))
        return self._started[0]

    def _isolated(self, subject: GraderSubject, sample: Sample) -> GraderRunner | None:
        """Return a runner in processes if the grader works there as it does here."""
        if subject.call.grader.is_async():
            return None
        try:
            runner = make_runner(_call(subject), "process")
        except UsageError:  # the grader does not pickle
            return None
        probe = Sample(sample.item, "")
        (there,) = self._loop.call(runner.run([probe]))
        (here,) = subject.grade([probe])
        if there.outcome == here.outcome:
            return runner
        runner.close()
        return None

    def close(self) -> None:
        """Kill workers and end the loop."""
        for runner in self._started:
            with contextlib.suppress(Exception):  # the grader's close; a check tells of it
                runner.close()
        if "_loop" in self.__dict__:
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _call(subject: GraderSubject) -> GraderCall:
    """Return a call of an equal grader, which is closed with the runner, under a short deadline."""
    call = subject.call
    grader = type(call.grader)(call.grader.config).without_memory()
    seconds = SECONDS if call.timeout is None else min(call.timeout, SECONDS)
    return replace(call, grader=grader, timeout=seconds)


def _is_late(grade: Grade) -> bool:
    return grade.error is not None and grade.error.kind == "timeout"
