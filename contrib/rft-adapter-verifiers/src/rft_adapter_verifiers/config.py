"""The configuration of the grader `verifiers`."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from rft_core.configurable import PluginConfig
from rft_core.function_grader import located
from rft_core.types import Family


class VerifiersConfig(PluginConfig):
    """Whose rewards, and which of them. Give either `taskset` or `path`."""

    taskset: str | None = None
    """The id of an installed environment, such as `gsm8k` or `owner/gsm8k`."""
    path: str | None = Field(default=None, pattern=r"^[^:]+:[A-Za-z_][\w.]*$")
    """A `Task` class or a reward function: `package.module:name`, or `file.py:name` relative to
    the task file."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The task's own config, such as `judges`, or the `weight` of one of its `rewards`."""
    reward: str | None = None
    """The one reward that counts. None: the sum of all, by their weights."""
    range: tuple[float, float] = (0.0, 1.0)
    """The scores that may come out, inclusive."""
    asynchronous: bool = False
    """Rewards wait for a service, such as a judge: calls overlap, in this process."""
    deterministic: bool = False
    """Equal samples always get the same score, so one call is enough for all of them."""
    family: Family | None = None
    """What is compared, for `rft graders test`."""

    @field_validator("path", mode="after")
    @classmethod
    def _located(cls, path: str | None, info: ValidationInfo) -> str | None:
        return None if path is None else located(path, info)

    @field_validator("range")
    @classmethod
    def _ordered(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        if not bounds[0] <= bounds[1]:
            raise ValueError(f"{bounds[0]:g} is not below {bounds[1]:g}")
        return bounds

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.taskset is None) == (self.path is None):
            raise ValueError("give either taskset or path")
        return self
