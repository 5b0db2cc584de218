"""Which warnings are told: each once, and never many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rft_core.run.health.warning import Code, HealthWarning

MAX_PER_STEP: Final = 3
"""What is left over is told with the next steps, if it still holds."""
REMIND_AFTER: Final = 50
"""Steps until a warning that still holds is told again."""
GONE_AFTER: Final = 10
"""Steps after which a warning that came back is new; one about its threshold comes and goes."""

_RANK: Final = {code: rank for rank, code in enumerate(Code)}


class Telling:
    """Remembers which warnings were told, by their keys."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}
        self._held: dict[str, int] = {}

    def choose(self, step: int, holding: Iterable[HealthWarning]) -> Sequence[HealthWarning]:
        """Return which of the warnings that hold at a step are told, the most important first."""
        current = sorted(holding, key=lambda warning: _RANK[warning.code])
        self._forget(step, {warning.key for warning in current})
        left = MAX_PER_STEP - list(self._told.values()).count(step)
        due = [warning for warning in current if self._is_due(step, warning.key)][:left]
        self._told |= {warning.key: step for warning in due}
        return due

    def _forget(self, step: int, holding: set[str]) -> None:
        """Forget what has not held for a while."""
        self._held |= dict.fromkeys(holding, step)
        self._held = {key: at for key, at in self._held.items() if step - at < GONE_AFTER}
        self._told = {key: at for key, at in self._told.items() if key in self._held}

    def _is_due(self, step: int, key: str) -> bool:
        return key not in self._told or step - self._told[key] >= REMIND_AFTER
