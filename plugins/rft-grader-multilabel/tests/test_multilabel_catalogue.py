"""The adversarial catalogue's classes L1 to L10: winning without being right, and odd input."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from rft_grader_multilabel import MultilabelGrader

from rft_core.testing import grade_one, make_grader, make_sample
from rft_core.types import Grade

VOCABULARY = [f"label {number}" for number in range(21)]
WIDE = "\uff46\uff49\uff4e\uff41\uff4e\uff43\uff45"
DOMAINS = ["agriculture, forestry and fisheries", "production, technology and research", "finance"]


def grade(output: Any, reference: Any, **config: Any) -> Grade:
    """Grade `output`, which is text or is written as JSON, through the runner."""
    grader = make_grader(MultilabelGrader, **{"labels": "$.labels", **config})
    text = output if isinstance(output, str) else json.dumps({"labels": output})
    return grade_one(grader, make_sample(text, reference_answer=reference))


@pytest.mark.parametrize("metric", ["precision", "f1", "jaccard", "exact_match"])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_l1_naming_every_label_does_not_pay(metric: str, size: int) -> None:
    result = grade(VOCABULARY, VOCABULARY[:size], metric=metric, vocabulary=VOCABULARY)
    assert result.score is not None
    assert result.score <= 2 * size / (21 + size)
    assert result.metrics["recall"] == 1.0


def test_l1_recall_alone_warns_of_it() -> None:
    config = {"labels": "$.labels", "metric": "recall", "vocabulary": VOCABULARY}
    assert "whole vocabulary" in make_grader(MultilabelGrader, **config).warnings()[0]
    assert make_grader(MultilabelGrader, **config, max_labels=5).warnings() == []


@pytest.mark.parametrize("times", [2, 3, 50])
@pytest.mark.parametrize("duplicates", ["ignore", "penalize"])
def test_l2_repeats_never_lift_recall_above_one(times: int, duplicates: str) -> None:
    result = grade(["a"] * times + ["b"], ["a", "b"], metric="recall", duplicates=duplicates)
    assert result.score == 1.0
    assert result.metrics["precision"] == (
        1.0 if duplicates == "ignore" else pytest.approx(2 / (times + 1))
    )


@pytest.mark.parametrize("variant", ["A", "a ", "a"])
def test_l2_repeats_are_found_after_normalisation(variant: str) -> None:
    config = {"normalize": ["casefold", "strip"], "metric": "precision"}
    assert grade(["a", variant], ["a"], **config).score == 0.5
    rejected = grade(["a", variant], ["a"], **config, duplicates="reject")
    assert rejected.score == 0.0
    assert rejected.reason == "repeated: a"


def test_l2_the_reason_names_what_is_repeated() -> None:
    assert grade(["a", "a", "b"], ["a", "b"]).reason == "repeated: a"
    assert grade(["a", "x", "x"], ["a", "b"]).reason == "missed: b; wrong: x; repeated: x"


@pytest.mark.parametrize("output", ["Éire ", "\tÉire", unicodedata.normalize("NFD", "Éire")])
def test_l3_differences_that_cannot_be_seen_do_not_count(output: str) -> None:
    assert grade([output], ["Éire"]).score == 1.0
    assert grade([output], ["Éire"], normalize=[]).score == 0.0


@pytest.mark.parametrize("output", ["économie", "ÉCONOMIE", "Économie"])
def test_l3_case_counts_unless_folded(output: str) -> None:
    assert grade([output], ["Économie"]).score == float(output == "Économie")
    assert grade([output], ["Économie"], normalize=["casefold", "nfc"]).score == 1.0


@pytest.mark.parametrize(
    "output", ["fin\u0430nce", "fin\u200bance", "\ufb01nance", "finance\u0000", WIDE]
)
def test_l3_lookalikes_are_other_labels(output: str) -> None:
    result = grade([output], ["finance"])
    assert result.score == 0.0
    assert result.reason is not None
    assert result.reason.isprintable()


@pytest.mark.parametrize("output", ["\ufb01nance", WIDE])
def test_l3_nfkc_folds_compatibility_forms(output: str) -> None:
    assert grade([output], ["finance"], normalize=["nfkc"]).score == 1.0
    assert grade(["fin\u0430nce"], ["finance"], normalize=["nfkc"]).score == 0.0


@pytest.mark.parametrize("metric", ["precision", "recall", "f1", "jaccard", "exact_match"])
def test_l4_both_empty_is_right_and_one_empty_is_wrong(metric: str) -> None:
    assert grade([], [], metric=metric).score == 1.0
    assert grade([], [], metric=metric, both_empty=0.25).score == 0.25
    assert grade([], ["a"], metric=metric).score == 0.0
    assert grade(["a"], [], metric=metric).score == 0.0


@pytest.mark.parametrize("text", ["{}", "5", "null", '"labels"', "[]", '{"labels": null}', ""])
@pytest.mark.parametrize("path", ["$.labels", "$.labels[*]", "$.labels[*].code"])
def test_l4_an_empty_answer_has_to_be_said(text: str, path: str) -> None:
    assert grade(text, [], labels=path).score == 0.0
    assert grade('{"labels": []}', [], labels=path).score == 1.0


@pytest.mark.parametrize("unknown", ["x", "", "label", "label 0 and more", "label 21"])
def test_l5_unknown_labels_count_against_precision(unknown: str) -> None:
    config = {"vocabulary": VOCABULARY, "metric": "precision"}
    result = grade(["label 0", unknown], ["label 0"], **config)
    assert result.score == 0.5
    assert result.reason == f"unknown: {unknown}"
    assert grade(["label 0", unknown], ["label 0"], **config, unknown="reject").score == 0.0


@pytest.mark.parametrize("output", ["not spam", "spam ham", "no spam", "spa", "spammy", "spam."])
def test_l6_labels_are_compared_whole(output: str) -> None:
    for labels in ("$.labels", {"split": ","}):
        text = output if isinstance(labels, dict) else json.dumps({"labels": [output]})
        assert grade(text, ["spam"], labels=labels).score == 0.0


@pytest.mark.parametrize("split", [",", ", ", " and "])
@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_l7_a_delimiter_inside_a_vocabulary_label_does_not_cut_it(
    split: str, order: list[int]
) -> None:
    reference = [DOMAINS[i] for i in order]
    text = split.join(reference)
    config = {"labels": {"split": split}, "vocabulary": DOMAINS}
    assert grade(text, reference, **config).score == 1.0
    assert grade(text, reference[:2], **config, metric="precision").score == pytest.approx(2 / 3)
    assert grade(text, reference, labels={"split": split}).score != 1.0


def test_l7_the_longest_vocabulary_label_wins() -> None:
    config = {"labels": {"split": ","}, "vocabulary": ["a", "b", "a, b", "a, b, c"]}
    assert grade("a, b, c", ["a, b, c"], **config).score == 1.0
    assert grade("a,b,a", ["a, b", "a"], **config).score == 1.0
    assert grade("b, a, x", ["b", "a"], **config, metric="precision").score == pytest.approx(2 / 3)


@pytest.mark.parametrize("output", ["a or b", "a/b", "a|b", "either a or b", "a and b"])
def test_l8_hedging_is_a_wrong_label(output: str) -> None:
    assert grade([output], ["a"]).score == 0.0
    assert grade([output], ["a", "b"]).score == 0.0
    assert grade(output, ["a"], labels={"split": ","}).score == 0.0


@pytest.mark.parametrize("value", ["a", "a, b", 1, 1.5, True, None, {"a": 1}, {"0": "a"}])
def test_l9_anything_but_a_list_is_a_wrong_completion(value: Any) -> None:
    result = grade(json.dumps({"labels": value}), ["a"])
    assert result.outcome == "graded"
    assert result.score == 0.0
    assert "where a list of labels is expected" in str(result.reason)
    assert result.metrics == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


@pytest.mark.parametrize(
    "text", ["", "a", "{", '{"labels": ["a"]', "NaN", "9" * 5000, "```json\n[]\n```"]
)
def test_l9_unparseable_completions_are_wrong_and_say_so(text: str) -> None:
    result = grade(text, ["a"])
    assert (result.outcome, result.score) == ("graded", 0.0)
    assert "not JSON" in str(result.reason)
    assert result.metrics["recall"] == 0.0


@pytest.mark.parametrize(
    "value", ["a", {"a": 1}, None, 3, ["a", 1], ["a", None], [["a"]], ["a", " "]]
)
def test_l9_a_row_without_a_list_of_strings_is_an_error(value: Any) -> None:
    grader = make_grader(MultilabelGrader, labels="$.labels")
    sample = make_sample('{"labels": ["a"]}', reference_answer=value)
    with pytest.raises(ValueError, match="reference"):
        grader.check_item(sample.item)
    assert grade_one(grader, sample).outcome == "error"


@pytest.mark.parametrize(
    "odd",
    [1, 0, True, None, 1.5, 10**4000, -0.0, [], ["a"], {}, {"a": "a"}, [[[[]]]], "\ud800", "\0"],
)
def test_l9_odd_values_in_the_list_are_wrong_labels(odd: Any) -> None:
    result = grade(json.dumps({"labels": ["a", odd]}), ["a"], metric="precision")
    assert (result.outcome, result.score) == ("graded", 0.5)
    assert str(result.reason).isprintable()


def test_l9_odd_values_are_counted_one_by_one() -> None:
    assert grade(["a", 1, True, 1.0], ["a"], metric="precision").score == 0.25
    assert grade(["a", None, None], ["a"], metric="precision", duplicates="ignore").score == (
        pytest.approx(1 / 3)
    )


@pytest.mark.parametrize("depth", [50, 500, 5_000, 100_000])
@pytest.mark.parametrize("path", ["$.labels", "$..code", "$.labels[*].code"])
def test_l9_deep_nesting_is_a_wrong_completion(depth: int, path: str) -> None:
    text = '{"labels": ' + "[" * depth + "]" * depth + "}"
    result = grade(text, ["a"], labels=path)
    assert (result.outcome, result.score) == ("graded", 0.0)


@pytest.mark.parametrize("labels", ["$", "$[*]", {"split": "\n"}, {"split": ","}])
@pytest.mark.parametrize("count", [1_001, 150_000, 1_000_000])
def test_l10_a_million_labels_are_refused(labels: Any, count: int) -> None:
    if isinstance(labels, str):
        text = json.dumps(["a"] * count)
    else:
        text = labels["split"].join(["a"] * count)
    result = grade(text, ["a"], labels=labels, metric="recall")
    assert (result.outcome, result.score) == ("graded", 0.0)
    assert len(str(result.reason)) < 200


def test_l10_the_bound_is_inclusive() -> None:
    labels = [f"label {number}" for number in range(1000)]
    assert grade(labels, labels).score == 1.0
    assert grade([*labels, "x"], labels).score == 0.0
    assert grade(labels[:2], labels[:2], max_labels=1).outcome == "error"
    assert grade(labels[:2], labels[:1], max_labels=1).score == 0.0


@pytest.mark.parametrize("size", [1_000, 200_000])
def test_l10_reasons_are_bounded(size: int) -> None:
    for output in (["x" * size], [f"{i}{'é' * (size // 1000)}" for i in range(999)]):
        reason = grade(output, ["y" * size, *map(str, range(900))]).reason
        assert reason is not None
        assert len(reason) < 1_000
