"""From the reward sections of a task file to configured graders and shapers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rft_core.configurable import Configurable
from rft_core.errors import FormulaError, PluginError
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.executor import default_executor
from rft_core.plugins import Registered, plugin_manager
from rft_core.reward.composition import (
    Composition,
    FormulaComposition,
    Gate,
    OnError,
    WeightedSum,
)
from rft_core.reward.formula import FUNCTION_NAMES, parse_formula
from rft_core.reward.reward import Reward
from rft_core.reward.shaper import RewardShaper
from rft_core.rollout import Rollout
from rft_core.task.source import Place
from rft_core.task.spec import GraderSpec, Penalty, RewardSpec, RolloutSpec, ShaperSpec
from rft_core.task.validation import validate

MAX_CORNERS: Final = 12
"""With more graders than this the ends of all ranges are too many to try."""


@dataclass(frozen=True)
class RewardPlan:
    """A checked reward: configured graders and shapers, not yet on executors."""

    calls: Mapping[str, GraderCall]
    executors: Mapping[str, str | None]
    versions: Mapping[str, str]
    composition: Composition
    gates: Mapping[str, Gate]
    on_error: Mapping[str, OnError]
    observers: frozenset[str]
    shapers: Sequence[RewardShaper[Any]]

    def weights(self) -> Mapping[str, float]:
        """Return the graders' weights, {} where a formula composes them."""
        return self.composition.weights if isinstance(self.composition, WeightedSum) else {}

    def reward_range(self) -> tuple[float, float]:
        """Return the lowest and highest composed reward that the ends of the graders' ranges give.

        Gates and penalties are left out. Infinite, where it is not known.
        """
        ranges = [call.grader.score_range for call in self.calls.values()]
        if len(ranges) > MAX_CORNERS:
            return -math.inf, math.inf
        corners = (dict(zip(self.calls, c, strict=True)) for c in itertools.product(*ranges))
        composed = (self.composition.compose(corner).reward for corner in corners)
        rewards = [reward for reward in composed if reward is not None]
        return min(rewards, default=-math.inf), max(rewards, default=math.inf)

    def start(self) -> Reward:
        """Put the graders on their executors."""
        return Reward(
            runners={k: make_runner(call, self.executors[k]) for k, call in self.calls.items()},
            composition=self.composition,
            gates=self.gates,
            on_error=self.on_error,
            observers=self.observers,
            shapers=self.shapers,
        )


def plan_reward(
    spec: RewardSpec, place: Place, locate: Callable[[Place], Place] = lambda place: place
) -> RewardPlan:
    """Check a reward section and configure what it names; `locate` tells where shared parts stand.

    Raises `TaskFileError`.
    """
    place = locate(place)
    calls = {
        key: plan_grader(key, entry, locate(place / "graders" / key))
        for key, entry in spec.graders.items()
    }
    return RewardPlan(
        calls=calls,
        executors={key: entry.executor for key, entry in spec.graders.items()},
        versions={key: f"{c.grader.name} {c.grader.version}" for key, c in calls.items()},
        composition=_composition(spec, place),
        gates=_gates(spec, calls),
        on_error={key: _policy(entry) for key, entry in spec.graders.items()},
        observers=_observers(spec),
        shapers=[
            plan_shaper(shaper, place / "shapers" / index)
            for index, shaper in enumerate(spec.shapers)
        ],
    )


def plan_shaper(spec: ShaperSpec, place: Place) -> RewardShaper[Any]:
    """Configure a reward shaper. Raises `TaskFileError`."""
    plugins = plugin_manager()
    found = _select("reward shaper", plugins.reward_shapers, spec.use, place / "use")
    shaper: RewardShaper[Any] = configure(found, spec.config, place / "config")
    return shaper


def plan_rollout(spec: RolloutSpec, place: Place) -> Rollout[Any]:
    """Configure the rollout. Raises `TaskFileError`."""
    plugins = plugin_manager()
    found = _select("rollout", plugins.rollouts, spec.use, place / "use")
    rollout: Rollout[Any] = configure(found, spec.config, place / "config")
    return rollout


def plan_grader(key: str, entry: GraderSpec, place: Place) -> GraderCall:
    """Configure one grader of a reward, with its limits. Raises `TaskFileError`."""
    plugins = plugin_manager()
    found = _select("grader", plugins.graders, entry.use, place / "use")
    if entry.executor is not None:
        _select("executor", plugins.executors, entry.executor, place / "executor")
    grader = configure(found, entry.config, place / "config")
    _check_executor(grader, entry.executor or default_executor(grader), place)
    _check_limits(grader, entry, place)
    _check_memory_limit(grader, entry, place)
    return GraderCall(
        key=key,
        grader=grader,
        distribution=grader.origin() or found.distribution,
        timeout=entry.timeout or grader.timeout,
        concurrency=entry.concurrency or grader.concurrency,
        memory_limit=entry.memory_limit_mb and entry.memory_limit_mb * 1024**2,
    )


