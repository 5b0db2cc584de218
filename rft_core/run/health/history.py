"""What the alarms remember of a run: one point per training step and per evaluation."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rft_core.run.health.rows import Row, known_graders, number
from rft_core.run.health.warning import GraderFacts

TRAIN_POINTS: Final = 200
"""Steps looked back on. A change that takes longer is slow enough to be seen in a curve."""
EVAL_POINTS: Final = 50


class Value(NamedTuple):
    """A mean over a batch, the spread of samples about it, and its standard error if known."""

    mean: float
    spread: float = 0.0
    error: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainPoint:
    """A training step of one task."""

    step: int
    reward: Value
    tokens: float | None
    clipped: float
    observers: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class EvalPoint:
    """An evaluation of one task; `trained` is the training reward since the one before.

    The spreads are those of training: the rows of evaluations have only the spread of runs.
    """

    step: int
    reward: Value
    trained: Value | None
    observers: Mapping[str, Value]


@dataclass(slots=True)
class History:
    """The points of one task, of which the oldest are forgotten."""

    train: deque[TrainPoint] = field(default_factory=lambda: deque(maxlen=TRAIN_POINTS))
    evals: deque[EvalPoint] = field(default_factory=lambda: deque(maxlen=EVAL_POINTS))

    def add_train(
        self, step: int, task: str, section: Row, facts: Mapping[str, GraderFacts]
    ) -> None:
        """Add a training step, if it has a reward."""
        reward = _value(section.get("reward"))
        if reward is None:
            return
        tokens = number(section, "num_tokens")
        clipped = number(section, "clipped") or 0.0
        observers = _observers(task, section, facts)
        self.train.append(TrainPoint(step, reward, tokens, clipped, observers))

    def add_eval(
        self, step: int, task: str, section: Row, facts: Mapping[str, GraderFacts]
    ) -> None:
        """Add an evaluation, if it has a reward."""
        reward = _run_value(section.get("reward"))
        if reward is None:
            return
        since = self.evals[-1].step if self.evals else -1
        recent = [point for point in self.train if point.step > since]
        trained = _mean(point.reward for point in recent)
        observers = {
            label: value._replace(spread=_mean_spread(recent, label))
            for label, value in _observers(task, section, facts, runs=True).items()
        }
        reward = reward._replace(spread=trained.spread if trained else 0.0)
        self.evals.append(EvalPoint(step, reward, trained, observers))


def _observers(
    task: str, section: Row, facts: Mapping[str, GraderFacts], *, runs: bool = False
) -> dict[str, Value]:
    read = _run_value if runs else _value
    values = {
        label: read(section["graders"][name])
        for name, fact, label in known_graders(task, section, facts)
        if fact.role == "observer"
    }
    return {label: value for label, value in values.items() if value is not None}


def _value(statistics_: Row | None) -> Value | None:
    mean = number(statistics_, "mean")
    return None if mean is None else Value(mean, number(statistics_, "std") or 0.0)


def _run_value(statistics_: Row | None) -> Value | None:
    """Return an evaluation's mean of k runs, whose `std` is the spread of the runs."""
    mean = number(statistics_, "mean")
    if statistics_ is None or mean is None:
        return None
    runs = len(statistics_.get("runs") or [mean])
    return Value(mean, error=(number(statistics_, "std") or 0.0) / math.sqrt(runs))


def _mean(values: Iterable[Value]) -> Value | None:
    known = list(values)
    if not known:
        return None
    return Value(
        statistics.fmean(value.mean for value in known),
        statistics.fmean(value.spread for value in known),
    )


def _mean_spread(points: Iterable[TrainPoint], label: str) -> float:
    value = _mean(point.observers[label] for point in points if label in point.observers)
    return value.spread if value else 0.0
