"""Statistics over samples, against brute force."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft_core.evaluation import (
    HISTOGRAM_BINS,
    _pass_at,
    grader_statistics,
    mean,
    spread,
    summarize,
)
from rft_core.types import Completion, Grade, GradedSample, GradeError, Item, Sample

ERROR = Grade(error=GradeError("timeout", "late", "a", "acme 1.0"))


def graded(
    reward: float | None, item: str = "i", tokens: int | None = 4, finish: str = "stop"
) -> GradedSample:
    sample = Sample(Item(item, (), {}), Completion("x", tokens, finish))
    grade = ERROR if reward is None else Grade(reward)
    return GradedSample(sample, None, {"a": grade}, composed=reward, reward=reward)


def group(*rewards: float | None, item: str = "i") -> list[GradedSample]:
    return [graded(reward, item) for reward in rewards]


def by_enumeration(rewards: Sequence[float], k: int) -> float:
    """The share of subsets of k samples in which at least one passes."""
    subsets = list(itertools.combinations(rewards, k))
    return sum(any(reward >= 1 for reward in subset) for subset in subsets) / len(subsets)


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=1, max_size=7), st.integers(1, 7))
def test_pass_at_k_is_the_share_of_subsets(rewards: list[float], k: int) -> None:
    found = _pass_at([group(*rewards)], k, 1.0)
    if k > len(rewards):
        assert found is None
    else:
        assert found == pytest.approx(by_enumeration(rewards, k))


def test_pass_at_k_is_the_mean_over_items_without_masked_samples() -> None:
    groups = [group(1.0, 0.0, None), group(0.0, 0.0, 0.0), group(None, None, None)]
    assert _pass_at(groups, 1, 1.0) == pytest.approx((0.5 + 0.0) / 2)
    assert _pass_at(groups, 2, 1.0) == pytest.approx((1.0 + 0.0) / 2)
    assert _pass_at(groups, 3, 1.0) == 0.0


def test_the_threshold_is_inclusive() -> None:
    assert _pass_at([group(0.5)], 1, 0.5) == 1.0
    assert _pass_at([group(0.49)], 1, 0.5) == 0.0


def test_mean_and_spread() -> None:
    assert mean([1.0, None, 2.0]) == 1.5
    assert mean([]) is None
    assert mean([None]) is None
    assert mean([0.0]) == 0.0
    assert spread([1.0, None, 2.0, 4.0]) == pytest.approx(statistics.stdev([1, 2, 4]))
    assert spread([3.0]) == 0.0
    assert spread([None]) is None


def test_the_deviation_is_that_of_a_sample() -> None:
    assert spread([0.0, 1.0]) == pytest.approx(0.5**0.5)  # ddof=1; ddof=0 would give 0.5


def test_summary() -> None:
    groups = [group(1.0, 0.0, item="a"), group(0.5, 0.5, item="b")]
    summary = summarize(groups, pass_threshold=1.0)
    assert (summary["items"], summary["samples"]) == (2, 2)
    assert summary["reward"] == {
        "mean": 0.5,
        "std": pytest.approx(statistics.stdev([0.75, 0.25])),
        "runs": [0.75, 0.25],
        "masked": 0,
    }
    assert summary["pass_at"] == {"1": 0.25, "2": 0.5}
    assert summary["best_of_k"] == 0.75
    assert summary["num_tokens"] == 4.0
    assert summary["clipped"] == 0.0


def test_masked_samples_are_counted_and_left_out() -> None:
    summary = summarize([group(1.0, None), group(0.0, 0.5), group(None, None)], 1.0)
    assert summary["reward"]["masked"] == 3
    assert summary["reward"]["runs"] == [0.5, 0.5]
    assert summary["graders"]["a"]["error"] == 3
    assert summary["best_of_k"] == 0.75
    assert sum(summary["histogram"]["counts"]) == 3


def test_a_summary_of_nothing_but_masked_samples() -> None:
    summary = summarize([group(None, None)], 1.0)
    assert summary["reward"] == {"mean": None, "std": None, "runs": [None, None], "masked": 2}
    assert summary["pass_at"] == {"1": None, "2": None}
    assert summary["best_of_k"] is None


def test_one_sample_per_item_has_no_deviation() -> None:
    summary = summarize([group(1.0), group(0.0)], 1.0)
    assert summary["reward"]["std"] == 0.0
    assert summary["pass_at"] == {"1": 0.5}


def test_graders_of_other_tasks_are_left_out() -> None:
    other = GradedSample(graded(1.0).sample, "other", {"b": Grade(0.25)}, reward=0.25)
    summary = summarize([group(1.0), [other]], 1.0)
    assert list(summary["graders"]) == ["a", "b"]
    assert summary["graders"]["a"]["mean"] == 1.0
    assert summary["graders"]["b"] == {"mean": 0.25, "std": 0.0, "runs": [0.25]}


def test_each_task_has_the_statistics_of_its_own_items() -> None:
    mixed = [group(1.0, 0.0, item="x"), group(0.5, 0.5, item="y"), group(1.0, 1.0, item="z")]
    for number, samples in enumerate(mixed):
        for one in samples:
            one.task = "odd" if number == 1 else "even"
    summary = summarize(mixed, 1.0)
    alone = summarize([mixed[0], mixed[2]], 1.0)
    assert summary["reward"]["mean"] == pytest.approx(4 / 6)
    assert list(summary["tasks"]) == ["even", "odd"]
    assert summary["tasks"]["even"] == {k: v for k, v in alone.items() if k != "tasks"}
    assert summary["tasks"]["odd"]["pass_at"] == {"1": 0.0, "2": 0.0}


def test_without_several_rewards_there_are_no_tasks() -> None:
    assert "tasks" not in summarize([group(1.0)], 1.0)


def test_outcomes_of_a_grader_are_counted_apart() -> None:
    grades = [Grade(1.0), Grade(0.0), Grade(), ERROR, ERROR, None]
    assert grader_statistics(grades) == {
        "mean": 0.5,
        "std": pytest.approx(0.5**0.5),
        "error": 2,
        "not_applicable": 1,
        "not_run": 1,
    }


def test_further_numbers_of_grades_are_averaged() -> None:
    grades = [Grade(1.0, metrics={"p": 1.0}), Grade(0.0, metrics={"p": 0.0, "r": 0.5}), None]
    assert grader_statistics(grades)["metrics"] == {"p": 0.5, "r": 0.5}


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20))
def test_a_histogram_counts_every_reward_once(rewards: list[float]) -> None:
    histogram = summarize([group(reward) for reward in rewards], 1.0)["histogram"]
    assert len(histogram["counts"]) == HISTOGRAM_BINS
    assert sum(histogram["counts"]) == len(rewards)
    assert histogram["low"] == min(0.0, *rewards)
    assert histogram["high"] == max(1.0, *rewards)


def test_a_histogram_has_the_ends_in_the_outer_bins() -> None:
    histogram = summarize([group(0.0, 1.0, 0.05, 0.95, 0.55)], 1.0)["histogram"]
    assert histogram["counts"] == [2, 0, 0, 0, 0, 1, 0, 0, 0, 2]
