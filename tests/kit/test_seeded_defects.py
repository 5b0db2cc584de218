"""The kit finds defects that were put into graders, each by a check or attack named beforehand."""

from __future__ import annotations

import pytest
from faulty import Seeded
from faulty.seeded import CONTRACT, SEMANTIC

from rft_core.cases import Case
from rft_core.testing import find_violations, make_grader, make_sample
from rft_core.testing.adversarial.honest import find_honest
from rft_core.testing.adversarial.run import run_attacks
from rft_core.testing.contract.run import make_probe, run_checks
from rft_core.testing.subject import GraderSubject
from rft_core.types import Sample


def samples_of(seeded: Seeded) -> list[Sample]:
    found: list[Sample] = []
    for number, (fields, right, wrong) in enumerate(seeded.rows):
        item = make_sample("", prompt="Answer.", item_id=f"r{number}", **fields).item
        found += [Sample(item, right), Sample(item, wrong)]
    return found


def cases_of(seeded: Seeded) -> list[Case]:
    return [
        Case(f"c{number}", sample.item, sample.text, float(number % 2 == 0), f"cases:{number}")
        for number, sample in enumerate(samples_of(seeded))
    ]


def one_for_each_check() -> list[Seeded]:
    first = {min(seeded.expected): seeded for seeded in reversed(CONTRACT)}
    return list(first.values())


@pytest.mark.parametrize("seeded", one_for_each_check(), ids=str)
def test_each_check_finds_what_it_is_for(seeded: Seeded) -> None:
    grader = make_grader(seeded.cls, **seeded.config)
    with make_probe(grader, samples=samples_of(seeded)) as probe:
        found = run_checks(probe, seeded.expected)
    assert any(found.values()), seeded


@pytest.mark.slow
@pytest.mark.parametrize("seeded", CONTRACT, ids=str)
def test_a_breach_of_the_contract_is_found_by_its_check(seeded: Seeded) -> None:
    found = find_violations(make_grader(seeded.cls, **seeded.config), samples=samples_of(seeded))
    named = {finding.check for finding in found}
    assert named & seeded.expected, [str(finding) for finding in found]


@pytest.mark.parametrize("seeded", SEMANTIC, ids=str)
def test_a_grader_that_pays_the_wrong_thing_is_fooled_by_an_attack(seeded: Seeded) -> None:
    grader = make_grader(seeded.cls)
    with GraderSubject(make_probe(grader).call) as subject:
        honest = find_honest(subject, cases_of(seeded))
        outcomes = run_attacks(subject, honest)
    assert [one.attack.cls for one in outcomes if one.verdict == "fooled"]
