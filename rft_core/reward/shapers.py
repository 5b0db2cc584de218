"""The reward shapers that come with the core."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from rft_core.configurable import PluginConfig
from rft_core.reward.shaper import RewardShaper
from rft_core.types import Progress, Sample


class ClipConfig(PluginConfig):
    """The bounds, inclusive."""

    min: float = Field(default=0.0, allow_inf_nan=False)
    """The lowest reward."""
    max: float = Field(default=1.0, allow_inf_nan=False)
    """The highest reward."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min ({self.min:g}) is greater than max ({self.max:g})")
        return self


class Clip(RewardShaper[ClipConfig]):
    """Bounds the reward."""

    name = "clip"
    version = "1"
    Config = ClipConfig

    def shape(
        self, rewards: Sequence[float], samples: Sequence[Sample], progress: Progress
    ) -> Sequence[float]:
        """Return the rewards, each within the bounds."""
        low, high = self.config.min, self.config.max
        return [min(max(reward, low), high) for reward in rewards]


class LengthPenaltyConfig(PluginConfig):
    """`penalty` is what a completion loses at `max_tokens + buffer` tokens and beyond."""

    max_tokens: int = Field(gt=0)
    """So many tokens are free."""
    buffer: int | None = Field(default=None, gt=0)
    """Tokens over which the penalty grows; `max_tokens` / 4 if not given."""
    penalty: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """What a completion loses at `max_tokens + buffer` tokens and beyond."""


class LengthPenalty(RewardShaper[LengthPenaltyConfig]):
    """Takes a growing amount off completions that are too long.

    The soft overlong punishment of DAPO (arXiv:2503.14476, equation 13): nothing up to
    `max_tokens`, then linearly more up to `penalty`. It counts the tokens that the policy wrote.
    """

    name = "length_penalty"
    version = "1"
    Config = LengthPenaltyConfig

    def shape(
        self, rewards: Sequence[float], samples: Sequence[Sample], progress: Progress
    ) -> Sequence[float]:
        """Return the rewards less the penalties.

        Raises `ValueError` for a completion whose number of tokens is not known.
        """
        return [
            reward - self._penalty(sample) for reward, sample in zip(rewards, samples, strict=True)
        ]

    def _penalty(self, sample: Sample) -> float:
        tokens = sample.completion.num_tokens
        if tokens is None:
            raise ValueError(f"{self.name}: item {sample.item.id!r} has no number of tokens")
        buffer = self.config.buffer or max(1, self.config.max_tokens // 4)
        excess = min(max((tokens - self.config.max_tokens) / buffer, 0.0), 1.0)
        return self.config.penalty * excess


class ScheduleConfig(PluginConfig):
    """The factor goes from `start` at the first step to `end` after `steps` steps and stays."""

    start: float = Field(default=0.0, allow_inf_nan=False)
    """The factor at the first step."""
    end: float = Field(default=1.0, allow_inf_nan=False)
    """The factor after `steps` steps, and outside of training."""
    steps: int | None = Field(default=None, gt=0)
    """The whole run if not given."""
    kind: Literal["linear", "cosine"] = "linear"
    """How the factor goes from one to the other."""


class Schedule(RewardShaper[ScheduleConfig]):
    """Multiplies rewards by a factor that changes over the steps of the run.

    GRPO divides by the standard deviation of a group or batch by default, which cancels a common
    factor: it acts with `train: {scale_rewards: none}` and beside additive shapers.
    Outside of training the factor is `end`.
    """

    name = "schedule"
    version = "1"
    Config = ScheduleConfig

    def shape(
        self, rewards: Sequence[float], samples: Sequence[Sample], progress: Progress
    ) -> Sequence[float]:
        """Return the rewards times the factor of the step."""
        factor = self.factor(progress)
        return [factor * reward for reward in rewards]

    def factor(self, progress: Progress) -> float:
        """Return the factor at `progress.step`, which counts from 1."""
        span = self.config.steps or progress.max_steps
        done = min(max(progress.step - 1, 0) / span, 1.0) if progress.step and span else 1.0
        if self.config.kind == "cosine":
            done = (1 - math.cos(math.pi * done)) / 2
        return self.config.start + (self.config.end - self.config.start) * done
