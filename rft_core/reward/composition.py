"""How the grades of one sample become its reward: weights or a formula, after gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from rft_core.reward.formula import Formula
from rft_core.types import Grade, GradedSample

MAX_REWARD: Final = 1e30
"""Advantages are computed in 32-bit numbers: a sum of larger ones is infinite there, and one
infinite reward makes the whole step NaN."""

OnError: TypeAlias = Literal["mask", "abort"] | float
"""What an error outcome does: mask the sample, abort the run, or set its reward to a number."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The sample's reward is `reward` unless the gate's grader scores `min` or more."""

    min: float
    reward: float = 0.0

    def is_closed_for(self, grade: Grade | None) -> bool:
        """Whether the grade is below `min`; a gate that does not apply lets the sample pass."""
        return grade is not None and grade.score is not None and grade.score < self.min


class Composed(NamedTuple):
    """A composed reward, or None and why there is none.

    `contributions` are the summands of the reward by grader, where it is a sum.
    """

    reward: float | None
    why: str | None
    contributions: Mapping[str, float | None]


class Composition(Protocol):
    """Composes the scores of one sample; None stands for a grader that does not apply."""

    def compose(self, scores: Mapping[str, float | None]) -> Composed:
        """Return the reward."""


@dataclass(frozen=True)
class WeightedSum:
    """`sum(weight * score)`, as TRL's `reward_weights`.

    Where a grader does not apply to an item, the others' weights are scaled up so that their
    absolute values keep their sum.
    """

    weights: Mapping[str, float]

    def compose(self, scores: Mapping[str, float | None]) -> Composed:
        """See `Composition.compose`."""
        try:
            parts = {name: weight * scores[name] for name, weight in self.weights.items()}  # type: ignore[operator]
        except TypeError:  # a score is None; asking each one first would take longer than this
            return self._of_applicable(scores)
        total = sum(parts.values())
        if not is_reward(total):
            return Composed(None, f"the weighted sum is {total}", {})
        return Composed(total, None, parts)

    def _of_applicable(self, scores: Mapping[str, float | None]) -> Composed:
        there = {name: w for name, w in self.weights.items() if scores[name] is not None}
        if not there:
            return Composed(None, "no grader applies to the item", {})
        scale = sum(map(abs, self.weights.values())) / sum(map(abs, there.values()))
        scaled = {name: scale * weight for name, weight in there.items()}
        composed = WeightedSum(scaled).compose(scores)
        parts = {name: composed.contributions.get(name) for name in self.weights}
        return composed._replace(contributions=parts)


@dataclass(frozen=True)
class FormulaComposition:
    """The value of a formula; none where a grader that it reads does not apply."""

    formula: Formula

    def compose(self, scores: Mapping[str, float | None]) -> Composed:
        """See `Composition.compose`."""
        values = {name: s for name in self.formula.names if (s := scores[name]) is not None}
        if len(values) < len(self.formula.names):
            missing = sorted(self.formula.names - values.keys())
            return Composed(None, f"not applicable: {', '.join(missing)}", {})
        try:
            value = self.formula(values)
        except (ArithmeticError, ValueError) as error:
            return Composed(None, f"formula: {error}", {})
        if not is_reward(value):
            return Composed(None, f"formula: {value:g} is too large for a reward", {})
        return Composed(value, None, {})


def is_reward(value: float) -> bool:
    """Whether training can use the number; it cannot if it is NaN."""
    return -MAX_REWARD <= value <= MAX_REWARD


def first_failed_gate(
    gates: Mapping[str, Gate], grades: Mapping[str, Grade | None]
) -> tuple[str, Gate] | None:
    """Return the first gate that the sample fails."""
    closed = ((name, gate) for name, gate in gates.items() if gate.is_closed_for(grades[name]))
    return next(closed, None)


def apply_errors(
    graded: GradedSample, policies: Mapping[str, OnError], observers: frozenset[str]
) -> bool:
    """Set the reward by the policies of the graders that failed; return whether any did.

    Policy `abort` is the caller's. Observers (weight 0) have no say. Of several penalties the
    lowest counts, and masking beats them.
    """
    failed = [name for name, grade in graded.grades.items() if grade and grade.error]
    decisive = [name for name in failed if name not in observers]
    if not decisive:
        return False
    chosen = [policies.get(name, "mask") for name in decisive]
    penalties = [float(policy) for policy in chosen if not isinstance(policy, str)]
    if len(penalties) == len(decisive):
        graded.composed = graded.reward = min(penalties)
    else:
        graded.masked = "; ".join(str(error) for error in graded.errors)
    return True
