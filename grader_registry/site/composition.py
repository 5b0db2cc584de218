"""How a spec's graders become its reward, as the stages that a completion goes through.

The drawing and the words beside it are both made of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from grader_registry.document import SharedSpec
from grader_registry.site.text import as_line, number, shorten
from rft_core.errors import FormulaError
from rft_core.reward.formula import parse_formula
from rft_core.task.spec import GraderSpec, RewardSpec

TIMES: Final = "\N{MULTIPLICATION SIGN}"
MAX_OPTIONS: Final = 160
"""So many characters of a shaper's options are told in the flow."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A box of the drawing.

    `note` is what stands beside it: a gate's condition, a weight. `aside` is where else it leads.
    """

    kind: Literal["gate", "grader", "logged", "join", "shaper"]
    name: str
    detail: str = ""
    note: str = ""
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """The stages in their order, and what comes out: "reward", or "score" of a lone grader."""

    gates: tuple[Stage, ...]
    graders: tuple[Stage, ...]
    join: Stage | None
    shapers: tuple[Stage, ...]
    result: str


def flow(spec: SharedSpec) -> Flow:
    """Return the flow of a spec."""
    if spec.reward is None:
        assert spec.grader is not None  # noqa: S101 - a document has one of them
        return Flow((), (Stage("grader", spec.grader.use),), None, (), "score")
    reward = spec.reward
    read = _read_by_formula(reward)
    return Flow(
        gates=tuple(_gate(name, one) for name, one in reward.graders.items() if one.gate),
        graders=tuple(
            _grader(name, one, reward)
            for name, one in reward.graders.items()
            if not one.gate or one.weight or name in read
        ),
        join=_join(reward),
        shapers=tuple(Stage("shaper", one.use, _options(one.config)) for one in reward.shapers),
        result="reward",
    )


def _read_by_formula(reward: RewardSpec) -> frozenset[str]:
    """Return the graders that the formula reads; a document may hold one that does not parse."""
    if reward.formula is None:
        return frozenset()
    try:
        return parse_formula(reward.formula, frozenset(reward.graders)).names
    except FormulaError:
        return frozenset(reward.graders)


def _gate(name: str, spec: GraderSpec) -> Stage:
    assert spec.gate is not None  # noqa: S101 - the caller asked
    return Stage(
        "gate",
        name,
        spec.use,
        f"≥ {number(spec.gate.min)}",
        f"else {number(spec.gate.reward)}",
    )


def _grader(name: str, spec: GraderSpec, reward: RewardSpec) -> Stage:
    if spec.weight == 0:
        return Stage("logged", name, spec.use, "logged only")
    if reward.formula is not None:
        return Stage("grader", name, spec.use)
    weight = 1.0 if spec.weight is None else spec.weight
    return Stage("grader", name, spec.use, f"{TIMES} {number(weight)}")


def _join(reward: RewardSpec) -> Stage:
    if reward.formula is not None:
        return Stage("join", "formula", reward.formula)
    return Stage("join", "weighted sum", f"of the scores {TIMES} their weights")


def _options(config: dict[str, object]) -> str:
    options = (f"{key}: {as_line(value)}" for key, value in config.items())
    return shorten(", ".join(options), MAX_OPTIONS)


def in_words(of: Flow) -> list[str]:
    """Return the flow as sentences, in order."""
    lines = [
        f"Gate {one.name} ({one.detail}): goes on with a score {one.note}, "
        f"{one.aside.replace('else', 'else the result is')}."
        for one in of.gates
    ]
    for one in of.graders:
        plugin = f" ({one.detail})" if one.detail else ""
        note = f", {one.note.replace(TIMES, 'weight')}" if one.note else ""
        lines.append(f"Grader {one.name}{plugin}{note}.")
    if of.join is not None:
        lines.append(f"Composed by {of.join.name}: {of.join.detail}.")
    lines += [
        f"Shaper {one.name}" + (f" ({one.detail})" if one.detail else "") + "."
        for one in of.shapers
    ]
    return [*lines, f"The outcome is the {of.result}."]
