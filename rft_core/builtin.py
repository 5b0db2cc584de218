"""What the core itself registers, through the hooks that plugins use."""

from __future__ import annotations

from typing import Any

from rft_core.function_grader import FunctionGrader
from rft_core.grader import Grader
from rft_core.grading.asyncio_executor import AsyncioExecutor
from rft_core.grading.executor import Executor
from rft_core.grading.inline_executor import InlineExecutor
from rft_core.grading.process_executor import ProcessExecutor
from rft_core.grading.thread_executor import ThreadExecutor
from rft_core.hookspecs import hookimpl
from rft_core.reward.shaper import RewardShaper
from rft_core.reward.shapers import Clip, LengthPenalty, Schedule
from rft_core.rollout import Rollout
from rft_core.rollouts import SingleTurn, TwoTurn


@hookimpl
def rft_register_graders() -> list[type[Grader[Any]]]:
    """Register the grader that wraps a function."""
    return [FunctionGrader]


@hookimpl
def rft_register_rollouts() -> list[type[Rollout[Any]]]:
    """Register the default rollout and one with a second turn."""
    return [SingleTurn, TwoTurn]


@hookimpl
def rft_register_reward_shapers() -> list[type[RewardShaper[Any]]]:
    """Register the reward shapers."""
    return [Clip, LengthPenalty, Schedule]


@hookimpl
def rft_register_executors() -> list[type[Executor]]:
    """Register the places where graders run."""
    return [AsyncioExecutor, InlineExecutor, ProcessExecutor, ThreadExecutor]
