"""What a training batch says, counted by hand."""

from __future__ import annotations

import statistics

import pytest

from rft_core.batch_statistics import add_latencies, batch_statistics
from rft_core.types import Completion, Grade, GradedSample, GradeError, Item, Sample

ERROR = Grade(error=GradeError("timeout", "late", "a", "acme 1.0"))


def graded(
    reward: float | None,
    item: str = "i",
    task: str | None = None,
    tokens: int | None = 4,
    finish: str = "stop",
    **grades: Grade | None,
) -> GradedSample:
    sample = Sample(Item(item, (), {}), Completion("x", tokens, finish))
    own = {"a": ERROR if reward is None else Grade(reward)}
    return GradedSample(sample, task, grades or own, composed=reward, reward=reward)


def group(*rewards: float | None, item: str = "i", task: str | None = None) -> list[GradedSample]:
    return [graded(reward, item, task) for reward in rewards]


def test_a_batch() -> None:
    samples = [*group(1.0, 0.0, item="a"), *group(0.5, 0.5, item="b"), *group(None, 1.0, item="c")]
    samples.append(graded(None, "d", tokens=8, finish="length"))
    found = batch_statistics(samples, 1.0)
    assert (found["samples"], found["groups"]) == (7, 4)
    assert found["reward"] == {
        "mean": 0.6,
        "std": pytest.approx(statistics.stdev([1, 0, 0.5, 0.5, 1])),
        "masked": 2,
    }
    assert found["graders"]["a"]["error"] == 2
    assert found["pass_rate"] == pytest.approx(2 / 5)
    assert found["zero_variance_groups"] == 0.75
    assert found["clipped"] == pytest.approx(1 / 7)
    assert found["num_tokens"] == pytest.approx(32 / 7)
    assert "tasks" not in found


def test_a_grader_that_scores_a_group_alike_is_told_from_one_that_does_not() -> None:
    def both(item: str, same: float, other: float | None) -> GradedSample:
        grade = ERROR if other is None else Grade(other)
        return graded(0.5, item, same=Grade(same), other=grade, gated=None)

    samples = [
        *(both("p", 1.0, score) for score in (0.0, 1.0)),
        *(both("q", 0.0, score) for score in (0.5, 0.5)),
        *(both("r", 0.2, score) for score in (0.5, None)),  # one score: nothing to compare
    ]
    graders = batch_statistics(samples, 1.0)["graders"]
    assert graders["same"]["zero_variance_groups"] == 1.0
    assert graders["other"]["zero_variance_groups"] == 0.5
    assert graders["gated"]["zero_variance_groups"] is None


def test_an_item_is_saturated_if_all_of_its_samples_pass() -> None:
    samples = [*group(0.9, 0.8, item="a"), *group(0.9, 0.7, item="b"), *group(0.9, None, item="c")]
    assert batch_statistics(samples, 0.8)["saturated"] == pytest.approx(1 / 3)


def test_tasks_that_share_names_of_graders_are_kept_apart() -> None:
    samples = [*group(1.0, 0.0, item="a", task="x"), *group(0.5, 0.5, item="b", task="y")]
    tasks = batch_statistics(samples, 1.0)["tasks"]
    assert {task: found["graders"]["a"]["mean"] for task, found in tasks.items()} == {
        "x": 0.5,
        "y": 0.5,
    }
    assert {task: found["zero_variance_groups"] for task, found in tasks.items()} == {
        "x": 0.0,
        "y": 1.0,
    }
    assert tasks["x"]["pass_rate"] == 0.5


def test_latencies_stand_beside_the_graders_that_have_them() -> None:
    found = batch_statistics(group(1.0, item="a", task="x"), 1.0)
    add_latencies(found, {"x": {"a": {"p50": 0.1}, "b": {"p50": 9.0}}, "y": {"a": {"p50": 9.0}}})
    assert found["tasks"]["x"]["graders"]["a"]["latency"] == {"p50": 0.1}
    assert "latency" not in found["graders"]["a"]

    alone = batch_statistics(group(1.0), 1.0)
    add_latencies(alone, {None: {"a": {}, "b": {"p50": 9.0}}})
    assert "latency" not in alone["graders"]["a"]
    add_latencies(alone, {None: {"a": {"p50": 0.2}}})
    assert alone["graders"]["a"]["latency"] == {"p50": 0.2}
