"""Properties that hold for any labels."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rft_grader_multilabel import MultilabelGrader

from rft_core.testing import make_grader, make_sample
from rft_core.types import Grade

METRICS = ["precision", "recall", "f1", "f_beta", "jaccard", "exact_match"]
labels = st.lists(st.sampled_from("abcdefgh"), max_size=12)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
)
GRADERS = {
    (metric, duplicates): make_grader(
        MultilabelGrader, labels="$", metric=metric, duplicates=duplicates
    )
    for metric in METRICS
    for duplicates in ("ignore", "penalize", "reject")
}


def grade(output: Any, reference: Any, metric: str = "f1", duplicates: str = "penalize") -> Grade:
    sample = make_sample(json.dumps(output), reference_answer=reference)
    (result,) = GRADERS[metric, duplicates].grade_batch([sample])
    return result


def score(output: Any, reference: Any, metric: str, duplicates: str = "ignore") -> float:
    value = grade(output, reference, metric, duplicates).score
    assert value is not None
    return value


@given(labels, labels, st.sampled_from(sorted(GRADERS)))
def test_scores_are_between_0_and_1_and_come_with_a_reason(
    output: list[str], reference: list[str], key: tuple[str, str]
) -> None:
    result = grade(output, reference, *key)
    assert 0.0 <= (result.score if result.score is not None else -1) <= 1.0
    assert all(0.0 <= number <= 1.0 for number in result.metrics.values())
    assert result.reason
    assert (result.reason == "all labels right") == (
        result.score == 1.0 and result.metrics["f1"] == 1.0 and bool(output)
    )


@settings(max_examples=300)
@given(anything)
def test_any_output_is_graded(output: Any) -> None:
    result = grade(output, ["a", "b"])
    assert result.outcome == "graded"
    assert 0.0 <= (result.score if result.score is not None else -1) <= 1.0
    assert str(result.reason).isprintable()
    json.dumps(result.reason).encode()


@given(st.data(), labels, labels, st.sampled_from(sorted(GRADERS)))
def test_order_does_not_matter(
    data: st.DataObject, output: list[str], reference: list[str], key: tuple[str, str]
) -> None:
    shuffled = data.draw(st.permutations(output)), data.draw(st.permutations(reference))
    assert grade(*shuffled, *key) == grade(output, reference, *key)


@given(labels, labels)
def test_precision_and_recall_are_each_other_swapped(one: list[str], other: list[str]) -> None:
    assert score(one, other, "precision") == score(other, one, "recall")
    for symmetric in ("f1", "jaccard", "exact_match"):
        assert score(one, other, symmetric) == score(other, one, symmetric)


@given(labels, labels, st.floats(0.01, 100))
def test_f_beta_is_the_weighted_harmonic_mean(
    output: list[str], reference: list[str], beta: float
) -> None:
    grader = make_grader(
        MultilabelGrader, labels="$", metric="f_beta", beta=beta, duplicates="ignore"
    )
    (result,) = grader.grade_batch([make_sample(json.dumps(output), reference_answer=reference)])
    precision, recall = score(output, reference, "precision"), score(output, reference, "recall")
    if precision == recall == 0:
        assert result.score == 0.0
    else:
        weight = beta**2 / (1 + beta**2)
        mean = 1 / ((1 - weight) / precision + weight / recall) if precision and recall else 0.0
        assert result.score == pytest.approx(mean)


@given(labels, labels)
def test_jaccard_follows_from_f1(output: list[str], reference: list[str]) -> None:
    f1 = score(output, reference, "f1")
    assert score(output, reference, "jaccard") == pytest.approx(f1 / (2 - f1))


@given(labels, labels)
def test_ignoring_repeats_is_grading_the_set(output: list[str], reference: list[str]) -> None:
    for metric in METRICS:
        once = score(sorted(set(output)), reference, metric, "penalize")
        assert score(output, reference, metric, "ignore") == once


@given(labels, labels)
def test_repeating_a_label_never_pays(output: list[str], reference: list[str]) -> None:
    repeated = [*output, *output[:1]]
    for metric in METRICS:
        before = score(output, reference, metric, "penalize")
        assert score(repeated, reference, metric, "penalize") <= before


@given(labels, labels, st.sampled_from("abcdefgh"))
def test_adding_a_right_label_never_costs(
    output: list[str], reference: list[str], label: str
) -> None:
    wanted = sorted({*reference, label})
    named = [name for name in output if name != label]
    for metric in METRICS:
        assert score([*named, label], wanted, metric) >= score(named, wanted, metric)


@given(st.lists(st.text(min_size=1).filter(str.strip), max_size=6, unique=True))
def test_a_reference_completion_gets_full_marks(reference: list[str]) -> None:
    for source in ("$", "$[*]", "$.labels", "$.a['b c'][*].code", "labels"):
        grader = make_grader(MultilabelGrader, labels=source)
        sample = make_sample("", reference_answer=reference)
        text = grader.reference_completion(sample.item)
        assert text is not None
        (result,) = grader.grade_batch([make_sample(text, reference_answer=reference)])
        assert result.score == 1.0
