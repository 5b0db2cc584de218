"""Checking everything about a run that can be checked before a model is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peft import LoraConfig
from trl import GRPOConfig

from rft_core.errors import UsageError
from rft_core.rollouts import SingleTurn
from rft_core.task.source import Place
from rft_core.task.spec import ModelSpec
from rft_core.task.task import Task
from rft_core.training.config import grpo_config, lora_config, train_section
from rft_core.training.model import resolve_model
from rft_core.training.reward_function import Column, grader_columns


@dataclass(frozen=True)
class Plan:
    """A checked run. `train` is the task's section with defaults."""

    task: Task
    model_spec: ModelSpec
    model: str | Path
    train: Mapping[str, Any]
    lora: LoraConfig | None

    def config(self, output_dir: Path = Path("unused")) -> GRPOConfig:
        """Return TRL's config for a run that saves to `output_dir`."""
        return grpo_config(
            self.train, output_dir, self._decoupled(), Place(self.task.source) / "train"
        )

    def max_steps(self) -> int:
        """Return how many optimiser steps the run takes."""
        config = self.config()
        if config.max_steps > 0:
            return int(config.max_steps)
        per_step = config.generation_batch_size // config.num_generations
        return int(config.num_train_epochs * (len(self.task.train) // per_step))

    def columns(self) -> list[Column]:
        """Return the rewards that TRL gets: the composed one, or one per grader."""
        return grader_columns(self.task.rewards) if self.task.spec.decoupled else [Column()]

    def _decoupled(self) -> dict[str, Any]:
        """Return what makes TRL normalise each grader's column by itself (GDPO)."""
        if not self.task.spec.decoupled:
            return {}
        weights = [column.weight for column in self.columns()]
        return {"multi_objective_aggregation": "normalize_then_sum", "reward_weights": weights}


def plan_run(task: Task) -> Plan:
    """Check model, training settings and their fit to the data. Raises `UsageError`."""
    root = Place(task.source)
    if task.spec.model is None:
        raise root.error("the task names no model", "Add `model:`, a hub id or a path.")
    plan = Plan(
        task=task,
        model_spec=task.spec.model,
        model=resolve_model(task.spec.model, task.base_dir),
        train=train_section(task.spec.train, root / "train"),
        lora=lora_config(task.spec.lora, root / "lora"),
    )
    config = plan.config()
    _check_rollout(task, config)
    _check_sharding(config)
    if task.spec.decoupled and "scale_rewards" in task.spec.train:
        raise (root / "train" / "scale_rewards").error(
            "decoupled rewards are scaled in each group and then over the batch",
            "Leave it out, or leave out `decoupled`.",
        )
    items_per_step = config.generation_batch_size // config.num_generations
    if items_per_step > len(task.train):
        raise (root / "train").error(
            f"a step takes {items_per_step} items, but there are {len(task.train)}",
            "Lower per_device_train_batch_size or gradient_accumulation_steps.",
        )
    return plan


def _check_rollout(task: Task, config: GRPOConfig) -> None:
    """Refuse a combination that does not exist: rollouts of ours sample with torch."""
    if config.use_vllm and not isinstance(task.rollout, SingleTurn):
        raise UsageError(
            f"rollout {task.rollout.name!r} does not work with use_vllm",
            hint="Use rollout single_turn, or leave use_vllm out.",
        )


def _check_sharding(config: GRPOConfig) -> None:
    """Refuse a policy in pieces: evaluation samples from the whole of it on each process."""
    if config.fsdp or os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true":
        raise UsageError(
            "a policy that FSDP shards cannot be evaluated",
            hint="Launch with --multi_gpu, which keeps the whole policy on each GPU.",
        )
