"""Calibration: statistics against values worked out by hand, orders of grading, verdicts."""

from __future__ import annotations

import itertools
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from rft_core.calibration import statistics as stats
from rft_core.calibration.agreement import Scored, measure_agreement, measure_bias
from rft_core.calibration.calibrate import measure, summarize
from rft_core.calibration.gradings import BATCH_CASES, GradedCase, batches, grade_cases
from rft_core.calibration.repeats import measure_ranking, measure_stability
from rft_core.calibration.result import Estimate, Verdict
from rft_core.calibration.verdict import decide
from rft_core.cases import Case, items_of
from rft_core.configurable import PluginConfig
from rft_core.errors import RunStopError
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.types import Grade, Item

MakeCall = Callable[..., GraderCall]


def make_case(number: int, item: str = "q", expected: float = 0.5, text: str = "x") -> Case:
    return Case(f"c{number}", Item(item, (), {}), text, expected, f"cases.jsonl:{number}")


def graded(human: float, *scores: float | None, item: str = "q", text: str = "x") -> GradedCase:
    grades = tuple(Grade(score) for score in scores)
    case = make_case(1, item, human, text)
    return GradedCase(case, human, grades, tuple(range(len(scores))), scores)


def vector(*values: float) -> stats.Vector:
    return np.array(values, dtype=np.float64)


# -- statistics


def test_spearman_by_hand() -> None:
    # d is 1, 1, 1, 1, 0: 1 - 6 * 4 / (5 * 24)
    found = stats.spearman(vector(1, 2, 3, 4, 5), vector(2, 1, 4, 3, 5))
    assert found == pytest.approx(0.8)


def test_spearman_with_ties_is_scipys() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.integers(4, size=30).astype(float), rng.integers(4, size=30).astype(float)
        assert stats.spearman(x, y) == pytest.approx(spearmanr(x, y).statistic)


@pytest.mark.parametrize("x", [vector(), vector(1, 2), vector(1, 1, 1, 1)])
def test_a_correlation_may_be_undefined(x: stats.Vector) -> None:
    y = np.arange(len(x), dtype=np.float64)
    assert stats.spearman(x, y) is None
    assert stats.pearson(y, x) is None


def test_auc_by_hand_and_as_sklearn() -> None:
    # Of the pairs .8 > .5, .8 > .4, .4 < .5 and .4 = .4 two and a half are right.
    positive = np.array([True, True, False, False])
    assert stats.roc_auc(positive, vector(0.8, 0.4, 0.5, 0.4)) == 2.5 / 4
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores, labels = rng.integers(5, size=40) / 4, rng.random(40) < 0.3
        assert stats.roc_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert stats.roc_auc(np.array([True, True]), vector(0, 1)) is None


def test_kappa_by_hand() -> None:
    # 20 + 15 of 50 agree, .5 by chance: (.7 - .5) / (1 - .5)
    cells = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15
    first, second = (np.array(column) for column in zip(*cells, strict=True))
    assert stats.kappa(first, second, 2) == pytest.approx(0.4)


def test_weighted_kappa_by_hand() -> None:
    # Disagreement is .0625 as found and .3125 by chance.
    first, second = np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2])
    assert stats.kappa(first, second, 3, "quadratic") == pytest.approx(0.8)
    assert stats.kappa(first[:1], second[:1], 3, "quadratic") is None


def test_scores_go_to_the_nearest_level() -> None:
    found = stats.nearest(vector(-1, 0.2, 0.25, 0.3, 9), vector(0, 0.5, 1))
    assert found.tolist() == [0, 0, 0, 1, 2]


def test_an_interval_is_the_same_each_time_and_holds_the_value() -> None:
    rng = np.random.default_rng(1)
    x = rng.random(60)
    y = x + rng.random(60)
    groups = [np.array([i]) for i in range(60)]
    found = stats.estimate(lambda at: stats.pearson(x[at], y[at]), groups)
    assert found == stats.estimate(lambda at: stats.pearson(x[at], y[at]), groups)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    # Fisher's interval for this correlation, which holds for such data
    half = 1.96 / np.sqrt(57)
    assert found.low == pytest.approx(np.tanh(np.arctanh(found.value) - half), abs=0.08)
    assert found.high == pytest.approx(np.tanh(np.arctanh(found.value) + half), abs=0.08)


