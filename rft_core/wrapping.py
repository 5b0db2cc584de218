"""What graders have in common that grade with code written for something else.

Such a grader names the code in its configuration, and says there what other graders say by their
class.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from rft_core.configurable import PluginConfig, base_dir, permissions
from rft_core.grader import Grader
from rft_core.types import Family


def refuse_code(info: ValidationInfo) -> None:
    """Raise `ValueError` where the config is a shared spec's that may not name code."""
    allowed = permissions(info)
    if allowed is not None and not allowed.code:
        raise ValueError("a shared spec may not name code, unless the project allows it")


def located(path: str, info: ValidationInfo) -> str:
    """Return a path as `load_callable` takes it; one to a file starts at the task file's folder.

    Raises `ValueError` if there is no such callable, and in shared specs, which carry no code.
    """
    refuse_code(info)
    module, _, name = path.rpartition(":")
    if module.endswith(".py"):
        path = f"{(base_dir(info) / module).resolve()}:{name}"
    load_callable(path)
    return path


CodePath: TypeAlias = Annotated[
    str, Field(pattern=r"^[^:]+:[A-Za-z_][\w.]*$"), AfterValidator(located)
]
"""`package.module:name`, or `file.py:name` relative to the task file."""


class WrapperConfig(PluginConfig):
    """What is said of the code."""

    range: tuple[float, float] = (0.0, 1.0)
    """The scores that may come out, inclusive."""
    deterministic: bool = False
    """Equal samples always get the same score, so one call is enough for all of them."""
    family: Family | None = None
    """What is graded, for `rft graders test`."""

    @model_validator(mode="before")
    @classmethod
    def _allowed(cls, data: Any, info: ValidationInfo) -> Any:
        refuse_code(info)
        return data

    @field_validator("range")
    @classmethod
    def _ordered(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        if not bounds[0] <= bounds[1]:
            raise ValueError(f"{bounds[0]:g} is not below {bounds[1]:g}")
        return bounds


WrapperConfigT = TypeVar("WrapperConfigT", bound=WrapperConfig)


class WrapperGrader(Grader[WrapperConfigT]):
    """Grades with the code that its configuration names."""

    def __init__(self, config: WrapperConfigT) -> None:
        super().__init__(config)
        self.score_range = config.range  # type: ignore[misc]
        self.deterministic = config.deterministic  # type: ignore[misc]
        self.family = config.family  # type: ignore[misc]

    def _await_services(self) -> None:
        """Run calls on the event loop of this process, where they overlap; they may cost money."""
        self.paid = True  # type: ignore[misc]
        self.isolation = "none"  # type: ignore[misc]
        self.concurrency = 8  # type: ignore[misc]


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
