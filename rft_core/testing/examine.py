"""All tests of a grader or a composed reward, as a grade card."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any, Final, TypeAlias

from rft_core.cases import Case
from rft_core.expectations import OutcomeIs
from rft_core.testing.adversarial.attack import AttackClass, Honest, Outcome
from rft_core.testing.adversarial.composed import examine_reward
from rft_core.testing.adversarial.honest import find_honest
from rft_core.testing.adversarial.library import classes_for
from rft_core.testing.adversarial.run import PER_CLASS, run_attacks
from rft_core.testing.card import FORMAT, AttackFigures, CaseFigures, CheckFigures, GradeCard
from rft_core.testing.casework import REPEATS, CaseResult, grade_cases
from rft_core.testing.contract.check import Check, Probe
from rft_core.testing.contract.run import ALL_CHECKS, run_checks
from rft_core.testing.figures import (
    attack_figures,
    case_figures,
    cleaned,
    counted,
    stale_policies,
)
from rft_core.testing.findings import Finding
from rft_core.testing.speed import Speed, measure_speed
from rft_core.testing.subject import GraderSubject, RewardSubject, Subject
from rft_core.testing.thresholds import Thresholds, measures
from rft_core.testing.wording import Wording
from rft_core.types import Sample

Tell: TypeAlias = Callable[[str, int], None]
"""Hears what is going on, and how much of it was done since it last heard."""

MAX_WEAKNESS: Final = 600
"""Characters of one on a card."""
SPARING_PER_CLASS: Final = 1
SPARING_REPEATS: Final = 1


@dataclass(frozen=True)
class Plan:
    """What to hold a subject against.

    For the card, `cases_file` is the name of the cases' file and `config` are the options as
    declared (the subject's own if None). Texts on the card name files of `folder` without it.
    """

    cases: Sequence[Case] = ()
    cases_file: str | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    accept: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] | None = None
    note: str | None = None
    folder: Path = field(default_factory=Path)
    sparing: bool | None = None
    """Grade few completions, once; None: if grading costs money."""


def _hush(phase: str, count: int) -> None:
    """Tell nobody."""


def examine(subject: Subject, plan: Plan, tell: Tell = _hush) -> GradeCard:
    """Test a subject in every way and return the card.

    Raises `DatasetError` for a case whose item the subject refuses.
    """
    examination = Examination(subject, plan, tell)
    return examination.card()


class Examination:
    """The tests of a subject, each run when it is first asked for and kept."""

    def __init__(self, subject: Subject, plan: Plan, tell: Tell = _hush) -> None:
        self.subject = subject
        self.plan = plan
        self.wording = Wording(plan.folder)
        self._tell = tell
        # Grading cases may change their rows, and what is changed already hides a second change.
        self._untouched = {id(case.item): copy.deepcopy(case.item) for case in plan.cases}

    @property
    def _is_sparing(self) -> bool:
        return self.subject.paid if self.plan.sparing is None else self.plan.sparing

    @cached_property
    def results(self) -> list[CaseResult]:
        """Every case with its grades."""
        repeats = SPARING_REPEATS if self._is_sparing else REPEATS
        return grade_cases(
            self.subject, self.plan.cases, repeats, lambda count: self._tell("cases", count)
        )

    @cached_property
    def honest(self) -> list[Honest]:
        """Right completions to start from."""
        items = list({id(case.item): case.item for case in self.plan.cases}.values())
        return find_honest(self.subject, self.plan.cases, items)

    @property
    def checks(self) -> Sequence[Check]:
        """The contract's checks; none for a composed reward, whose graders have them."""
        return ALL_CHECKS if isinstance(self.subject, GraderSubject) else ()

    def findings(self, check: str) -> list[Finding]:
        """Return what a check of the contract found."""
        return self._findings[check]

    @cached_property
    def _findings(self) -> Mapping[str, list[Finding]]:
        if not isinstance(self.subject, GraderSubject):
            return {}
        known = [case for case in self.plan.cases if case.expected != OutcomeIs("error")]
        items = self._untouched
        samples = [Sample(items[id(case.item)], case.completion) for case in known]
        honest = [replace(one, item=items.get(id(one.item), one.item)) for one in self.honest]
        names = [check.name for check in self.checks]
        with Probe(self.subject.call, samples, honest) as probe:
            return run_checks(probe, names, lambda check, _: self._tell(check.title, 0))

    @cached_property
    def classes(self) -> list[AttackClass]:
        """The classes of attacks that apply."""
        return classes_for(self.subject)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What became of the attacks."""
        return run_attacks(
            self.subject,
            self.honest,
            self.classes,
            per_class=SPARING_PER_CLASS if self._is_sparing else PER_CLASS,
            on_graded=self._tell_attacks,
        )

    def _tell_attacks(self, cls: AttackClass, outcomes: Sequence[Outcome]) -> None:
        self._tell("attacks", len(outcomes))

    @cached_property
    def attacks(self) -> list[AttackFigures]:
        """What became of the attacks, class by class."""
        accept = self.plan.accept
        return list(attack_figures(self.classes, self.outcomes, accept, self.wording))

    @cached_property
    def weaknesses(self) -> list[str] | None:
        """What the composition pays and should not; None for a grader, or if it was not tried."""
        if not isinstance(self.subject, RewardSubject) or self._is_sparing or not self.honest:
            return None
        self._tell("the composition", 0)
        found = examine_reward(self.subject, self.honest, self.plan.cases)
        return [self.wording.text(str(weakness), MAX_WEAKNESS) for weakness in found]

    @cached_property
    def speed(self) -> Speed | None:
        """How fast grading is, None where that is not measured."""
        self._tell("speed", 0)
        clean = [one.case for one in self.results if all(g.error is None for g in one.grades)]
        return measure_speed(self.subject, clean)

    @cached_property
    def case_figures(self) -> CaseFigures | None:
        """How the cases came out."""
        return case_figures(self.subject, self.results, self.plan.cases_file, self.wording)

    def card(self) -> GradeCard:
        """Run what was not run yet and return the card."""
        subject, plan = self.subject, self.plan
        found = list(measures(plan.thresholds, self._figures()))
        config = subject.config if plan.config is None else plan.config
        return GradeCard(
            format=FORMAT,
            name=subject.name,
            version=subject.version,
            distribution=self.wording.text(subject.distribution),
            composed=subject.is_composed,
            config=self.wording.config(config),
            families=sorted(subject.families),
            score_range=(_finite(subject.score_range[0]), _finite(subject.score_range[1])),
            date=dt.datetime.now(dt.UTC).date().isoformat(),
            passed=all(measure.met for measure in found),
            measures=found,
            cases=self.case_figures,
            honest=len(self.honest),
            checks=self._check_figures(),
            attacks=self.attacks,
            weaknesses=self.weaknesses or [],
            stale=list(stale_policies(self.attacks, plan.accept)),
            speed=self.speed,
            versions=_versions(subject),
            note=plan.note,
        )

    def _check_figures(self) -> list[CheckFigures]:
        return [
            CheckFigures(
                check.name,
                check.title,
                check.kind,
                [cleaned(finding, self.wording) for finding in self.findings(check.name)],
            )
            for check in self.checks
        ]

    def _figures(self) -> dict[str, float | None]:
        """Return what thresholds are about; None for what could not be measured."""
        cases = self.case_figures
        found: dict[str, float | None] = {
            "agreement": cases.agreed / cases.cases if cases else None,
            "false_passes": cases.false_passes if cases else 0,
            "false_fails": cases.false_fails if cases else 0,
            "fooled": counted(self.attacks, "fooled"),
            "missed": counted(self.attacks, "missed"),
            "broke": counted(self.attacks, "broke"),
        }
        if self.checks:
            counting = (check for check in self.checks if check.kind == "violation")
            found["violations"] = sum(len(self.findings(check.name)) for check in counting)
        if self.weaknesses is not None:
            found["weaknesses"] = len(self.weaknesses)
        if not self.subject.paid:
            found["p99_ms"] = self.speed.p99_ms if self.speed else None
        return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _versions(subject: Subject) -> dict[str, str]:
    """Return the versions of what the figures depend on."""
    found = {"python": python_version(), "rft-core": version("rft-core")}
    name = subject.distribution.rpartition(" ")[0]
    with contextlib.suppress(PackageNotFoundError, ValueError):  # a reward; a function's file
        found[name] = version(name)
    return found
