"""The configuration of the grader `reasoning_gym`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from rft_core.configurable import PluginConfig


class ReasoningGymConfig(PluginConfig):
    """Which dataset's scorer, and which part of the completion is the answer."""

    dataset: str | None = None
    """A dataset of reasoning-gym. None: each row's `metadata.source_dataset` says which."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of that dataset. They matter where its scorer reads them, as of `time_intervals`."""
    tag: str | None = Field(default="answer", pattern=r"^[A-Za-z_][\w-]*$")
    """The answer is what the last <tag>…</tag> holds. None: the whole completion."""
    reasoning_tag: str | None = Field(default="think", pattern=r"^[A-Za-z_][\w-]*$")
    """What <tag>…</tag> holds is no part of the answer. None: all counts."""
    allow_eval: bool = False
    """Use scorers that evaluate the answer as Python code, such as that of `n_queens`."""
