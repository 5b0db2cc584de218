"""The grader in rft-core: outcomes, reasons, checks, and a reward composed with a gate."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from rft_grader_math.grader import MathGrader

from rft_core.testing import grade_all, grade_one, make_grader, make_sample


def test_right_and_wrong_completions_with_reasons() -> None:
    grader = make_grader(MathGrader, reference="answer")
    right = grade_one(grader, make_sample(r"So $\boxed{\frac{84}{2}}$.", answer="42"))
    assert right.score == 1.0
    assert r"'\\frac{84}{2}' (boxed)" in (right.reason or "")
    wrong = grade_one(grader, make_sample("The answer is 41.", answer=42))
    assert (wrong.score, wrong.error) == (0.0, None)
    assert "'41' (marker)" in (wrong.reason or "")
    empty = grade_one(grader, make_sample("", answer="42"))
    assert (empty.score, empty.reason) == (0.0, "empty")
    denied = grade_one(grader, make_sample("The answer is not 42.", answer="42"))
    assert denied.score == 0.0
    assert "denied" in (denied.reason or "")


def test_an_undecided_comparison_is_an_error_of_its_sample_alone() -> None:
    grader = make_grader(MathGrader, reference="answer", timeout=1.0)
    samples = [
        make_sample(r"\boxed{\prod_{n=1}^{\infty} n^{n^n}}", answer=r"\sqrt{2}"),
        make_sample(r"\boxed{\sqrt{2}}", answer=r"\sqrt{2}"),
        make_sample(r"\boxed{9^{9^{9^9}}}", answer=r"\sqrt{2}"),
    ]
    late, right, large = grade_all(grader, samples)
    assert late.score is None
    assert late.error is not None
    assert "longer than 1 s" in late.error.message
    assert right.score == 1.0
    assert large.score == 0.0


def test_an_answer_in_a_field_of_json() -> None:
    grader = make_grader(MathGrader, reference="answer", extract=["json"], field="result.value")
    text = json.dumps({"result": {"value": "1/2"}})
    assert grade_one(grader, make_sample(text, answer="0.5")).score == 1.0
    exact = '{"result": {"value": 0.10000000000000000000001}}'
    assert grade_one(grader, make_sample(exact, answer="0.1")).score == 0.0
    for bad in (
        "42",
        '{"result": 42}',
        "{",
        '{"result": {"value": [42]}}',
        '{"result": {"value": true}}',
    ):
        assert grade_one(grader, make_sample(bad, answer="42")).score == 0.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "selects 0 values"),
        ({"answer": None}, "not a text or number"),
        ({"answer": True}, "not a text or number"),
        ({"answer": r"\frac{1}{"}, "cannot be read"),
        ({"answer": ""}, "empty"),
    ],
)
def test_rows_without_a_readable_gold_are_refused(fields: dict[str, object], message: str) -> None:
    grader = make_grader(MathGrader, reference="answer")
    with pytest.raises(ValueError, match=message):
        grader.check_item(make_sample("", **fields).item)


@pytest.mark.parametrize(
    "config", [{"extract": []}, {"extract": ["nowhere"]}, {"tolerance": 2}, {"reference": "$["}]
)
def test_wrong_configs_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        make_grader(MathGrader, **config)


def test_suspicious_configs_are_warned_about() -> None:
    assert make_grader(MathGrader).warnings() == []
    assert (
        len(make_grader(MathGrader, hedged="accept", tolerance=0.05, timeout=100.0).warnings()) == 3
    )


@pytest.mark.parametrize("places", [["boxed"], ["hashes"], ["marker"], ["whole"], ["json"], None])
@pytest.mark.parametrize("gold", ["42", r"$\frac{1}{2}$", "(1, 2)", "yes", "x = 5", r"\{1, 2\}"])
def test_reference_completions_earn_full_marks(places: list[str] | None, gold: str) -> None:
    options = {} if places is None else {"extract": places}
    grader = make_grader(MathGrader, reference="answer", **options)
    sample = make_sample("", answer=gold)
    completion = grader.reference_completion(sample.item)
    assert completion is not None
    assert grade_one(grader, make_sample(completion, answer=gold)).score == 1.0


TASK = """
data: {train: train.jsonl}
messages:
  - {role: user, content: "{{ item.question }}"}
reward:
  graders:
    math: {use: math, config: {reference: answer}}
"""


def check(folder: Path, *rows: dict[str, object]) -> tuple[int, str]:
    (folder / "task.yaml").write_text(TASK)
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [str(Path(sys.executable).with_name("rft")), "check", "task.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_check_names_the_row_with_an_unreadable_gold(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "question": "1+1", "answer": "2"},
        {"id": "b", "question": "?", "answer": r"\frac{1}{"},
    ]
    code, output = check(tmp_path, *rows)
    assert code == 2
    assert "train.jsonl:2" in output.replace("\n", "")
    assert "cannot be read" in output
