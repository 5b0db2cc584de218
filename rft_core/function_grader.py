"""`use: function`: an existing Python function as a grader, without writing a plugin."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, ClassVar

from rft_core.configurable import PluginConfig
from rft_core.types import GradeLike, Sample
from rft_core.wrapping import CodePath, WrapperConfig, WrapperGrader, load_callable


class FunctionGraderConfig(WrapperConfig):
    """`path` is `package.module:callable`, or `file.py:callable` relative to the task file."""

    path: CodePath
    """`package.module:callable`, or `file.py:callable` relative to the task file."""
    range: tuple[float, float] = (float("-inf"), float("inf"))
    """The scores that the function may return, inclusive."""


class FunctionGrader(WrapperGrader[FunctionGraderConfig]):
    """Grades with a function of one of two kinds, told apart by their parameters.

    * a TRL reward function, `f(prompts, completions, **columns)`: a list of rewards, where None
      means not applicable;
    * `f(sample)`: what `Grader.grade` returns.

    Either may be async.
    """

    name = "function"
    version = "1"
    Config: ClassVar[type[PluginConfig]] = FunctionGraderConfig

    def __init__(self, config: FunctionGraderConfig) -> None:
        super().__init__(config)
        self.function = load_callable(config.path)
        self._parameters = inspect.signature(self.function).parameters

    def origin(self) -> str:
        """Return the module or file that the function is in."""
        return self.config.path.rpartition(":")[0]

    def is_batched(self) -> bool:
        """TRL's reward functions take the whole batch."""
        return "completions" in self._parameters

    def is_async(self) -> bool:
        """Whether the function is a coroutine function."""
        call = getattr(self.function, "__call__", None)  # noqa: B004 - for callable objects
        return inspect.iscoroutinefunction(self.function) or inspect.iscoroutinefunction(call)

    def grade(self, sample: Sample) -> GradeLike:
        """Call `f(sample)`."""
        result: GradeLike = self.function(sample)
        return result

    def grade_batch(self, samples: Sequence[Sample]) -> Sequence[GradeLike]:
        """Call `f(prompts, completions, **columns)` as TRL's trainer does."""
        result: Sequence[GradeLike] = self.function(**self._arguments(samples))
        return result

    def _arguments(self, samples: Sequence[Sample]) -> dict[str, Any]:
        keys = {key for sample in samples for key in sample.item.fields}
        arguments: dict[str, Any] = {
            key: [sample.item.fields.get(key) for sample in samples] for key in sorted(keys)
        }
        arguments |= {
            "prompts": [[dict(m) for m in sample.item.messages] for sample in samples],
            "completions": [[{"role": "assistant", "content": s.text}] for s in samples],
            "completion_ids": [None] * len(samples),
            "trainer_state": None,
            "log_extra": _ignore,
            "log_metric": _ignore,
        }
        if any(p.kind is p.VAR_KEYWORD for p in self._parameters.values()):
            return arguments
        return {name: arguments[name] for name in self._parameters if name in arguments}


def _ignore(*_: Any) -> None:
    """Stand in for the trainer's loggers, which a run without a trainer does not have."""
