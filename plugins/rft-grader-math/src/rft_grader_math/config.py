"""The configuration of the grader `math`."""

from __future__ import annotations

from pydantic import field_validator

from rft_core.configurable import PluginConfig
from rft_core.paths import compile_path
from rft_grader_math.policy import Policy


class MathConfig(PluginConfig, Policy):
    """A policy, and where the row keeps the gold answer."""

    reference: str = "$.reference_answer"
    """A JSONPath into the row, or the name of a column; a text or a number."""

    @field_validator("reference")
    @classmethod
    def _is_path(cls, value: str) -> str:
        compile_path(value)
        return value

    def policy(self) -> Policy:
        """Return the policy alone."""
        return Policy(**{name: getattr(self, name) for name in Policy.model_fields})
