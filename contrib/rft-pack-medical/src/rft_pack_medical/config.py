"""The options of the grader `hierarchy`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from rft_core import PluginConfig, compile_path
from rft_core.configurable import file_path
from rft_pack_medical.system import LEVELS, CodeSystem

MAX_SYSTEM_BYTES = 10_000_000


def _checked(path: str) -> str:
    compile_path(path)
    return path


def _load(value: Any, info: ValidationInfo) -> Any:
    """Return the system that `value` is, or that the JSON file of this name holds."""
    if not isinstance(value, str | Path):
        return value
    path = file_path(value, info)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SYSTEM_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    if len(data) > MAX_SYSTEM_BYTES:
        raise ValueError(f"{path} has more than {MAX_SYSTEM_BYTES} bytes")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} holds no code system: {error}") from None


JSONPath: TypeAlias = Annotated[str, AfterValidator(_checked)]
Share: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]


class Credit(PluginConfig):
    """What a code earns whose deepest common level with the expected one is this."""

    chapter: Share = 0.0
    """The chapter is right."""
    block: Share = 0.2
    """The block is right."""
    category: Share = 0.5
    """The category is right."""
    code: Share = Field(default=1.0, gt=0.0)
    """The code is right."""

    @model_validator(mode="after")
    def _deeper_is_better(self) -> Self:
        earned = self.by_level()
        if list(earned) != sorted(earned):
            raise ValueError("credit: a deeper level earns no less than a wider one")
        return self

    def by_level(self) -> tuple[float, ...]:
        """Return the credits in the order of `LEVELS`."""
        return tuple(getattr(self, level) for level in LEVELS)


class HierarchyConfig(PluginConfig):
    """Where codes are, in which system, and what is paid for being near."""

    system: Annotated[CodeSystem, BeforeValidator(_load)]
    """Chapters, blocks and codes: a mapping, or the name of a JSON file that holds one."""
    codes: JSONPath = "$.codes"
    """A JSONPath into the completion: a list of codes, or `[*]` to each."""
    reference: JSONPath = "$.codes"
    """A JSONPath into the row: the list of right codes."""
    credit: Credit = Credit()
    """What a common level earns: chapter 0, block 0.2, category 0.5, code 1."""
    normalize: tuple[Literal["case", "dot", "space"], ...] = ("case", "dot")
    """Which differences in writing do not count; `space` is white space around a code."""
    max_codes: int = Field(default=20, ge=1, le=1000)
    """Completions with more codes score 0."""