def test_copies_within_an_item_are_no_evidence() -> None:
    rng = np.random.default_rng(2)
    x, y = np.repeat(rng.random(12), 10), np.repeat(rng.random(12), 10)

    def correlation(at: stats.Indexes) -> float | None:
        return stats.pearson(x[at], y[at])

    by_item = stats.estimate(correlation, np.split(np.arange(120), 12))
    by_case = stats.estimate(correlation, np.split(np.arange(120), 120))
    assert width(by_item) > 2 * width(by_case)


def width(found: Estimate) -> float:
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def test_one_item_gives_no_interval() -> None:
    x = vector(1, 2, 3)
    found = stats.estimate(lambda at: stats.pearson(x[at], x[at]), [np.arange(3)])
    assert found == Estimate(pytest.approx(1.0), None, None)


# -- measures


def test_agreement_by_hand() -> None:
    cases = [graded(0.0, 0.2), graded(0.5, 0.4), graded(1.0, 1.0, 0.8), graded(0.5, None)]
    found = measure_agreement(Scored(cases[:3]), 0.5)
    assert found.mean_absolute_error == pytest.approx((0.2 + 0.1 + 0.1) / 3)
    assert found.leniency == pytest.approx((0.2 - 0.1 - 0.1) / 3)
    assert found.spearman.value == pytest.approx(1.0)
    assert (found.levels, found.weighted_kappa) == (3, 1.0)
    assert asdict(found.confusion) == {
        "both_pass": 1,
        "only_grader": 0,
        "only_human": 1,
        "both_fail": 1,
    }
    # people: pass 2, fail 1; the grader: pass 1, fail 2: (2/3 - 4/9) / (1 - 4/9)
    assert found.pass_kappa == pytest.approx(0.4)


def test_many_levels_become_five_bins() -> None:
    cases = [graded(i / 20, i / 20) for i in range(21)]
    assert measure_agreement(Scored(cases), 0.5).levels == 5


def test_binary_scores_need_no_threshold_for_the_auc() -> None:
    cases = [graded(float(i % 2) / 4, i % 2 / 10) for i in range(8)]
    found = measure_agreement(Scored(cases), 0.5)
    assert found.auc.value == 1.0
    assert found.pass_kappa is None, "everything fails, so there is nothing to tell apart"


def test_ranking_by_hand() -> None:
    # A tie, a wrong pair and a wrong pair in one item; a right one in the other; equal humans.
    cases = [
        graded(0.0, 0.2, item="a"),
        graded(0.5, 0.2, item="a"),
        graded(1.0, 0.1, item="a"),
        graded(0.0, 0.0, item="b"),
        graded(1.0, 0.1, item="b"),
        graded(1.0, 0.9, item="b"),
        graded(0.0, 0.0, item="c"),
    ]
    found = measure_ranking(Scored(cases))
    assert (found.pairs, found.accuracy) == (5, 2.5 / 5)
    assert measure_ranking(Scored(cases[-1:])).accuracy is None


def test_stability_by_hand() -> None:
    cases = [
        graded(0.0, 0.4, 0.6, item="a"),
        graded(0.0, 0.5, 0.5, item="a"),
        graded(0.0, 0.1, 0.2, item="a"),
        graded(0.0, None, 0.9, item="a"),
    ]
    found = measure_stability(Scored(cases), 0.5)
    std = (0.02**0.5, 0.0, 0.005**0.5)
    assert found.mean_std == pytest.approx(sum(std) / 3)
    assert found.max_std == pytest.approx(std[0])
    assert found.pass_flips == pytest.approx(1 / 3)
    assert found.ranking_flips == pytest.approx(1 / 3), "of three pairs graded twice one flips"


def test_bias_by_length() -> None:
    texts = ["x" * (7 * i % 40) for i in range(40)]
    cases = [graded(0.5, 0.5 + len(t) / 100, item=str(i), text=t) for i, t in enumerate(texts)]
    found = measure_bias(Scored(cases))
    assert found.length.value == pytest.approx(1.0)
    assert found.position.value is None, "there is one repeat only"


# -- grading


