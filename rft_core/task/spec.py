"""What may stand in a task file."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Section(BaseModel):
    """Base of all sections: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class DatasetSpec(Section):
    """A Hugging Face dataset: a name on the hub or a local folder."""

    name: str
    config: str | None = None
    split: str = "train"
    revision: str | None = None


class CasesSpec(Section):
    """The items of a file of cases, each once: enough to try a task before there is data."""

    cases: str


def _kind_of_source(value: Any) -> str:
    """Return which source is meant, so that errors speak of one only."""
    if isinstance(value, dict):
        return "CasesSpec" if "cases" in value else "DatasetSpec"
    return type(value).__name__ if isinstance(value, CasesSpec | DatasetSpec) else "str"


DataSource: TypeAlias = Annotated[
    Annotated[str, Tag("str")]
    | Annotated[DatasetSpec, Tag("DatasetSpec")]
    | Annotated[CasesSpec, Tag("CasesSpec")],
    Discriminator(_kind_of_source),
]


class DataSpec(Section):
    """Where items come from: a JSONL file (relative to the task file), a dataset, or cases."""

    train: DataSource
    validation: DataSource | None = None


class MessageSpec(Section):
    """A template of one prompt message; its text stands here or in a file."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_text(self) -> MessageSpec:
        if (self.content is None) == (self.file is None):
            raise ValueError("give either content or file")
        return self


class ModelSpec(Section):
    """The policy: a hub id, a folder, or a GGUF file."""

    name: str
    revision: str | None = None
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    trust_remote_code: bool = False
    attn_implementation: str | None = None


class GateSpec(Section):
    """The sample's reward is `reward` unless the grader scores `min` or more."""

    min: Finite
    reward: Finite = 0.0


class Penalty(Section):
    """The reward of a sample that the grader failed on."""

    penalize: Finite


class GraderSpec(Section):
    """One grader of a reward."""

    use: str
    config: dict[str, Any] = {}
    weight: Finite | None = None
    gate: GateSpec | None = None
    on_error: Literal["mask", "abort"] | Penalty = "mask"
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    concurrency: Annotated[int, Field(gt=0, le=1024)] | None = None
    executor: str | None = None
    memory_limit_mb: Annotated[int, Field(gt=0)] | None = None


class ShaperSpec(Section):
    """One reward shaper."""

    use: str
    config: dict[str, Any] = {}


class RewardSpec(Section):
    """Graders, how their grades compose, and what is done to the reward after that."""

    graders: Annotated[dict[Identifier, GraderSpec], Field(min_length=1)]
    formula: str | None = None
    shapers: tuple[ShaperSpec, ...] = ()


class RolloutSpec(Section):
    """How completions come about."""

    use: str = "single_turn"
    config: dict[str, Any] = {}


class EvaluateSpec(Section):
    """Evaluation on the validation items, before step 1 and during training."""

    every: Annotated[int, Field(gt=0)] = 10
    samples: Annotated[int, Field(gt=0, le=1000)] = 3
    keep_checkpoints: Annotated[int, Field(gt=0)] = 3
    pass_threshold: Finite = 1.0
    """A sample passes (pass@k) if its reward is at least this."""
    max_items: Annotated[int, Field(gt=0)] | None = None
    batch_size: Annotated[int, Field(gt=0)] = 64


class ResponseFormat(Section):
    """The JSON schema of answers, inline or a file; templates may show it to the policy."""

    schema_: dict[str, Any] | str = Field(alias="schema")


class TaskSpec(Section):
    """A whole task file."""

    data: DataSpec
    messages: tuple[MessageSpec, ...] | None = None
    model: ModelSpec | None = None
    response_format: ResponseFormat | None = None
    reward: RewardSpec | None = None
    rewards: Annotated[dict[str, RewardSpec], Field(min_length=1)] | None = None
    mix: dict[str, Share] | None = None
    """The share of each task of `rewards` in the training prompts."""
    decoupled: bool = False
    reference: str | None = None
    """A template of the right completion, for `rft check`."""
    rollout: RolloutSpec = RolloutSpec()
    train: dict[str, Any] = {}
    lora: dict[str, Any] | None = None
    evaluate: EvaluateSpec = EvaluateSpec()
    max_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.5

    @field_validator("messages")
    @classmethod
    def _ends_before_the_answer(
        cls, messages: tuple[MessageSpec, ...] | None
    ) -> tuple[MessageSpec, ...] | None:
        if messages is not None and not messages:
            raise ValueError("give at least one message")
        if messages and messages[-1].role == "assistant":
            raise ValueError("the last message is the assistant's, which the policy is to write")
        return messages

    @field_validator("model", mode="before")
    @classmethod
    def _short_model(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_reward_section(self) -> TaskSpec:
        if (self.reward is None) == (self.rewards is None):
            raise ValueError("give either reward or rewards")
        return self

    def reward_specs(self) -> dict[str | None, RewardSpec]:
        """Return the rewards by task; the key is None where there is only one."""
        if self.reward is not None:
            return {None: self.reward}
        rewards: dict[str | None, RewardSpec] = {}
        rewards.update(self.rewards or {})
        return rewards
