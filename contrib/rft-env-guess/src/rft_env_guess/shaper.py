"""The reward shaper `turn_discount`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from rft_core import PluginConfig, Progress, RewardShaper, Sample
from rft_env_guess.turns import policy_turns


class TurnDiscountConfig(PluginConfig):
    """How much each turn after the first costs."""

    factor: float = Field(default=0.9, gt=0.0, le=1.0)
    """What a positive reward is multiplied by for each turn after the first."""
    phase_in: int = Field(default=0, ge=0)
    """Training steps over which the factor goes from 1 to `factor`; 0: it holds at once."""


class TurnDiscount(RewardShaper[TurnDiscountConfig]):
    """Makes quick success worth more than late success, in any rollout of several turns.

    Rewards of 0 and less stay as they are: failing late is not better than failing at once.
    Outside of training `factor` holds.
    """

    name = "turn_discount"
    version = "1"
    Config: ClassVar[type[PluginConfig]] = TurnDiscountConfig

    def shape(
        self, rewards: Sequence[float], samples: Sequence[Sample], progress: Progress
    ) -> list[float]:
        """Return the rewards, discounted by the number of the policy's turns."""
        factor = self.factor(progress)
        return [
            reward * factor ** (len(policy_turns(sample.completion)) - 1) if reward > 0 else reward
            for reward, sample in zip(rewards, samples, strict=True)
        ]

    def factor(self, progress: Progress) -> float:
        """Return the factor at `progress.step`, which counts from 1 in training."""
        if not (self.config.phase_in and progress.step):
            return self.config.factor
        done = min((progress.step - 1) / self.config.phase_in, 1.0)
        return 1.0 - (1.0 - self.config.factor) * done
