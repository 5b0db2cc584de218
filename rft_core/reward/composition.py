"""How the grades of one sample become its reward: weights or a formula, after gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from rft_core.reward.formula import Formula
from rft_core.types import Grade, GradedSample

OnError: TypeAlias = Literal["mask", "abort"] | float
"""What an error outcome does: mask the sample, abort the run, or set its reward to a number."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The sample's reward is `reward` unless the gate's grader scores `min` or more."""

    min: float
    reward: float = 0.0


class Composition(Protocol):
    """Composes scores into one reward."""

    def compose(self, scores: Mapping[str, float | None]) -> tuple[float | None, str | None]:
        """Return the reward and None, or None and why there is no reward."""

    def contributions(self, scores: Mapping[str, float | None]) -> Mapping[str, float | None]:
        """Return each grader's summand of the reward, where the composition is a sum."""


@dataclass(frozen=True)
class WeightedSum:
    """`sum(weight * score)`, as TRL's `reward_weights`.

    Where a grader does not apply to an item, the others' weights are scaled up so that their
    absolute values keep their sum.
    """

    weights: Mapping[str, float]

    def _scale(self, scores: Mapping[str, float | None]) -> float:
        applicable = sum(abs(w) for name, w in self.weights.items() if scores[name] is not None)
        return sum(map(abs, self.weights.values())) / applicable if applicable else 0.0

    def compose(self, scores: Mapping[str, float | None]) -> tuple[float | None, str | None]:
        """See `Composition.compose`."""
        if None not in scores.values():
            return _dot(self.weights, scores), None  # type: ignore[arg-type]  # no None in it
        parts = [part for part in self.contributions(scores).values() if part is not None]
        return (sum(parts), None) if parts else (None, "no grader applies to the item")

    def contributions(self, scores: Mapping[str, float | None]) -> Mapping[str, float | None]:
        """See `Composition.contributions`."""
        scale = self._scale(scores)
        parts: dict[str, float | None] = {}
        for name, weight in self.weights.items():
            score = scores[name]
            parts[name] = None if score is None else scale * weight * score
        return parts


def _dot(weights: Mapping[str, float], scores: Mapping[str, float]) -> float:
    return sum(weight * scores[name] for name, weight in weights.items())


@dataclass(frozen=True)
class FormulaComposition:
    """The value of a formula; none where a grader that it reads does not apply."""

    formula: Formula

    def compose(self, scores: Mapping[str, float | None]) -> tuple[float | None, str | None]:
        """See `Composition.compose`."""
        try:
            return self.formula(scores), None  # type: ignore[arg-type]
        except (ArithmeticError, ValueError) as error:
            return None, f"formula: {error}"
        except TypeError:
            missing = sorted(name for name in self.formula.names if scores[name] is None)
            if not missing:
                raise
            return None, f"not applicable: {', '.join(missing)}"

    def contributions(self, scores: Mapping[str, float | None]) -> Mapping[str, float | None]:
        """Return nothing: the terms of a formula have no shares."""
        return {}


def first_failed_gate(
    gates: Mapping[str, Gate], grades: Mapping[str, Grade | None]
) -> tuple[str, Gate] | None:
    """Return the first gate that the sample fails; a gate that does not apply lets it pass."""
    for name, gate in gates.items():
        grade = grades[name]
        if grade is not None and grade.score is not None and grade.score < gate.min:
            return name, gate
    return None


def apply_errors(
    graded: GradedSample, policies: Mapping[str, OnError], observers: frozenset[str]
) -> bool:
    """Set the reward by the policies of the graders that failed; return whether any did.

    `abort` is the caller's. Observers (weight 0) have no say. Of several penalties the lowest
    counts, and masking beats them.
    """
    failed = [name for name, grade in graded.grades.items() if grade and grade.error]
    decisive = [name for name in failed if name not in observers]
    if not decisive:
        return False
    penalties = [policy for name in decisive if isinstance(policy := policies[name], float)]
    if len(penalties) == len(decisive):
        graded.composed = graded.reward = min(penalties)
    else:
        graded.masked = "; ".join(str(error) for error in graded.errors)
    return True
