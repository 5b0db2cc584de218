"""The configuration of the grader `judge`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rft_core.configurable import PluginConfig, TaskPath, file_path, work_dir
from rft_core.paths import compile_path
from rft_core.task.templates import Template, parse_template
from rft_grader_judge.endpoint_config import EndpointConfig, Parameters, Positive, Price
from rft_grader_judge.formats import ReplyFormat
from rft_grader_judge.prompt import SystemRole
from rft_grader_judge.verdict_config import Verdict

_SQLITE: Final = b"SQLite format 3\0"
_HALF: Final = re.compile(r"\{\{.{0,30}|\{%.{0,30}|\{\s*item[.\[].{0,30}")
"""Half of a variable, logic, or a brace too few; `}}` alone ends many a JSON example."""


def _is_database(path: Path) -> bool:
    """Whether a file may be a cache: SQLite's, or still empty."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) in {_SQLITE, b""}


class JudgeConfig(PluginConfig):
    """Which model judges what, by which instructions, and at which cost."""

    model_config = ConfigDict(hide_input_in_errors=True)  # as `EndpointConfig`

    model: str = Field(min_length=1)
    """The judge's name at the endpoint."""
    instructions: str = Field(min_length=1)
    """What to grade by, a template over the row; or `{file: NAME}`."""
    verdict: Verdict
    """What the judge returns: a `mode` (score, label, rubric or relative) and its settings."""
    endpoint: EndpointConfig = EndpointConfig()
    """The address, its key and its limits."""
    parameters: Parameters = Parameters()
    """How the judge samples."""
    answer: str | None = None
    """A JSONPath to the part of the completion that is judged; the whole text if not given."""
    reasoning: bool = True
    """Let the judge give reasons before its verdict."""
    structured: ReplyFormat | Literal["auto"] = "auto"
    """Ask for JSON by schema, in OpenAI's or in llama.cpp's dialect, or for text; `auto` goes from
    one to the next where the endpoint refuses."""
    stream: bool = False
    """Receive replies in pieces."""
    system_role: SystemRole = "system"
    """The role of the message with the rules; `none` puts them into the user's."""
    votes: int = Field(default=1, ge=1, le=32)
    """Ask so many times and average; `spread` is the standard deviation."""
    swap: bool = False
    """Ask in a second order too: answer first, or answers of a group the other way round."""
    canaries: int = Field(default=0, ge=0)
    """So many known attacks are judged with each batch; `canary` is what they would earn."""
    max_answer_tokens: int = Field(default=4000, ge=16)
    """Of longer answers the middle is left out."""
    max_row_tokens: int = Field(default=32_000, ge=16)
    """The same for each value of the row in the instructions."""
    tokenizer: Path | None = None
    """The judge's tokenizer.json; without it tokens are estimated."""
    cache: Path | None = Field(default=Path(".rft-cache/judge.sqlite"), validate_default=True)
    """Where verdicts are kept, relative to the task file; null: nowhere."""
    price: Price | None = None
    """What a million tokens cost."""
    max_cost: Positive | None = None
    """The run stops before its judges cost more than this."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """The run stops before its judges use more tokens than this."""
    served_model: str | None = None
    """A regular expression that the name of the model in a reply has to match."""

    @field_validator("instructions", mode="before")
    @classmethod
    def _from_file(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, Mapping):
            return value
        if value.keys() != {"file"}:
            raise ValueError("give a text or {file: NAME}")
        path = TypeAdapter[Path](TaskPath).validate_python(value["file"], context=info.context)
        try:
            return path.read_text("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not UTF-8 text") from None

    @field_validator("instructions")
    @classmethod
    def _is_template(cls, value: str) -> str:
        parse_template(value, frozenset({"item"}))
        return value

    @field_validator("answer")
    @classmethod
    def _is_path(cls, value: str | None) -> str | None:
        if value is not None:
            compile_path(value)
        return value

    @field_validator("tokenizer", mode="before")
    @classmethod
    def _existing(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None:
            return None
        return TypeAdapter[Path](TaskPath).validate_python(value, context=info.context)

    @field_validator("cache")
    @classmethod
    def _below_the_task(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        path = None if value is None else file_path(value, info, work_dir(info))
        if path is not None and path.exists() and not _is_database(path):
            raise ValueError(f"{path} is there and is no SQLite file")
        return path

    @field_validator("served_model")
    @classmethod
    def _is_pattern(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.max_cost is not None and self.price is None:
            raise ValueError("max_cost needs a price")
        if self.canaries and self.verdict.mode == "relative":
            raise ValueError("canaries: there are none for relative verdicts")
        return self

    def template(self) -> Template:
        """Return the parsed instructions."""
        return parse_template(self.instructions, frozenset({"item"}))

    def suspicions(self) -> list[str]:
        """Return what is allowed but probably not meant."""
        checks = (
            self._same_votes(),
            self._unbounded(),
            self._rewards_rank(),
            self._half_a_variable(),
        )
        return [text for text in checks if text]

    def _half_a_variable(self) -> str | None:
        literals = (part for part in self.template().parts if isinstance(part, str))
        broken = next((found for text in literals if (found := _HALF.search(text))), None)
        if broken is None:
            return None
        return f"instructions: {broken[0]!r} is no variable: those are written {{{{ item.key }}}}"

    def _same_votes(self) -> str | None:
        if self.votes == 1 or self.parameters.temperature or self.parameters.temperature is None:
            return None
        return "votes: with temperature 0 a judge casts the same vote again and again"

    def _unbounded(self) -> str | None:
        priced = self.price is not None and (self.price.input or self.price.output)
        if self.max_cost or self.max_tokens or not (priced or self.endpoint.key_variable()):
            return None
        return "neither max_cost nor max_tokens is set: nothing bounds what the judge may cost"

    def _rewards_rank(self) -> str | None:
        if self.verdict.mode != "relative":
            return None
        return (
            "mode relative tells better from worse within a group, not good from bad: its mean "
            "over a batch never changes, so watch another grader to see progress"
        )
