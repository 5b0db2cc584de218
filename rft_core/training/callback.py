"""What a run does between TRL's steps: evaluate, save, stop."""

from __future__ import annotations

import random
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rft_core.training.distributed import Processes
from rft_core.training.recorder import Recorder


@dataclass
class StopRequest:
    """Set `requested` from a signal handler: the run ends after the step it is in."""

    requested: bool = False


@dataclass(frozen=True)
class Schedule:
    """When to do what: `every` so many steps; `evaluated` steps are not evaluated again."""

    every: int
    evaluated: Container[int] = ()


class RunCallback(TrainerCallback):
    """Evaluates before the first step, every N steps and after the last; saves where it does.

    It acts on every process of a run; what `evaluate` and `saved` do there is theirs to know.
    """

    def __init__(
        self,
        schedule: Schedule,
        processes: Processes,
        *,
        evaluate: Callable[[int], None] | None,
        saved: Callable[[int, Path], None],
        stop: StopRequest,
    ) -> None:
        self.schedule = schedule
        self.processes = processes
        self.evaluate = evaluate
        self.saved = saved
        self.stop = stop
        self._random_state: Callable[[], None] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Evaluate the policy as it is, where that is due and has not been done."""
        step = state.global_step
        if self._is_due(state) and step not in self.schedule.evaluated:
            self._evaluate(step)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Remember the random numbers that the step begins with."""
        self._random_state = _keep_random_state()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Evaluate and save when it is time, or stop."""
        self._random_state = None
        due = self._is_due(state)
        if due:
            self._evaluate(state.global_step)
        # One process may have got the signal; all stop after the same step.
        if any(self.processes.each(lambda: self.stop.requested)):
            self.stop.requested = True
        control.should_log = True
        control.should_save = due or self.stop.requested
        control.should_training_stop = control.should_training_stop or self.stop.requested

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Finish the checkpoint, when every process has written its part of it."""
        self.processes.meet()
        path = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        self.saved(state.global_step, path)

    def back_to_last_step(self) -> None:
        """Restore the random numbers that a step which was broken off began with."""
        if self._random_state is not None:
            self._random_state()

    def _is_due(self, state: TrainerState) -> bool:
        step: int = state.global_step
        return step % self.schedule.every == 0 or step >= state.max_steps

    def _evaluate(self, step: int) -> None:
        if self.evaluate is not None:
            self.evaluate(step)


class RecorderCallback(TrainerCallback):
    """Tells the recorder of steps, on the main process. It has to come before `RunCallback`."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the step's clock."""
        self.recorder.step_began()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Take the step's times."""
        self.recorder.step_ended(state.global_step)

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
