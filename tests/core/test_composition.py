"""Weights, formulas and gates over the scores of one sample."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft_core.reward.composition import (
    FormulaComposition,
    Gate,
    OnError,
    WeightedSum,
    apply_errors,
    first_failed_gate,
)
from rft_core.reward.formula import parse_formula
from rft_core.testing import make_sample
from rft_core.types import Grade, GradedSample, GradeError


def formula(text: str, *names: str) -> FormulaComposition:
    return FormulaComposition(parse_formula(text, frozenset(names)))


@pytest.mark.parametrize(
    ("weights", "scores", "reward"),
    [
        ({"a": 1.0}, {"a": 0.5}, 0.5),
        ({"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 1.0}, 1.5),
        ({"a": 0.7, "b": 0.3}, {"a": 1.0, "b": 0.5}, 0.85),
        ({"a": 1.0, "b": -0.5}, {"a": 1.0, "b": 1.0}, 0.5),
        ({"a": 1.0, "b": -1.0}, {"a": 0.75, "b": 0.25}, 0.5),
        # b does not apply: a's weight of 1 grows to 1 + 3, and keeps its sign.
        ({"a": 1.0, "b": 3.0}, {"a": 0.5, "b": None}, 2.0),
        ({"a": 1.0, "b": -1.0}, {"a": None, "b": 0.5}, -1.0),
        ({"a": 1.0, "b": -1.0, "c": 2.0}, {"a": 1.0, "b": 1.0, "c": None}, 0.0),
        # o is not weighted, so nothing changes where it does not apply.
        ({"a": 1.0}, {"a": 0.5, "o": None}, 0.5),
        ({"a": 1.0}, {"a": 0.5, "o": 100.0}, 0.5),
    ],
)
def test_weighted_sums(
    weights: dict[str, float], scores: dict[str, float | None], reward: float
) -> None:
    composed = WeightedSum(weights).compose(scores)
    assert composed.reward == pytest.approx(reward)
    assert composed.why is None


def test_a_reward_of_which_nothing_applies_is_none_and_says_why() -> None:
    composed = WeightedSum({"a": 1.0, "b": 2.0}).compose({"a": None, "b": None, "o": 1.0})
    assert composed.reward is None
    assert composed.why == "no grader applies to the item"
    assert not any(composed.contributions.values())


SCORES = st.none() | st.floats(-1, 1)
WEIGHTS = st.floats(-5, 5).filter(lambda weight: abs(weight) > 1e-3)


@given(st.lists(st.tuples(WEIGHTS, SCORES), min_size=1, max_size=6))
def test_contributions_sum_to_the_reward(pairs: list[tuple[float, float | None]]) -> None:
    weights = {str(i): weight for i, (weight, _) in enumerate(pairs)}
    scores = {str(i): score for i, (_, score) in enumerate(pairs)}
    composed = WeightedSum(weights).compose(scores)
    known = [part for part in composed.contributions.values() if part is not None]
    if composed.reward is None:
        assert all(score is None for score in scores.values())
        assert known == []
    else:
        assert sum(known) == pytest.approx(composed.reward)
        missing = {name for name, part in composed.contributions.items() if part is None}
        assert missing == {name for name, score in scores.items() if score is None}


@given(st.lists(st.tuples(WEIGHTS, SCORES), min_size=1, max_size=6))
def test_a_grader_that_does_not_apply_counts_as_the_mean_of_the_others_if_weights_are_positive(
    pairs: list[tuple[float, float | None]],
) -> None:
    weights = {str(i): abs(weight) for i, (weight, _) in enumerate(pairs)}
    scores = {str(i): score for i, (_, score) in enumerate(pairs)}
    known = {name: score for name, score in scores.items() if score is not None}
    if known:
        mean = sum(weights[n] * s for n, s in known.items()) / sum(weights[n] for n in known)
        expected = mean * sum(weights.values())
        assert WeightedSum(weights).compose(scores).reward == pytest.approx(expected)


@pytest.mark.parametrize(
    "scores", [{"a": 1e308, "b": 1e308}, {"a": -1e308, "b": -1e308}, {"a": 1e308, "b": -1e308}]
)
def test_a_sum_that_is_not_finite_is_no_reward(scores: dict[str, float]) -> None:
    composed = WeightedSum({"a": 10.0, "b": 10.0}).compose(scores)
    assert composed.reward is None
    assert composed.why is not None


@pytest.mark.parametrize("factor", [1e31, -1e31])
def test_what_is_infinite_in_32_bits_is_no_reward(factor: float) -> None:
    summed = WeightedSum({"a": factor, "b": 1.0}).compose({"a": 1.0, "b": 1.0})
    assert (summed.reward, summed.why) == (None, f"the weighted sum is {factor:g}")
    computed = formula(f"{factor:f} * a", "a").compose({"a": 1.0})
    assert (computed.reward, computed.why) == (
        None,
        f"formula: {factor:g} is too large for a reward",
    )
    assert WeightedSum({"a": factor / 10}).compose({"a": 1.0}).reward == factor / 10


def test_formula() -> None:
    composed = formula("2 * p * r / max(p + r, 1e-9)", "p", "r").compose({"p": 0.25, "r": 0.75})
    assert composed == (pytest.approx(0.375), None, {})


@pytest.mark.parametrize(
    "text", ["1 / a", "log(a)", "1 / a * 0", "exp(1000 + a)", "10 ^ (400 + a)", "1e999 * (a + 1)"]
)
def test_a_formula_without_a_finite_value_is_no_reward_and_never_0(text: str) -> None:
    composed = formula(text, "a").compose({"a": 0.0})
    assert composed.reward is None
    assert str(composed.why).startswith("formula: ")


@pytest.mark.parametrize(
    "text", ["a", "a + b", "max(a, b)", "max(b)", "a == b", "b != 1", "clip(b, 0, 1)", "0 * b"]
)
def test_a_formula_over_a_grader_that_does_not_apply_is_no_reward(text: str) -> None:
    composition = formula(text, "a", "b")
    missing = composition.formula.names
    composed = composition.compose(dict.fromkeys(missing, None))
    assert composed.reward is None
    assert composed.why == f"not applicable: {', '.join(sorted(missing))}"


def test_only_graders_that_the_formula_reads_are_needed() -> None:
    assert formula("a", "a", "b").compose({"a": 0.5, "b": None}).reward == 0.5


GATES = {"first": Gate(0.5), "second": Gate(1.0, reward=-1.0)}


@pytest.mark.parametrize(
    ("first", "second", "failed"),
    [
        (0.5, 1.0, None),
        (0.6, 1.0, None),
        (0.4, 1.0, "first"),
        (0.4, 0.0, "first"),
        (0.5, 0.99, "second"),
        (None, 1.0, None),
        (None, 0.0, "second"),
        (None, None, None),
    ],
)
def test_the_first_failed_gate(
    first: float | None, second: float | None, failed: str | None
) -> None:
    found = first_failed_gate(GATES, {"first": Grade(first), "second": Grade(second)})
    assert found == (None if failed is None else (failed, GATES[failed]))


def failed(name: str) -> Grade:
    return Grade(error=GradeError("exception", f"{name} broke", name, "acme-graders 1.2"))


@pytest.mark.parametrize(
    ("policies", "reward"),
    [
        ({"a": "mask"}, None),
        ({"a": -1.0}, -1.0),
        ({"a": 0.0}, 0.0),
        ({"a": -1.0, "b": -2.0}, -2.0),
        ({"a": -1.0, "b": "mask"}, None),
        ({"a": "mask", "b": -1.0}, None),
    ],
)
def test_policies_for_errors(policies: dict[str, OnError], reward: float | None) -> None:
    grades: dict[str, Grade | None] = {name: failed(name) for name in policies}
    graded = GradedSample(make_sample("x"), None, grades | {"fine": Grade(1.0), "skipped": None})
    assert apply_errors(graded, policies | {"fine": "mask", "skipped": "mask"}, frozenset())
    assert (graded.composed, graded.reward) == (reward, reward)
    assert (graded.masked is None) == (reward is not None)


def test_a_mask_says_which_grader_failed() -> None:
    graded = GradedSample(make_sample("x"), None, {"a": failed("a")})
    apply_errors(graded, {"a": "mask"}, frozenset())
    assert graded.masked == "grader 'a' of acme-graders 1.2: exception: a broke"


def test_observers_have_no_say() -> None:
    graded = GradedSample(make_sample("x"), None, {"o": failed("o"), "a": Grade(1.0)})
    assert not apply_errors(graded, {"o": "mask", "a": "mask"}, frozenset({"o"}))
    assert graded.masked is None
