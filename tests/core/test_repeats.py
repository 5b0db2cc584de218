"""Equal samples are graded once, where graders allow it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

import rft_core.grading.repeats
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GraderRunner, GradingLoop
from rft_core.types import Completion, Grade, Item, Sample

Grade_ = Callable[..., list[Grade]]


class Counting:
    """Scores by the number of the call, so that equal scores come from one call."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, sample: Sample) -> float:
        self.seen.append(sample.text)
        if sample.text == "fails":
            raise RuntimeError("down")
        return None if sample.text == "other" else float(len(self.seen))  # type: ignore[return-value]


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def make(
    make_call: Callable[..., GraderCall], counting: Counting, grading_loop: GradingLoop
) -> Iterator[Callable[..., Callable[[Sequence[Sample]], list[Grade]]]]:
    """Return a function that makes a grader with given attributes and returns how to run it."""
    runners: list[GraderRunner] = []

    def started(**attributes: Any) -> Callable[[Sequence[Sample]], list[Grade]]:
        runner = make_runner(make_call(counting, score_range=(0.0, 99.0), **attributes))
        runners.append(runner)
        return lambda samples: grading_loop.call(runner.run(samples))

    yield started
    for runner in runners:
        runner.close()


def samples_of(item: Item, *texts: str) -> list[Sample]:
    return [Sample(item, text) for text in texts]


def an_item(name: str = "i") -> Item:
    return Item(name, (), {})


def scores(grades: Sequence[Grade]) -> list[float | None]:
    return [grade.score for grade in grades]


def test_graders_see_every_sample_unless_they_say_that_they_are_pure(
    make: Grade_, counting: Counting
) -> None:
    assert scores(make()(samples_of(an_item(), "a", "a", "a"))) == [1.0, 2.0, 3.0]


def test_pure_graders_see_equal_samples_of_a_batch_once(make: Grade_, counting: Counting) -> None:
    run = make(pure=True)
    item = an_item()
    assert scores(run(samples_of(item, "a", "b", "a", "c", "b"))) == [1.0, 2.0, 1.0, 3.0, 2.0]
    assert counting.seen == ["a", "b", "c"]
    assert scores(run(samples_of(item, "a"))) == [4.0]


def test_equal_texts_of_two_items_are_two_samples(make: Grade_, counting: Counting) -> None:
    run = make(deterministic=True)
    batch = [Sample(an_item("x"), "a"), Sample(an_item("x"), "a")]
    assert scores(run(batch)) == [1.0, 2.0]


@pytest.mark.parametrize(
    "other",
    [
        Completion("a", num_tokens=4, finish_reason="stop"),
        Completion("a", num_tokens=3, finish_reason="length"),
        Completion("a", 3, "stop", ({"role": "assistant", "content": "a"},)),
    ],
)
def test_completions_that_differ_in_anything_are_two(make: Grade_, other: Completion) -> None:
    item = an_item()
    batch = [Sample(item, Completion("a", num_tokens=3, finish_reason="stop")), Sample(item, other)]
    assert scores(make(deterministic=True)(batch)) == [1.0, 2.0]


def test_grades_of_deterministic_graders_are_kept(make: Grade_, counting: Counting) -> None:
    run = make(deterministic=True)
    item = an_item()
    first = run(samples_of(item, "a", "other", "a"))
    again = run(samples_of(item, "b", "a", "other"))
    assert scores(first) == [1.0, None, 1.0]
    assert scores(again) == [3.0, 1.0, None]
    assert counting.seen == ["a", "other", "b"]


def test_errors_are_shared_in_a_batch_and_never_kept(make: Grade_, counting: Counting) -> None:
    run = make(deterministic=True)
    item = an_item()
    grades = run(samples_of(item, "fails", "fails"))
    assert [grade.outcome for grade in grades] == ["error", "error"]
    run(samples_of(item, "fails"))
    assert counting.seen == ["fails", "fails"]


def test_what_is_kept_is_bounded(
    make: Grade_, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rft_core.grading.repeats, "MAX_KEPT_CHARS", 2_000)
    monkeypatch.setattr(rft_core.grading.repeats, "MAX_ENTRY_CHARS", 1_200)
    run = make(deterministic=True)
    item = an_item()
    run(samples_of(item, "a", "b", "c"))  # 501 each
    run(samples_of(item, "a"))
    run(samples_of(item, "long" * 150))  # needs the room of the two that were not asked for
    counting.seen.clear()
    run(samples_of(item, "a", "c", "too long" * 100))
    assert counting.seen == ["c", "too long" * 100]
    counting.seen.clear()
    run(samples_of(item, "too long" * 100))
    assert counting.seen == ["too long" * 100]


def test_an_item_that_is_gone_is_not_mistaken_for_a_new_one(make: Grade_) -> None:
    run = make(deterministic=True)
    seen = set()
    for _ in range(50):  # a freed object's identity is soon another's
        (grade,) = run(samples_of(an_item(), "a"))
        seen.add(grade.score)
    assert len(seen) == 50


def test_what_is_kept_does_not_hold_items(make: Grade_) -> None:
    run = make(deterministic=True)
    items = [an_item(str(number)) for number in range(3)]
    alive = [weakref.ref(item) for item in items]
    run([Sample(item, "a") for item in items])
    items.clear()
    gc.collect()
    assert [item() for item in alive] == [None] * 3


@pytest.mark.parametrize("where", ["reason", "turns"])
def test_other_texts_than_the_completion_take_room_too(
    make_call: Callable[..., GraderCall],
    grading_loop: GradingLoop,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    monkeypatch.setattr(rft_core.grading.repeats, "MAX_ENTRY_CHARS", 1_200)
    long = "long" * 200
    seen = []

    def grade(sample: Sample) -> Grade:
        seen.append(sample.text)
        return Grade(1.0, long if where == "reason" else None)

    turns = ({"role": "user", "content": long},) if where == "turns" else ()
    runner = make_runner(make_call(grade, deterministic=True))
    sample = Sample(an_item(), Completion("a", messages=turns))
    for _ in range(2):
        grading_loop.call(runner.run([sample]))
    assert seen == ["a", "a"]