def test_items_stay_together_and_orders_differ() -> None:
    cases = [make_case(i, f"q{i % 20}") for i in range(100)]
    orders = [list(batches(cases, repeat, whole=False)) for repeat in range(2)]
    assert orders[0] != orders[1]
    assert orders[0] == list(batches(cases, 0, whole=False))
    for order in orders:
        assert sorted(itertools.chain(*order)) == list(range(100))
        assert all(len(batch) <= BATCH_CASES for batch in order)
        for batch in order:
            runs = [key for key, _ in itertools.groupby(cases[i].item.id for i in batch)]
            assert len(runs) == len(set(runs))
    assert [len(batch) for batch in batches(cases, 0, whole=True)] == [100]


def test_an_item_of_many_cases_is_not_cut() -> None:
    cases = [make_case(i, "big" if i < 100 else f"q{i}") for i in range(110)]
    assert max(len(batch) for batch in batches(cases, 0, whole=False)) >= 100


def test_grades_belong_to_their_cases(make_call: MakeCall) -> None:
    cases = [make_case(i, f"q{i % 5}", 1 + i % 5, str(i)) for i in range(50)]
    heard: list[int] = []

    def last_digit(sample: Any) -> float:
        return int(sample.text) % 10

    call = make_call(last_digit, score_range=(0.0, 10.0), concurrency=2)
    found = grade_cases(call, cases, (1, 5), 2, heard.append)
    assert [one.scores for one in found] == [(i % 10 / 10,) * 2 for i in range(50)]
    assert [one.human for one in found] == [i % 5 / 4 for i in range(50)]
    assert sorted(one.places[0] for one in found) == list(range(50))
    assert sum(heard) == 100


def test_a_grader_that_goes_by_the_place_is_found_out(make_call: MakeCall) -> None:
    def sinking(samples: Sequence[Any]) -> list[float]:
        return [float(s.text) * 0.5 + 0.5 * (1 - i / len(samples)) for i, s in enumerate(samples)]

    rng = np.random.default_rng(0)
    humans = rng.random(60).tolist()
    cases = [make_case(i, f"q{i // 2}", human, str(human)) for i, human in enumerate(humans)]
    found = grade_cases(make_call(sinking, batch=True), cases, (0, 1), 3)
    measures = measure(found, 0.5)
    assert (measures.bias.position.value or 0) < -0.5
    verdict = decide(measures, 60)
    assert verdict.word == "not fit"
    assert any("favours the earlier place in a batch" in reason for reason in verdict.reasons)


class Forgetful(Grader[PluginConfig]):
    """Remembers unless it is told not to."""

    name = "forgetful"

    def __init__(self, config: PluginConfig, *, remembers: bool = True) -> None:
        super().__init__(config)
        self.remembers = remembers
        self.twin: Forgetful | None = None
        self.closed = 0

    def without_memory(self) -> Forgetful:
        self.twin = Forgetful(self.config, remembers=False)
        return self.twin

    def grade(self, sample: Any) -> float:
        return float(self.remembers)

    def close(self) -> None:
        self.closed += 1


def test_a_grader_is_asked_to_forget() -> None:
    grader = Forgetful(PluginConfig())
    call = GraderCall("forgetful", grader, "acme 1", None, 1)
    (one,) = grade_cases(call, [make_case(1)], (0, 1), 2)
    assert one.scores == (0.0, 0.0)
    assert grader.twin is not None
    assert (grader.closed, grader.twin.closed) == (1, 1)


def test_a_grader_that_stops_is_not_blamed_for_errors(make_call: MakeCall) -> None:
    calls = itertools.count()

    def limited(sample: Any) -> float:
        if next(calls) >= 90:
            raise RunStopError("the budget of 1 EUR is spent")
        return float(sample.text)

    cases = [make_case(i, f"q{i}", i / 40, str(i / 40)) for i in range(40)]
    found = grade_cases(make_call(limited), cases, (0, 1), 3)
    measures = measure(found, 0.5)
    assert (measures.outcomes.error, measures.outcomes.stopped) == (30, 30)
    assert measures.outcomes.error_rate == 0.0
    verdict = decide(measures, 40)
    assert verdict.word == "not enough evidence"
    assert verdict.reasons == ("stopped by itself before 30 gradings",)


# -- verdicts

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)


def cases_of(
    score: Callable[[float, int], Sequence[float | None]], humans: Sequence[float] = LEVELS
) -> list[GradedCase]:
    """Sixty cases of twenty items; `score` gives human score and number to the repeats."""
    rng = np.random.default_rng(3)
    texts = ["x" * int(rng.integers(500)) for _ in range(60)]
    people = rng.choice(humans, 60).tolist()
    return [
        graded(human, *score(human, i), item=f"q{i // 3}", text=texts[i])
        for i, human in enumerate(people)
    ]


