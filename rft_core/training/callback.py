"""What a run does between TRL's steps: evaluate, save, stop."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rft_core.training.evaluator import Evaluation
from rft_core.training.recorder import Recorder


@dataclass
class StopRequest:
    """Set `requested` from a signal handler: the run ends after the step it is in."""

    requested: bool = False


class RunCallback(TrainerCallback):
    """Evaluates before the first step, every N steps and after the last; saves where it does."""

    def __init__(
        self,
        recorder: Recorder,
        evaluate: Callable[[], Evaluation] | None,
        *,
        every: int,
        keep_checkpoints: int,
        stop: StopRequest,
    ) -> None:
        self.recorder = recorder
        self.evaluate = evaluate
        self.every = every
        self.keep_checkpoints = keep_checkpoints
        self.stop = stop
        self._random_state: Callable[[], None] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Evaluate the policy as it is, where that is due and has not been done."""
        step = state.global_step
        if self._is_due(state) and step not in self.recorder.validation_rewards:
            self._evaluate(step)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the step's clock."""
        self._random_state = _keep_random_state()
        self.recorder.step_began()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Evaluate and save when it is time, or stop."""
        step = state.global_step
        self._random_state = None
        self.recorder.step_ended(step)
        due = self._is_due(state)
        if due:
            self._evaluate(step)
        control.should_log = True
        control.should_save = due or self.stop.requested
        control.should_training_stop = control.should_training_stop or self.stop.requested

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Write the step's row."""
        self.recorder.logged(logs or {})

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Finish the checkpoint that the trainer wrote."""
        path = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        self.recorder.checkpoint_saved(state.global_step, path, self.keep_checkpoints)

    def back_to_last_step(self) -> None:
        """Undo what a step that was broken off did to the run: its random numbers, its clock."""
        if self._random_state is not None:
            self._random_state()
        self.recorder.logged({})  # the row of a step whose evaluation was broken off

    def _is_due(self, state: TrainerState) -> bool:
        step: int = state.global_step
        return step % self.every == 0 or step >= state.max_steps

    def _evaluate(self, step: int) -> None:
        if self.evaluate is None:
            return
        start = time.perf_counter()
        evaluation = self.evaluate()
        self.recorder.evaluated(step, evaluation, time.perf_counter() - start)


def _keep_random_state() -> Callable[[], None]:
    """Return what restores the random numbers that sampling and training draw from."""
    devices = torch.cuda.is_available()
    python, cpu = random.getstate(), torch.get_rng_state()
    numbers = np.random.get_state()  # noqa: NPY002 - libraries draw from it
    cuda = torch.cuda.get_rng_state_all() if devices else []

    def restore() -> None:
        random.setstate(python)
        np.random.set_state(numbers)  # noqa: NPY002
        torch.set_rng_state(cpu)
        if devices:
            torch.cuda.set_rng_state_all(cuda)

    return restore
