"""Deadlines, order and concurrency of the executors that run in this process."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from rft_core.errors import PluginError, RunError
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.executor import default_executor
from rft_core.grading.runner import GradingLoop
from rft_core.testing import make_sample
from rft_core.types import Grade, Sample

GradeTexts = Callable[..., list[Grade]]
TEXTS = [str(number) for number in range(24)]
EXPECTED = [number / 100 for number in range(24)]


def number_of(sample: Sample) -> float:
    return int(sample.text) / 100


def sleepy(sample: Sample) -> float:
    time.sleep(random.random() / 200)  # noqa: S311 - any order will do
    return number_of(sample)


def sleepy_batch(samples: Sequence[Sample]) -> list[float]:
    return [sleepy(sample) for sample in samples]


async def async_sleepy(sample: Sample) -> float:
    await asyncio.sleep(random.random() / 100)  # noqa: S311 - any order will do
    return number_of(sample)


async def async_sleepy_batch(samples: Sequence[Sample]) -> list[float]:
    return [await async_sleepy(sample) for sample in samples]


@pytest.mark.parametrize("concurrency", [1, 3, 64])
@pytest.mark.parametrize("function", [sleepy, sleepy_batch, async_sleepy, async_sleepy_batch])
def test_order_is_kept(
    grade_texts: GradeTexts, function: Callable[..., Any], concurrency: int
) -> None:
    is_batched = function.__name__.endswith("batch")
    grades = grade_texts(function, TEXTS, batch=is_batched, concurrency=concurrency, timeout=60.0)
    assert [grade.score for grade in grades] == EXPECTED


@pytest.mark.parametrize("function", [sleepy, async_sleepy])
def test_no_samples_no_grades(grade_texts: GradeTexts, function: Callable[..., Any]) -> None:
    assert grade_texts(function, []) == []


@pytest.mark.parametrize("is_async", [False, True])
def test_as_many_calls_are_in_flight_as_allowed_and_no_more(
    grade_texts: GradeTexts, is_async: bool
) -> None:
    in_flight, seen, lock = [0], [], threading.Lock()
    barrier = threading.Barrier(3, timeout=30)

    @contextmanager
    def counted() -> Iterator[None]:
        with lock:
            in_flight[0] += 1
            seen.append(in_flight[0])
        yield
        with lock:
            in_flight[0] -= 1

    def grade(_: Sample) -> float:
        with counted():
            barrier.wait()  # passes only if three calls are in flight
        return 1.0

    async def agrade(_: Sample) -> float:
        with counted():
            await asyncio.sleep(0.01)
        return 1.0

    grades = grade_texts(agrade if is_async else grade, TEXTS, concurrency=3)
    assert [grade.score for grade in grades] == [1.0] * 24
    assert max(seen) == 3


def test_batches_are_cut_into_a_share_per_call(grade_texts: GradeTexts) -> None:
    sizes = []

    async def grade_batch(samples: Sequence[Sample]) -> list[float]:
        sizes.append(len(samples))
        return [1.0] * len(samples)

    assert len(grade_texts(grade_batch, TEXTS, batch=True, concurrency=5)) == 24
    assert sorted(sizes) == [4, 5, 5, 5, 5]


def test_threads_cut_batches_as_asyncio_does(grade_texts: GradeTexts) -> None:
    sizes = []

    def grade_batch(samples: Sequence[Sample]) -> list[float]:
        sizes.append(len(samples))
        return [1.0] * len(samples)

    assert len(grade_texts(grade_batch, TEXTS, batch=True, concurrency=5)) == 24
    assert sorted(sizes) == [4, 5, 5, 5, 5]


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """An event on which hanging graders wait, set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("concurrency", [1, 2])
def test_threads_that_pass_the_deadline_cost_only_their_sample(
    grade_texts: GradeTexts, release: threading.Event, concurrency: int
) -> None:
    def grade(sample: Sample) -> float:
        if sample.text in {"0", "5", "23"}:
            release.wait(120)
        return number_of(sample)

    grades = grade_texts(grade, TEXTS, concurrency=concurrency, timeout=1.0)
    late = [text for text, grade in zip(TEXTS, grades, strict=True) if grade.error]
    assert late == ["0", "5", "23"]
    assert {grade.error.kind for grade in grades if grade.error} == {"timeout"}
    assert [g.score for g in grades] == [
        None if text in late else score for text, score in zip(TEXTS, EXPECTED, strict=True)
    ]
    release.set()


