"""The `train:` section is TRL's GRPOConfig by its own names, with our defaults."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig
from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation
from trl import GRPOConfig

from rft_core.errors import TaskFileError
from rft_core.suggest import did_you_mean
from rft_core.task.source import Place

OWNED: Final[Mapping[str, str]] = {
    # field: what sets it instead
    "output_dir": "--output",
    "save_strategy": "evaluate.every",
    "save_steps": "evaluate.every",
    "save_total_limit": "evaluate.keep_checkpoints",
    "eval_strategy": "evaluate.every",
    "eval_steps": "evaluate.every",
    "do_eval": "evaluate.every",
    "num_generations_eval": "evaluate.samples",
    "load_best_model_at_end": "evaluate.keep_checkpoints",
    "metric_for_best_model": "evaluate",
    "resume_from_checkpoint": "--resume",
    "multi_objective_aggregation": "decoupled",
    "reward_weights": "the graders' weights",
    "model_init_kwargs": "model",
    "push_to_hub": "`hf upload` after the run",
}


def defaults() -> dict[str, Any]:
    """Return our defaults where they differ from TRL's."""
    cuda = torch.cuda.is_available()
    return {
        "learning_rate": 1e-5,
        "max_steps": 100,
        # 8 items of 8 completions a step.
        "num_generations": 8,
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 8,
        "max_completion_length": 256,
        "logging_steps": 1,
        "report_to": "none",
        "seed": 42,
        "use_cpu": not cuda,
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "gradient_checkpointing": cuda,
        "dataloader_pin_memory": cuda,
        "disable_tqdm": True,
    }


def train_section(section: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return the section with defaults. Raises `TaskFileError` for a wrong name or type."""
    hints = _field_types(GRPOConfig)
    for name, value in section.items():
        if name in OWNED:
            raise (place / name).error("rft sets this field", f"Use {OWNED[name]}.")
        _check_field(name, value, hints, place, "GRPOConfig")
    merged = defaults() | dict(section)
    if "num_train_epochs" in section and "max_steps" not in section:
        merged["max_steps"] = -1
    return merged


def grpo_config(
    train: Mapping[str, Any], output_dir: Path, extra: Mapping[str, Any], place: Place
) -> GRPOConfig:
    """Return TRL's config. `extra` are the fields that we own.

    Raises `TaskFileError` for values that TRL refuses, such as a batch that does not divide.
    """
    try:
        return GRPOConfig(output_dir=str(output_dir), save_strategy="no", **train, **extra)
    except (ValueError, TypeError) as error:
        raise place.error(f"TRL refuses these settings: {error}") from None


def lora_config(section: Mapping[str, Any] | None, place: Place) -> LoraConfig | None:
    """Return peft's LoraConfig by its own field names, None for full fine-tuning."""
    if section is None:
        return None
    hints = _field_types(LoraConfig)
    for name, value in section.items():
        _check_field(name, value, hints, place, "LoraConfig")
    try:
        return LoraConfig(task_type="CAUSAL_LM", **section)
    except (ValueError, TypeError) as error:
        raise place.error(f"peft refuses these settings: {error}") from None


def _field_types(cls: type[Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(cls) if field.init}
    return {name: hint for name, hint in typing.get_type_hints(cls).items() if name in names}


def _check_field(name: str, value: Any, hints: Mapping[str, Any], place: Place, owner: str) -> None:
    if name not in hints:
        raise (place / name).error(f"{owner} has no such field", did_you_mean(name, hints))
    try:
        TypeAdapter(hints[name]).validate_python(value)
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        return  # a type that only its library can check
    except ValidationError as error:
        raise _wrong_type(error, place / name) from None


def _wrong_type(error: ValidationError, place: Place) -> TaskFileError:
    messages = dict.fromkeys(detail["msg"] for detail in error.errors(include_url=False))
    return place.error("; ".join(messages))
