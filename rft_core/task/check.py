"""Whether a reward can teach anything, as far as that shows without a model.

References must earn the highest reward. Answers that do not look at the question must not: an
empty one, an empty object or list, and every reference given to all items.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rft_core.errors import DatasetError
from rft_core.evaluation import distinct_errors, mean
from rft_core.reward.engine import RewardEngine
from rft_core.task.data import LocatedItem
from rft_core.task.task import Task
from rft_core.task.templates import Template
from rft_core.types import Completion, GradedSample, Item, Sample

TRIVIAL_ANSWERS: Final = {
    "empty": "",
    "{}": "{}",
    "[]": "[]",
    "a refusal": "I am sorry, but I cannot help with that.",
}
MAX_CONSTANTS: Final = 50
"""So many of the most frequent references are tried as constant answers."""
TOO_GOOD: Final = 0.5
"""A constant answer that earns more than this share of the references' reward is warned about."""
SHOWN: Final = 5
PAID_ITEMS: Final = 5
PAID_CONSTANTS: Final = 2
"""So many items and constant answers are tried where grading costs money."""


@dataclass(frozen=True)
class Probe:
    """What one kind of answer earns.

    Mean, lowest and highest reward, the share of items with full marks, the number of errors.
    """

    name: str
    mean: float | None
    full: float
    errors: int
    low: float | None = None
    high: float | None = None
    cause: str = ""


@dataclass(frozen=True)
class Finding:
    """Something wrong; `fatal` if training would be pointless."""

    text: str
    fatal: bool


@dataclass
class CheckResult:
    """What the check found."""

    probes: list[Probe] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def complain(self, text: str, *, fatal: bool) -> None:
        """Add a finding."""
        self.findings.append(Finding(text, fatal))


