"""Reward-hacking alarms: the reward rises, and what it stands for does not."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from rft_core.run.health.history import EvalPoint, History, TrainPoint, Value
from rft_core.run.health.rows import about, span
from rft_core.run.health.trends import Track, Windows, divergence
from rft_core.run.health.warning import Code, HealthWarning

TRAIN_WINDOWS: Final = Windows(width=10, rise_sigmas=3.0, fall_sigmas=4.5)
"""Wide, since a step of GRPO has a few items, and strict, since it is looked at every step.

How strict the windows have to be was found with benchmarks/health_alarms.py.
"""
EVAL_WINDOWS: Final = Windows(width=3, rise_sigmas=3.0, fall_sigmas=3.5)
"""Each evaluation is over all validation items, and there are few of them."""
OVERFITTING_WINDOWS: Final = replace(EVAL_WINDOWS, rise_sigmas=2.0)
"""The training reward may be near its limit when the validation reward begins to fall; for the same
reason any rise of it counts, however small."""
EFFECT: Final = 0.2
"""Smallest change of a mean that counts, in standard deviations of samples: Cohen's small one."""
LENGTH_FACTOR: Final = 2.0
"""Lengths that double or halve are told. Healthy runs drift by less in 200 steps."""
MIN_TOKENS: Final = 3.0
"""Smallest change of a length that is told: of answers this short, factors mean nothing."""
UNCLIPPED: Final = 0.1
"""Where the share of clipped completions falls by this, the policy has learned to stop."""

PointT = TypeVar("PointT", TrainPoint, EvalPoint)
Getter = Callable[[PointT], Value | None]


@dataclass(frozen=True, slots=True)
class _Parting(Generic[PointT]):
    """Which points were compared: before and after the two quantities parted."""

    early: Sequence[PointT]
    late: Sequence[PointT]

    def moved(self, read: Getter[PointT]) -> str:
        """Return in words from where to where a quantity went."""
        return f"from {_mean(self.early, read):.3g} to {_mean(self.late, read):.3g}"

    def steps(self) -> str:
        """Return the compared steps in words."""
        before = span(self.early[0].step, self.early[-1].step)
        after = span(self.late[0].step, self.late[-1].step)
        return f"between {before} and {after}"


def alarms(task: str, history: History) -> Iterator[HealthWarning]:
    """Return what is alarming in the history of one task."""
    train, evals = list(history.train), list(history.evals)
    for label in _observers(train):
        yield from _observer_down(label, train)
    for label in _observers(evals):
        yield from _validation_observer_down(label, evals)
    yield from _length(task, train)
    yield from _overfitting(task, evals)


def _observers(points: Sequence[PointT]) -> Sequence[str]:
    return list(points[-1].observers) if points else []


def _observer_down(label: str, train: Sequence[TrainPoint]) -> Iterator[HealthWarning]:
    def observer(point: TrainPoint) -> Value | None:
        return point.observers.get(label)

    if parting := _parting(train, _reward, observer, TRAIN_WINDOWS):
        yield HealthWarning(
            Code.OBSERVER_DOWN,
            f"the reward rose {parting.moved(_reward)} while observer `{label}`, which is not "
            f"trained on, fell {parting.moved(observer)} {parting.steps()}: the policy may be "
            "exploiting the graders. Read the best-rewarded samples of the last steps; go back to "
            "an earlier checkpoint, or give the observer a weight",
            f"{Code.OBSERVER_DOWN}:{label}",
        )


def _validation_observer_down(label: str, evals: Sequence[EvalPoint]) -> Iterator[HealthWarning]:
    def observer(point: EvalPoint) -> Value | None:
        return point.observers.get(label)

    if parting := _parting(evals, _reward, observer, EVAL_WINDOWS):
        yield HealthWarning(
            Code.VALIDATION_OBSERVER_DOWN,
            f"on validation items the reward rose {parting.moved(_reward)} while observer "
            f"`{label}`, which is not trained on, fell {parting.moved(observer)} "
            f"{parting.steps()}: the policy may be exploiting the graders. Read the samples of the "
            "last evaluation, and do not trust the checkpoint that is called best",
            f"{Code.VALIDATION_OBSERVER_DOWN}:{label}",
        )


