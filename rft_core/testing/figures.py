"""From results to the figures of a grade card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

from rft_core.cases import Case
from rft_core.testing.adversarial.attack import AttackClass, Outcome
from rft_core.testing.card import AttackExample, AttackFigures, CaseFigures, WrongCase
from rft_core.testing.casework import CaseResult, digest, pass_threshold
from rft_core.testing.findings import Finding
from rft_core.testing.subject import Subject
from rft_core.testing.wording import Wording, outcome

EXAMPLES: Final = 3
"""So many attacks of a class are shown."""
BAD: Final = ("fooled", "missed", "broke")


def case_figures(
    subject: Subject, results: Sequence[CaseResult], file: str | None, wording: Wording
) -> CaseFigures | None:
    """Return how the cases came out, None if there are none."""
    if not results:
        return None
    cases = [result.case for result in results]
    return CaseFigures(
        file=file,
        digest=digest(cases),
        cases=len(cases),
        items=len({case.item.id for case in cases}),
        repeats=len(results[0].grades),
        agreed=sum(result.agrees for result in results),
        failed=sum(result.failed for result in results),
        false_passes=sum(result.slip == "false pass" for result in results),
        false_fails=sum(result.slip == "false fail" for result in results),
        pass_threshold=pass_threshold(subject.score_range, cases),
        unsteady=sum(not result.is_steady for result in results),
        spread=round(max(result.spread for result in results), 6),
        wrong=[wrong_case(result, wording) for result in results if not result.agrees],
    )


def wrong_case(result: CaseResult, wording: Wording) -> WrongCase:
    """Return what a card says of a case that did not come out as expected."""
    case = result.case
    return WrongCase(
        id=wording.text(case.id),
        where=_where(case),
        completion=wording.completion(case.completion),
        expected=_told(case),
        got=" / ".join(dict.fromkeys(map(outcome, result.grades))),
        reason=next(filter(None, map(wording.reason, result.grades)), None),
        slip=result.slip,
    )


def _told(case: Case) -> str:
    return f"{case.expected:g}" if isinstance(case.expected, float) else str(case.expected)


def _where(case: Case) -> str:
    """Return file and line of a case, without the folder, which differs from machine to machine."""
    return Path(case.where).name


def cleaned(finding: Finding, wording: Wording) -> Finding:
    """Return a finding whose texts can be written on a card."""
    texts = {one.name: wording.text(getattr(finding, one.name)) for one in fields(finding)}
    return Finding(**texts)


def attack_figures(
    classes: Sequence[AttackClass],
    outcomes: Sequence[Outcome],
    accepted: Mapping[str, str],
    wording: Wording,
) -> Iterator[AttackFigures]:
    """Yield what became of each class's attacks."""
    for cls in classes:
        own = [one for one in outcomes if one.attack.cls == cls.cls]
        counts = Counter(one.verdict for one in own)
        bad = sorted((one for one in own if one.verdict in BAD), key=lambda o: BAD.index(o.verdict))
        yield AttackFigures(
            cls=cls.cls,
            title=cls.title,
            scope=cls.scope,
            hostile=bool(own) and all(one.attack.wanted == "survive" for one in own),
            tried=len(own),
            held=counts["held"],
            fooled=counts["fooled"],
            missed=counts["missed"],
            broke=counts["broke"],
            skipped=counts["skipped"],
            accepted=accepted.get(cls.cls),
            examples=[_example(one, wording) for one in bad[:EXAMPLES]],
        )


def _example(one: Outcome, wording: Wording) -> AttackExample:
    return AttackExample(
        verdict=one.verdict,
        what=wording.text(one.attack.what),
        honest=wording.text(one.honest.source),
        completion=wording.completion(one.attack.completion),
        got=outcome(one.grade),
        honest_score=one.honest.score,
        reason=wording.reason(one.grade),
    )


def stale_policies(attacks: Sequence[AttackFigures], accepted: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the declared policies."""
    known = {one.cls: one for one in attacks}
    for cls in accepted:
        if cls not in known:
            yield f"{cls} is accepted, but no attack class that applies is called so"
        elif known[cls].tried and known[cls].all_held:
            yield f"{cls} is accepted, but its {known[cls].tried} attacks were held: remove it"


def counted(attacks: Sequence[AttackFigures], verdict: str) -> int | None:
    """Return how many attacks ended so, without accepted classes; None if none was tried."""
    if not any(one.tried - one.skipped for one in attacks):
        return None
    total: int = sum(getattr(one, verdict) for one in attacks if one.accepted is None)
    return total
