"""The configuration: what is refused, with which message, and where paths may lead."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import ValidationError
from rft_grader_multilabel import MultilabelGrader

from rft_core.plugins import plugin_manager
from rft_core.testing import grade_all, grade_one, make_grader, make_sample
from rft_core.types import Item, Sample


def build(**config: Any) -> MultilabelGrader:
    return make_grader(MultilabelGrader, **{"labels": "$.labels", **config})


def test_the_grader_is_found_by_name() -> None:
    found = plugin_manager().graders["multilabel"]
    assert found.cls is MultilabelGrader
    assert found.distribution.startswith("rft-grader-multilabel")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"label": "$.x"}, "label\n  Extra inputs"),
        ({"metric": "f2"}, "'f_beta'"),
        ({"labels": "$.level1[*"}, "is not a JSONPath"),
        ({"reference": "$[["}, "is not a JSONPath"),
        ({"labels": {"split": ""}}, "at least 1 character"),
        ({"labels": {"splt": ","}}, "labels.text.splt\n  Extra inputs"),
        ({"labels": 3}, "labels.text"),
        ({"beta": 2}, "beta belongs to metric f_beta, not to f1"),
        ({"metric": "f_beta", "beta": 0}, "greater than or equal to 0.01"),
        ({"metric": "f_beta", "beta": float("nan")}, "beta"),
        ({"normalize": ["lower"]}, "'casefold'"),
        ({"normalize": ["nfc", "nfkc"]}, "nfkc includes nfc"),
        ({"vocabulary": []}, "at least 1 item"),
        ({"vocabulary": ["a", 1]}, "vocabulary.1\n  Input should be a valid string"),
        ({"vocabulary": ["a", " "]}, "blank label"),
        ({"vocabulary": ["a b", "a  b"]}, "'a b' and 'a  b'"),
        ({"vocabulary": "no-such-file.json"}, "no such file"),
        ({"unknown": "reject"}, "needs a vocabulary"),
        ({"duplicates": "count"}, "'penalize'"),
        ({"both_empty": 2}, "less than or equal to 1"),
        ({"max_labels": 0}, "greater than or equal to 1"),
    ],
)
def test_wrong_configurations_say_what_is_wrong(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        build(**config)
    assert message in str(caught.value)


def test_labels_have_no_default() -> None:
    with pytest.raises(ValidationError, match="labels"):
        make_grader(MultilabelGrader)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"duplicates": "ignore"}, "repeat"),
        ({"normalize": ["strip"]}, "Unicode"),
        ({"metric": "recall", "vocabulary": ["a", "b"]}, "whole vocabulary"),
    ],
)
def test_suspicious_configurations_warn(config: dict[str, Any], text: str) -> None:
    (warning,) = build(**config).warnings()
    assert text in warning


def test_the_defaults_do_not_warn() -> None:
    assert build().warnings() == []
    assert build(vocabulary=["a"]).warnings() == []


@pytest.mark.parametrize("content", ['["a", "b"]', '[\n "b",\n "a"\n]'])
def test_a_vocabulary_file_is_relative_to_the_task_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.json").write_text(content, "utf-8")
    config = {"labels": "$.labels", "vocabulary": "labels.json"}
    grader = make_grader(MultilabelGrader, base_dir=tmp_path, **config)
    assert sorted(grader.config.vocabulary or ()) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is not JSON"), ('{"a": 1}', "JSON list"), ("[1]", "vocabulary.0"), ("[]", "1 item")],
)
def test_a_wrong_vocabulary_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "labels.json"
    path.write_text(content, "utf-8")
    with pytest.raises(ValidationError) as caught:
        build(vocabulary=str(path))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("path", "output"),
    [
        ("$", ["a", "b"]),
        ("$[*]", ["a", "b"]),
        ("labels", {"labels": ["a", "b"]}),
        ("$.x.labels", {"x": {"labels": ["a", "b"]}}),
        ("$.level1[*].code", {"level1": [{"code": "a"}, {"code": "b"}]}),
        ("$..code", {"level1": [{"code": "a"}, {"code": "b", "level2": []}]}),
        ("$..labels", {"x": {"labels": ["a", "b"]}}),
        ("$.a[*].b[*]", {"a": [{"b": ["a"]}, {"b": ["b"]}]}),
        ("$['a, b']", {"a, b": ["a", "b"]}),
        ("$[?@.p > 0.5].code", [{"p": 0.9, "code": "a"}, {"p": 0.8, "code": "b"}, {"p": 0.1}]),
    ],
)
def test_labels_are_found_under_many_paths(path: str, output: Any) -> None:
    sample = make_sample(json.dumps(output), reference_answer=["a", "b"])
    assert grade_one(build(labels=path), sample).score == 1.0


@pytest.mark.parametrize(
    ("path", "empty"),
    [
        ("$.a[*].b[*]", {"a": []}),
        ("$.a[*].b[*]", {"a": [{"b": []}, {"b": []}]}),
        ("$[?@.p > 0.5].code", [{"p": 0.1, "code": "a"}]),
        ("$[*]", []),
    ],
)
def test_empty_answers_are_recognised(path: str, empty: Any) -> None:
    sample = make_sample(json.dumps(empty), reference_answer=[])
    assert grade_one(build(labels=path), sample).score == 1.0


def test_one_quoted_name_is_one_place() -> None:
    sample = make_sample('{"a, b[*]": "a"}', reference_answer=["a"])
    assert grade_one(build(labels="$['a, b[*]']"), sample).score == 0.0


@pytest.mark.parametrize(
    ("reference", "fields"),
    [
        ("topics", {"topics": ["a"]}),
        ("$.topics", {"topics": ["a"]}),
        ("$.gold.level1[*].code", {"gold": {"level1": [{"code": "a"}]}}),
        ("two words", {"two words": ["a", "a"]}),
    ],
)
def test_references_are_found_under_many_paths(reference: str, fields: dict[str, Any]) -> None:
    grader = build(reference=reference)
    sample = make_sample('{"labels": ["a"]}', **fields)
    grader.check_item(sample.item)
    assert grade_one(grader, sample).score == 1.0


def test_rows_may_be_any_mapping() -> None:
    item = Item("1", (), MappingProxyType({"reference_answer": ["a"]}))
    assert grade_one(build(), Sample(item, '{"labels": ["a"]}')).score == 1.0


def test_a_missing_column_names_the_columns() -> None:
    with pytest.raises(ValueError, match=r"reference_answer selects nothing .*: answer, title"):
        build().check_item(make_sample("", answer=["a"], title="t").item)
    with pytest.raises(ValueError, match="selects nothing"):
        build(reference="$.gold[*]").check_item(make_sample("", answer=["a"]).item)


def test_a_reference_outside_the_vocabulary_is_an_error_with_a_hint() -> None:
    grader = build(vocabulary=["finance", "trade"])
    with pytest.raises(ValueError, match=r"'finanse' is not in the vocabulary. Did you mean 'fin"):
        grader.check_item(make_sample("", reference_answer=["finanse"]).item)
    grader.check_item(make_sample("", reference_answer=[]).item)


def test_a_row_without_reference_spoils_only_its_own_samples() -> None:
    good = make_sample('{"labels": ["a"]}', reference_answer=["a"])
    grades = grade_all(build(), [good, make_sample("{}"), good])
    assert [grade.outcome for grade in grades] == ["graded", "error", "graded"]
    assert "reference_answer" in str(grades[1].error)


def test_a_new_item_at_an_old_address_is_not_confused() -> None:
    grader = build()
    for number in range(20_000):
        label = f"label {number}"
        sample = make_sample(json.dumps({"labels": [label]}), reference_answer=[label])
        assert grader.grade_batch([sample])[0].score == 1.0


def test_the_grader_pickles_and_grades_the_same() -> None:
    grader = build(vocabulary=["a", "b"], metric="jaccard")
    sample = make_sample('{"labels": ["a"]}', reference_answer=["a", "b"])
    grade = grade_one(grader, sample)
    assert grade_one(pickle.loads(pickle.dumps(grader)), sample) == grade  # noqa: S301 - our own
    assert grade.score == 0.5


def test_reasons_show_what_cannot_be_seen() -> None:
    sample = make_sample(json.dumps({"labels": ["a\u200b", "\ud800"]}), reference_answer=["a"])
    assert grade_one(build(), sample).reason == r"missed: a; wrong: a\u200b, \ud800"


def test_reasons_name_five_labels_at_most() -> None:
    sample = make_sample(json.dumps({"labels": list("hgfedcba")}), reference_answer=["z"])
    assert grade_one(build(), sample).reason == "missed: z; wrong: a, b, c, d, e and 3 more"


@pytest.mark.parametrize("source", ["$..code", "$.a[*].b[*].c", "$[0]", "$[?@.x].code"])
def test_paths_that_do_not_tell_their_form_have_no_reference_completion(source: str) -> None:
    assert (
        build(labels=source).reference_completion(make_sample("", reference_answer=["a"]).item)
        is None
    )


def test_reference_completions_of_text() -> None:
    item = make_sample("", reference_answer=["a", "b, c"]).item
    assert build(labels={"split": "\n"}).reference_completion(item) == "a\nb, c"
    assert build(labels={"split": ","}).reference_completion(item) is None
    known = build(labels={"split": ","}, vocabulary=["a", "b, c"])
    assert known.reference_completion(item) == "a, b, c"
