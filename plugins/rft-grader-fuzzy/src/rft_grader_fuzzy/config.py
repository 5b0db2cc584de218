"""The configuration of the grader `fuzzy`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from rft_core.configurable import PluginConfig
from rft_core.paths import compile_path
from rft_grader_fuzzy.negation import as_words
from rft_grader_fuzzy.processing import STANDARD, Step
from rft_grader_fuzzy.scorers import ScorerName

Auto: TypeAlias = Literal["auto"]
Share: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
DEFAULT_REFERENCE = "$.reference_answer"
SIMILARITY = "similarity"
"""The metric beside those that are named after fields."""


def _is_path(value: Any) -> Any:
    if isinstance(value, str):
        compile_path(value)
    return value


def _yaml_off(value: Any) -> Any:
    return "off" if value is False else value  # YAML reads a bare `off` as false


JSONPath: TypeAlias = Annotated[str, BeforeValidator(_is_path)]
Numbers: TypeAlias = Annotated[
    Literal["equal", "ordered", "contain", "off"], BeforeValidator(_yaml_off)
]


class WeightedPath(PluginConfig):
    """Where the row holds references of one quality."""

    path: JSONPath
    """A JSONPath into the row, or the name of a column."""
    weight: float = Field(default=1.0, gt=0.0, le=1.0)
    """What full similarity to one of them earns."""


def _kind_of_reference(value: Any) -> str:
    return "path" if isinstance(value, str) else "paths"


Reference: TypeAlias = Annotated[
    Annotated[JSONPath, Tag("path")]
    | Annotated[tuple[WeightedPath, ...], Field(min_length=1), Tag("paths")],
    Discriminator(_kind_of_reference),
]


class Settings(PluginConfig):
    """How two texts are compared."""

    scorer: ScorerName = "ratio"
    """The similarity, by RapidFuzz's name for it."""
    process: tuple[Step, ...] = STANDARD
    """Which differences do not count."""
    floor: Auto | Annotated[float, Field(ge=0.0, lt=1.0)] = "auto"
    """The similarity that earns 0; auto: what letter salad reaches under the scorer."""
    ceiling: float = Field(default=1.0, gt=0.0, le=1.0)
    """The similarity that earns full marks."""
    cutoff: Share = 0.0
    """Scores below it, after rescaling, are 0."""
    min_length_ratio: Auto | Share | None = "auto"
    """A shorter answer, relative to the reference, scores 0; null: no bound."""
    max_length_ratio: Auto | Annotated[float, Field(ge=1.0)] | None = "auto"
    """A longer answer, relative to the reference, scores 0; null: no bound."""
    numbers: Numbers = "equal"
    """Numbers have to be the reference's; as a set with repeats, in order, or at least those."""
    negation: bool = True
    """Whether answer and reference need the same number of negating words."""
    negation_words: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The negating words, in place of the English ones."""
    alternatives: bool = True
    """Whether an answer scores 0 of which one alternative alone is more similar: `X or Y`."""
    questions: bool = True
    """Whether a question scores 0 where the reference is none."""
    min_word_order: Auto | Share | None = "auto"
    """The share of the common words that has to be in the reference's order; null: any order."""
    min_shared_words: Auto | Share | None = "auto"
    """The share of the reference's words that the answer needs, if it has any; null: any."""
    max_repetition: Auto | Share | None = "auto"
    """The share of the answer's words that may be needless repeats; null: any."""
    reject_echo: bool = True
    """Whether an answer that contains the whole prompt scores 0."""
    max_chars: Auto | Annotated[int, Field(ge=1)] = "auto"
    """Longer answers score 0, longer references are errors; auto: 50 ms at most for a pair."""

    @field_validator("process")
    @classmethod
    def _one_unicode_form(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        if "nfc" in steps and "nfkc" in steps:
            raise ValueError("nfkc includes nfc: list one of them")
        return steps

    @field_validator("negation_words")
    @classmethod
    def _single_words(cls, words: tuple[str, ...] | None) -> tuple[str, ...] | None:
        as_words(words or ())
        return words


class FieldConfig(Settings):
    """One field of a JSON answer; options that are not given are those of the grader."""

    answer: JSONPath
    """A JSONPath into the parsed completion."""
    reference: Reference
    """Where the row holds the right text, as for the grader."""
    weight: float = Field(default=1.0, gt=0.0, le=1e6)
    """The field's weight in the mean."""
    optional: bool = False
    """Whether the field does not apply where the row has no reference for it."""

    @model_validator(mode="after")
    def _full_marks_exist(self) -> Self:
        _check_weights(self.reference)
        return self


class FuzzyConfig(Settings):
    """What to compare with what, and how; everything has a default."""

    answer: JSONPath | None = None
    """A JSONPath into the parsed completion; none: the completion's whole text."""
    reference: Reference = DEFAULT_REFERENCE
    """A JSONPath into the row, the name of a column, or a list of {path, weight}."""
    fields: dict[Annotated[str, Field(min_length=1)], FieldConfig] | None = Field(
        default=None, min_length=1
    )
    """Instead of answer and reference: several fields, each with its own."""

    @model_validator(mode="after")
    def _one_way_to_say_what(self) -> Self:
        if self.fields is None:
            _check_weights(self.reference)
            return self
        given = self.model_fields_set & {"answer", "reference"}
        if given:
            raise ValueError(f"fields have their own paths: give no {' and '.join(sorted(given))}")
        if SIMILARITY in self.fields:
            raise ValueError(f"a field cannot be named {SIMILARITY!r}: a metric is")
        return self

    def field_settings(self) -> dict[str, FieldConfig]:
        """Return the fields with the grader's own options filled in."""
        shared = self._given(self)
        return {
            name: FieldConfig.model_validate({**shared, **field.model_dump(exclude_unset=True)})
            for name, field in (self.fields or {}).items()
        }

    @staticmethod
    def _given(config: Settings) -> dict[str, Any]:
        return config.model_dump(exclude_unset=True, include=set(Settings.model_fields))


def _check_weights(reference: str | tuple[WeightedPath, ...]) -> None:
    if not isinstance(reference, str) and max(entry.weight for entry in reference) < 1:
        raise ValueError("reference: at least one path needs weight 1, or nothing gets full marks")
