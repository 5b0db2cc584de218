"""The settings of the four modes: what the judge returns."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from rft_core.configurable import PluginConfig

MAX_STEPS: Final = 100
MAX_LABELS: Final = 100

Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Positive: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]


class ScoreVerdict(PluginConfig):
    """A number in a range; the score is where it lies between the ends."""

    mode: Literal["score"]
    """The judge answers with a number."""
    range: tuple[Finite, Finite] = (0.0, 10.0)
    """Worst and best."""
    step: Positive | None = None
    """What may lie between two numbers; 1 if both ends are whole and at least 2 apart."""

    @model_validator(mode="after")
    def _steps_fit(self) -> Self:
        low, high = self.range
        if low >= high:
            raise ValueError("range: the first number has to be smaller than the second")
        step = self.effective_step()
        if step is not None:
            steps = (high - low) / step
            if abs(steps - round(steps)) > 1e-9 or not 1 <= round(steps) <= MAX_STEPS:  # noqa: PLR2004 - rounding
                raise ValueError(f"step: the range has to be 1 to {MAX_STEPS} steps long")
        return self

    def effective_step(self) -> float | None:
        """Return the step, given or implied; None for any number."""
        low, high = self.range
        whole = low.is_integer() and high.is_integer() and 2 <= high - low <= MAX_STEPS  # noqa: PLR2004 - [0, 1] means a share
        return self.step or (1.0 if whole else None)


class LabelVerdict(PluginConfig):
    """One label out of a set; the score is 1 for those that pass, else 0."""

    mode: Literal["label"]
    """The judge chooses one of the labels."""
    labels: tuple[str, ...] = Field(min_length=2, max_length=MAX_LABELS)
    """What the judge may answer."""
    passing: tuple[str, ...] = Field(min_length=1)
    """The labels that score 1; the others score 0."""

    @model_validator(mode="after")
    def _passing_are_labels(self) -> Self:
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels: one stands twice")
        if any(label != label.strip() or not label or "\n" in label for label in self.labels):
            raise ValueError("labels: they are single lines without blanks around them")
        if unknown := [label for label in self.passing if label not in self.labels]:
            raise ValueError(f"passing: {unknown[0]!r} is not among the labels")
        if set(self.passing) == set(self.labels):
            raise ValueError("passing: if all labels pass, every answer scores 1")
        return self


class Criterion(PluginConfig):
    """One thing that an answer is judged by."""

    name: Name
    """The criterion in reasons and metrics."""
    description: str = Field(min_length=1)
    """What the judge is to look for."""
    weight: Finite = 1.0
    """A negative weight takes the criterion off the score where it is met."""
    range: tuple[Finite, Finite] | None = None
    """Judge it by a number of this range; met or not met if not given."""

    @model_validator(mode="after")
    def _weighs(self) -> Self:
        if not self.weight:
            raise ValueError("weight: 0 would make the criterion pointless")
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError("range: the first number has to be smaller than the second")
        return self


class RubricVerdict(PluginConfig):
    """Weighted criteria; the score is the share of the positive weights that is earned."""

    mode: Literal["rubric"]
    """The judge answers criterion by criterion."""
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=50)
    """What is judged, each by itself."""
    together: bool = False
    """Ask for all criteria in one request: cheaper, but one criterion colours the next."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [criterion.name for criterion in self.criteria]
        if len(set(names)) < len(names):
            raise ValueError("criteria: two have one name")
        if not any(criterion.weight > 0 for criterion in self.criteria):
            raise ValueError("criteria: at least one needs a positive weight")
        return self


class RelativeVerdict(PluginConfig):
    """An order of the completions of one item; the score falls evenly from 1 (best) to 0."""

    mode: Literal["relative"]
    """The judge puts the completions of an item in order."""
    max_group: int = Field(default=16, ge=2, le=26)
    """More different completions of one item than this are an error."""
    seed: int = 0
    """Of the order in which completions are shown."""


Verdict: TypeAlias = Annotated[
    ScoreVerdict | LabelVerdict | RubricVerdict | RelativeVerdict, Field(discriminator="mode")
]