def test_async_calls_that_pass_the_deadline_are_cancelled(grade_texts: GradeTexts) -> None:
    cancelled, survived = [], []

    async def grade(sample: Sample) -> float:
        if sample.text in {"0", "23"}:
            try:
                await asyncio.sleep(120)
            except asyncio.CancelledError:
                cancelled.append(sample.text)
                raise
            survived.append(sample.text)
        return number_of(sample)

    grades = grade_texts(grade, TEXTS, concurrency=4, timeout=1.0)
    assert sorted(cancelled) == ["0", "23"]
    assert survived == []
    assert [grade.outcome for grade in grades].count("error") == 2
    assert [grade.score for grade in grades][1:23] == EXPECTED[1:23]


@pytest.mark.parametrize("batch", [False, True])
def test_async_calls_that_will_not_be_cancelled_are_late_all_the_same(
    grade_texts: GradeTexts, monkeypatch: pytest.MonkeyPatch, *, batch: bool
) -> None:
    monkeypatch.setattr("rft_core.grading.asyncio_executor.SECONDS_TO_CLEAN_UP", 0.05)
    cancelled: list[str] = []

    async def grade(sample: Sample) -> float:
        if sample.text == "stubborn":
            while len(cancelled) < 3:  # the third time the loop is being closed
                try:
                    await asyncio.sleep(120)
                except asyncio.CancelledError:
                    cancelled.append(sample.text)
        return 1.0

    async def grade_batch(samples: Sequence[Sample]) -> list[float]:
        return [await grade(sample) for sample in samples]

    texts = ["quick", "stubborn"]
    function = grade_batch if batch else grade
    grades = grade_texts(function, texts, batch=batch, timeout=0.3, concurrency=2)
    assert [one.error and one.error.kind for one in grades] == [None, "timeout"]


def test_a_cancelled_async_batch_is_not_graded_one_by_one(grade_texts: GradeTexts) -> None:
    sizes = []

    async def grade_batch(samples: Sequence[Sample]) -> list[float]:
        sizes.append(len(samples))
        try:
            await asyncio.sleep(120)
        except asyncio.CancelledError:
            raise RuntimeError("disconnected") from None
        return []

    grades = grade_texts(grade_batch, ["a", "b"], batch=True, timeout=0.1)
    assert [one.error and one.error.kind for one in grades] == ["timeout", "timeout"]
    assert sizes == [2]


def test_a_cancelled_batch_stops_its_threads(
    make_call: Callable[..., GraderCall], release: threading.Event
) -> None:
    begun, threads = threading.Barrier(3), []
    seen: list[str] = []

    def grade(sample: Sample) -> float:
        seen.append(sample.text)
        threads.append(threading.current_thread())
        begun.wait(30)
        release.wait(30)
        return 1.0

    runner = make_runner(make_call(grade, concurrency=2))
    with GradingLoop() as loop:
        batch = runner.run([make_sample(text) for text in TEXTS])
        future = asyncio.run_coroutine_threadsafe(batch, loop.loop)
        begun.wait(30)
        future.cancel()
        loop.call(asyncio.sleep(0.01))  # the loop gets to it
        release.set()
        for thread in threads:
            thread.join(30)
    assert len(seen) == 2


@pytest.mark.parametrize("is_async", [False, True])
def test_the_deadline_does_not_count_the_wait_for_a_turn(
    grade_texts: GradeTexts, is_async: bool
) -> None:
    def grade(sample: Sample) -> float:
        time.sleep(0.15)
        return number_of(sample)

    async def agrade(sample: Sample) -> float:
        await asyncio.sleep(0.15)
        return number_of(sample)

    # The last call waits for 1.65 s and more, which is longer than the deadline.
    grades = grade_texts(agrade if is_async else grade, TEXTS[:12], timeout=1.2)
    assert [grade.score for grade in grades] == EXPECTED[:12]


def test_a_batch_has_the_time_of_its_samples(grade_texts: GradeTexts) -> None:
    def grade_batch(samples: Sequence[Sample]) -> list[float]:
        time.sleep(0.1 * len(samples))
        return [1.0] * len(samples)

    grades = grade_texts(grade_batch, TEXTS[:8], batch=True, timeout=0.5)
    assert [grade.score for grade in grades] == [1.0] * 8


def test_a_batch_that_passes_the_deadline_is_late_as_a_whole(
    grade_texts: GradeTexts, release: threading.Event
) -> None:
    def grade_batch(samples: Sequence[Sample]) -> list[float]:
        release.wait(120)
        return [1.0] * len(samples)

    grades = grade_texts(grade_batch, ["a", "b"], batch=True, timeout=0.1)
    assert [grade.error and grade.error.kind for grade in grades] == ["timeout", "timeout"]


