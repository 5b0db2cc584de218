"""What graders, reward shapers and rollouts share: a name, a version and a validated config."""

from __future__ import annotations

from collections.abc import Mapping
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


def _existing_file(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str | Path):
        return value
    path = base_dir(info) / Path(value).expanduser()
    if not path.is_file():
        raise ValueError(f"no such file: {path}")
    return path.resolve()


def base_dir(info: ValidationInfo) -> Path:
    """Return the folder that relative paths of the config under validation start from."""
    return Path((info.context or {}).get("base_dir", Path()))


TaskPath = Annotated[Path, BeforeValidator(_existing_file)]
"""A config field that names an existing file, relative to the task file that names it."""
