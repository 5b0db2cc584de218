"""The grader `verifiers`."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Mapping
from typing import Any

from rft_adapter_verifiers.config import VerifiersConfig
from rft_core.types import Grade, GradeLike, Item, Sample
from rft_core.wrapping import WrapperGrader


class VerifiersGrader(WrapperGrader[VerifiersConfig]):
    """Grades with the rewards of a task of verifiers, or of an installed environment.

    Rewards get a trace that ends with the completion. Nothing runs but rewards, metrics and judges:
    no setup, no harness, no container. What they raise is an error and no 0.
    """

    name = "verifiers"
    version = "1"
    Config = VerifiersConfig
    isolation = "process"

    def __init__(self, config: VerifiersConfig) -> None:
        from rft_adapter_verifiers.tasks import TaskMaker

        super().__init__(config)
        if config.asynchronous:
            self._await_services()
        self._tasks = TaskMaker(config)

    def origin(self) -> str:
        """Return the environment, module or file that the rewards are in."""
        return self.config.taskset or str(self.config.path).rpartition(":")[0]

    def is_async(self) -> bool:
        """Whether rewards run on the event loop."""
        return self.config.asynchronous

    def check_item(self, item: Item) -> None:
        """Refuse rows that are no data of the task, and rewards that cannot run here."""
        self._task(item)

    def _task(self, item: Item) -> Any:
        from rft_adapter_verifiers.tasks import check_rewards

        task = self._tasks.make(item)
        check_rewards(task, self.config.reward)
        return task

    def grade(self, sample: Sample) -> GradeLike | Awaitable[GradeLike]:
        """Score a trace of the sample."""
        if self.config.asynchronous:
            return self._grade(sample)
        if threading.current_thread() is not threading.main_thread():
            # math-verify keeps time by signals; verifiers takes its failure for a wrong answer.
            raise RuntimeError("rewards of verifiers need a process: set no `executor` for them")
        return asyncio.run(self._grade(sample))

    async def _grade(self, sample: Sample) -> Grade:
        from rft_adapter_verifiers.tasks import trace_of

        task = self._task(sample.item)
        trace = trace_of(task, sample)
        await task.score(trace)
        unscored = [name for name, reward in trace.rewards.items() if reward is None]
        if unscored:
            raise RuntimeError(f"rewards without a score: {', '.join(unscored)}")
        return _grade_of(trace.rewards, trace.metrics, self.config.reward)


def _grade_of(
    rewards: Mapping[str, Any], metrics: Mapping[str, float | None], wanted: str | None
) -> Grade:
    """Return the sum of the rewards, or the wanted one without its weight."""
    if wanted is not None and wanted not in rewards:  # it returned scores by other names
        raise ValueError(f"{wanted!r} returned no score of its name, but of {', '.join(rewards)}")
    score = sum(one.value for one in rewards.values()) if wanted is None else rewards[wanted].score
    beside = {name: one.score for name, one in rewards.items()} if len(rewards) > 1 else {}
    numbers = {**beside, **metrics}
    finite = {k: v for k, v in numbers.items() if v is not None and math.isfinite(v)}
    return Grade(float(score), None, finite)
