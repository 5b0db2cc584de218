"""How many failures of graders a run bears."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from rft_core.errors import ErrorRateExceededError
from rft_core.evaluation import cause_of
from rft_core.types import GradedSample, GradeError

WINDOW_STEPS: Final = 3
SHOWN_ERRORS: Final = 3


@dataclass(frozen=True)
class _Step:
    """What a step had of failures: the errors of each sample whose reward they decided."""

    errors: Sequence[Sequence[GradeError]]
    samples: int


class ErrorBudget:
    """Stops a run whose graders fail: in a whole step, or above a rate over several steps."""

    def __init__(self, max_rate: float) -> None:
        self.max_rate = max_rate
        self._window: deque[_Step] = deque(maxlen=WINDOW_STEPS)

    def spend(self, samples: Sequence[GradedSample]) -> None:
        """Count a step. Raises `ErrorRateExceededError` with the causes and their tracebacks."""
        if not samples:
            return
        step = _Step([one.errors for one in samples if one.failed], len(samples))
        self._window.append(step)
        if len(step.errors) == step.samples:
            raise _exceeded([step], "a whole step")
        failed = sum(len(one.errors) for one in self._window)
        total = sum(one.samples for one in self._window)
        if len(self._window) == WINDOW_STEPS and failed > self.max_rate * total:
            span = f"the last {WINDOW_STEPS} steps (max_error_rate: {self.max_rate:g})"
            raise _exceeded(self._window, span)


def _exceeded(steps: Collection[_Step], span: str) -> ErrorRateExceededError:
    failed = [errors for step in steps for errors in step.errors]
    total = sum(step.samples for step in steps)
    message = f"graders failed on {len(failed)} of {total} samples of {span}"
    return ErrorRateExceededError(message + _causes(list(chain(*failed))))


def _causes(errors: Sequence[GradeError]) -> str:
    """Return the commonest causes with how often they came, and a traceback of each."""
    by_cause = {cause_of(error): error for error in errors}
    counts = Counter(map(cause_of, errors))
    lines = [
        f"\n- {by_cause[cause]}{_times(count)}\n{by_cause[cause].traceback}".rstrip()
        for cause, count in counts.most_common(SHOWN_ERRORS)
    ]
    if len(counts) > SHOWN_ERRORS:
        lines.append(f"\nand {len(counts) - SHOWN_ERRORS} other causes, all in the run's samples/")
    return "".join(lines)


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""
