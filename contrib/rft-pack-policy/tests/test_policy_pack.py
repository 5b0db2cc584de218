"""The pack as its users meet it: cases, published documents, task files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rft_pack_policy import StatementsGrader
from rft_pack_policy.plugin import rft_register_packs

from grader_registry.document import Document
from rft_core.cases import read_cases
from rft_core.task.task import load_task
from rft_core.testing import grade_all, make_grader
from rft_core.testing.subject import RewardSubject
from rft_core.types import Completion, Sample

HERE = Path(__file__).resolve().parent.parent
SPEC = "policy/compliance"
GRADER = "statements"
GRADER_CASES = HERE / "cases" / f"{GRADER}.jsonl"
SPEC_CASES = HERE / "authoring" / f"{SPEC}.cases.jsonl"


def rft(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "rft_core", *command],
        capture_output=True,
        text=True,
        cwd=HERE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("path", [GRADER_CASES, SPEC_CASES], ids=["grader", "spec"])
def test_there_are_enough_cases_of_several_kinds(path: Path) -> None:
    cases = read_cases(path)
    assert len(cases) >= 30
    scores = [float(str(one["expected"])) for one in _lines(path) if _is_number(one["expected"])]
    assert sum(score == 1 for score in scores) >= 4
    assert sum(score == 0 for score in scores) >= 8
    assert len({score for score in scores if 0 < score < 1}) >= 4


def test_the_graders_cases_score_as_people_say() -> None:
    cases = read_cases(GRADER_CASES)
    grader = make_grader(StatementsGrader, base_dir=HERE, sources="$.policy")
    grades = grade_all(grader, [Sample(case.item, case.completion) for case in cases])
    for expected, grade in zip(_lines(GRADER_CASES), grades, strict=True):
        _check(expected, grade.score, grade.outcome)


def test_the_specs_cases_score_as_people_say() -> None:
    cases = read_cases(SPEC_CASES)
    with RewardSubject(load_task(HERE / "task.inline.yaml")) as subject:
        grades = subject.grade([Sample(case.item, case.completion) for case in cases])
    for expected, grade in zip(_lines(SPEC_CASES), grades, strict=True):
        _check(expected, grade.score, grade.outcome)


@pytest.mark.slow
def test_the_grader_passes_its_tests() -> None:
    assert "passes" in rft("graders", "test", GRADER)


@pytest.mark.slow
def test_the_composed_reward_passes_its_tests() -> None:
    said = rft("graders", "test", "--task", "task.inline.yaml")
    assert "passes" in said
    assert "weakness:" not in said


@pytest.mark.parametrize("task", ["task.inline.yaml", "task.yaml"])
def test_the_task_files_are_fit_to_train_with(task: str) -> None:
    said = rft("check", task)
    assert "ok" in said
    assert "warning" not in said


def test_the_published_document_says_what_its_authoring_files_say() -> None:
    (folder,) = rft_register_packs()
    path = folder / f"{SPEC}/1.0.0.json"
    document = Document.read(path.read_bytes(), str(path))
    assert document.spec.name == SPEC
    assert [dict(case) for case in document.spec.cases] == _lines(SPEC_CASES)
    for name, text in document.spec.files.items():
        assert (SPEC_CASES.parent / name).read_text() == text
    card = document.spec.card
    assert card is not None


def test_both_task_files_have_one_reward() -> None:
    inline = load_task(HERE / "task.inline.yaml")
    shared = load_task(HERE / "task.yaml")
    assert len(inline.train_items()) == len(shared.train_items())
    (one,), (other,) = inline.spec.reward_specs().values(), shared.spec.reward_specs().values()
    assert one.formula == other.formula
    assert {name: spec.use for name, spec in one.graders.items()} == {
        name: spec.use for name, spec in other.graders.items()
    }


def test_a_reference_of_the_grader_earns_full_marks() -> None:
    task = load_task(HERE / "task.inline.yaml")
    (plan,) = task.rewards.values()
    grader = next(call.grader for call in plan.calls.values() if call.grader.name == GRADER)
    references = [(item, grader.reference_completion(item)) for item in task.train_items()]
    grades = grade_all(grader, [Sample(item, Completion(text or "")) for item, text in references])
    assert [grade.score for grade in grades] == [1.0] * len(references)


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _check(case: dict[str, object], score: float | None, outcome: str) -> None:
    if _is_number(case["expected"]):
        assert score == pytest.approx(case["expected"], abs=0.005), case["id"]
    else:
        assert {"outcome": outcome} == case["expected"], case["id"]
