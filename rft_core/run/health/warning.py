"""The words of this package: a warning, its code, and what is known of a grader beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["weighted", "gate", "observer"]


class Code(StrEnum):
    """What a warning is about, the most important first."""

    OBSERVER_DOWN = "reward_up_observer_down"
    VALIDATION_OBSERVER_DOWN = "reward_up_validation_observer_down"
    LENGTH_COLLAPSE = "reward_up_length_down"
    LENGTH_EXPLOSION = "reward_up_length_up"
    OVERFITTING = "reward_up_validation_down"
    GRADER_ERRORS = "grader_errors"
    MASKED_SAMPLES = "masked_samples"
    ZERO_VARIANCE_REWARD = "zero_variance_reward"
    CLIPPED_COMPLETIONS = "clipped_completions"
    ZERO_VARIANCE_GRADER = "zero_variance_grader"
    SATURATED_ITEMS = "saturated_items"
    SATURATED_GRADER = "saturated_grader"
    SLOW_GRADING = "slow_grading"
    LATENCY_TAIL = "latency_tail"


@dataclass(frozen=True, slots=True)
class GraderFacts:
    """What a grader is for, and the range that its scores lie in; the bounds may be infinite."""

    role: Role
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class HealthWarning:
    """Something to look at: what, how much, over which steps, and what to do.

    `key` tells warnings of one code apart: the code, and the grader or task it is about.
    """

    code: Code
    message: str
    key: str
