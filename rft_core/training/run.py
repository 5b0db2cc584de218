"""A training run from top to bottom."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from peft import LoraConfig
from transformers import PrinterCallback, ProgressCallback
from transformers.utils import logging as transformers_logging
from trl import GRPOConfig

from rft_core.errors import UsageError
from rft_core.reward.engine import RewardEngine
from rft_core.rollouts import SingleTurn
from rft_core.run.directory import RunDirectory
from rft_core.run.environment import environment
from rft_core.run.error_budget import ErrorBudget
from rft_core.run.resolved import resolved, to_yaml
from rft_core.task.source import Place
from rft_core.task.task import Task
from rft_core.training.callback import RunCallback, StopRequest
from rft_core.training.config import grpo_config, lora_config, train_section
from rft_core.training.evaluator import Evaluation, evaluate
from rft_core.training.model import load_model, resolve_model
from rft_core.training.policy import TransformersPolicy, eos_token_ids, evaluation_mode
from rft_core.training.recorder import Listener, Recorder
from rft_core.training.reward_function import ITEM_COLUMN, RewardFunction, reward_columns
from rft_core.training.trainer import RFTTrainer, refuse_vllm, rollout_function
from rft_core.types import GradedSample, Item, Progress


@dataclass(frozen=True)
class Plan:
    """A checked run: nothing is loaded yet, and nothing about the settings can fail any more."""

    task: Task
    model: str | Path
    train: Mapping[str, Any]
    lora: LoraConfig | None

    def config(self, output_dir: Path) -> GRPOConfig:
        """Return TRL's config for a run that saves to `output_dir`."""
        place = Place(self.task.source) / "train"
        return grpo_config(self.train, output_dir, self._decoupled(), place)

    def max_steps(self) -> int:
        """Return how many optimiser steps the run takes."""
        config = self.config(Path("unused"))
        if config.max_steps > 0:
            return int(config.max_steps)
        per_step = config.generation_batch_size // config.num_generations
        return int(config.num_train_epochs * (len(self.task.train) // per_step))

    def _decoupled(self) -> dict[str, Any]:
        if not self.task.spec.decoupled:
            return {}
        weights = [w for plan in self.task.rewards.values() for w in plan.weights().values()]
        return {"multi_objective_aggregation": "normalize_then_sum", "reward_weights": weights}


def plan_run(task: Task) -> Plan:
    """Check everything about training that can be checked without a model.

    Raises `UsageError`.
    """
    root = Place(task.source)
    if task.spec.model is None:
        raise root.error("the task names no model", "Add `model:`, a hub id or a path.")
    train = train_section(task.spec.train, root / "train")
    plan = Plan(
        task=task,
        model=resolve_model(task.spec.model, task.base_dir),
        train=train,
        lora=lora_config(task.spec.lora, root / "lora"),
    )
    config = plan.config(Path("unused"))
    if not isinstance(task.rollout, SingleTurn):
        refuse_vllm(task.rollout, bool(config.use_vllm))
    items_per_step = config.generation_batch_size // config.num_generations
    if items_per_step > len(task.train):
        raise (root / "train").error(
            f"a step takes {items_per_step} items, but there are {len(task.train)}",
            "Lower per_device_train_batch_size or gradient_accumulation_steps.",
        )
    return plan


def train(
    plan: Plan,
    directory: RunDirectory,
    *,
    resume: bool,
    listener: Listener,
    stop: StopRequest,
    on_sampled: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Train, and return the summary, which is also written to the directory.

    Raises `RunError` if graders fail too often; whatever was logged and saved stays.
    """
    directory.lock()
    checkpoint = _start(plan, directory, resume)
    transformers_logging.set_verbosity_error()
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    config = plan.config(directory.checkpoints)
    recorder = Recorder(directory, ErrorBudget(plan.task.spec.max_error_rate), listener)
    recorder.run_started(resolved(plan.task, plan.train))
    started = time.time()
    status = "failed"
    try:
        with plan.task.engine() as engine:
            trainer = _make_trainer(plan, config, directory, engine, recorder)
            _add_callback(trainer, plan, engine, recorder, stop, on_sampled)
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        status = "stopped" if stop.requested else "done"
    except KeyboardInterrupt:
        status = "stopped"
        raise
    finally:
        summary = _summary(status, directory, started)
        recorder.run_finished(summary)
    return summary


def _start(plan: Plan, directory: RunDirectory, resume: bool) -> Path | None:
    """Prepare the directory and return the checkpoint to go on from, if any."""
    if not resume:
        directory.task_file.write_text(to_yaml(resolved(plan.task, plan.train)), encoding="utf-8")
        directory.write_json("environment.json", environment())
        return None
    checkpoints = directory.checkpoints_by_step()
    last = max(checkpoints, default=0)
    directory.rewind(last)
    return checkpoints.get(last)


def _make_trainer(
    plan: Plan,
    config: GRPOConfig,
    directory: RunDirectory,
    engine: RewardEngine,
    recorder: Recorder,
) -> RFTTrainer:
    task = plan.task
    if task.spec.model is None:
        raise UsageError("the task names no model")
    model, tokenizer = load_model(plan.model, task.spec.model, directory.path / "base-model")
    items = task.train_items()
    trainer: RFTTrainer

    def on_graded(step: int, graded: Sequence[GradedSample], seconds: float) -> None:
        recorder.graded(step, graded, seconds, trainer.generation_started)

    function = RewardFunction(engine, items, eos_token_ids(model, tokenizer), on_graded)
    single_turn = isinstance(task.rollout, SingleTurn)
    trainer = RFTTrainer(
        items,
        model=model,
        processing_class=tokenizer,
        args=config,
        reward_funcs=reward_columns(function) if task.spec.decoupled else function,
        train_dataset=Dataset.from_dict({ITEM_COLUMN: list(range(len(items)))}),
        peft_config=plan.lora,
        rollout_func=None if single_turn else rollout_function(task.rollout, items),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    return trainer


def _add_callback(
    trainer: RFTTrainer,
    plan: Plan,
    engine: RewardEngine,
    recorder: Recorder,
    stop: StopRequest,
    on_sampled: Callable[[int], None] | None,
) -> None:
    spec = plan.task.spec.evaluate
    items = plan.task.validation_items()

    def evaluate_at(step: int) -> Evaluation:
        model = trainer.accelerator.unwrap_model(trainer.model)
        policy = TransformersPolicy(
            model,
            trainer.processing_class,
            trainer.args,
            batch_size=spec.batch_size,
            on_progress=on_sampled,
        )
        with evaluation_mode(model, seed=trainer.args.seed + step):
            return evaluate(
                items,
                policy,
                plan.task.rollout,
                engine,
                samples=spec.samples,
                pass_threshold=spec.pass_threshold,
                progress=Progress(),
            )

    trainer.add_callback(
        RunCallback(
            recorder,
            evaluate_at if items else None,
            every=spec.every,
            keep_checkpoints=spec.keep_checkpoints,
            stop=stop,
        )
    )


def _summary(status: str, directory: RunDirectory, started: float) -> dict[str, Any]:
    """Return how the run ended; the evaluations are those in the log."""
    rows = directory.metrics()
    evaluations = {row["step"]: row for row in rows if row["kind"] == "eval"}
    best = directory.best.resolve().name.rpartition("-")[2] if directory.best.exists() else None
    best_step = None if best is None else int(best)
    return {
        "status": status,
        "steps": max((row["step"] for row in rows if row["kind"] == "train"), default=0),
        "best_step": best_step,
        "baseline": evaluations.get(0),
        "best": None if best_step is None else evaluations.get(best_step),
        "last": evaluations[max(evaluations)] if evaluations else None,
        "seconds": round(time.time() - started, 1),
    }


def evaluate_model(
    plan: Plan, items: Sequence[Item], converted: Path, on_sampled: Callable[[int], None] | None
) -> Evaluation:
    """Load the plan's model and evaluate it on items, as training would."""
    spec = plan.task.spec
    if spec.model is None:
        raise UsageError("the task names no model")
    transformers_logging.set_verbosity_error()
    model, tokenizer = load_model(plan.model, spec.model, converted)
    config = plan.config(Path("unused"))
    model.to("cpu" if config.use_cpu else config.device)
    policy = TransformersPolicy(
        model, tokenizer, config, batch_size=spec.evaluate.batch_size, on_progress=on_sampled
    )
    with plan.task.engine() as engine, evaluation_mode(model, seed=config.seed):
        return evaluate(
            items,
            policy,
            plan.task.rollout,
            engine,
            samples=spec.evaluate.samples,
            pass_threshold=spec.evaluate.pass_threshold,
            progress=Progress(),
        )
