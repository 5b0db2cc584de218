"""The configuration of the grader `judge`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rft_core.configurable import PluginConfig, TaskPath, base_dir
from rft_core.paths import compile_path
from rft_core.task.templates import Template, parse_template
from rft_grader_judge.formats import ReplyFormat
from rft_grader_judge.prompt import SystemRole

OPENAI_URL: Final = "https://api.openai.com/v1"
OPENAI_KEY: Final = "OPENAI_API_KEY"
MAX_STEPS: Final = 100
MAX_LABELS: Final = 100

Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Positive: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]


class EndpointConfig(PluginConfig):
    """Where the judge is, and how much may be asked of it.

    Graders with equal endpoints share its limits.
    """

    model_config = ConfigDict(hide_input_in_errors=True)  # an address may hold a password

    base_url: str = OPENAI_URL
    """Of an OpenAI-compatible API; usually ends with /v1."""
    api_key_env: str | None = Field(default=None, pattern=r"^([A-Z][A-Z0-9_]*_)?API_KEY$")
    """The environment variable with the key; OPENAI_API_KEY for OpenAI, none for other hosts."""
    concurrency: int = Field(default=16, ge=1, le=1024)
    """Requests in flight."""
    requests_per_minute: float | None = Field(default=None, ge=1, allow_inf_nan=False)
    tokens_per_minute: float | None = Field(default=None, ge=1, allow_inf_nan=False)
    """Of prompts and completions, by estimate before each request."""
    request_timeout: Positive = 60.0
    """Seconds for each attempt."""
    deadline: Positive = 180.0
    """Seconds for a judgement with all attempts, from the first one on."""
    max_retries: int = Field(default=4, ge=0, le=20)
    """Further attempts where the endpoint is busy, fails or does not answer."""
    circuit_after: int = Field(default=20, ge=1)
    """After so many failed judgements in a row the endpoint is not asked any more …"""
    circuit_cooldown: Positive = 30.0
    """… for so many seconds."""

    @field_validator("base_url")
    @classmethod
    def _is_plain_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("give an http or https address, such as http://localhost:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("the address holds credentials or a query; name a key in api_key_env")
        return url.rstrip("/")

    def key_variable(self) -> str | None:
        """Return the name of the environment variable with the key, None for no key."""
        return self.api_key_env or (OPENAI_KEY if self.base_url == OPENAI_URL else None)

    def key(self) -> str | None:
        """Return the key. Raises `ValueError` if its variable is not set."""
        variable = self.key_variable()
        if variable is None:
            return None
        key = os.environ.get(variable, "").strip()
        if not key:
            raise ValueError(f"the environment variable {variable} is not set; it holds the key")
        return key


_OWN_KEYS: Final = frozenset({
    "model", "messages", "response_format", "stream", "stream_options", "n",
    "max_tokens", "max_completion_tokens",
})  # fmt: skip
"""Of requests: what the grader sets, and what its budget relies on."""


class Parameters(PluginConfig):
    """How the judge samples, by the names of the chat completions API; null: not sent."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int | None = None
    """Votes get this and the numbers after it."""
    max_completion_tokens: int = Field(default=1024, ge=1)
    """Sent as max_tokens to other endpoints than OpenAI's."""
    reasoning_effort: str | None = None
    extra_body: Mapping[str, Any] = Field(default_factory=dict)
    """Further keys of the request, as some servers take them."""

    @field_validator("extra_body")
    @classmethod
    def _adds_only(cls, extra: Mapping[str, Any]) -> Mapping[str, Any]:
        if taken := extra.keys() & _OWN_KEYS:
            raise ValueError(f"set by the grader itself: {', '.join(sorted(taken))}")
        return extra


class ScoreVerdict(PluginConfig):
    """A number in a range; the score is where it lies between the ends."""

    mode: Literal["score"]
    range: tuple[Finite, Finite] = (0.0, 10.0)
    """Worst and best."""
    step: Positive | None = None
    """What may lie between two numbers; 1 if both ends are whole and at least 2 apart."""

    @model_validator(mode="after")
    def _steps_fit(self) -> Self:
        low, high = self.range
        if low >= high:
            raise ValueError("range: the first number has to be smaller than the second")
        step = self.effective_step()
        if step is not None:
            steps = (high - low) / step
            if abs(steps - round(steps)) > 1e-9 or not 1 <= round(steps) <= MAX_STEPS:  # noqa: PLR2004 - rounding
                raise ValueError(f"step: the range has to be 1 to {MAX_STEPS} steps long")
        return self

    def effective_step(self) -> float | None:
        """Return the step, given or implied; None for any number."""
        low, high = self.range
        whole = low.is_integer() and high.is_integer() and 2 <= high - low <= MAX_STEPS  # noqa: PLR2004 - [0, 1] means a share
        return self.step or (1.0 if whole else None)


class LabelVerdict(PluginConfig):
    """One label out of a set; the score is 1 for those that pass, else 0."""

    mode: Literal["label"]
    labels: tuple[str, ...] = Field(min_length=2, max_length=MAX_LABELS)
    passing: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _passing_are_labels(self) -> Self:
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels: one stands twice")
        if any(label != label.strip() or not label or "\n" in label for label in self.labels):
            raise ValueError("labels: they are single lines without blanks around them")
        if unknown := [label for label in self.passing if label not in self.labels]:
            raise ValueError(f"passing: {unknown[0]!r} is not among the labels")
        if set(self.passing) == set(self.labels):
            raise ValueError("passing: if all labels pass, every answer scores 1")
        return self


class Criterion(PluginConfig):
    """One thing that an answer is judged by."""

    name: Name
    description: str = Field(min_length=1)
    """What the judge is to look for."""
    weight: Finite = 1.0
    """A negative weight takes the criterion off the score where it is met."""
    range: tuple[Finite, Finite] | None = None
    """Judge it by a number of this range; met or not met if not given."""

    @model_validator(mode="after")
    def _weighs(self) -> Self:
        if not self.weight:
            raise ValueError("weight: 0 would make the criterion pointless")
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError("range: the first number has to be smaller than the second")
        return self


class RubricVerdict(PluginConfig):
    """Weighted criteria; the score is the share of the positive weights that is earned."""

    mode: Literal["rubric"]
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=50)
    together: bool = False
    """Ask for all criteria in one request: cheaper, but one criterion colours the next."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [criterion.name for criterion in self.criteria]
        if len(set(names)) < len(names):
            raise ValueError("criteria: two have one name")
        if not any(criterion.weight > 0 for criterion in self.criteria):
            raise ValueError("criteria: at least one needs a positive weight")
        return self


class RelativeVerdict(PluginConfig):
    """An order of the completions of one item; the score falls evenly from 1 (best) to 0."""

    mode: Literal["relative"]
    max_group: int = Field(default=16, ge=2, le=26)
    """More different completions of one item than this are an error."""
    seed: int = 0
    """Of the order in which completions are shown."""


Verdict: TypeAlias = Annotated[
    ScoreVerdict | LabelVerdict | RubricVerdict | RelativeVerdict, Field(discriminator="mode")
]


class Price(PluginConfig):
    """What a million tokens cost, in the currency of `max_cost`."""

    input: NotNegative
    output: NotNegative

    def of(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Return what so many tokens cost."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / 1e6


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
        return path.read_text("utf-8")

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
        return None if value is None else base_dir(info) / value.expanduser()

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
        checks = (self._same_votes(), self._unbounded(), self._rewards_rank())
        return [text for text in checks if text]

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
