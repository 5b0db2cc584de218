"""What this distribution registers."""

from __future__ import annotations

from typing import Any

from rft_core import Grader, RewardShaper, Rollout, hookimpl
from rft_env_guess.grader import GuessGrader
from rft_env_guess.rollout import GuessGame
from rft_env_guess.shaper import TurnDiscount


@hookimpl
def rft_register_graders() -> list[type[Grader[Any]]]:
    """Register the grader."""
    return [GuessGrader]


@hookimpl
def rft_register_rollouts() -> list[type[Rollout[Any]]]:
    """Register the rollout."""
    return [GuessGame]


@hookimpl
def rft_register_reward_shapers() -> list[type[RewardShaper[Any]]]:
    """Register the shaper."""
    return [TurnDiscount]
