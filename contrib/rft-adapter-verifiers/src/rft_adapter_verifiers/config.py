"""The configuration of the grader `verifiers`."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from rft_core.wrapping import CodePath, WrapperConfig


class VerifiersConfig(WrapperConfig):
    """Whose rewards, and which of them. Give either `taskset` or `path`."""

    taskset: str | None = None
    """The id of an installed environment, such as `gsm8k` or `owner/gsm8k`."""
    path: CodePath | None = None
    """A `Task` class or a reward function: `package.module:name`, or `file.py:name` relative to
    the task file."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The task's own config, such as `judges`, or the `weight` of one of its `rewards`."""
    reward: str | None = None
    """The one reward that counts. None: the sum of all, by their weights."""
    asynchronous: bool = False
    """Rewards wait for a service, such as a judge: calls overlap, in this process."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.taskset is None) == (self.path is None):
            raise ValueError("give either taskset or path")
        return self
