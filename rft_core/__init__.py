"""Reinforcement fine-tuning from composed graders: a thin core over TRL's GRPOTrainer."""

from rft_core.configurable import PluginConfig, TaskPath
from rft_core.errors import (
    DatasetError,
    ErrorRateExceededError,
    FormulaError,
    GraderContractError,
    GradingAbortedError,
    OutputParseError,
    PluginError,
    RFTError,
    RolloutContractError,
    RunError,
    TaskFileError,
    UsageError,
)
from rft_core.grader import Grader
from rft_core.hookspecs import hookimpl
from rft_core.paths import compile_path
from rft_core.reward.shaper import RewardShaper
from rft_core.rollout import Generation, Policy, Rollout, Trajectory, join_turns
from rft_core.types import (
    Completion,
    Grade,
    GradedSample,
    GradeError,
    Item,
    Message,
    Progress,
    Sample,
)

__all__ = [
    "Completion",
    "DatasetError",
    "ErrorRateExceededError",
    "FormulaError",
    "Generation",
    "Grade",
    "GradeError",
    "GradedSample",
    "Grader",
    "GraderContractError",
    "GradingAbortedError",
    "Item",
    "Message",
    "OutputParseError",
    "PluginConfig",
    "PluginError",
    "Policy",
    "Progress",
    "RFTError",
    "RewardShaper",
    "Rollout",
    "RolloutContractError",
    "RunError",
    "Sample",
    "TaskFileError",
    "TaskPath",
    "Trajectory",
    "UsageError",
    "compile_path",
    "hookimpl",
    "join_turns",
]
