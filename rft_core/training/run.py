"""A training run from top to bottom."""

from __future__ import annotations

import contextlib
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

from rft_core.errors import RunStopError, UsageError
from rft_core.reward.engine import RewardEngine
from rft_core.rollouts import SingleTurn
from rft_core.run.directory import RunDirectory, write_atomically
from rft_core.run.environment import environment
from rft_core.run.error_budget import ErrorBudget
from rft_core.run.health import HealthMonitor, grader_facts
from rft_core.run.resolved import resolved
from rft_core.run.summary import Status, summarize_run
from rft_core.task.source import write_yaml
from rft_core.training.callback import RecorderCallback, RunCallback, Schedule, StopRequest
from rft_core.training.distributed import ALONE, OnMain, Processes
from rft_core.training.evaluator import Evaluation, grade_completions, sample_items
from rft_core.training.model import dequantize, load_model
from rft_core.training.plan import Plan
from rft_core.training.policy import TransformersPolicy, eos_token_ids, evaluation_mode
from rft_core.training.recorder import Listener, Recorder
from rft_core.training.reward_function import (
    ITEM_COLUMN,
    BatchGrader,
    BatchRewards,
    RewardColumn,
)
from rft_core.training.trainer import RFTTrainer, rollout_function
from rft_core.types import Completion, GradedSample, Item

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
    processes: Processes = ALONE,
) -> dict[str, Any]:
    """Train, and return the summary, which is also written to the directory.

    A grader whose budget is spent stops the run after the last whole step.
    Raises `RunError` if graders fail too often; whatever was logged and saved stays.

    Every process of a run calls this. Only the main one grades, writes and tells the listener.
    """
    start = processes.main(lambda: _start(plan, directory, processes.count, resume=resume))
    processes.together(lambda: _check_shared(directory))
    if start.finished:
        return processes.main(lambda: summarize_run(directory, "done", 0.0))
    run = _Run(plan, directory, processes, start, on_sampled)
    if processes.is_main:
        return _lead(run, listener, stop)
    with contextlib.suppress(RunStopError):
        run.train(None, stop)
    return {}


@dataclass(frozen=True)
class _Start:
    """Where a run begins: at a checkpoint or, if there is none, with the model as it is."""

    checkpoint: Path | None
    evaluated: frozenset[int]
    finished: bool


def _start(plan: Plan, directory: RunDirectory, processes: int, *, resume: bool) -> _Start:
    """Take hold of the directory, and bring it to the state that the run begins with."""
    directory.lock()
    if resume:
        checkpoint = _checkpoint_to_resume(directory, processes)
    else:
        checkpoint = None
        _describe(plan, directory)
    evaluated = frozenset(row["step"] for row in directory.metrics() if row["kind"] == "eval")
    last = max(directory.checkpoints_by_step(), default=0)
    finished = last >= plan.max_steps() and (not plan.task.validation or last in evaluated)
    return _Start(checkpoint, evaluated, finished)


def _describe(plan: Plan, directory: RunDirectory) -> None:
    """Write what the run is, before it begins."""
    directory.write_json("environment.json", environment())
    text = write_yaml(resolved(plan.task, plan.train))
    write_atomically(directory.task_file, text.splitlines())  # last: with it, a run can be resumed


def _checkpoint_to_resume(directory: RunDirectory, processes: int) -> Path | None:
    """Go back to the last whole checkpoint; None: to the start."""
    checkpoints = directory.checkpoints_by_step()
    last = max(checkpoints, default=0)
    if last:
        _check_count(checkpoints[last], processes)
    directory.rewind(last)
    return checkpoints.get(last)


def _check_count(checkpoint: Path, processes: int) -> None:
    """Refuse to go on with another number of processes: steps would have another size."""
    saved = len(list(checkpoint.glob("rng_state*.pth")))  # one by each process
    if saved not in {0, processes}:
        raise UsageError(
            f"the run was made by {saved} process{'es' * (saved > 1)}, and this is {processes}",
            where=str(checkpoint),
            hint=f"Resume it with accelerate launch --num_processes {saved}."
            if saved > 1
            else "Resume it without accelerate launch.",
        )


def _check_shared(directory: RunDirectory) -> None:
    if not directory.task_file.is_file():
        raise UsageError(
            "the run directory is not there on this machine",
            where=str(directory.path.resolve()),
            hint="Give an --output on a file system that all machines share.",
        )


def _lead(run: _Run, listener: Listener, stop: StopRequest) -> dict[str, Any]:
    """Train as the main process: with graders, and into the log."""
    plan, directory = run.plan, run.directory
    spec = plan.task.spec
    recorder = Recorder(
        directory,
        ErrorBudget(spec.max_error_rate),
        HealthMonitor(grader_facts(plan.task.rewards), plan.config().max_completion_length),
        listener,
        spec.evaluate.pass_threshold,
    )
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
    start: _Start
    on_sampled: OnSampled | None

    def train(self, bench: _Bench | None, stop: StopRequest) -> None:
        """Load the model and train it to the end, or until a stop is requested."""
        _quiet()
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
            completions = _sample(self.plan, parts, items, self.processes, self.on_sampled)

            def record(bench: _Bench) -> None:
                evaluation = _grade(self.plan, items, completions, bench.engine)
                bench.recorder.evaluated(step, evaluation, time.perf_counter() - started)

            main.use(record)

        return evaluate


def evaluate_model(
    plan: Plan, items: Sequence[Item], scratch: Path, on_sampled: OnSampled | None
) -> Evaluation:
    """Load the plan's model and evaluate it on items, as training would."""
    if Processes.launched().count > 1:
        raise UsageError(
            "evaluating takes one process", hint="Start rft eval without accelerate launch."
        )
    _quiet()
    config = plan.config()
    model, tokenizer = load_model(plan.model, plan.model_spec, scratch / "base-model")
    model.to(config.device)
    completions = _sample(plan, (model, tokenizer, config), items, ALONE, on_sampled)
    with plan.task.engine() as engine:
        return _grade(plan, items, completions, engine)


def _sample(
    plan: Plan,
    parts: tuple[Any, Any, GRPOConfig],
    items: Sequence[Item],
    processes: Processes,
    on_sampled: OnSampled | None,
) -> list[Completion]:
    """Return k completions of each item in turn, given model, tokenizer and sampling settings.

    Every process samples its share. Every evaluation draws the same random numbers, so two of
    them differ by the model only.
    """
    model, tokenizer, config = parts
    spec = plan.task.spec.evaluate
    told = on_sampled and (lambda count: on_sampled(count * processes.count))
    policy = TransformersPolicy(
        model, tokenizer, config, batch_size=spec.batch_size, on_progress=told
    )

    def sample() -> list[Completion]:
        return sample_items(processes.share(items), policy, plan.task.rollout, spec.samples)

    with evaluation_mode(model, seed=config.seed + processes.rank):
        return [one for part in processes.each(sample) for one in part]


def _grade(
    plan: Plan, items: Sequence[Item], completions: Sequence[Completion], engine: RewardEngine
) -> Evaluation:
    spec = plan.task.spec.evaluate
    return grade_completions(
        items, completions, engine, samples=spec.samples, pass_threshold=spec.pass_threshold
    )


def _write_row_of_last_step(bench: _Bench) -> None:
    """Write the row that waits for its evaluation, which was broken off."""
    bench.recorder.logged({})


def _quiet() -> None:
    transformers_logging.set_verbosity_error()
    # It warns once per masked sample, in its own words; the log and the screen tell why in ours.
    logging.getLogger("trl").setLevel(logging.ERROR)
    # TRL warns that rollout functions are experimental; the versions we allow are tested.
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
