"""The options that all graders of this distribution have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from rft_core import PluginConfig, compile_path


def _checked(path: str) -> str:
    compile_path(path)
    return path


JSONPath: TypeAlias = Annotated[str, AfterValidator(_checked)]


class TextMetricConfig(PluginConfig):
    """Where the references are, and how much text is compared."""

    reference: JSONPath = "$.reference_answer"
    """A JSONPath into the row, or the name of a column: a text, or several."""
    max_words: int = Field(default=1000, ge=1, le=5000)
    """Longer completions score 0, longer references are errors; 20 characters count as a word."""
