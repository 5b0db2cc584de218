"""The run directory: append-only, and whole after a kill at any moment.

task.yaml          the task as resolved
environment.json   versions of Python and of every installed distribution
metrics.jsonl      one row per training step and per evaluation
samples/           every graded sample, one file per step
unfinished.jsonl   the batch that is being graded, where that takes long
checkpoints/       checkpoint-N, and best (and best-TASK), links to the best of them
summary.json       how the run ended
superseded/        what was logged after the checkpoint that a resumed run went on from
base-model/        the de-quantised weights of a GGUF file
.lock              held while a process writes to the run
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias
from urllib.parse import quote

from rft_core.errors import UsageError
from rft_core.run.records import sample_record, to_json
from rft_core.types import GradedSample

Phase: TypeAlias = Literal["train", "eval"]

COMPLETE: Final = "complete.json"
"""Written into a checkpoint last; without it the checkpoint was cut off by a kill."""


class RunDirectory:
    """One run's files. Use `create` or `open`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    @classmethod
    def create(cls, path: Path) -> RunDirectory:
        """Make a new run directory. Raises `UsageError` if the folder exists and is not empty."""
        if path.exists() and not (path.is_dir() and _holds_no_run(path)):
            raise UsageError(
                "the folder exists and is not empty",
                where=str(path),
                hint=f"Choose another --output, or go on with that run: rft train --resume {path}",
            )
        for folder in (path, path / "samples", path / "checkpoints"):
            folder.mkdir(parents=True, exist_ok=True)
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Open an existing run directory. Raises `UsageError` if it is none."""
        if not (path / "task.yaml").is_file():
            raise UsageError("this is no run directory: it has no task.yaml", where=str(path))
        return cls(path)

    @property
    def task_file(self) -> Path:
        """The resolved task."""
        return self.path / "task.yaml"

    @property
    def metrics_file(self) -> Path:
        """One row per step and per evaluation."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """The link to the best checkpoint."""
        return self.checkpoints / "best"

    def best_of(self, task: str) -> Path:
        """Return the link to the checkpoint that is best at one of several tasks."""
        return self.checkpoints / f"best-{quote(task, safe=' ')}"

    @property
    def unfinished(self) -> Path:
        """The batch that is being graded, where that takes long."""
        return self.path / "unfinished.jsonl"

    def lock(self) -> None:
        """Keep other processes from writing here. Raises `UsageError` if one does."""
        self._lock = (self.path / ".lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(
                "another process is writing to this run", where=str(self.path)
            ) from None

    def append_metrics(self, row: Mapping[str, Any]) -> None:
        """Append a row; it is on disk when this returns."""
        with self.metrics_file.open("ab") as file:
            line = (to_json(row) + "\n").encode()
            file.write(line if self._ends_whole() else b"\n" + line)
            file.flush()
            os.fsync(file.fileno())

    def _ends_whole(self) -> bool:
        """Whether the last row was written to its end; a kill can cut it off."""
        with self.metrics_file.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return True
            file.seek(-1, os.SEEK_END)
            return file.read() == b"\n"

    def metrics(self) -> list[dict[str, Any]]:
        """Return all whole rows; a row cut off by a kill is left out."""
        if not self.metrics_file.is_file():
            return []
        rows = []
        for line in self.metrics_file.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
        return rows

    def summary(self) -> dict[str, Any] | None:
        """Return how the last process ended that came to its end, None if none did."""
        file = self.path / "summary.json"
        if not file.is_file():
            return None
        summary: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return summary

    def samples_file(self, phase: Phase, step: int) -> Path:
        """Return where the samples of a step are."""
        return self.path / "samples" / f"{phase}-{step:06d}.jsonl"

    def write_samples(self, phase: Phase, step: int, samples: Sequence[GradedSample]) -> None:
        """Write a step's samples, whole or not at all."""
        lines = (to_json(sample_record(one, index)) for index, one in enumerate(samples))
        write_atomically(self.samples_file(phase, step), lines)
        self.unfinished.unlink(missing_ok=True)

    def write_unfinished(self, samples: Sequence[GradedSample]) -> None:
        """Write a batch whose grades are not all there yet."""
        lines = [to_json(sample_record(one, index)) for index, one in enumerate(samples)]
        write_atomically(self.unfinished, lines)

    def write_json(self, name: str, data: Any) -> None:
        """Write a JSON file, whole or not at all."""
        write_atomically(self.path / name, [json.dumps(data, indent=2, allow_nan=False)])

    def complete_checkpoint(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Mark a checkpoint as whole."""
        write_atomically(path / COMPLETE, [json.dumps(facts, allow_nan=False)])

    def checkpoints_by_step(self) -> dict[int, Path]:
        """Return the whole checkpoints, in order of their steps."""
        found = {
            _step_of(path): path
            for path in self.checkpoints.glob("checkpoint-*")
            if (path / COMPLETE).is_file()
        }
        return dict(sorted(found.items()))

    def keep_checkpoints(self, steps: Iterable[int]) -> None:
        """Remove the whole checkpoints of all other steps."""
        kept = set(steps)
        for step, path in self.checkpoints_by_step().items():
            if step not in kept:
                (path / COMPLETE).unlink()
                shutil.rmtree(path)

    def set_best(self, step: int, task: str | None = None) -> None:
        """Point `checkpoints/best`, or the link of a task, at the checkpoint of a step."""
        target = self.checkpoints_by_step()[step].name
        link = self.checkpoints / "best.new"
        link.unlink(missing_ok=True)
        link.symlink_to(target, target_is_directory=True)
        link.replace(self.best if task is None else self.best_of(task))

    def best_step(self, task: str | None = None) -> int | None:
        """Return the step of the best checkpoint, None if there is none yet."""
        link = self.best if task is None else self.best_of(task)
        return _step_of(link.resolve()) if link.exists() else None

    def rewind(self, step: int) -> None:
        """Set aside everything that was logged after `step`, and checkpoints that are not whole.

        The run goes on from the checkpoint of `step` and logs the later steps again, so each step
        stands in `metrics.jsonl` once. Nothing is deleted but half-written checkpoints.
        """
        rows = self.metrics()
        later = [row for row in rows if row["step"] > step]
        late_samples = [path for path in self._sample_files() if _step_of(path) > step]
        late_samples += [self.unfinished] if self.unfinished.exists() else []
        if later or late_samples:
            aside = self._next_aside()
            write_atomically(aside / "metrics.jsonl", map(to_json, later))
            for path in late_samples:
                path.replace(aside / path.name)
        kept = (to_json(row) for row in rows if row["step"] <= step)
        write_atomically(self.metrics_file, kept)
        for path in self.checkpoints.glob("checkpoint-*"):
            if not (path / COMPLETE).is_file():
                shutil.rmtree(path)

    def _sample_files(self) -> list[Path]:
        return sorted((self.path / "samples").glob("*.jsonl"))

    def _next_aside(self) -> Path:
        folder = self.path / "superseded"
        folder.mkdir(exist_ok=True)
        aside = folder / f"{len(list(folder.iterdir())) + 1:03d}"
        aside.mkdir()
        return aside


def _holds_no_run(folder: Path) -> bool:
    """Whether nothing is in a folder, or only what a run leaves that was killed while it began."""
    found = {path.name for path in folder.iterdir()} - {"samples", "checkpoints"}
    if ".lock" in found:  # written before anything else
        found -= {".lock", "environment.json", "environment.json.new", "task.yaml.new"}
    return not found and not any(any((folder / f).glob("*")) for f in ("samples", "checkpoints"))


def _step_of(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def write_atomically(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a file, which appears whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
