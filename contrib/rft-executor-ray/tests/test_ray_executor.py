"""Grades from Ray are those of the local executors; what dies there costs one sample."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rft_executor_ray import executor as executor_module

from rft_core.errors import UsageError
from rft_core.grading.runner import GraderRunner, GradingLoop
from rft_core.testing import make_grader, make_sample
from rft_core.types import Grade, Sample

GradeBatch = Callable[..., list[Grade]]
Make = Callable[..., GraderRunner]

KINDS = ["ByText", "AsyncByText", "BatchByText", "IsolatedByText"]
OUTCOMES = ["pid", "raise", "a", "nan", "none", "json", "leave", "text", "stop", "bbb"]


def kinds(grades: list[Grade]) -> list[str | None]:
    return [grade.error.kind if grade.error else None for grade in grades]


@pytest.mark.parametrize("kind", KINDS)
def test_all_outcomes_are_those_of_the_local_executor(
    grade: GradeBatch, graders: Any, kind: str
) -> None:
    texts = OUTCOMES[1:]
    grader = getattr(graders, kind)
    on_ray = grade(grader, texts, concurrency=2)
    assert on_ray == grade(grader, texts, executor=None, concurrency=2)
    assert set(kinds(on_ray)) == {"exception", "contract", "stop", None}
    assert any(one.error.traceback.endswith("ValueError: no\n") for one in on_ray if one.error)


@pytest.mark.parametrize("kind", KINDS)
def test_deadlines_are_those_of_the_local_executor(
    grade: GradeBatch, graders: Any, kind: str
) -> None:
    texts = ["a", "hang"] if kind == "BatchByText" else ["a", "hang", "bb", "ccc", "dddd"]
    on_ray, local = (
        grade(getattr(graders, kind), texts, executor=name, timeout=0.5, concurrency=2)
        for name in ("ray", None)
    )
    assert on_ray == local
    assert kinds(on_ray)[:2] == [None, "timeout"]


def test_what_kills_a_process_of_its_own_is_told_as_locally(
    grade: GradeBatch, graders: Any
) -> None:
    texts = ["a", "exit", "bb"]
    on_ray = grade(graders.IsolatedByText, texts)
    assert on_ray == grade(graders.IsolatedByText, texts, executor="process")
    assert kinds(on_ray) == [None, "crash", None]


@pytest.mark.parametrize("text", ["exit", "segfault"])
def test_a_death_of_the_actor_costs_one_sample(grade: GradeBatch, graders: Any, text: str) -> None:
    texts = [*"abcdefgh" * 4, text, *"abcdefgh" * 4]
    grades = grade(graders.ByText, texts, concurrency=2)
    assert [i for i, one in enumerate(grades) if one.error] == [32]
    assert {one.score for one in grades if not one.error} == {0.01}
    error = grades[32].error
    assert error is not None
    assert (error.kind, error.grader, error.distribution) == (
        "crash",
        "quality",
        "acme-graders 1.2",
    )
    assert error.message == "worker died: its process ended, or its node is lost"


def test_a_death_costs_one_sample_of_a_batch_grader(grade: GradeBatch, graders: Any) -> None:
    grades = grade(graders.BatchByText, ["a", "bb", "exit", "dddd"])
    assert kinds(grades) == [None, None, "crash", None]


def test_an_actor_that_is_killed_from_outside_costs_nothing(
    make: Make, loop: GradingLoop, graders: Any
) -> None:
    runner = make(graders.ByText, concurrency=1)
    (first,) = loop.call(runner.run([make_sample("pid")]))
    killer = threading.Timer(0.5, os.kill, (int(str(first.reason)), signal.SIGKILL))
    killer.start()
    grades = loop.call(runner.run([make_sample("sleep 0.3") for _ in range(4)]))
    killer.join()
    assert [one.score for one in grades] == [0.09] * 4
    (last,) = loop.call(runner.run([make_sample("pid")]))
    assert last.reason != first.reason


def test_an_actor_that_hears_nothing_is_killed(
    grade: GradeBatch, graders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor_module, "SLACK_SECONDS", 1.0)
    monkeypatch.setattr(executor_module, "SLACK_PER_SAMPLE", 0.0)
    grades = grade(graders.ByText, ["a", "deaf", "bb"], timeout=0.5, concurrency=1)
    assert kinds(grades) == [None, "timeout", None]


def test_batch_graders_get_the_pieces_that_they_get_locally(
    grade: GradeBatch, graders: Any
) -> None:
    texts = [str(n) for n in range(23)]
    on_ray = grade(graders.SizeOfBatch, texts, concurrency=5)
    assert on_ray == grade(graders.SizeOfBatch, texts, concurrency=5, executor="thread")
    assert [one.reason for one in on_ray] == ["5"] * 20 + ["3"] * 3


def test_whole_batches_stay_whole(grade: GradeBatch, graders: Any) -> None:
    grades = grade(graders.SizeOfWholeBatch, ["a"] * 700, concurrency=1)
    assert {one.reason for one in grades} == {"700"}


def test_calls_are_spread_over_the_actors(make: Make, loop: GradingLoop, graders: Any) -> None:
    runner = make(graders.ByText, concurrency=5)
    samples = [make_sample(text) for text in ["sleep 0.1", "pid"] * 20]
    workers = {one.reason for one in loop.call(runner.run(samples)) if one.reason}
    assert len(workers) == 2
    assert str(os.getpid()) not in workers


def test_each_call_is_in_the_latencies(make: Make, loop: GradingLoop, graders: Any) -> None:
    runner = make(graders.ByText)
    loop.call(runner.run([make_sample(text) for text in ["sleep 0.2", *"abcdefg"]]))
    taken = runner.executor.latencies.take()
    assert taken["calls"] == 8
    assert 0.2 <= taken["max"] < 20


def test_nothing_to_grade(make: Make, loop: GradingLoop, graders: Any) -> None:
    assert loop.call(make(graders.ByText).executor.run([])) == []


def test_a_sample_that_cannot_be_sent_is_an_error(grade: GradeBatch, graders: Any) -> None:
    odd = make_sample("a", lock=threading.Lock())
    grades = grade(graders.ByText, [*"abcdefg", odd], concurrency=1)
    assert kinds(grades) == [None] * 7 + ["exception"]
    assert "cannot be sent" in str(grades[-1].error)


def test_a_grade_that_cannot_be_sent_back_is_an_error(grade: GradeBatch, graders: Any) -> None:
    grades = grade(graders.ByText, ["a", "unpicklable", "bb"])
    assert kinds(grades) == [None, "contract", None]


def test_a_grader_that_cannot_be_made_there_is_an_error(grade: GradeBatch, graders: Any) -> None:
    (only,) = grade(graders.OnlyHere, ["a"])
    assert only.error is not None
    assert only.error.kind == "exception"
    assert "RuntimeError: no model file here" in only.error.message


def test_a_grader_that_cannot_be_sent_is_a_users_mistake(make: Make, graders: Any) -> None:
    with pytest.raises(UsageError, match="'quality' cannot be sent to Ray"):
        make(graders.HoldsALock)


def test_a_class_that_cannot_be_imported_goes_by_value(grade: GradeBatch, graders: Any) -> None:
    class Local(graders.ByText):  # type: ignore[misc, name-defined]
        def grade(self, sample: Any) -> float:
            return 0.25

    assert [one.score for one in grade(Local, ["a"])] == [0.25]


def test_without_room_for_an_actor_samples_are_errors(
    grade: GradeBatch, graders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RFT_RAY_ACTOR_OPTIONS", '{"resources": {"unheard_of": 1}}')
    monkeypatch.setenv("RFT_RAY_START_SECONDS", "1.5")
    grades = grade(graders.ByText, ["a", "bb", "ccc"])
    assert kinds(grades) == ["crash"] * 3
    assert "no Ray worker has started within 1.5 s" in str(grades[0].error)


def test_a_node_with_another_version_grades_nothing(
    grade: GradeBatch, graders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rft_executor_ray import host

    monkeypatch.setattr(host, "_versions", lambda: {"rft-core": "99.0", "not-there": "1"})
    (only,) = grade(graders.ByText, ["a"])
    assert only.error is not None
    assert only.error.kind == "exception"
    assert "and the run has 99.0" in only.error.message


def test_closing_ends_the_actors(make: Make, loop: GradingLoop, graders: Any) -> None:
    runner = make(graders.ByText)
    (only,) = loop.call(runner.run([make_sample("pid")]))
    process = Path(f"/proc/{only.reason}")
    assert process.exists()
    runner.close()
    deadline = time.monotonic() + 20
    while process.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not process.exists()


LABELS = [("a", "b"), ("a",), ("c", "a", "a"), ()]
MULTILABEL = [
    make_sample(
        f'{{"labels": {list(labels)}}}'.replace("'", '"') if n % 5 else "no json",
        item_id=str(n),
        reference_answer=["a", "b"],
    )
    for n, labels in enumerate(LABELS * 20)
]
JSON = [make_sample(text) for text in ['{"a": 1}', '{"a": "x"}', "[1]", "{", '{"b": NaN}'] * 12]
MATH = [
    make_sample(text, reference_answer=r"\frac{1}{3}")
    for text in ["1/3", r"\boxed{\frac{2}{6}}", "0.333", "x^2 + 1", r"\int_0^1 x^2 dx", ""] * 5
]
FUZZY = [
    make_sample(text, reference_answer="the bridge is 120 miles long")
    for text in ["the bridge is 120 miles long", "a bridge of 120 miles", "no", "ü" * 40] * 15
]
OFFICIAL: dict[str, tuple[dict[str, Any], list[Sample]]] = {
    "multilabel": ({"labels": "$.labels[*]"}, MULTILABEL),
    "json_schema": (
        {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
        JSON,
    ),
    "math": ({}, MATH),
    "fuzzy": ({}, FUZZY),
}


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_graders_grade_as_locally(grade: GradeBatch, name: str) -> None:
    from rft_core.plugins import plugin_manager

    config, samples = OFFICIAL[name]
    registered = plugin_manager().graders.get(name)
    if registered is None:
        pytest.skip(f"no plugin with the grader {name!r} is installed")
    grader = make_grader(registered.cls, **config)
    on_ray = grade(grader, samples, concurrency=2)
    assert on_ray == grade(grader, samples, executor=None)
    assert len({one.score for one in on_ray}) > 1
