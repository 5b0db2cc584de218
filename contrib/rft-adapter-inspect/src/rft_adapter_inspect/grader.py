"""The grader `inspect`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from rft_adapter_inspect.config import InspectConfig
from rft_core.paths import compile_path
from rft_core.types import Grade, GradeLike, Item, Sample
from rft_core.wrapping import WrapperGrader, load_callable


class InspectGrader(WrapperGrader[InspectConfig]):
    """Grades with a scorer of Inspect, such as `inspect_ai.scorer:match`.

    The scorer gets the prompt, the completion and the row's target as it does after a task.
    What it raises, and NaN, which is how it says that it could not score, are errors and no 0.
    """

    name = "inspect"
    version = "1"
    Config = InspectConfig
    isolation = "process"  # patterns may hang

    def __init__(self, config: InspectConfig) -> None:
        super().__init__(config)
        if config.asynchronous:
            self._await_services()
        self._scorer = _scorer(config)
        self._find_target = compile_path(config.target)

    def origin(self) -> str:
        """Return the module or file that the scorer is in."""
        return self.config.path.rpartition(":")[0]

    def is_async(self) -> bool:
        """Whether the scorer runs on the event loop."""
        return self.config.asynchronous

    def check_item(self, item: Item) -> None:
        """Refuse rows without a target."""
        from rft_adapter_inspect.states import target_of

        target_of(item, self._find_target)

    def reference_completion(self, item: Item) -> str | None:
        """Return the first target."""
        from rft_adapter_inspect.states import target_of

        first: str = target_of(item, self._find_target)[0]
        return first

    def grade(self, sample: Sample) -> GradeLike | Awaitable[GradeLike]:
        """Call the scorer."""
        grading = self._grade(sample)
        return grading if self.config.asynchronous else asyncio.run(grading)

    async def _grade(self, sample: Sample) -> Grade:
        from rft_adapter_inspect.states import state_of, target_of
        from rft_adapter_inspect.values import WORTH, grade_of

        target = target_of(sample.item, self._find_target)
        score = await self._scorer(state_of(sample, target), target)
        return grade_of(score, {**WORTH, **self.config.values}, self.config.key)


def _scorer(config: InspectConfig) -> Any:
    """Make the scorer. Raises `ValueError` if it is none, or does not take the arguments."""
    from inspect_ai._util.registry import is_registry_object, registry_info

    make = load_callable(config.path)
    if not is_registry_object(make) or registry_info(make).type != "scorer":
        raise ValueError(f"{config.path!r} is no scorer: it is not decorated with @scorer")
    try:
        return make(**config.args)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{config.path!r} does not take these `args`: {error}") from None