def _overfitting(task: str, evals: Sequence[EvalPoint]) -> Iterator[HealthWarning]:
    if parting := _parting(evals, _trained, _reward, OVERFITTING_WINDOWS, rise_floor=0.0):
        yield HealthWarning(
            Code.OVERFITTING,
            f"{about(task)}the training reward rose {parting.moved(_trained)} while the validation "
            f"reward fell {parting.moved(_reward)} {parting.steps()}: the policy learns the "
            "training items by heart. Stop and use the best checkpoint, or train on more items",
            f"{Code.OVERFITTING}:{task}",
        )


def _length(task: str, train: Sequence[TrainPoint]) -> Iterator[HealthWarning]:
    floor = math.log(LENGTH_FACTOR)
    shrunk = _parting(train, _reward, _log_length, TRAIN_WINDOWS, fall_floor=floor)
    if shrunk and _is_long_move(shrunk) and not _has_learned_to_stop(shrunk):
        yield HealthWarning(
            Code.LENGTH_COLLAPSE,
            f"{about(task)}the reward rose {shrunk.moved(_reward)} while completions shrank "
            f"{shrunk.moved(_length_of)} tokens {shrunk.steps()}: leaving things out may pay. "
            "Read the samples of the last steps, and reward what is missing in them",
            f"{Code.LENGTH_COLLAPSE}:{task}",
        )
    grown = _parting(train, _reward, _log_brevity, TRAIN_WINDOWS, fall_floor=floor)
    if grown and _is_long_move(grown):
        yield HealthWarning(
            Code.LENGTH_EXPLOSION,
            f"{about(task)}the reward rose {grown.moved(_reward)} while completions grew "
            f"{grown.moved(_length_of)} tokens {grown.steps()}: padding may pay. Read the samples "
            "of the last steps; if the length is no use, add the shaper `length_penalty`",
            f"{Code.LENGTH_EXPLOSION}:{task}",
        )


def _is_long_move(parting: _Parting[TrainPoint]) -> bool:
    change = _mean(parting.late, _length_of) - _mean(parting.early, _length_of)
    return abs(change) >= MIN_TOKENS


def _has_learned_to_stop(parting: _Parting[TrainPoint]) -> bool:
    before, after = (
        statistics.fmean(point.clipped for point in points)
        for points in (parting.early, parting.late)
    )
    return before - after >= UNCLIPPED


def _parting(
    points: Sequence[PointT],
    rising: Getter[PointT],
    falling: Getter[PointT],
    windows: Windows,
    *,
    rise_floor: float | None = None,
    fall_floor: float | None = None,
) -> _Parting[PointT] | None:
    """Return where one quantity rose and the other fell, over the points that have both."""
    known = [(p, up, down) for p in points if (up := rising(p)) and (down := falling(p))]
    if len(known) < 2 * windows.width:
        return None
    kept, ups, downs = zip(*known, strict=True)
    found = divergence(_track(ups, rise_floor), _track(downs, fall_floor), windows)
    return _Parting(kept[found.early], kept[found.late]) if found else None


def _track(values: Sequence[Value], floor: float | None = None) -> Track:
    """Return the track of a quantity; without a floor, that of a small effect."""
    if floor is None:
        floor = EFFECT * statistics.fmean(value.spread for value in values)
    error = math.sqrt(statistics.fmean(value.error**2 for value in values))
    return Track([value.mean for value in values], floor, error)


def _mean(points: Sequence[PointT], read: Getter[PointT]) -> float:
    return statistics.fmean(value.mean for point in points if (value := read(point)))


def _reward(point: TrainPoint | EvalPoint) -> Value | None:
    return point.reward


def _trained(point: EvalPoint) -> Value | None:
    return point.trained


def _length_of(point: TrainPoint) -> Value | None:
    return None if point.tokens is None else Value(point.tokens)


def _log_length(point: TrainPoint) -> Value | None:
    return Value(math.log(point.tokens)) if point.tokens else None


def _log_brevity(point: TrainPoint) -> Value | None:
    return Value(-math.log(point.tokens)) if point.tokens else None
