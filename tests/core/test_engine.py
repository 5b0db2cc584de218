"""The engine: tasks mixed in a batch, and the threads it may be called from."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from rft_core.errors import GradingAbortedError, RunError
from rft_core.reward.engine import RewardEngine
from rft_core.reward.reward import Reward
from rft_core.testing import make_sample
from rft_core.types import Grade, GradedSample, Sample

MakeReward = Callable[..., Reward]


def by_text(sample: Sample) -> float:
    return float(sample.text)


async def async_by_text(sample: Sample) -> float:
    await asyncio.sleep(0)
    return float(sample.text)


def rewards(graded: list[GradedSample]) -> list[float | None]:
    return [one.reward for one in graded]


def test_each_sample_goes_to_the_reward_of_its_task(make_reward: MakeReward) -> None:
    tasks = {"plus": make_reward({"a": by_text}), "minus": make_reward({"b": lambda _: -1.0})}
    samples = [
        make_sample(str(number), task="minus" if number % 3 == 0 else "plus") for number in range(7)
    ]
    with RewardEngine(tasks) as engine:
        graded = engine.grade(samples)
    assert [one.sample for one in graded] == samples
    assert rewards(graded) == [-1.0, 1.0, 2.0, -1.0, 4.0, 5.0, -1.0]
    assert [one.task for one in graded][:3] == ["minus", "plus", "plus"]
    assert set(graded[0].grades) == {"b"}


def test_the_only_reward_takes_samples_of_any_task(make_reward: MakeReward) -> None:
    with RewardEngine({None: make_reward({"a": by_text})}) as engine:
        graded = engine.grade([make_sample("1", task="other"), make_sample("2")])
    assert rewards(graded) == [1.0, 2.0]
    assert [one.task for one in graded] == [None, None]


def test_tasks_that_read_as_numbers_are_names(make_reward: MakeReward) -> None:
    with RewardEngine({"1": make_reward({"a": by_text})}) as engine:
        assert rewards(engine.grade([make_sample("3", task=1)])) == [3.0]


def test_nothing_to_grade(make_reward: MakeReward) -> None:
    with RewardEngine({None: make_reward({"a": 1.0})}) as engine:
        assert engine.grade([]) == []


@pytest.mark.parametrize("grader", [by_text, async_by_text])
def test_it_may_be_called_from_many_threads_at_once(
    make_reward: MakeReward, grader: Callable[[Sample], float]
) -> None:
    with (
        RewardEngine({None: make_reward({"a": grader})}) as engine,
        ThreadPoolExecutor(4) as pool,
    ):
        batches = list(
            pool.map(
                lambda start: rewards(
                    engine.grade([make_sample(str(start + i)) for i in range(3)])
                ),
                range(8),
            )
        )
    assert batches == [[start, start + 1, start + 2] for start in range(8)]


@pytest.mark.parametrize("grader", [by_text, async_by_text])
def test_it_may_be_called_where_an_event_loop_is_running(
    make_reward: MakeReward, grader: Callable[[Sample], float]
) -> None:
    async def notebook() -> list[float | None]:
        with RewardEngine({None: make_reward({"a": grader})}) as engine:
            return rewards(engine.grade([make_sample("3")]))

    assert asyncio.run(notebook()) == [3.0]


def test_it_goes_on_after_an_abort(make_reward: MakeReward) -> None:
    def grader(sample: Sample) -> float:
        if sample.text == "bad":
            raise RuntimeError("no")
        return 1.0

    reward = make_reward({"a": grader}, on_error={"a": "abort"})
    with RewardEngine({None: reward}) as engine:
        with pytest.raises(GradingAbortedError):
            engine.grade([make_sample("good"), make_sample("bad")])
        assert rewards(engine.grade([make_sample("good")])) == [1.0]


def test_an_abort_ends_the_other_tasks_of_the_batch(make_reward: MakeReward) -> None:
    begun, cancelled = asyncio.Event(), []

    async def fails(_: Sample) -> float:
        await begun.wait()
        raise RuntimeError("no")

    async def slow(_: Sample) -> float:
        begun.set()
        try:
            await asyncio.sleep(120)
        except asyncio.CancelledError:
            cancelled.append("slow")
            raise
        return 1.0

    tasks = {
        "fails": make_reward({"a": fails}, on_error={"a": "abort"}),
        "slow": make_reward({"a": slow}),
    }
    with RewardEngine(tasks) as engine:
        with pytest.raises(GradingAbortedError):
            engine.grade([make_sample("1", task="slow"), make_sample("1", task="fails")])
        assert cancelled == ["slow"]


@pytest.mark.parametrize("is_async", [False, True])
def test_closing_breaks_off_what_other_threads_grade(
    make_reward: MakeReward, *, is_async: bool
) -> None:
    begun, release = threading.Event(), threading.Event()

    def slow(_: Sample) -> float:
        begun.set()
        release.wait(60)
        return 1.0

    async def async_slow(_: Sample) -> float:
        begun.set()
        await asyncio.sleep(60)
        return 1.0

    engine = RewardEngine({None: make_reward({"a": async_slow if is_async else slow})})
    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(engine.grade, [make_sample("1")] * 3)
        assert begun.wait(30)
        engine.close()
        with pytest.raises(RunError, match="grading is over"):
            batch.result(30)
    release.set()


def test_graders_close_while_the_loop_still_runs(make_reward: MakeReward) -> None:
    engine = RewardEngine({None: make_reward({"a": async_by_text})})
    engine.grade([make_sample("1")])
    running = []
    grader = engine.rewards[None].runners["a"].call.grader
    grader.close = lambda: running.append(engine._loop.loop.is_running())  # type: ignore[method-assign]
    engine.close()
    assert running == [True]


def test_a_listener_that_fails_hides_no_other_error(
    make_reward: MakeReward, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()

    def on_unfinished(_: Sequence[GradedSample]) -> None:
        told.set()
        raise OSError("disk full")

    def grader(sample: Sample) -> float:
        assert told.wait(20)
        if sample.text == "bad":
            raise RuntimeError("no")
        return 1.0

    monkeypatch.setattr("rft_core.reward.engine.UNFINISHED_SECONDS", 0.01)
    tasks = {None: make_reward({"a": grader}, on_error={"a": "abort"})}
    with RewardEngine(tasks, on_unfinished) as engine:
        with pytest.raises(GradingAbortedError):
            engine.grade([make_sample("bad")])
        told.clear()
        with pytest.raises(OSError, match="disk full"):
            engine.grade([make_sample("good")] * 2)


def test_closing_ends_its_thread(make_reward: MakeReward) -> None:
    engine = RewardEngine({None: make_reward({"a": by_text})})
    engine.grade([make_sample("1")])
    assert "grading-loop" in {thread.name for thread in threading.enumerate()}
    engine.close()
    assert "grading-loop" not in {thread.name for thread in threading.enumerate()}


def test_a_slow_grader_does_not_hold_up_what_the_others_found(
    make_reward: MakeReward, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[dict[str, Grade | None]]] = []
    seen = threading.Event()

    def on_unfinished(batch: Sequence[GradedSample]) -> None:
        told.append([dict(one.grades) for one in batch])
        if all(one.grades["quick"] for one in batch):
            seen.set()

    def slow(_: Sample) -> float:
        assert seen.wait(20)
        return 1.0

    monkeypatch.setattr("rft_core.reward.engine.UNFINISHED_SECONDS", 0.01)
    tasks = {None: make_reward({"slow": slow, "quick": by_text})}
    with RewardEngine(tasks, on_unfinished) as engine:
        graded = engine.grade([make_sample("1"), make_sample("2")])
        told_before = len(told)
        engine.grade([])

    assert {"slow": None, "quick": Grade(2.0)} in [batch[1] for batch in told]
    assert rewards(graded) == [2.0, 3.0]
    assert len(told) == told_before