def check_task(task: Task) -> CheckResult:
    """Grade references and constant answers with the task's reward."""
    located = [*task.train, *task.validation]
    result = CheckResult()
    paid = _paid_graders(task)
    if paid and len(located) > PAID_ITEMS:
        located = located[:: len(located) // PAID_ITEMS][:PAID_ITEMS]
        names = ", ".join(paid)
        result.complain(f"only {PAID_ITEMS} items were tried: {names} costs", fatal=False)
    with task.engine() as engine:
        references = _references(task, located)
        marks = {name: plan.reward_range()[1] for name, plan in task.rewards.items()}
        unrewarded = dict.fromkeys((one.where for one in located), "")
        probe = _Prober(engine, located, marks, task.spec.max_error_rate, unrewarded)
        if references is None:
            result.complain(
                "the references were not checked: no grader knows how a right completion looks. "
                "Add `reference:`, a template such as '{{ item.answer }}'",
                fatal=False,
            )
        else:
            sure = task.reference is not None and not paid
            _check_references(probe, references, result, sure=sure)
        _check_constants(probe, references or [], PAID_CONSTANTS if paid else MAX_CONSTANTS, result)
    _check_rewarded(probe, result)
    return result


def _check_rewarded(prober: _Prober, result: CheckResult) -> None:
    """Complain of items that no answer gets a reward for: in training they are only masked."""
    if prober.unrewarded:
        shown = "; ".join(f"{at} ({why})" for at, why in list(prober.unrewarded.items())[:SHOWN])
        result.complain(
            f"{len(prober.unrewarded)} of {len(prober.located)} items get no reward, whatever the "
            f"answer: {shown}",
            fatal=True,
        )


def _paid_graders(task: Task) -> list[str]:
    calls = (call for plan in task.rewards.values() for call in plan.calls.values())
    return sorted({call.key for call in calls if call.grader.paid})


def _references(task: Task, located: Sequence[LocatedItem]) -> list[str] | None:
    """Return the right completion of every item, from the template or from a grader."""
    if task.reference is not None:
        return [_rendered(task.reference, one) for one in located]
    completions = [_known_to_a_grader(task, one.item) for one in located]
    known = [text for text in completions if text is not None]
    return known if len(known) == len(located) else None


def _known_to_a_grader(task: Task, item: Item) -> str | None:
    plan = task.rewards[None if None in task.rewards else item.task]
    candidates = (call.grader.reference_completion(item) for call in plan.calls.values())
    return next((text for text in candidates if text is not None), None)


def _rendered(template: Template, located: LocatedItem) -> str:
    try:
        return template.render({"item": {"id": located.item.id, **located.item.fields}})
    except LookupError as error:
        raise DatasetError(str(error.args[0]), where=located.where) from None


@dataclass(frozen=True)
class _Prober:
    """Grades one answer per item; `marks` is what full marks are in each task's reward."""

    engine: RewardEngine
    located: Sequence[LocatedItem]
    marks: Mapping[str | None, float]
    max_error_rate: float
    unrewarded: dict[str, str]
    """Why no answer so far got a reward, for items where none did; by where they stand."""

    def grade(self, texts: Sequence[str]) -> list[GradedSample]:
        """Grade the answers."""
        # A length in tokens is not known here; 0 keeps length penalties out of the picture.
        graded = self.engine.grade(
            [
                Sample(one.item, Completion(text, num_tokens=0, finish_reason="stop"))
                for one, text in zip(self.located, texts, strict=True)
            ]
        )
        for place, one in zip(self.located, graded, strict=True):
            if not _lacks_graders(one):
                self.unrewarded.pop(place.where, None)
            elif place.where in self.unrewarded:
                self.unrewarded[place.where] = one.masked or ""
        return graded

    def complain(self, probe: Probe, what: str, result: CheckResult) -> None:
        """Tell of graders that failed; it is fatal if they would stop a run."""
        result.complain(
            f"graders failed on {what}: {probe.cause}",
            fatal=probe.errors > self.max_error_rate * len(self.located),
        )

    def constant(self, name: str, text: str) -> Probe:
        """Give every item the same answer."""
        return self.summary(name, self.grade([text] * len(self.located)))

    def has_full_marks(self, graded: GradedSample) -> bool:
        """Whether the reward is as high as it can be, but for rounding."""
        marks = self.marks[graded.task]
        return graded.composed is not None and graded.composed >= marks - 1e-9

    def summary(self, name: str, graded: Sequence[GradedSample]) -> Probe:
        """Return what the answers earned."""
        rewards = [one.composed for one in graded if one.composed is not None]
        return Probe(
            name=name,
            cause="; ".join(distinct_errors(graded)[:SHOWN]),
            low=min(rewards, default=None),
            high=max(rewards, default=None),
            mean=mean(rewards),
            full=sum(map(self.has_full_marks, graded)) / len(graded),
            errors=sum(bool(one.errors) for one in graded),
        )


def _lacks_graders(graded: GradedSample) -> bool:
    """Whether there is no reward since graders do not apply to the item."""
    outcomes = {grade.outcome for grade in graded.grades.values() if grade}
    return graded.composed is None and "not_applicable" in outcomes and "error" not in outcomes


def _check_references(
    prober: _Prober, references: Sequence[str], result: CheckResult, *, sure: bool
) -> None:
    """Complain of references that do not earn full marks.

    Unless it is `sure` that they ought to, that is a warning: judges seldom give full marks, and
    a completion that one grader knows as right need not suit the others.
    """
    graded = prober.grade(references)
    probe = prober.summary("reference", graded)
    result.probes.append(probe)
    if probe.errors:
        prober.complain(probe, f"{probe.errors} of {len(graded)} references", result)
    bounded = all(math.isfinite(marks) for marks in prober.marks.values())
    poor = [
        f"{one.where} ({_why(grade)})"
        for one, grade in zip(prober.located, graded, strict=True)
        if not prober.has_full_marks(grade) and not grade.errors
    ]
    if poor and bounded:
        shown = "; ".join(poor[:SHOWN])
        count = f"{len(poor)} of {len(graded)} references do not earn full marks"
        hint = "" if sure else ". If one is not what a right answer looks like, give `reference:`"
        result.complain(f"{count}: {shown}{hint}", fatal=sure)


def _why(graded: GradedSample) -> str:
    if graded.masked:
        return graded.masked
    grades = {name: grade for name, grade in graded.grades.items() if grade}
    reasons = [f"{name} {g.score:g}: {g.reason}" for name, g in grades.items() if g.reason]
    return "; ".join([f"reward {graded.composed:g}", *reasons])


def _check_constants(
    prober: _Prober, references: Sequence[str], limit: int, result: CheckResult
) -> None:
    probes = [prober.constant(name, text) for name, text in TRIVIAL_ANSWERS.items()]
    frequent = Counter(references).most_common(limit)
    constants = [prober.constant(f"constant: {text[:60]}", text) for text, _ in frequent]
    if constants:
        probes.append(max(constants, key=lambda probe: probe.mean or 0.0))
    reference_mean = result.probes[0].mean if result.probes else None
    best = max(probe.mean or 0.0 for probe in probes[: len(TRIVIAL_ANSWERS)])
    known_bad = any(finding.fatal for finding in result.findings)
    if reference_mean is not None and reference_mean <= best and not known_bad:
        text = f"references earn {reference_mean:.2f}, no more than a trivial answer ({best:.2f})"
        result.complain(text, fatal=True)
    result.probes += probes
    for probe in probes:
        _judge_constant(prober, probe, reference_mean, result)
    _judge_all(result)


def _judge_all(result: CheckResult) -> None:
    """Complain if no answer makes a difference; that all wrong ones earn 0 is as it should be."""
    low, high = result.probes[0].low, result.probes[0].high
    same = {(probe.low, probe.high) for probe in result.probes} == {(low, high)} and low == high
    if same and low and not any(finding.fatal for finding in result.findings):
        text = f"every answer that was tried earns {low:g}: the reward does not depend on it"
        result.complain(text, fatal=True)


def _judge_constant(
    prober: _Prober, probe: Probe, reference_mean: float | None, result: CheckResult
) -> None:
    earned = f"the answer {probe.name!r}"
    if probe.errors:
        prober.complain(probe, f"{earned} for {probe.errors} items", result)
    elif probe.full == 1:
        result.complain(f"{earned} earns full marks on every item: nothing to learn", fatal=True)
    elif reference_mean and probe.mean is not None and probe.mean > TOO_GOOD * reference_mean:
        text = f"{earned} earns {probe.mean:.2f} on average without looking at the question"
        result.complain(text, fatal=False)
