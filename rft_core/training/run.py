"""A training run from top to bottom."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from datasets import Dataset
from transformers import PrinterCallback, ProgressCallback
from transformers.utils import logging as transformers_logging
from trl import GRPOConfig

from rft_core.errors import RunStopError
from rft_core.reward.engine import RewardEngine
from rft_core.rollouts import SingleTurn
from rft_core.run.directory import RunDirectory
from rft_core.run.environment import environment
from rft_core.run.error_budget import ErrorBudget
from rft_core.run.resolved import resolved
from rft_core.run.summary import Status, summarize_run
from rft_core.task.source import write_yaml
from rft_core.training.callback import RunCallback, StopRequest
from rft_core.training.evaluator import Evaluation, evaluate
from rft_core.training.model import load_model
from rft_core.training.plan import Plan
from rft_core.training.policy import TransformersPolicy, eos_token_ids, evaluation_mode
from rft_core.training.recorder import Listener, Recorder
from rft_core.training.reward_function import ITEM_COLUMN, RewardFunction, reward_columns
from rft_core.training.trainer import RFTTrainer, rollout_function
from rft_core.types import GradedSample, Item, Progress

OnSampled: TypeAlias = Callable[[int], None]
"""Told how many completions of an evaluation were sampled since the last call."""


def train(
    plan: Plan,
    directory: RunDirectory,
    *,
    resume: bool,
    listener: Listener,
    stop: StopRequest,
    on_sampled: OnSampled | None = None,
) -> dict[str, Any]:
    """Train, and return the summary, which is also written to the directory.

    A grader whose budget is spent stops the run after the last whole step.
    Raises `RunError` if graders fail too often; whatever was logged and saved stays.
    """
    directory.lock()
    if resume:
        checkpoint = _checkpoint_to_resume(directory)
    else:
        checkpoint = None
        _describe(plan, directory)
    if _is_finished(plan, directory):
        return summarize_run(directory, "done", 0.0)
    recorder = Recorder(directory, ErrorBudget(plan.task.spec.max_error_rate), listener)
    recorder.run_started(resolved(plan.task, plan.train))
    started = time.time()
    status: Status = "failed"
    try:
        with plan.task.engine() as engine:
            _Run(plan, directory, engine, recorder, on_sampled).train(checkpoint, stop)
        status = "stopped" if stop.requested else "done"
    except RunStopError as error:
        status = "stopped"
        listener({"kind": "warning", "message": str(error)})
    except KeyboardInterrupt:
        status = "stopped"
        raise
    finally:
        summary = summarize_run(directory, status, time.time() - started)
        recorder.run_finished(summary)
    return summary


def _is_finished(plan: Plan, directory: RunDirectory) -> bool:
    """Whether all steps are taken and the last one is evaluated."""
    last = max(directory.checkpoints_by_step(), default=0)
    evaluated = {row["step"] for row in directory.metrics() if row["kind"] == "eval"}
    return last >= plan.max_steps() and (not plan.task.validation or last in evaluated)


def evaluate_model(
    plan: Plan, items: Sequence[Item], scratch: Path, on_sampled: OnSampled | None
) -> Evaluation:
    """Load the plan's model and evaluate it on items, as training would."""
    _quiet()
    config = plan.config()
    model, tokenizer = load_model(plan.model, plan.model_spec, scratch / "base-model")
    model.to(config.device)
    with plan.task.engine() as engine:
        return _evaluate(plan, (model, tokenizer, config), items, engine, on_sampled)


def _describe(plan: Plan, directory: RunDirectory) -> None:
    """Write what the run is, before it begins."""
    directory.task_file.write_text(write_yaml(resolved(plan.task, plan.train)), encoding="utf-8")
    directory.write_json("environment.json", environment())


def _checkpoint_to_resume(directory: RunDirectory) -> Path | None:
    """Go back to the last whole checkpoint; None: to the start."""
    checkpoints = directory.checkpoints_by_step()
    last = max(checkpoints, default=0)
    directory.rewind(last)
    return checkpoints.get(last)


def _quiet() -> None:
    transformers_logging.set_verbosity_error()
    # It warns once per masked sample, in its own words; the log and the screen tell why in ours.
    logging.getLogger("trl").setLevel(logging.ERROR)
    # TRL warns that rollout functions are experimental; the versions we allow are tested.
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")


@dataclass(frozen=True)
class _Run:
    """The parts of a run that know one another."""

    plan: Plan
    directory: RunDirectory
    engine: RewardEngine
    recorder: Recorder
    on_sampled: OnSampled | None

    def train(self, checkpoint: Path | None, stop: StopRequest) -> None:
        """Load the model and train it to the end, or until a stop is requested."""
        _quiet()
        trainer = self._trainer()
        spec = self.plan.task.spec.evaluate
        callback = RunCallback(
            self.recorder,
            self._evaluation_of(trainer),
            every=spec.every,
            keep_checkpoints=spec.keep_checkpoints,
            stop=stop,
        )
        trainer.add_callback(callback)
        try:
            trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        except RunStopError:
            callback.back_to_last_step()
            if trainer.state.global_step not in {0, *self.directory.checkpoints_by_step()}:
                trainer.save_now()
            raise

    def _trainer(self) -> RFTTrainer:
        task = self.plan.task
        converted = self.directory.path / "base-model"
        model, tokenizer = load_model(self.plan.model, self.plan.model_spec, converted)
        items = task.train_items()
        trainer: RFTTrainer

        def on_graded(step: int, graded: Sequence[GradedSample], seconds: float) -> None:
            self.recorder.graded(step, graded, seconds, trainer.generation_started)

        function = RewardFunction(self.engine, items, eos_token_ids(model, tokenizer), on_graded)
        own_rollout = not isinstance(task.rollout, SingleTurn)
        trainer = RFTTrainer(
            items,
            model=model,
            processing_class=tokenizer,
            args=self.plan.config(self.directory.checkpoints),
            reward_funcs=reward_columns(function) if task.spec.decoupled else function,
            train_dataset=Dataset.from_dict({ITEM_COLUMN: list(range(len(items)))}),
            peft_config=self.plan.lora,
            rollout_func=rollout_function(task.rollout, items) if own_rollout else None,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        return trainer

    def _evaluation_of(self, trainer: RFTTrainer) -> Callable[[], Evaluation] | None:
        """Return what evaluates the policy as it is; None without validation items."""
        items = self.plan.task.validation_items()
        if not items:
            return None

        def run() -> Evaluation:
            model = trainer.accelerator.unwrap_model(trainer.model)
            parts = (model, trainer.processing_class, trainer.args)
            return _evaluate(self.plan, parts, items, self.engine, self.on_sampled)

        return run


def _evaluate(
    plan: Plan,
    parts: tuple[Any, Any, GRPOConfig],
    items: Sequence[Item],
    engine: RewardEngine,
    on_sampled: OnSampled | None,
) -> Evaluation:
    """Evaluate model, tokenizer and sampling settings on items.

    Every evaluation draws the same random numbers, so two of them differ by the model only.
    """
    model, tokenizer, config = parts
    spec = plan.task.spec.evaluate
    policy = TransformersPolicy(
        model, tokenizer, config, batch_size=spec.batch_size, on_progress=on_sampled
    )
    with evaluation_mode(model, seed=config.seed):
        return evaluate(
            items,
            policy,
            plan.task.rollout,
            engine,
            samples=spec.samples,
            pass_threshold=spec.pass_threshold,
            progress=Progress(),
        )
