"""The grader's own cases, and that its README tells all options."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rft_pack_extraction import RecordConfig, RecordGrader
from rft_pack_extraction.fields import LEAVES

from rft_core.cases import Case, read_cases
from rft_core.testing import grade_one, make_grader
from rft_core.types import Sample

PACK = Path(__file__).resolve().parent.parent
CASES = read_cases(PACK / "cases" / "record.jsonl")
CONFIG = yaml.safe_load((PACK / "cases" / "record.yaml").read_text("utf-8"))


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_cases_score_as_people_say(case: Case) -> None:
    found = grade_one(make_grader(RecordGrader, **CONFIG), Sample(case.item, case.completion))
    assert found.score == pytest.approx(case.expected, abs=0.005), found.reason


def test_every_option_and_type_is_in_the_readme() -> None:
    readme = (PACK / "README.md").read_text("utf-8")
    names = {*RecordConfig.model_fields, "record"}
    for leaf in LEAVES:
        names |= {*leaf.model_fields, leaf.model_fields["type"].default}
    assert [name for name in sorted(names) if f"`{name}`" not in readme] == []
