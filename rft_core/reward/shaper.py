"""The class that every reward shaper is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from rft_core.configurable import ConfigT, Configurable
from rft_core.types import Progress, Sample


class RewardShaper(Configurable[ConfigT], ABC):
    """Maps composed rewards to shaped rewards."""

    @abstractmethod
    def shape(
        self, rewards: Sequence[float], samples: Sequence[Sample], progress: Progress
    ) -> Sequence[float]:
        """Return one finite reward per sample, in order. Masked samples are never passed in."""
