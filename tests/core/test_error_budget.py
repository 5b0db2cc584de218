"""How many failures a run bears."""

from __future__ import annotations

import pytest

from rft_core.errors import ErrorRateExceededError
from rft_core.run.error_budget import ErrorBudget
from rft_core.testing import make_sample
from rft_core.types import Grade, GradedSample, GradeError


def step(failed: int, total: int = 10) -> list[GradedSample]:
    def grade(index: int) -> Grade:
        error = GradeError("exception", f"cause {index}", "judge", "acme 1.0", f"trace {index}")
        return Grade(error=error) if index < failed else Grade(1.0)

    return [
        GradedSample(make_sample("x"), None, {"judge": grade(i)}, failed=i < failed)
        for i in range(total)
    ]


def spend(rate: float, *failed: int) -> int:
    """Return the step (from 1) that stopped the run, 0 if none did."""
    budget = ErrorBudget(rate)
    for number, count in enumerate(failed, start=1):
        try:
            budget.spend(step(count))
        except ErrorRateExceededError:
            return number
    return 0


@pytest.mark.parametrize(
    ("rate", "failed", "stopped"),
    [
        (0.5, (0, 0, 0, 0), 0),
        (0.5, (10,), 1),
        (0.5, (0, 0, 10), 3),
        (1.0, (10,), 1),
        (0.5, (9, 9), 0),
        (0.5, (9, 9, 9), 3),
        (0.5, (5, 5, 5, 5), 0),
        (0.5, (5, 5, 6), 3),
        (0.5, (0, 0, 0, 9, 6, 0), 0),
        (0.5, (0, 0, 9, 7, 0), 4),
        (0.5, (0, 8, 8), 3),
        (0.0, (0, 0, 1), 3),
        (0.0, (0, 0, 0, 0), 0),
        (1.0, (9, 9, 9, 9), 0),
    ],
)
def test_when_it_stops(rate: float, failed: tuple[int, ...], stopped: int) -> None:
    assert spend(rate, *failed) == stopped


def test_a_step_in_which_everything_failed_is_told_with_causes() -> None:
    with pytest.raises(ErrorRateExceededError) as caught:
        ErrorBudget(0.5).spend(step(8, 8))
    text = str(caught.value)
    assert text.startswith("graders failed on 8 of 8 samples of a whole step")
    assert text.count("\n- grader 'judge' of acme 1.0: exception: cause") == 3
    assert "trace 2" in text


def test_a_rate_over_steps_is_told_with_its_sums() -> None:
    budget = ErrorBudget(0.5)
    budget.spend(step(9))
    budget.spend(step(8))
    with pytest.raises(ErrorRateExceededError, match="24 of 30 samples of the last 3 steps"):
        budget.spend(step(7))


def test_the_same_cause_is_told_once() -> None:
    error = GradeError("exception", "down", "judge", "acme 1.0")
    samples = [GradedSample(make_sample("x"), None, {"judge": Grade(error=error)}, failed=True)] * 5
    with pytest.raises(ErrorRateExceededError) as caught:
        ErrorBudget(0.5).spend(samples)
    assert str(caught.value).count("down") == 1
    assert "acme 1.0: exception: down (5 times)" in str(caught.value)


def test_causes_of_all_steps_of_the_window_are_told_commonest_first() -> None:
    budget = ErrorBudget(0.0)
    budget.spend(step(1))
    budget.spend(step(2))
    with pytest.raises(ErrorRateExceededError) as caught:
        budget.spend(step(5))
    text = str(caught.value)
    assert "8 of 30 samples" in text
    assert text.index("cause 0 (3 times)") < text.index("cause 1 (2 times)")
    assert text.count("trace ") == 3
    assert text.endswith("and 2 other causes, all in the run's samples/")


def test_masked_samples_without_errors_do_not_count() -> None:
    samples = [GradedSample(make_sample("x"), None, {"a": Grade()}, masked="not applicable")] * 4
    budget = ErrorBudget(0.0)
    for _ in range(4):
        budget.spend(samples)


def test_several_failing_graders_of_one_sample_count_once() -> None:
    both = {"a": step(1)[0].grades["judge"], "b": step(1)[0].grades["judge"]}
    samples = [GradedSample(make_sample("x"), None, both, failed=True), *step(0, 3)]
    budget = ErrorBudget(0.25)
    for _ in range(4):
        budget.spend(samples)


def test_a_step_without_samples_is_no_failure() -> None:
    ErrorBudget(0.5).spend([])


def test_errors_of_observers_are_not_counted() -> None:
    error = GradeError("exception", "down", "watcher", "acme 1.0")
    grades = {"judge": Grade(1.0), "watcher": Grade(error=error)}
    ErrorBudget(0.0).spend([GradedSample(make_sample("x"), None, grades, reward=1.0)] * 5)
