"""How many failures of graders a run bears."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from rft_core.errors import ErrorRateExceededError
from rft_core.types import GradedSample, GradeError

WINDOW_STEPS: Final = 3
SHOWN_ERRORS: Final = 3


class ErrorBudget:
    """Stops a run whose graders fail: in a whole step, or above a rate over several steps."""

    def __init__(self, max_rate: float) -> None:
        self.max_rate = max_rate
        self._window: deque[tuple[int, int]] = deque(maxlen=WINDOW_STEPS)

    def spend(self, samples: Sequence[GradedSample]) -> None:
        """Count a step. Raises `ErrorRateExceededError` with the causes."""
        if not samples:
            return
        errors = [one.errors for one in samples if one.failed]
        self._window.append((len(errors), len(samples)))
        failed, total = map(sum, zip(*self._window, strict=True))
        whole_step = len(errors) == len(samples)
        if whole_step or (len(self._window) == WINDOW_STEPS and failed > self.max_rate * total):
            span = "a whole step" if whole_step else f"the last {WINDOW_STEPS} steps"
            raise ErrorRateExceededError(
                f"graders failed on {len(errors) if whole_step else failed} of "
                f"{len(samples) if whole_step else total} samples of {span}"
                f"{_causes(errors)}"
            )


def _causes(errors: Sequence[Sequence[GradeError]]) -> str:
    distinct = {str(error): error for some in errors for error in some}
    shown = list(distinct.items())[:SHOWN_ERRORS]
    return "".join(f"\n- {text}\n{error.traceback}".rstrip() for text, error in shown)
