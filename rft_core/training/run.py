"""A training run from top to bottom."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback, ProgressCallback

from rft_core.errors import RunStopError
from rft_core.reward.engine import RewardEngine
from rft_core.rollouts import SingleTurn
from rft_core.run.directory import RunDirectory
from rft_core.run.error_budget import ErrorBudget
from rft_core.run.health import HealthMonitor, grader_facts
from rft_core.run.resolved import resolved
from rft_core.run.summary import Status, summarize_run
from rft_core.training.callback import RecorderCallback, RunCallback, Schedule, StopRequest
from rft_core.training.distributed import ALONE, OnMain, Processes
from rft_core.training.evaluate import OnSampled, grade_policy, quiet, sample_policy
from rft_core.training.model import dequantize, load_model
from rft_core.training.plan import Plan
from rft_core.training.policy import eos_token_ids
from rft_core.training.recorder import Listener, Recorder
from rft_core.training.reward_function import (
    ITEM_COLUMN,
    BatchGrader,
    BatchRewards,
    RewardColumn,
)
from rft_core.training.start import Start, check_shared, start_run
from rft_core.training.trainer import RFTTrainer, rollout_function
from rft_core.types import GradedSample


def train(
    plan: Plan,
    directory: RunDirectory,
    *,
    resume: bool,
    listener: Listener,
    stop: StopRequest,
    on_sampled: OnSampled | None = None,
    processes: Processes = ALONE,
) -> dict[str, Any]:
    """Train, and return the summary, which is also written to the directory.

    A grader whose budget is spent stops the run after the last whole step.
    Raises `RunError` if graders fail too often; whatever was logged and saved stays.

    Every process of a run calls this. Only the main one grades, writes and tells the listener.
    """
    start = processes.main(lambda: start_run(plan, directory, processes.count, resume=resume))
    processes.together(lambda: check_shared(directory))
    if start.finished:
        return processes.main(lambda: _finish(plan, directory, listener))
    run = _Run(plan, directory, processes, start, on_sampled)
    if processes.is_main:
        return _lead(run, listener, stop)
    with contextlib.suppress(RunStopError):
        run.train(None, stop)
    return {}


def _finish(plan: Plan, directory: RunDirectory, listener: Listener) -> dict[str, Any]:
    """Return the summary of a run that took all its steps, whose end a kill may have cut off."""
    summary = directory.summary()
    if summary is not None and summary["status"] == "done":
        return summary
    recorder = _recorder(plan, directory, listener)
    step, path = directory.checkpoints_by_step().popitem()
    recorder.checkpoint_saved(step, path, plan.task.spec.evaluate.keep_checkpoints)
    summary = summarize_run(directory, "done", 0.0)
    recorder.run_finished(summary)
    return summary


def _lead(run: _Run, listener: Listener, stop: StopRequest) -> dict[str, Any]:
    """Train as the main process: with graders, and into the log."""
    plan, directory = run.plan, run.directory
    recorder = _recorder(plan, directory, listener)
    recorder.run_started(resolved(plan.task, plan.train))
    started = time.time()
    status: Status = "failed"
    try:
        with plan.task.engine(recorder.unfinished) as engine:
            run.train(_Bench(engine, recorder), stop)
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


def _recorder(plan: Plan, directory: RunDirectory, listener: Listener) -> Recorder:
    spec = plan.task.spec
    return Recorder(
        directory,
        ErrorBudget(spec.max_error_rate),
        HealthMonitor(grader_facts(plan.task.rewards), plan.config().max_completion_length),
        listener,
        spec.evaluate.pass_threshold,
    )


@dataclass(frozen=True)
class _Bench:
    """What only the main process has: the graders and the log."""

    engine: RewardEngine
    recorder: Recorder


@dataclass(frozen=True)
class _Run:
    """The parts of a run that know one another, on each of its processes."""

    plan: Plan
    directory: RunDirectory
    processes: Processes
    start: Start
    on_sampled: OnSampled | None

    def train(self, bench: _Bench | None, stop: StopRequest) -> None:
        """Load the model and train it to the end, or until a stop is requested."""
        quiet()
        main = OnMain(self.processes, bench)
        trainer = self._trainer(main)
        callback = self._callback(trainer, main, stop)
        if bench is not None:
            trainer.add_callback(RecorderCallback(bench.recorder))
        trainer.add_callback(callback)
        checkpoint = self.start.checkpoint
        try:
            trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        except RunStopError:
            callback.back_to_last_step()
            main.use(_write_row_of_last_step)
            step = trainer.state.global_step
            if step not in self.processes.main(lambda: {0, *self.directory.checkpoints_by_step()}):
                trainer.save_now()
            raise

    def _trainer(self, main: OnMain[_Bench]) -> RFTTrainer:
        task = self.plan.task
        model, tokenizer = self._load_model()
        items = task.train_items()
        trainer: RFTTrainer

        def batch_grader(bench: _Bench) -> BatchGrader:
            def on_graded(step: int, graded: Sequence[GradedSample], seconds: float) -> None:
                latencies = bench.engine.take_latencies()
                bench.recorder.graded(step, graded, seconds, trainer.generation_started, latencies)

            return BatchGrader(bench.engine, on_graded)

        columns = self.plan.columns()
        rewards = BatchRewards(
            main.then(batch_grader),
            self.processes,
            items,
            eos_token_ids(model, tokenizer),
            columns,
        )
        own_rollout = not isinstance(task.rollout, SingleTurn)
        trainer = RFTTrainer(
            items,
            mix=task.mix,
            model=model,
            processing_class=tokenizer,
            args=self.plan.config(self.directory.checkpoints),
            reward_funcs=[
                RewardColumn(rewards, i, column.name) for i, column in enumerate(columns)
            ],
            train_dataset=Dataset.from_dict({ITEM_COLUMN: list(range(len(items)))}),
            peft_config=self.plan.lora,
            rollout_func=rollout_function(task.rollout, items) if own_rollout else None,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        return trainer

    def _load_model(self) -> tuple[Any, Any]:
        plan, converted = self.plan, self.directory.path / "base-model"
        # One process converts a GGUF file; then all of them load what it wrote.
        self.processes.main(lambda: dequantize(plan.model, converted))
        return self.processes.together(lambda: load_model(plan.model, plan.model_spec, converted))

    def _callback(
        self, trainer: RFTTrainer, main: OnMain[_Bench], stop: StopRequest
    ) -> RunCallback:
        spec = self.plan.task.spec.evaluate

        def saved(step: int, path: Path) -> None:
            main.use(lambda b: b.recorder.checkpoint_saved(step, path, spec.keep_checkpoints))

        return RunCallback(
            Schedule(spec.every, self.start.evaluated),
            self.processes,
            evaluate=self._evaluation_of(trainer, main),
            saved=saved,
            stop=stop,
        )

    def _evaluation_of(
        self, trainer: RFTTrainer, main: OnMain[_Bench]
    ) -> Callable[[int], None] | None:
        """Return what evaluates the policy as it is; None without validation items."""
        items = self.plan.task.validation_items()
        if not items:
            return None

        def evaluate(step: int) -> None:
            started = time.perf_counter()
            model = trainer.accelerator.unwrap_model(trainer.model)
            parts = (model, trainer.processing_class, trainer.args)
            completions = sample_policy(self.plan, parts, items, self.processes, self.on_sampled)

            def record(bench: _Bench) -> None:
                evaluation = grade_policy(self.plan, items, completions, bench.engine)
                bench.recorder.evaluated(step, evaluation, time.perf_counter() - started)

            main.use(record)

        return evaluate


def _write_row_of_last_step(bench: _Bench) -> None:
    """Write the row that waits for its evaluation, which was broken off."""
    bench.recorder.logged({})
