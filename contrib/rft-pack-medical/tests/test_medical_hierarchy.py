"""The grader `hierarchy`: credit, assignment, normalisation, rows and systems that are wrong."""

from __future__ import annotations

import json
import pickle
import random
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rft_pack_medical import CodeSystem, HierarchyGrader
from rft_pack_medical.findings import CATEGORIES
from rft_pack_medical.matching import match
from rft_pack_medical.system import Place, normal_form

from rft_core.testing import grade_one, make_grader, make_sample

HERE = Path(__file__).resolve().parent.parent
SYSTEM: dict[str, Any] = {
    "chapters": [
        {"range": "A00-B99", "blocks": [{"range": "A00-A09"}, {"range": "A20-A29"}]},
        {"range": "S00-T99", "blocks": [{"range": "S60-S69"}]},
    ]
}


def score(named: Any, expected: list[str], **config: Any) -> float | None:
    grader = make_grader(HierarchyGrader, system=SYSTEM, **config)
    sample = make_sample(json.dumps({"codes": named}), codes=expected)
    return grade_one(grader, sample).score


@pytest.mark.parametrize(
    ("named", "credit"),
    [
        ("A01.1", 1.0),
        ("A01.2", 0.5),
        ("A01", 0.5),
        ("A02.1", 0.2),
        ("A20.1", 0.0),
        ("A50", 0.0),
        ("S60.1", 0.0),
        ("C01", 0.0),
        ("A1.1", 0.0),
        ("a011", 1.0),
        ("", 0.0),
    ],
)
def test_credit_is_that_of_the_deepest_common_level(named: str, credit: float) -> None:
    assert score([named], ["A01.1"]) == pytest.approx(credit)


def test_credit_can_be_chosen() -> None:
    credit = {"chapter": 0.1, "block": 0.3, "category": 0.7}
    found = [score([one], ["A01.1"], credit=credit) for one in ("A20.1", "A02.1", "A01.2")]
    assert found == pytest.approx([0.1, 0.3, 0.7])
    with pytest.raises(ValidationError, match="deeper level"):
        make_grader(HierarchyGrader, system=SYSTEM, credit={"chapter": 0.9})


