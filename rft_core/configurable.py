"""What graders, reward shapers and rollouts share: a name, a version and a validated config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo


class PluginConfig(BaseModel):
    """Base of every plugin's configuration: immutable, and unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        protected_namespaces=(),
        use_attribute_docstrings=True,  # `rft graders show` prints them
    )


ConfigT = TypeVar("ConfigT", bound=PluginConfig)


class Configurable(Generic[ConfigT]):
    """A class that a plugin registers and a task file selects by `name`."""

    name: ClassVar[str]
    version: ClassVar[str] = "0"
    """Changes whenever results may change."""
    Config: ClassVar[type[PluginConfig]] = PluginConfig

    def __init__(self, config: ConfigT) -> None:
        self.config = config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], base_dir: Path | None = None) -> Any:
        """Validate `config` and build the object; files it names are relative to `base_dir`.

        Raises `pydantic.ValidationError`.
        """
        context = {"base_dir": base_dir or Path()}
        return cls(cls.Config.model_validate(dict(config), context=context))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a project lets the configs of shared specs do that it uses; by default nothing.

    Somebody else wrote them: they name files in their own folder alone.
    """

    code: bool = False
    """Name functions, modules or files of Python code."""
    hosts: frozenset[str] = frozenset()
    """Addresses, such as `http://localhost:8000`, that may be asked."""


def permissions(info: ValidationInfo) -> Permissions | None:
    """Return what the config under validation may do; None: all, it is the project's own."""
    found: Permissions | None = (info.context or {}).get("permissions")
    return found


def base_dir(info: ValidationInfo) -> Path:
    """Return the folder that relative paths of the config under validation start from."""
    return Path((info.context or {}).get("base_dir", Path()))


def work_dir(info: ValidationInfo) -> Path:
    """Return the folder that a grader may write into: the task file's."""
    return Path((info.context or {}).get("work_dir") or base_dir(info))


def file_path(name: str | Path, info: ValidationInfo, folder: Path | None = None) -> Path:
    """Return the path of a file or folder that a config names, relative to `base_dir`.

    Use it for every path of a config: it keeps those of shared specs below their folder. Raises
    `ValueError`.
    """
    folder = base_dir(info) if folder is None else folder
    path = folder / Path(name).expanduser()
    if permissions(info) is not None and not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"a shared spec names files in its own folder alone, not {str(name)!r}")
    return path


def _existing_file(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str | Path):
        return value
    path = file_path(value, info)
    if not path.is_file():
        raise ValueError(f"no such file: {path}")
    return path.resolve()


TaskPath = Annotated[Path, BeforeValidator(_existing_file)]
"""A config field that names an existing file, relative to the task file that names it."""
