"""Cases: what agrees with an expectation, what passes falsely, and what repeats show."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rft_core import Grade, Grader
from rft_core.cases import Case, read_cases
from rft_core.errors import DatasetError
from rft_core.grading.boundary import GraderCall
from rft_core.testing.casework import (
    CaseResult,
    batches,
    digest,
    fresh_samples,
    grade_cases,
    pass_threshold,
)
from rft_core.testing.subject import GraderSubject

GradeCases = Callable[..., list[CaseResult]]
WriteCases = Callable[..., list[Case]]


class Said(Grader[Any]):
    """The number that the completion is, or what else it names."""

    name = "said"

    def check_item(self, item: Any) -> None:
        if item.fields.get("broken"):
            raise ValueError("the row is broken")

    def grade(self, sample: Any) -> Any:
        if sample.text == "no":
            return None
        if sample.text == "fail":
            raise OSError("no service")
        return Grade(float(sample.text), f"said {sample.text}")


class Counting(Grader[Any]):
    """Counts its calls, though it says that it is deterministic."""

    name = "counting"
    deterministic = True

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.calls = 0

    def grade(self, sample: Any) -> float:
        self.calls += 1
        return 0.25 if self.calls == 1 else 0.75


@pytest.fixture
def cases(tmp_path: Path) -> WriteCases:
    """Return a function that makes cases of (completion, expected) or whole rows."""

    def make(*rows: Any, bounds: tuple[float, float] = (0, 1)) -> list[Case]:
        lines = []
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                completion, expected = row
                row = {"id": f"c{number}", "completion": completion, "expected": expected}  # noqa: PLW2901
            lines.append(json.dumps({"item": {"id": "q"}, **row}) + "\n")
        path = tmp_path / "cases.jsonl"
        path.write_text("".join(lines))
        return read_cases(path, bounds)

    return make


@pytest.fixture
def grade(cases: WriteCases) -> Iterator[GradeCases]:
    """Return a function that grades cases with `Said`, or another class."""
    subjects: list[GraderSubject] = []

    def run(*rows: Any, cls: type[Grader[Any]] = Said, repeats: int = 3) -> list[CaseResult]:
        call = GraderCall(cls.name, cls.from_config({}), "acme 1", 5.0, 1)
        subjects.append(GraderSubject(call))
        return grade_cases(subjects[-1], cases(*rows, bounds=cls.score_range), repeats)

    yield run
    for subject in subjects:
        subject.close()


@pytest.mark.parametrize(
    ("completion", "expected", "agrees"),
    [
        ("0.5", 0.5, True),
        ("0.505", 0.5, True),
        ("0.506", 0.5, False),
        ("0.494", 0.5, False),
        ("0.4", [0.4, 0.6], True),
        ("0.6", [0.4, 0.6], True),
        ("0.601", [0.4, 0.6], False),
        ("no", {"outcome": "not_applicable"}, True),
        ("0", {"outcome": "not_applicable"}, False),
        ("fail", {"outcome": "error"}, True),
        ("no", {"outcome": "error"}, False),
        ("fail", {"outcome": "not_applicable"}, False),
        ("fail", 0, False),
        ("no", 0, False),
        ("fail", [0, 1], False),
    ],
)
def test_what_agrees_with_an_expectation(
    grade: GradeCases, completion: str, expected: Any, agrees: bool
) -> None:
    (result,) = grade((completion, expected))
    assert result.agrees is agrees


def test_a_rank_is_held_against_the_other_case(grade: GradeCases) -> None:
    results = grade(
        ("0.5", 0.5),
        ("0.6", {"higher_than": "c0"}),
        ("0.5", {"higher_than": "c0"}),
        ("fail", {"outcome": "error"}),
        ("0.7", {"higher_than": "c3"}),
    )
    assert [result.agrees for result in results] == [True, True, False, True, False]


def test_false_passes_and_false_fails(grade: GradeCases) -> None:
    results = grade(
        ("0.5", 0), ("0.49", 0), ("0.49", 1), ("0.8", 1), ("0.6", [0, 0.2]), ("0.1", [0.5, 1])
    )
    slips = [result.slip for result in results]
    assert slips == ["false pass", None, "false fail", None, "false pass", "false fail"]


def test_what_agrees_has_not_slipped(grade: GradeCases) -> None:
    (result,) = grade(("0.499", 0.5))
    assert result.agrees
    assert result.slip is None


def test_a_failure_is_no_false_fail(grade: GradeCases) -> None:
    (result,) = grade(("fail", 1))
    assert (result.failed, result.slip, result.agrees) == (True, None, False)


def test_an_expected_failure_has_not_failed(grade: GradeCases) -> None:
    (result,) = grade(("fail", {"outcome": "error"}))
    assert not result.failed


def test_repeats_that_differ_are_seen_though_the_grader_says_it_is_deterministic(
    grade: GradeCases,
) -> None:
    (result,) = grade(("x", 0.25), cls=Counting)
    assert [one.score for one in result.grades] == [0.25, 0.75, 0.75]
    assert not result.is_steady
    assert result.spread == 0.5
    assert not result.agrees  # one repeat of three is as expected


def test_an_item_that_is_refused_is_wrong_input(grade: GradeCases) -> None:
    with pytest.raises(
        DatasetError, match=r"cases.jsonl:2: 'said' cannot grade this item: the row"
    ):
        grade(("1", 1), {"item": {"broken": True}, "completion": "1", "expected": 1})


def test_an_item_that_is_refused_may_be_expected(grade: GradeCases) -> None:
    broken = {"item": {"broken": True}, "completion": "1", "expected": {"outcome": "error"}}
    _, result = grade(("1", 1), broken)
    assert result.agrees
    assert result.grades[0].outcome == "error"


def test_the_pass_threshold_is_the_middle_of_the_range(cases: WriteCases) -> None:
    some = cases(("x", 1), ("x", [3, 9]), ("x", {"outcome": "error"}), bounds=(0, 10))
    assert pass_threshold((-1.0, 1.0), some) == 0.0
    assert pass_threshold((float("-inf"), float("inf")), some) == 5.0
    assert pass_threshold((0.0, float("inf")), []) == 0.5


def test_repeats_have_other_orders_and_keep_items_together(cases: WriteCases) -> None:
    rows = [
        {"id": f"{item}{n}", "item": {"id": item}, "completion": "x", "expected": 1}
        for item in "abcdefgh"
        for n in range(20)
    ]
    some = cases(*rows)
    orders = []
    for repeat in range(3):
        found = list(batches(some, repeat))
        assert max(map(len, found)) <= 64
        assert sorted(case.id for batch in found for case in batch) == sorted(c.id for c in some)
        for batch in found:
            items = [case.item.id for case in batch]
            assert len(items) == 20 * len(set(items))  # none is cut
        orders.append([case.id for batch in found for case in batch])
    assert orders[0] == [case.id for case in some]
    assert orders[1] != orders[2] != orders[0]
    assert [case.id for batch in batches(some, 2) for case in batch] == orders[2]


def test_samples_are_fresh_and_share_their_items(cases: WriteCases) -> None:
    some = cases(("a", 1), ("b", 1))
    one, two = fresh_samples(some)
    assert one.item is two.item
    assert one.item is not some[0].item
    assert one.item == some[0].item


@pytest.mark.parametrize(
    "other", [("b", 1), ("a", 0), ("a", [1, 1]), {"item": {"id": "q", "x": 1}, "id": "c0"}]
)
def test_a_digest_tells_cases_apart(cases: WriteCases, other: Any) -> None:
    one = digest(cases(("a", 1)))
    assert one == digest(cases(("a", 1)))
    if isinstance(other, dict):
        other = {"completion": "a", "expected": 1, **other}
    assert digest(cases(other)) != one
