"""The configuration of the grader `multilabel`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rft_core.configurable import PluginConfig, TaskPath
from rft_core.paths import compile_path
from rft_grader_multilabel.normalise import Normaliser, Step, make_normaliser
from rft_grader_multilabel.scoring import MetricName


class Delimited(PluginConfig):
    """Labels in plain text, cut at the delimiter `split` (a comma, a line break …)."""

    split: str = Field(min_length=1)
    """The delimiter between two labels."""


def _source(value: Any) -> str:
    return "path" if isinstance(value, str) else "text"


Source: TypeAlias = Annotated[
    Annotated[str, Tag("path")] | Annotated[Delimited, Tag("text")], Discriminator(_source)
]


class MultilabelConfig(PluginConfig):
    """What to compare with what, and how; only `labels` has no default."""

    labels: Source
    """A JSONPath into the parsed completion, or `{split: DELIMITER}` for plain text."""
    reference: str = "$.reference_answer"
    """A JSONPath into the row, or the name of a column."""
    metric: MetricName = "f1"
    """What the score is; precision, recall and F1 are logged besides."""
    beta: float = Field(default=1.0, ge=0.01, le=100.0)
    """For `f_beta`: recall weighs this many times as much as precision."""
    normalize: tuple[Step, ...] = ("nfc", "collapse_whitespace")
    """Which differences between labels do not count."""
    vocabulary: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The allowed labels: a list, or the name of a JSON file that holds one."""
    unknown: Literal["penalize", "reject"] = "penalize"
    """Labels outside of the vocabulary: wrong labels, or the whole answer scores 0."""
    duplicates: Literal["ignore", "penalize", "reject"] = "penalize"
    """A label named again: free, a wrong label, or the whole answer scores 0."""
    both_empty: float = Field(default=1.0, ge=0.0, le=1.0)
    """The score where no label is expected and none is named."""
    max_labels: int = Field(default=1000, ge=1)
    """Completions with more labels score 0."""

    @field_validator("labels", "reference")
    @classmethod
    def _is_path(cls, value: Any) -> Any:
        if isinstance(value, str):
            compile_path(value)
        return value

    @field_validator("normalize")
    @classmethod
    def _one_unicode_form(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        if "nfc" in steps and "nfkc" in steps:
            raise ValueError("nfkc includes nfc: list one of them")
        return steps

    @field_validator("vocabulary", mode="before")
    @classmethod
    def _load_vocabulary(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str | Path):
            return value
        path = TypeAdapter[Path](TaskPath).validate_python(value, context=info.context)
        return _read_vocabulary(path)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.metric != "f_beta" and "beta" in self.model_fields_set and self.beta != 1:
            raise ValueError(f"beta belongs to metric f_beta, not to {self.metric}")
        if self.vocabulary is None and self.unknown == "reject":
            raise ValueError("unknown: reject needs a vocabulary")
        _check_distinct(self.vocabulary or (), self.normaliser())
        return self

    def normaliser(self) -> Normaliser:
        """Return the function that `normalize` describes."""
        return make_normaliser(self.normalize)

    def suspicions(self) -> list[str]:
        """Return what is allowed but probably not meant."""
        checks = (self._repeats_are_free(), self._extras_are_free(), self._exact_bytes())
        return [text for text in checks if text]

    def _repeats_are_free(self) -> str | None:
        if self.duplicates != "ignore" or self.metric == "recall":
            return None
        return "duplicates: ignore makes repeated labels free, and policies learn to repeat them"

    def _extras_are_free(self) -> str | None:
        vocabulary = self.vocabulary
        if vocabulary is None or self.metric != "recall" or self.max_labels < len(vocabulary):
            return None
        return (
            "metric: recall gives full marks for naming the whole vocabulary; combine it with "
            "precision, or lower max_labels"
        )

    def _exact_bytes(self) -> str | None:
        if "nfc" in self.normalize or "nfkc" in self.normalize:
            return None
        return "normalize names no Unicode form, so two spellings of one accented letter differ"


def _read_vocabulary(path: Path) -> Any:
    try:
        labels = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(labels, list):
        raise ValueError(f"{path} has to hold a JSON list of labels")  # noqa: TRY004 - for pydantic
    return labels


def _check_distinct(vocabulary: Sequence[str], normalise: Normaliser) -> None:
    """Raise `ValueError` for a blank label, and for two that normalise to one."""
    seen: dict[str, str] = {}
    for label in vocabulary:
        key = normalise(label)
        if not key.strip():
            raise ValueError("the vocabulary holds a blank label")
        if key in seen:
            raise ValueError(
                f"the vocabulary holds {seen[key]!r} and {label!r}, which `normalize` makes equal"
            )
        seen[key] = label