def test_a_late_grade_is_dropped(grade_texts: GradeTexts, release: threading.Event) -> None:
    finished = threading.Event()

    def grade(_: Sample) -> float:
        release.wait(120)
        finished.set()
        return 1.0

    grades = grade_texts(grade, ["a"], timeout=0.1)
    release.set()
    assert finished.wait(30)
    assert [grade.outcome for grade in grades] == ["error"]


def test_an_abandoned_thread_ends_quietly_after_the_loop_is_closed(
    make_call: Callable[..., GraderCall],
    release: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda a: complaints.append(str(a.exc_value)))
    threads: list[threading.Thread] = []

    def grade(_: Sample) -> float:
        threads.append(threading.current_thread())
        release.wait(120)
        return 1.0

    with GradingLoop() as loop:
        loop.call(make_runner(make_call(grade, timeout=0.1)).run([make_sample("a")]))
    release.set()
    threads[0].join(30)
    assert not threads[0].is_alive()
    assert complaints == []


def test_no_deadline_means_none(grade_texts: GradeTexts) -> None:
    def grade(_: Sample) -> float:
        time.sleep(0.2)
        return 1.0

    assert grade_texts(grade, ["a"], timeout=None) == [Grade(1.0)]


def test_a_timeout_inside_of_the_grader_is_not_its_deadline(grade_texts: GradeTexts) -> None:
    async def grade(_: Sample) -> float:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)
        return 1.0

    (grade_,) = grade_texts(grade, ["a"], timeout=60.0)
    assert grade_.error is not None
    assert grade_.error.kind == "exception"


def test_async_graders_keep_their_loop_across_batches(
    make_call: Callable[..., GraderCall], grading_loop: GradingLoop
) -> None:
    loops = set()

    async def grade(_: Sample) -> float:
        loops.add(asyncio.get_running_loop())
        return 1.0

    runner = make_runner(make_call(grade, concurrency=2))
    for _ in range(3):
        grading_loop.call(runner.run([make_sample("a"), make_sample("b"), make_sample("c")]))
    assert loops == {grading_loop.loop}


@pytest.mark.parametrize("batch", [False, True])
def test_a_large_batch_makes_no_more_tasks_than_calls_in_flight(
    grade_texts: GradeTexts, batch: bool
) -> None:
    tasks = []

    async def grade(_: Sample) -> float:
        tasks.append(len(asyncio.all_tasks()))
        await asyncio.sleep(0)
        return 1.0

    async def grade_batch(samples: Sequence[Sample]) -> list[float]:
        return [await grade(sample) for sample in samples]

    grades = grade_texts(grade_batch if batch else grade, ["a"] * 5000, batch=batch, concurrency=4)
    assert len(grades) == 5000
    assert max(tasks) <= 2 * 4 + 1  # a waiting one for each, and the one that waits for all


@pytest.mark.parametrize("executor", ["thread", "inline"])
def test_inline_grades_in_the_thread_of_the_loop_and_threads_do_not(
    make_call: Callable[..., GraderCall], grading_loop: GradingLoop, executor: str
) -> None:
    names = set()

    def grade(_: Sample) -> float:
        names.add(threading.current_thread().name)
        return 1.0

    grading_loop.call(make_runner(make_call(grade), executor).run([make_sample("a")] * 3))
    assert names == {"grading-loop" if executor == "inline" else "grader-quality"}


