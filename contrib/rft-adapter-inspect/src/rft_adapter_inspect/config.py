"""The configuration of the grader `inspect`."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from rft_core.paths import compile_path
from rft_core.wrapping import CodePath, WrapperConfig


class InspectConfig(WrapperConfig):
    """Which scorer, what it is given, and what its values are worth."""

    path: CodePath
    """`package.module:scorer`, or `file.py:scorer` relative to the task file."""
    args: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the scorer."""
    target: str = "$.target"
    """Where the row holds the target: a JSONPath, or a column; a text, a number, or a list."""
    values: dict[str, float | None] = Field(default_factory=dict)
    """What other values are worth than C: 1, P: 0.5, I: 0 and N: 0; null: not applicable."""
    key: str | None = None
    """Which of its values a scorer is graded by that returns several by name."""
    asynchronous: bool = False
    """The scorer waits for a service, such as a model: calls overlap, in this process."""

    @field_validator("target")
    @classmethod
    def _is_path(cls, target: str) -> str:
        compile_path(target)
        return target
