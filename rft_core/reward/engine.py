"""The reward stage of a run: each sample goes to the reward of its task."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Final, Self

from rft_core.grading.runner import GradingLoop
from rft_core.reward.reward import Reward
from rft_core.types import GradedSample, Progress, Sample

DEFAULT_TASK: Final = None
"""The key of the only reward, where a task file has `reward:` and not `rewards:`."""


class RewardEngine:
    """Grades batches of mixed tasks; a context manager that closes the graders."""

    def __init__(self, rewards: Mapping[str | None, Reward]) -> None:
        self.rewards = rewards
        self._loop = GradingLoop()

    def grade(
        self, samples: Sequence[Sample], progress: Progress | None = None
    ) -> list[GradedSample]:
        """Return the samples graded, in order. Blocks; callable from any thread.

        Raises `GradingAbortedError` if a grader with `on_error: abort` failed.
        """
        return self._loop.call(self._grade(samples, progress or Progress()))

    def task_of(self, sample: Sample) -> str | None:
        """Return the key of the sample's reward."""
        return DEFAULT_TASK if DEFAULT_TASK in self.rewards else sample.item.task

    async def _grade(self, samples: Sequence[Sample], progress: Progress) -> list[GradedSample]:
        by_task: dict[str | None, list[int]] = defaultdict(list)
        for index, sample in enumerate(samples):
            by_task[self.task_of(sample)].append(index)
        batches = await asyncio.gather(
            *(
                self.rewards[task].grade([samples[i] for i in indexes], task, progress)
                for task, indexes in by_task.items()
            )
        )
        graded = {
            index: one
            for indexes, batch in zip(by_task.values(), batches, strict=True)
            for index, one in zip(indexes, batch, strict=True)
        }
        return [graded[index] for index in range(len(samples))]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop workers, close the graders and the event loop."""
        with ExitStack() as closing:  # closes them all, even if one fails to
            closing.callback(self._loop.close)
            for reward in self.rewards.values():
                closing.callback(reward.close)
