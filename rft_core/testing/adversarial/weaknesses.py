"""What a composed reward pays and should not, told in plain words with numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from rft_core.reward.composition import FormulaComposition
from rft_core.testing.adversarial.evidence import Evidence, Kind, best_of, most_gained
from rft_core.testing.adversarial.wording import EQUAL, compared, payers, quoted

WORTHLESS: Final = 0.3
"""Of a typical honest reward: more for an answer without any content is told."""
HALF: Final = 0.5
EVERYTHING: Final = 0.75
"""Naming everything is right in part, so it may earn more than nothing."""

_EMPTY_FORMS: Final = ("C12", "hollow")
_NOTHING: Final = ("shortest", "longer", "empty", "refusal", "filler")
_EVERYTHING: Final = ("everything", "L1")
_SAME_ANSWER: Final = ("pad", "repeat")
_TOLD_OTHERWISE: Final = frozenset({
    *_EMPTY_FORMS, *_NOTHING, *_EVERYTHING, *_SAME_ANSWER, "replaced", "unreasoned",
    "F1", "F2", "F12", "G8", "G13",
})  # fmt: skip
"""Classes that other finders speak of, or that repeat what those try."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """Something that the reward pays and should not, how to mend it, and how bad it is.

    `danger` is what it earns as a share of a typical honest reward. Of several weaknesses of one
    `theme` the worst is enough to know.
    """

    theme: str
    text: str
    fix: str
    danger: float

    def __str__(self) -> str:
        return f"{self.text}. {self.fix}"


Finder: TypeAlias = Callable[[Evidence], Iterator[Weakness]]


def _form(evidence: Evidence) -> Iterator[Weakness]:
    """Find a form that is paid with nothing in it, or with wrong values in it."""
    empty = best_of(kind for kind in evidence.of(*_EMPTY_FORMS) if kind.example.strip())
    wrong = best_of(evidence.of("replaced"))
    best = best_of(kind for kind in (empty, wrong) if kind is not None)
    if best is None or not evidence.is_above(best, WORTHLESS):
        return
    if best.reward <= _paid_for_nothing(evidence) + EQUAL * evidence.height:
        return  # then it is not the form that is paid
    named = (
        "an empty but well-formed answer" if best is empty else "a wrong answer in the right form"
    )
    rest = evidence.typical - best.reward
    adds = f"adds {rest:.2f}" if rest > EQUAL * evidence.height else "adds nothing"
    text = f"{named} earns {best.reward:.2f} ({quoted(best)}); being right {adds}"
    yield Weakness("form", text, _form_fix(evidence, best), evidence.share(best.reward))


def _form_fix(evidence: Evidence, kind: Kind) -> str:
    names = evidence.payers(kind)
    if not names:
        return "Look at what the formula gives where graders score 0"
    if isinstance(evidence.reward.composition, FormulaComposition):
        return f"{payers(names)} for it: multiply by it in the formula, or make it a gate"
    if all(name in evidence.reward.gates for name in names):
        return f"{payers(names)} for it: take its weight away, the gate has its say without one"
    return f"{payers(names)} for it: make it a gate (`gate: {{min: 1.0}}`), or lower its weight"


def _nothing(evidence: Evidence) -> Iterator[Weakness]:
    """Find answers that say nothing and are paid."""
    kind = best_of(evidence.of(*_NOTHING))
    if kind is None or not evidence.is_above(kind, WORTHLESS):
        return
    named = f"the answer {quoted(kind)}" if kind.example.strip() else "an empty answer"
    text = f"{named} earns {kind.reward:.2f}, {compared(kind.reward, evidence)}"
    names = evidence.payers(kind)
    fix = "Look at what the formula gives where graders score 0"
    if names:
        fix = f"{payers(names)} for it: multiply by what says that the answer is right"
    yield Weakness("nothing", text, fix, evidence.share(kind.reward))


def _paid_for_nothing(evidence: Evidence) -> float:
    kind = best_of(evidence.of(*_NOTHING))
    return evidence.floor if kind is None else kind.reward


def _everything(evidence: Evidence) -> Iterator[Weakness]:
    """Find that naming everything is paid, and not for its form alone."""
    kind = best_of(evidence.of(*_EVERYTHING))
    form = best_of(evidence.of(*_EMPTY_FORMS, "replaced"))
    for_form = evidence.floor if form is None else max(form.reward, evidence.floor)
    if kind is None or kind.reward <= for_form + EVERYTHING * (evidence.typical - for_form):
        return
    if kind.reward <= for_form + EQUAL * evidence.height:
        return
    labels = "label_set" in {call.grader.family for call in evidence.reward.calls.values()}
    named = "listing all labels" if labels else "giving all answers at once"
    text = f"{named} earns {kind.reward:.2f}, {compared(kind.reward, evidence)}"
    fix = (
        f"{payers(evidence.payers(kind))} for it: let what was not asked for cost something, "
        "as precision and F1 do"
    )
    yield Weakness("everything", text, fix, evidence.share(kind.reward))


def _length(evidence: Evidence) -> Iterator[Weakness]:
    """Find that the same answer is paid more when it is longer."""
    kind = most_gained(evidence.of(*_SAME_ANSWER))
    if kind is None or kind.gain <= EQUAL * evidence.height:
        return
    how = "padded with filler" if kind.cls == "pad" else "repeated"
    text = (
        f"the right answer {how} earns {kind.reward:.2f}, more than by itself ({kind.honest:.2f})"
    )
    fix = f"{payers(evidence.gainers(kind))} for length: leave it out, or take off for length"
    yield Weakness("length", text, fix, evidence.share(kind.reward))


def _reasoning(evidence: Evidence) -> Iterator[Weakness]:
    """Find that leaving out the reasoning is paid."""
    kind = most_gained(evidence.of("unreasoned"))
    if kind is None or kind.gain <= EQUAL * evidence.height:
        return
    text = f"leaving out the reasoning earns more: {kind.reward:.2f}, and with it {kind.honest:.2f}"
    fix = f"{payers(evidence.gainers(kind))} for that: grade what comes after the reasoning only"
    yield Weakness("reasoning", text, fix, evidence.share(kind.reward))


def _gates(evidence: Evidence) -> Iterator[Weakness]:
    """Find gates that pay for failing them: much, or more than for passing and being wrong."""
    passing = best_of(kind for kind in evidence.of("replaced") if kind.passes_gates)
    for name, gate in evidence.reward.gates.items():
        share = evidence.share(gate.reward)
        text = f"failing the gate `{name}` earns {gate.reward:.2f}"
        if passing is not None and gate.reward > passing.reward + EQUAL * evidence.height:
            text += f", more than passing it with a wrong answer ({passing.reward:.2f})"
        elif share > WORTHLESS:
            text += f", {compared(gate.reward, evidence)}"
        else:
            continue
        fix = f"Set the gate's `reward` to {min(0.0, evidence.floor):g} or less"
        yield Weakness(f"gate {name}", text, fix, max(share, HALF))


def _shaping(evidence: Evidence) -> Iterator[Weakness]:
    """Find that shapers lift an empty answer to what honest ones earn."""
    empty = best_of(k for k in evidence.of("empty", "shortest") if not k.example.strip())
    right = evidence.typical_shaped
    if empty is None or empty.shaped is None or right is None:
        return
    if empty.shaped < right or empty.reward >= evidence.typical:
        return
    names = [shaper.name for shaper in evidence.reward.shapers]
    whose = "the length penalty pays" if "length_penalty" in names else payers(names)
    text = (
        f"{whose} for an empty answer: with it one earns {empty.shaped:.2f}, and the median honest "
        f"answer {right:.2f}"
    )
    fix = "Leave room for honest answers, or take off less"
    yield Weakness("shaping", text, fix, 1.0 + empty.shaped - right)


def _others(evidence: Evidence) -> Iterator[Weakness]:
    """Find what else is paid: wrong answers more than half, others more than the right one.

    An attack that holds the right answer needs somebody who knows it: it counts only where it is
    paid more than that. And it counts only where it is paid more than for its form.
    """
    form = best_of(evidence.of(*_EMPTY_FORMS, *_NOTHING, "replaced"))
    least = evidence.floor if form is None else form.reward
    for kind in evidence.kinds:
        half = evidence.floor + HALF * (kind.honest - evidence.floor)
        limit = half if kind.wanted == "fail" and not kind.has_answer else kind.honest
        if kind.cls in _TOLD_OTHERWISE:
            continue
        if kind.reward <= max(limit, least) + EQUAL * evidence.height:
            continue
        earned = compared(kind.reward, evidence)
        text = f"{quoted(kind)} ({kind.cls}, {kind.what}) earns {kind.reward:.2f}, {earned}"
        fix = f"{payers(evidence.payers(kind))} for it: see `rft graders test`"
        yield Weakness(kind.cls, text, fix, evidence.share(kind.reward))


FINDERS: Final[tuple[Finder, ...]] = (
    _form,
    _nothing,
    _everything,
    _length,
    _reasoning,
    _gates,
    _shaping,
    _others,
)
