"""What attacks on a composed reward earned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from rft_core.reward.composition import FormulaComposition, WeightedSum
from rft_core.task.build import RewardPlan
from rft_core.testing.adversarial.attack import Attack
from rft_core.testing.adversarial.families.forms import form_of
from rft_core.types import GradedSample

PAID: Final = 0.5
"""A grader that gives this share of what it gives honest answers has a part in the reward."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An attack, what it earned, and what the honest completion that it started from earned.

    `shaped` is the reward after the shapers, None where there are none.
    """

    attack: Attack
    graded: GradedSample
    honest: GradedSample
    shaped: float | None = None

    @property
    def reward(self) -> float:
        """The composed reward."""
        return self.graded.composed or 0.0

    @property
    def has_answer(self) -> bool:
        """Whether the right answer stands in it as it was."""
        return form_of(self.honest.sample.text).answer.strip() in self.attack.completion


@dataclass(frozen=True, slots=True)
class Kind:
    """The trials of one kind of attack, at least one."""

    trials: Sequence[Trial]

    @property
    def cls(self) -> str:
        """The class of attacks."""
        return self.trials[0].attack.cls

    @property
    def what(self) -> str:
        """What is done."""
        return self.trials[0].attack.what

    @property
    def wanted(self) -> str:
        """What a good reward makes of it."""
        return self.trials[0].attack.wanted

    @property
    def reward(self) -> float:
        """The mean reward."""
        return fmean(trial.reward for trial in self.trials)

    @property
    def shaped(self) -> float | None:
        """The mean reward after the shapers, None where there are none."""
        shaped = [trial.shaped for trial in self.trials if trial.shaped is not None]
        return fmean(shaped) if shaped else None

    @property
    def has_answer(self) -> bool:
        """Whether each of them holds the right answer as it was."""
        return all(trial.has_answer for trial in self.trials)

    @property
    def passes_gates(self) -> bool:
        """Whether no gate stopped any of them."""
        return not any(trial.graded.failed_gate for trial in self.trials)

    @property
    def honest(self) -> float:
        """The mean reward of the honest completions."""
        return fmean(trial.honest.composed or 0.0 for trial in self.trials)

    @property
    def gain(self) -> float:
        """What it earns more than the honest completions."""
        return self.reward - self.honest

    @property
    def example(self) -> str:
        """The completion that earned most."""
        best = max(self.trials, key=lambda trial: trial.reward)
        return best.attack.completion


@dataclass(frozen=True, slots=True)
class Evidence:
    """What honest completions and attacks earned.

    `typical` is the median reward of honest completions, `typical_shaped` the same after the
    shapers, if there are any, and `floor` the reward of answers without merit.
    """

    reward: RewardPlan
    typical: float
    typical_shaped: float | None
    floor: float
    kinds: Sequence[Kind]

    @property
    def height(self) -> float:
        """How much more than the floor a typical honest completion earns."""
        return abs(self.typical - self.floor) or 1.0

    def of(self, *classes: str) -> list[Kind]:
        """Return what was tried of some classes."""
        return [kind for kind in self.kinds if kind.cls in classes]

    def share(self, reward: float) -> float:
        """Return a reward's place between the floor (0) and a typical honest reward (1)."""
        return (reward - self.floor) / self.height

    def is_above(self, kind: Kind, share: float) -> bool:
        """Whether a kind of attack earns more than this share of a typical honest reward."""
        return self.share(kind.reward) > share

    def payers(self, kind: Kind) -> list[str]:
        """Return the graders that pay a kind of attack about what they pay honest answers."""
        return [name for name in self.counted() if self._pays(name, kind)]

    def gainers(self, kind: Kind) -> list[str]:
        """Return the graders that score a kind of attack higher than honest answers."""
        return [name for name in self.counted() if _gain(name, kind) > 0]

    def counted(self) -> list[str]:
        """Return the graders that the reward is composed of."""
        composition = self.reward.composition
        if isinstance(composition, FormulaComposition):
            return [name for name in self.reward.calls if name in composition.formula.names]
        if isinstance(composition, WeightedSum):
            return [name for name, weight in composition.weights.items() if weight > 0]
        return []

    def _pays(self, name: str, kind: Kind) -> bool:
        low = self.reward.calls[name].grader.score_range[0]
        low = low if math.isfinite(low) else 0.0
        given = _mean_score(name, [trial.graded for trial in kind.trials])
        right = _mean_score(name, [trial.honest for trial in kind.trials])
        if given is None or right is None or right <= low:
            return False
        return given - low >= PAID * (right - low)


def _gain(name: str, kind: Kind) -> float:
    given = _mean_score(name, [trial.graded for trial in kind.trials])
    right = _mean_score(name, [trial.honest for trial in kind.trials])
    return 0.0 if given is None or right is None else given - right


def _mean_score(name: str, graded: Sequence[GradedSample]) -> float | None:
    grades = (one.grades[name] for one in graded)
    scores = [grade.score for grade in grades if grade is not None and grade.score is not None]
    return fmean(scores) if scores else None


def best_of(kinds: Iterable[Kind]) -> Kind | None:
    """Return the kind that earned most, None of none."""
    return max(kinds, key=lambda kind: kind.reward, default=None)


def most_gained(kinds: Iterable[Kind]) -> Kind | None:
    """Return the kind that earned most in comparison with honest completions, None of none."""
    return max(kinds, key=lambda kind: kind.gain, default=None)
