"""`use: function`: an existing Python function as a grader, without writing a plugin."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from rft_core.configurable import PluginConfig, base_dir
from rft_core.grader import Grader
from rft_core.types import Family, GradeLike, Sample


class FunctionGraderConfig(PluginConfig):
    """`path` is `package.module:callable`, or `file.py:callable` relative to the task file."""

    path: str = Field(pattern=r"^[^:]+:[A-Za-z_][\w.]*$")
    """`package.module:callable`, or `file.py:callable` relative to the task file."""
    range: tuple[float, float] = (float("-inf"), float("inf"))
    """The scores that the function may return, inclusive."""
    deterministic: bool = False
    """Equal samples always get the same score, so one call is enough for all of them."""
    family: Family | None = None
    """What is graded, for `rft graders test`."""

    @field_validator("range")
    @classmethod
    def _ordered(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        if not bounds[0] <= bounds[1]:
            raise ValueError(f"{bounds[0]:g} is not below {bounds[1]:g}")
        return bounds

    @field_validator("path", mode="after")
    @classmethod
    def _absolute(cls, path: str, info: ValidationInfo) -> str:
        return located(path, info)


class FunctionGrader(Grader[FunctionGraderConfig]):
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
        # What other graders say by their class is configured for a function.
        self.score_range = config.range  # type: ignore[misc]
        self.deterministic = config.deterministic  # type: ignore[misc]
        self.family = config.family  # type: ignore[misc]
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


def located(path: str, info: ValidationInfo) -> str:
    """Return a path as `load_callable` takes it; one to a file starts at the task file's folder.

    Raises `ValueError` if there is no such callable.
    """
    module, _, name = path.rpartition(":")
    if module.endswith(".py"):
        path = f"{(base_dir(info) / module).resolve()}:{name}"
    load_callable(path)
    return path


def load_callable(path: str) -> Callable[..., Any]:
    """Import what `package.module:name` or `file.py:name` says. Raises `ValueError`."""
    module, _, name = path.rpartition(":")
    try:
        found: Any = _import_file(Path(module)) if module.endswith(".py") else _import(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        cause = f"{type(error).__name__}: {error}"
        raise ValueError(f"cannot load {name!r} from {module!r}: {cause}") from error
    if not callable(found):
        raise ValueError(f"{name!r} of {module!r} is not callable")  # noqa: TRY004 - pydantic's
    function: Callable[..., Any] = found
    return function


def _import(module: str) -> ModuleType:
    return importlib.import_module(module)


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
