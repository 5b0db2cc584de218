"""Where a run begins: at its start, or at a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rft_core.errors import UsageError
from rft_core.run.directory import RunDirectory, write_atomically
from rft_core.run.environment import environment
from rft_core.run.resolved import resolved
from rft_core.task.source import write_yaml
from rft_core.training.plan import Plan


@dataclass(frozen=True)
class Start:
    """Where a run begins: at a checkpoint or, if there is none, with the model as it is."""

    checkpoint: Path | None
    evaluated: frozenset[int]
    finished: bool


def start_run(plan: Plan, directory: RunDirectory, processes: int, *, resume: bool) -> Start:
    """Take hold of the directory, and bring it to the state that the run begins with.

    Raises `UsageError` if another process writes to it, or if it cannot be resumed by so many.
    """
    directory.lock()
    if resume:
        checkpoint = _checkpoint_to_resume(directory, processes)
    else:
        checkpoint = None
        _describe(plan, directory)
    evaluated = frozenset(row["step"] for row in directory.metrics() if row["kind"] == "eval")
    last = max(directory.checkpoints_by_step(), default=0)
    finished = last >= plan.max_steps() and (not plan.task.validation or last in evaluated)
    return Start(checkpoint, evaluated, finished)


def _describe(plan: Plan, directory: RunDirectory) -> None:
    """Write what the run is, before it begins."""
    directory.write_json("environment.json", environment() | {"shared": list(plan.task.shared)})
    text = write_yaml(resolved(plan.task, plan.train)).removesuffix("\n")
    write_atomically(directory.task_file, [text])  # last: with it, the run can be resumed


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
            hint=f"Resume it with accelerate launch --multi_gpu --num_processes {saved}."
            if saved > 1
            else "Resume it without accelerate launch.",
        )


def check_shared(directory: RunDirectory) -> None:
    """Raise `UsageError` where a process does not see the directory that the main one made."""
    if not directory.task_file.is_file():
        raise UsageError(
            "the run directory is not there on this machine",
            where=str(directory.path.resolve()),
            hint="Give an --output on a file system that all machines share.",
        )