def verdict_of(cases: Sequence[GradedCase]) -> Verdict:
    return decide(measure(cases, 0.5), len(cases))


def test_a_grader_like_people_is_fit() -> None:
    found = verdict_of(cases_of(lambda human, _: (human, human)))
    assert found.word == "fit"
    assert found.notes == ()


def test_binary_scores_go_by_the_auc() -> None:
    rare = (0.0,) * 7 + (1.0,)
    cases = cases_of(lambda human, i: (human * 0.5 + (i % 40) / 80,) * 2, rare)
    measures = measure(cases, 0.5)
    assert (measures.agreement.spearman.value or 0) < 0.6, "all that ranks can give here"
    assert decide(measures, 60).word == "fit"


@pytest.mark.parametrize(
    ("score", "word", "reason"),
    [
        (lambda human, _: (0.5, 0.5), "not fit", "gives every case the same score"),
        (lambda human, _: (1 - human,) * 2, "not fit", "agrees too little with people"),
        (lambda human, _: (human * 0.4,) * 2, "not fit", "passes and fails other cases"),
        (lambda human, i: (abs(human - (i % 9 == 0)), human), "not fit", "is unstable"),
        (lambda human, _: (human,), "not enough evidence", "grade at least twice"),
        (lambda human, i: (human if i < 20 else None,), "not enough evidence", "20 cases were"),
    ],
)
def test_what_speaks_against_a_grader(score: Any, word: str, reason: str) -> None:
    found = verdict_of(cases_of(score))
    assert found.word == word
    assert any(reason in text for text in found.reasons), found.reasons


def test_people_who_agree_on_one_score_say_nothing() -> None:
    found = verdict_of(cases_of(lambda _, i: (i / 60,) * 2, (1.0,)))
    assert (found.word, found.reasons) == (
        "not enough evidence",
        ("people gave every case the same score",),
    )


def test_few_items_say_little() -> None:
    humans = [LEVELS[i % 5] for i in range(60)]
    cases = [graded(human, human, human, item=f"q{i % 4}") for i, human in enumerate(humans)]
    assert verdict_of(cases).reasons == ("the cases are of 4 items, and it takes 10",)


def test_a_wide_interval_is_no_evidence() -> None:
    rng = np.random.default_rng(5)
    cases = cases_of(lambda human, _: (round(0.3 * human + 0.7 * rng.random(), 3),) * 2)[:30]
    measures = measure(cases, 0.5)
    wide = replace(measures.agreement, spearman=Estimate(0.5, 0.15, 0.75))
    found = decide(replace(measures, agreement=replace(wide, pass_kappa=None)), 30)
    assert any("0.50 (0.15 to 0.75)" in reason for reason in found.reasons)
    uncertain = replace(wide, spearman=Estimate(0.62, 0.2, 0.8), pass_kappa=None)
    found = decide(replace(measures, agreement=uncertain), 30)
    assert any("too uncertain" in reason for reason in found.reasons)


def test_scores_without_a_range_are_warned_about(make_call: MakeCall) -> None:
    cases = [make_case(i, f"q{i}", 0.5) for i in range(3)]
    call = make_call(lambda _: 7.0, score_range=(float("-inf"), float("inf")))
    found = summarize(
        call,
        grade_cases(call, cases, (0, 1), 1),
        cases_file=Path("cases.jsonl"),
        human_range=(0, 1),
        threshold=0.5,
    )
    assert any("declares no range" in note for note in found.verdict.notes)


score_or_none = st.none() | st.sampled_from([0.0, 0.1, 0.5, 1.0])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(LEVELS),
            st.lists(score_or_none, min_size=2, max_size=2),
            st.sampled_from("abc"),
            st.text(max_size=3),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_nothing_is_ever_nan(rows: list[tuple[float, list[float | None], str, str]]) -> None:
    cases = [graded(human, *scores, item=item, text=text) for human, scores, item, text in rows]
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setattr(stats, "RESAMPLES", 20)
        measures = measure(cases, 0.5)
    json.dumps(asdict(measures), allow_nan=False)
    decide(measures, len(cases))
    assert list(items_of([one.case for one in cases]))
