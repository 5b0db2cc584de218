"""The options of the grader `statements`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from rft_core import PluginConfig, compile_path


def _checked(path: str) -> str:
    compile_path(path)
    return path


JSONPath: TypeAlias = Annotated[str, AfterValidator(_checked)]


class StatementsConfig(PluginConfig):
    """Where the reply and the statements are, and what counts."""

    reply: JSONPath | None = "$.reply"
    """A JSONPath into the completion: the text; null: the whole completion is the text."""
    required: JSONPath = "$.required"
    """A JSONPath into the row: a list of statements, at least one; each is a text, or a list of
    phrasings of which one is enough."""
    forbidden: JSONPath = "$.forbidden"
    """A JSONPath into the row: a list of statements as for `required`, which may be empty."""
    sources: JSONPath | None = None
    """A JSONPath into the row: texts, such as rules, that are not to be copied."""
    penalty: float = Field(default=0.5, gt=0.0, le=1.0)
    """What each forbidden statement takes off."""
    copied_words: int = Field(default=8, ge=3, le=100)
    """So many words in a row of the prompt or of `sources` are copied and state nothing."""
    negation_window: int = Field(default=6, ge=1, le=50)
    """A negating word denies what follows it within so many words of its clause."""
    max_words: int = Field(default=120, ge=1, le=5000)
    """Longer replies score 0."""