def _check_executor(grader: Grader[Any], executor: str, place: Place) -> None:
    """Refuse what would fail on every sample: built-in executors take one kind of grader each."""
    wanted = {"asyncio": True, "thread": False, "inline": False, "process": False}.get(executor)
    if wanted is not None and wanted != grader.is_async():
        kind = "an async" if grader.is_async() else "a sync"
        raise place.error(f"executor {executor!r} cannot run {kind} grader")


def _check_limits(grader: Grader[Any], entry: GraderSpec, place: Place) -> None:
    """Refuse limits for a grader that keeps its own: they would cut its batches."""
    for key in ("timeout", "concurrency"):
        if grader.whole_batches and getattr(entry, key) is not None:
            raise (place / key).error(
                f"grader {grader.name!r} keeps its own deadlines and concurrency",
                f"Set them in its config; see `rft graders show {grader.name}`.",
            )


def _check_memory_limit(grader: Grader[Any], entry: GraderSpec, place: Place) -> None:
    """Refuse a limit where there is no process of the grader's own to limit."""
    executor = entry.executor or default_executor(grader)
    if entry.memory_limit_mb is not None and executor in {"asyncio", "thread", "inline"}:
        raise (place / "memory_limit_mb").error(
            f"grader {grader.name!r} runs inside of this process (executor {executor!r})",
            "Remove memory_limit_mb, or set `executor: process` if the grader is a sync one.",
        )


def _select(
    kind: str, known: Mapping[str, Registered[Any]], name: str, place: Place
) -> Registered[Any]:
    try:
        return plugin_manager().select(kind, known, name)
    except PluginError as error:
        raise place.error(error.message, error.hint) from None


def configure(found: Registered[Any], config: Mapping[str, Any], place: Place) -> Any:
    """Build what a plugin registered with its config. Raises `TaskFileError`."""
    cls: type[Configurable[Any]] = found.cls
    validated = validate(cls.Config, dict(config), place, place.source.context())
    try:
        return cls(validated)
    except ValueError as error:
        raise place.error(str(error)) from None


def _gates(spec: RewardSpec, calls: Mapping[str, GraderCall]) -> dict[str, Gate]:
    """Return the gates in the order in which they run: of the task file, but paid ones last."""
    gates = {k: Gate(e.gate.min, e.gate.reward) for k, e in spec.graders.items() if e.gate}
    return dict(sorted(gates.items(), key=lambda entry: calls[entry[0]].grader.paid))


def _policy(entry: GraderSpec) -> OnError:
    return entry.on_error.penalize if isinstance(entry.on_error, Penalty) else entry.on_error


def _observers(spec: RewardSpec) -> frozenset[str]:
    return frozenset(k for k, e in spec.graders.items() if e.weight == 0 and not e.gate)


def _composition(spec: RewardSpec, place: Place) -> Composition:
    if spec.formula is None:
        return _weights(spec, place)
    return _formula(spec, spec.formula, place)


def _weights(spec: RewardSpec, place: Place) -> WeightedSum:
    weights = {
        key: (0.0 if entry.gate else 1.0) if entry.weight is None else entry.weight
        for key, entry in spec.graders.items()
    }
    if not any(weights.values()):
        raise (place / "graders").error(
            "no grader has a weight, so every reward would be 0",
            "Give one a weight; graders with a gate have none unless they are given one.",
        )
    return WeightedSum({key: weight for key, weight in weights.items() if weight})


def _formula(spec: RewardSpec, text: str, place: Place) -> FormulaComposition:
    for key, entry in spec.graders.items():
        at = place / "graders" / key
        if key in FUNCTION_NAMES:
            raise at.error(f"{key!r} is a function of formulas; choose another name")
        if entry.weight:
            raise (at / "weight").error(
                "a reward has weights or a formula, not both",
                "Weight 0 is allowed: the grader is then logged and has no say.",
            )
    try:
        formula = parse_formula(text, frozenset(spec.graders))
    except FormulaError as error:
        raise (place / "formula").error(error.message, error.hint) from None
    _refuse_unused(spec, formula.names, place)
    for key in formula.names:
        if spec.graders[key].weight is not None:
            raise (place / "graders" / key / "weight").error(
                "the formula uses this grader, so it has no weight",
                "Weight 0 is for graders that are logged only.",
            )
    return FormulaComposition(formula)


def _refuse_unused(spec: RewardSpec, used: frozenset[str], place: Place) -> None:
    for key, entry in spec.graders.items():
        if key not in used and not entry.gate and entry.weight is None:
            raise (place / "graders" / key).error(
                f"the formula does not use grader {key!r}",
                "Remove it, use it, or give it `weight: 0` to log it only.",
            )