def test_a_category_between_blocks_shares_no_block_with_others() -> None:
    assert score(["A50.1"], ["A51.1"], credit={"chapter": 0.1}) == pytest.approx(0.1)
    assert score(["A50.1"], ["A50.2"]) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [
        ([], [1.0, 0.0, 0.0, 0.0]),
        (["case"], [1.0, 1.0, 0.0, 0.0]),
        (["dot"], [1.0, 0.0, 1.0, 0.0]),
        (["case", "dot", "space"], [1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_what_counts_as_the_same_writing(normalize: list[str], expected: list[float]) -> None:
    written = ["A01.1", "a01.1", "A011", " A01.1 "]
    assert [score([one], ["A01.1"], normalize=normalize) for one in written] == expected


def test_each_expected_code_is_met_once() -> None:
    assert score(["A01.1", "A01.2"], ["A01.1"]) == pytest.approx(2 / 3)
    assert score(["A01.1", "A01.1"], ["A01.1", "A01.2"]) == pytest.approx(0.5)
    assert score(["A01.2"], ["A01.1", "A01.3"]) == pytest.approx(1 / 3)


def test_listing_everything_does_not_pay() -> None:
    grader = make_grader(HierarchyGrader, system=str(HERE / "authoring/medical/codes.json"))
    every = [code for category in CATEGORIES for code in category.codes()]
    for count in (20, 21, len(every)):
        sample = make_sample(json.dumps({"codes": every[-count:]}), codes=["S93.1"])
        assert (grade_one(grader, sample).score or 0.0) < 0.1


def _place(code: str) -> Place:
    place = CodeSystem.model_validate(SYSTEM).place(code)
    assert place is not None
    return place


_CODES = st.sampled_from(
    [f"{c}{n}.{d}" for c in "AS" for n in ("01", "02", "20", "60") for d in "12"]
)


@given(
    named=st.lists(_CODES, unique=True, max_size=5),
    expected=st.lists(_CODES, unique=True, min_size=1, max_size=5),
    credit=st.lists(st.floats(0, 1), min_size=4, max_size=4).map(sorted),
)
def test_no_other_assignment_is_better(
    named: list[str], expected: list[str], credit: list[float]
) -> None:
    ours, theirs = [_place(one) for one in named], [_place(one) for one in expected]
    found = sum(credit[pair.level] for pair in match(ours, theirs))
    slots: list[Place | None] = [*theirs, *[None] * len(ours)]
    best = max(
        sum(_credit(one, slot, credit) for one, slot in zip(ours, order, strict=True))
        for order in set(permutations(slots, len(ours)))
    )
    assert found == pytest.approx(best)


def _credit(one: Place, other: Place | None, credit: list[float]) -> float:
    levels = [level for level in range(4) if other is not None and one[level] == other[level]]
    return credit[max(levels)] if levels else 0.0


def test_reasons_name_what_is_wrong() -> None:
    grader = make_grader(HierarchyGrader, system=SYSTEM)
    named = ["A01.2", "S60", "S60", "x\u200b"]
    sample = make_sample(json.dumps({"codes": named}), codes=["A01.1", "A20"])
    assert grade_one(grader, sample).reason == (
        "near: A01.2 for A01.1 (category); missed: A20; wrong: S60; repeated: S60; "
        "no such code: x\\u200b"
    )


@pytest.mark.parametrize(
    "text", ["", "A01", "[]", "{}", '{"codes": "A01"}', '{"codes": {}}', "nul"]
)
def test_unreadable_completions_score_0(text: str) -> None:
    grade = grade_one(make_grader(HierarchyGrader, system=SYSTEM), make_sample(text, codes=["A01"]))
    assert (grade.outcome, grade.score) == ("graded", 0.0)
    assert grade.reason


def test_any_list_of_values_is_graded() -> None:
    rng = random.Random(3)  # noqa: S311 - repeatable, no secret
    values = [None, True, 1, 1e308, "A01", "", [], {}, ["A01"], "\udcff", "S" * 100_000]
    for _ in range(200):
        named = [rng.choice(values) for _ in range(rng.randint(0, 25))]
        found = score(named, ["A01"])
        assert found is not None
        assert 0.0 <= found <= 1.0


@pytest.mark.parametrize("row", [{}, {"codes": []}, {"codes": ["Z99"]}, {"codes": ["A01", "a01"]}])
def test_rows_without_usable_codes_are_refused(row: dict[str, Any]) -> None:
    grader = make_grader(HierarchyGrader, system=SYSTEM)
    with pytest.raises(ValueError, match="reference"):
        grader.check_item(make_sample("", **row).item)


@pytest.mark.parametrize(
    ("system", "message"),
    [
        ({"chapters": []}, "at least 1"),
        ({"chapters": [{"range": "B00-A00"}]}, "backwards"),
        ({"chapters": [{"range": "A00-B00"}, {"range": "B00-C00"}]}, "overlap"),
        ({"chapters": [{"range": "A00-A50", "blocks": [{"range": "A40-A60"}]}]}, "not within"),
        ({"chapters": [{"range": "A00-A50"}], "codes": {"B01": ""}}, "in no chapter"),
        ({"chapters": [{"range": "A00-A50"}], "codes": {"A1": ""}}, "pattern"),
        ("missing.json", "cannot read"),
    ],
)
def test_wrong_systems_are_told(system: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make_grader(HierarchyGrader, system=system)


def test_a_config_survives_validation_and_pickling() -> None:
    grader = make_grader(HierarchyGrader, system=SYSTEM)
    config = type(grader.config).model_validate({"system": grader.config.system})
    again = pickle.loads(pickle.dumps(HierarchyGrader(config)))  # noqa: S301 - our own bytes
    for one in (grader, HierarchyGrader(config), again):
        assert grade_one(one, make_sample('{"codes": ["T98"]}', codes=["T98"])).score == 1.0
        assert grade_one(one, make_sample('{"codes": ["X98"]}', codes=["T98"])).score == 0.0


def test_the_packs_system_holds_the_practice_codes() -> None:
    system = json.loads((HERE / "authoring/medical/codes.json").read_text())
    made = {code: title for category in CATEGORIES for code, title in category.codes().items()}
    assert system["codes"] == made


@pytest.mark.parametrize(
    ("written", "normal"),
    [("S60.1", "S60.1"), ("s601", "S60.1"), ("S60.", "S60"), ("S6.01", None), (60, None)],
)
def test_normal_form(written: Any, normal: str | None) -> None:
    assert normal_form(written, ("case", "dot")) == normal