@pytest.mark.parametrize("batch", [False, True])
def test_inline_outcomes_are_those_of_any_executor(grade_texts: GradeTexts, batch: bool) -> None:
    def grade(sample: Sample) -> Any:
        known = {"one": 1.0, "none": None, "nan": float("nan")}
        return known[sample.text] if sample.text in known else Grade(0.0, "unknown")

    def grade_batch(samples: Sequence[Sample]) -> list[Any]:
        return list(map(grade, samples))

    function = grade_batch if batch else grade
    grades = grade_texts(function, ["one", "none", "nan", "{"], batch=batch, executor="inline")
    assert [one.outcome for one in grades] == ["graded", "not_applicable", "error", "graded"]
    assert (grades[0].score, grades[3].score) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("function", "executor", "batch", "calls"),
    [
        (sleepy, "thread", False, 24),
        (sleepy_batch, "thread", True, 3),
        (sleepy, "inline", False, 24),
        (sleepy_batch, "inline", True, 1),
        (async_sleepy, "asyncio", False, 24),
        (async_sleepy_batch, "asyncio", True, 3),
    ],
)
def test_every_call_is_timed(
    make_call: Callable[..., GraderCall],
    grading_loop: GradingLoop,
    *,
    function: Callable[..., Any],
    executor: str,
    batch: bool,
    calls: int,
) -> None:
    runner = make_runner(make_call(function, batch=batch, concurrency=3, timeout=60.0), executor)
    begun = time.monotonic()
    grading_loop.call(runner.run([make_sample(text) for text in TEXTS]))
    latencies = runner.take_latencies()
    assert latencies["calls"] == calls
    assert 0 < latencies["p50"] <= latencies["max"] <= time.monotonic() - begun


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_call_that_passes_the_deadline_is_timed_as_long_as_it_was_waited_for(
    make_call: Callable[..., GraderCall],
    grading_loop: GradingLoop,
    release: threading.Event,
    is_async: bool,
    batch: bool,
) -> None:
    def grade(_: object) -> Any:
        release.wait(120)

    async def agrade(_: object) -> Any:
        await asyncio.sleep(120)

    call = make_call(agrade if is_async else grade, batch=batch, timeout=0.2)
    runner = make_runner(call)
    grading_loop.call(runner.run([make_sample("a")]))
    latencies = runner.take_latencies()
    assert latencies["calls"] == 1
    assert latencies["max"] >= 0.2


@pytest.mark.parametrize("executor", ["thread", "inline"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_is_no_exception_fails_the_grader_only(
    grade_texts: GradeTexts, executor: str, error: type[BaseException]
) -> None:
    def grade(sample: Sample) -> float:
        if sample.text == "1":
            raise error
        return number_of(sample)

    grades = grade_texts(grade, TEXTS[:3], executor=executor)
    assert [one.score for one in grades] == [0.0, None, 0.02]
    assert grades[1].error is not None
    assert grades[1].error.kind == "exception"


def test_graders_choose_their_executor(make_call: Callable[..., GraderCall]) -> None:
    assert default_executor(make_call(sleepy).grader) == "thread"
    assert default_executor(make_call(async_sleepy).grader) == "asyncio"
    assert default_executor(make_call(async_sleepy_batch, batch=True).grader) == "asyncio"
    assert default_executor(make_call(sleepy, isolation="process").grader) == "process"


def test_an_executor_may_be_named(make_call: Callable[..., GraderCall]) -> None:
    assert make_runner(make_call(async_sleepy), "asyncio").executor.name == "asyncio"
    with pytest.raises(PluginError, match="no installed plugin provides the executor") as caught:
        make_runner(make_call(sleepy), "threads")
    assert caught.value.hint is not None
    assert "Did you mean 'thread'?" in caught.value.hint


def test_closing_a_runner_closes_the_grader(make_call: Callable[..., GraderCall]) -> None:
    closed: list[str] = []
    call = make_call(sleepy, close=lambda _: closed.append("grader"))
    make_runner(call).close()
    assert closed == ["grader"]


def test_a_loop_may_be_closed_twice() -> None:
    loop = GradingLoop()
    loop.close()
    loop.close()
    assert loop.loop.is_closed()


def test_a_closed_loop_breaks_off_what_is_under_way_and_takes_no_more() -> None:
    loop, begun, told = GradingLoop(), threading.Event(), []

    async def wait() -> None:
        begun.set()
        await asyncio.sleep(120)

    def call() -> None:
        with pytest.raises(RunError, match="grading is over"):
            loop.call(wait())
        told.append("broken off")

    caller = threading.Thread(target=call, daemon=True)
    caller.start()
    assert begun.wait(30)
    loop.close()
    caller.join(30)
    assert told == ["broken off"]
    with pytest.raises(RunError, match="grading is over"):
        loop.call(wait())


def test_errors_of_a_coroutine_reach_the_caller(grading_loop: GradingLoop) -> None:
    async def fails() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        grading_loop.call(fails())


HANGING = """
import time
from rft_core.configurable import PluginConfig
from rft_core.grader import Grader
from rft_core.testing import grade_one, make_sample

class Hangs(Grader[PluginConfig]):
    name = "hangs"
    def grade(self, sample):
        time.sleep(600)

print(grade_one(Hangs(PluginConfig()), make_sample("a"), timeout=0.1).outcome)
"""


def test_a_hanging_grader_does_not_keep_the_interpreter_from_ending() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "error\n", "")
