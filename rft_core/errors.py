"""Every error that rft-core raises on purpose.

    RFTError
    ├── UsageError            the input is wrong; exit code 2, no traceback
    │   ├── TaskFileError     a task file, with file and line
    │   ├── DatasetError      a dataset, with file and line
    │   ├── FormulaError      a reward formula
    │   └── PluginError       a plugin is missing, broken or registered twice
    ├── RunError              the run failed; exit code 1
    │   ├── RolloutContractError      a rollout returned what no rollout may return
    │   ├── GradingAbortedError       a grader failed and its policy is `on_error: abort`
    │   ├── RunStopError              a grader ends the run: its budget is spent
    │   └── ErrorRateExceededError    `max_error_rate` was passed
    ├── GraderContractError   a grader returned what no grader may return
    └── OutputParseError      a completion is not what it had to be; scored 0, never an error

Each message says what is wrong, where, and what to do next.
"""

from __future__ import annotations

from functools import partial
from typing import Any


class RFTError(Exception):
    """Base of all errors of rft-core."""


class UsageError(RFTError):
    """The user's input is wrong.

    `where` is a file, `file:line` or a config path; `hint` says what to do.
    """

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.message = message
        self.where = where
        self.hint = hint
        super().__init__(message, where, hint)

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        # Workers raise it too; exceptions pickle their positional arguments only.
        return partial(type(self), self.message, where=self.where, hint=self.hint), ()

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  {self.hint}" if self.hint else text


class TaskFileError(UsageError):
    """A task file cannot be used."""


class DatasetError(UsageError):
    """A dataset cannot be used."""


class FormulaError(UsageError):
    """A reward formula cannot be parsed, or names what does not exist."""


class PluginError(UsageError):
    """A plugin is missing, broken, or its name is taken."""


class RunError(RFTError):
    """The run cannot go on."""


class RolloutContractError(RunError):
    """A rollout returned a wrong number of trajectories, or a mask of another length."""


class GradingAbortedError(RunError):
    """A grader failed on a sample and `on_error: abort` was chosen for it."""


class RunStopError(RunError):
    """The run has to end here, though nothing failed: a grader's budget is spent.

    A grader raises it. Training then saves a checkpoint of the last whole step and can be resumed.
    """


class ErrorRateExceededError(RunError):
    """More samples failed in grading than `max_error_rate` allows."""


class GraderContractError(RFTError):
    """A grader returned a wrong number of grades, NaN, infinity or a score out of its range."""


class OutputParseError(RFTError):
    """A completion does not parse (as JSON, for example).

    A grader may let it escape: the sample is then graded 0.0 with this text as the reason, since
    the fault is the completion's and not the grader's.
    """
