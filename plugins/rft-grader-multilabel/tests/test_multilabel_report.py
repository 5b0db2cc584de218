"""The report per label, against numbers worked out by hand, and real data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rft_grader_multilabel import MultilabelGrader

from rft_core.testing import grade_all, make_grader, make_sample
from rft_core.types import Sample

EUROVOC = Path(__file__).parents[4] / "shared" / "data" / "eurovoc"


def sample(named: Any, reference: list[str]) -> Sample:
    text = named if isinstance(named, str) else json.dumps(named)
    return make_sample(text, reference_answer=reference)


SAMPLES = [
    sample(["a", "b"], ["A"]),  # a right, b wrong
    sample(["a", "a", "x"], ["a", "b"]),  # a right once, x wrong, b missed
    sample("no JSON", ["b"]),  # unusable: b missed
    sample([], []),
]


def report(**config: Any) -> dict[str, Any]:
    grader = make_grader(MultilabelGrader, labels="$", normalize=["casefold", "nfc"], **config)
    result = dict(grader.report(SAMPLES, grade_all(grader, SAMPLES)))
    json.dumps(result, allow_nan=False)
    return result


def test_numbers_are_those_of_a_hand_calculation() -> None:
    result = report()
    assert (result["samples"], result["unusable"], result["other_labels_named"]) == (4, 1, 1)
    assert result["labels"] == {
        "A": {
            "support": 2, "named": 3, "precision": pytest.approx(2 / 3), "recall": 1.0,
            "f1": pytest.approx(4 / 5),
        },
        "b": {"support": 2, "named": 1, "precision": 0.0, "recall": 0.0, "f1": 0.0},
    }  # fmt: skip
    assert result["macro"] == {
        "precision": pytest.approx(1 / 3), "recall": 0.5, "f1": pytest.approx(2 / 5)
    }  # fmt: skip
    assert result["micro"] == {
        "precision": pytest.approx(2 / 5), "recall": 0.5, "f1": pytest.approx(4 / 9)
    }  # fmt: skip


def test_ignored_repeats_are_not_counted() -> None:
    result = report(duplicates="ignore")
    assert result["labels"]["A"]["named"] == 2
    assert result["micro"]["precision"] == 0.5


def test_rejected_answers_name_nothing() -> None:
    result = report(duplicates="reject")
    assert result["unusable"] == 2
    assert result["labels"]["A"]["recall"] == 0.5


def test_a_vocabulary_sets_the_rows_and_unsupported_labels_stay_out_of_the_averages() -> None:
    result = report(vocabulary=["x", "B", "a", "never"])
    assert list(result["labels"]) == ["a", "B", "never", "x"]
    assert result["labels"]["x"] == {
        "support": 0, "named": 1, "precision": 0.0, "recall": 0.0, "f1": 0.0
    }  # fmt: skip
    assert result["macro"]["recall"] == 0.5
    assert result["other_labels_named"] == 0


def test_no_samples_give_an_empty_report() -> None:
    result = make_grader(MultilabelGrader, labels="$").report([], [])
    assert result["labels"] == {}
    assert result["micro"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def eurovoc_rows() -> list[dict[str, Any]]:
    path = EUROVOC / "train.jsonl"
    if not path.is_file():
        pytest.skip(f"{path.name} of the EuroVoc data is not there")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_real_rows_bind_and_their_references_get_full_marks() -> None:
    rows = eurovoc_rows()
    vocabulary = EUROVOC / "labels.json"
    for labels in ("$.level1[*].code", {"split": ","}, {"split": "\n"}):
        grader = make_grader(MultilabelGrader, labels=labels, vocabulary=str(vocabulary))
        items = [make_sample("", item_id=row["id"], **_fields(row)).item for row in rows]
        for item in items:
            grader.check_item(item)
        samples = [Sample(item, str(grader.reference_completion(item))) for item in items]
        grades = grade_all(grader, samples)
        assert [grade.score for grade in grades] == [1.0] * len(rows)
        assert grader.report(samples, grades)["micro"]["f1"] == 1.0


def test_a_constant_answer_to_real_rows_scores_what_counting_says() -> None:
    rows = eurovoc_rows()
    constant = ["trade", "finance"]
    grader = make_grader(MultilabelGrader, labels="$", metric="precision")
    samples = [make_sample(json.dumps(constant), **_fields(row)) for row in rows]
    expected = [sum(name in row["reference_answer"] for name in constant) / 2 for row in rows]
    assert [grade.score for grade in grade_all(grader, samples)] == expected
    assert 0 < sum(expected) < len(rows)


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "id"}
