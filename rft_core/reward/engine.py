"""The reward stage of a run: each sample goes to the reward of its task."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Final, Self, TypeAlias

from rft_core.grading.runner import GradingLoop
from rft_core.reward.reward import Reward
from rft_core.reward.together import together
from rft_core.types import GradedSample, Progress, Sample

DEFAULT_TASK: Final = None
"""The key of the only reward, where a task file has `reward:` and not `rewards:`."""
UNFINISHED_SECONDS: Final = 5.0
"""How often a batch that is still being graded is told about."""

OnUnfinished: TypeAlias = Callable[[Sequence[GradedSample]], None]
"""Told about a batch whose grades are not all there; those that are not are None."""


class RewardEngine:
    """Grades batches of mixed tasks; a context manager that closes the graders.

    `on_unfinished` is told, from a thread, about a batch whose grading takes long, as it stands,
    every few seconds: a slow grader does not hold up what the others found.
    """

    def __init__(
        self, rewards: Mapping[str | None, Reward], on_unfinished: OnUnfinished | None = None
    ) -> None:
        self.rewards = rewards
        self.on_unfinished = on_unfinished
        self._loop = GradingLoop()

    def grade(
        self, samples: Sequence[Sample], progress: Progress | None = None
    ) -> list[GradedSample]:
        """Return the samples graded, in order. Blocks; callable from any thread.

        Raises `GradingAbortedError` if a grader with `on_error: abort` failed, `RunStopError` if
        one ends the run, `RunError` if the engine is closed.
        """
        return self._loop.call(self._grade(samples, progress or Progress()))

    def task_of(self, sample: Sample) -> str | None:
        """Return the key of the sample's reward."""
        return DEFAULT_TASK if DEFAULT_TASK in self.rewards else sample.item.task

    def take_latencies(self) -> dict[str | None, dict[str, Mapping[str, float]]]:
        """Return how long calls took since this was last asked, by task and grader."""
        return {
            task: {name: runner.take_latencies() for name, runner in reward.runners.items()}
            for task, reward in self.rewards.items()
        }

    async def _grade(self, samples: Sequence[Sample], progress: Progress) -> list[GradedSample]:
        by_task: dict[str | None, list[int]] = defaultdict(list)
        for index, sample in enumerate(samples):
            by_task[self.task_of(sample)].append(index)
        batches = {
            task: self.rewards[task].begin([samples[i] for i in indexes], task)
            for task, indexes in by_task.items()
        }
        graded = _in_order(by_task.values(), batches.values(), len(samples))
        async with self._told_of(graded):
            await together(
                self.rewards[task].grade(batch, progress) for task, batch in batches.items()
            )
        return graded

    @asynccontextmanager
    async def _told_of(self, graded: Sequence[GradedSample]) -> AsyncIterator[None]:
        """Tell `on_unfinished` of the batch from time to time, until the grading is done."""
        if self.on_unfinished is None:
            yield
            return
        done = asyncio.Event()
        telling = asyncio.create_task(_tell(self.on_unfinished, graded, done))
        try:
            yield
        finally:
            done.set()
            await asyncio.wait({telling})  # so that nothing is told after the grading
        telling.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop workers, close the graders and the event loop.

        A batch that another thread is grading is broken off; its `grade` raises `RunError`.
        """
        self._loop.cancel()  # before the graders lose what they work with
        with ExitStack() as closing:  # closes them all, even if one fails to
            closing.callback(self._loop.close)
            for reward in self.rewards.values():
                closing.callback(reward.close)


def _in_order(
    places: Iterable[Sequence[int]], batches: Iterable[Sequence[GradedSample]], total: int
) -> list[GradedSample]:
    """Return the samples of all batches, each at its place among the `total`."""
    placed = {
        place: one
        for indexes, batch in zip(places, batches, strict=True)
        for place, one in zip(indexes, batch, strict=True)
    }
    return [placed[place] for place in range(total)]


async def _tell(
    on_unfinished: OnUnfinished, graded: Sequence[GradedSample], done: asyncio.Event
) -> None:
    while not done.is_set():
        try:
            await asyncio.wait_for(done.wait(), UNFINISHED_SECONDS)
        except TimeoutError:
            await asyncio.to_thread(on_unfinished, graded)
