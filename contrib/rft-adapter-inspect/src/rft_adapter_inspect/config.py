"""The configuration of the grader `inspect`."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from rft_core.configurable import PluginConfig
from rft_core.function_grader import located
from rft_core.paths import compile_path
from rft_core.types import Family


class InspectConfig(PluginConfig):
    """Which scorer, what it is given, and what its values are worth."""

    path: str = Field(pattern=r"^[^:]+:[A-Za-z_][\w.]*$")
    """`package.module:scorer`, or `file.py:scorer` relative to the task file."""
    args: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the scorer."""
    target: str = "$.target"
    """Where the row holds the target: a JSONPath, or a column; a text, a number, or a list."""
    values: dict[str, float | None] = Field(default_factory=dict)
    """What other values are worth than C: 1, P: 0.5, I: 0 and N: 0; null: not applicable."""
    key: str | None = None
    """Which of its values a scorer is graded by that returns several by name."""
    range: tuple[float, float] = (0.0, 1.0)
    """The scores that the scorer may give, inclusive."""
    asynchronous: bool = False
    """The scorer waits for a service, such as a model: calls overlap, in this process."""
    deterministic: bool = False
    """Equal samples always get the same score, so one call is enough for all of them."""
    family: Family | None = None
    """What the scorer compares, for `rft graders test`."""

    @field_validator("path", mode="after")
    @classmethod
    def _located(cls, path: str, info: ValidationInfo) -> str:
        return located(path, info)

    @field_validator("target")
    @classmethod
    def _is_path(cls, target: str) -> str:
        compile_path(target)
        return target

    @field_validator("range")
    @classmethod
    def _ordered(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        if not bounds[0] <= bounds[1]:
            raise ValueError(f"{bounds[0]:g} is not below {bounds[1]:g}")
        return bounds
