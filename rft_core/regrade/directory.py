"""The output of a grading: whole after a kill at any moment, and gone on with from there.

samples/        what was graded, one file per chunk, as in a run directory
moved.jsonl     every sample whose reward changed
summary.json    what it adds up to
task.yaml       the task as resolved
progress.jsonl  what the results depend on; then a row per chunk: its digest and its tally
.lock           held while a process writes here
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rft_core.errors import RunError, UsageError
from rft_core.regrade.identity import differences
from rft_core.regrade.tally import GradingTally
from rft_core.regrade.work import GradedChunk
from rft_core.task.source import write_yaml

_ANOTHER: Final = "Choose another --output, or delete this folder to grade everything again."


@dataclass(frozen=True)
class DoneChunk:
    """A chunk that was graded: the output file, and the size and digest of the source's bytes."""

    name: str
    size: int
    digest: str


class GradingDirectory:
    """One grading's files. `tally` is what the chunks in `done` add up to."""

    def __init__(self, path: Path) -> None:
        """Make the folder, or open the one that an earlier process left, and lock it.

        Raises `UsageError` if it holds anything else, or another process writes to it.
        """
        self.path = path
        self.done: list[DoneChunk] = []
        self.tally = GradingTally()
        try:
            if path.exists() and not (path.is_dir() and self._is_ours()):
                raise UsageError(
                    "the folder exists, and holds no grading",
                    where=str(path),
                    hint="Choose another --output.",
                )
            self.samples.mkdir(parents=True, exist_ok=True)
            self._lock = (path / ".lock").open("wb")
        except OSError as error:
            hint = "Choose another --output."
            raise UsageError(error.strerror or str(error), where=str(path), hint=hint) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise UsageError("another process is grading into it", where=str(path)) from None

    def close(self) -> None:
        """Let other processes in."""
        self._lock.close()

    @property
    def samples(self) -> Path:
        """The folder of graded samples."""
        return self.path / "samples"

    @property
    def moved(self) -> Path:
        """Every sample whose reward changed."""
        return self.path / "moved.jsonl"

    @property
    def task_file(self) -> Path:
        """The resolved task, which workers load."""
        return self.path / "task.yaml"

    @property
    def _progress(self) -> Path:
        return self.path / "progress.jsonl"

    def _is_ours(self) -> bool:
        """Whether nothing is in the folder, or what this class writes into it first."""
        names = {entry.name for entry in self.path.iterdir()}
        first = {".lock", self.samples.name, _temporary(self._progress).name}
        return self._progress.name in names or names <= first

    def begin(self, identity: Mapping[str, str], task: Mapping[str, Any]) -> None:
        """Start, or read how far an earlier process came.

        Raises `UsageError` if its results depend on something that is not the same now, and
        `RunError` if nothing can be written.
        """
        try:
            begun = self._read_progress(identity)
        except (ValueError, KeyError, TypeError):
            raise self._broken(self._progress) from None
        with self._telling_of_full_disks():
            if not begun:
                self._write(self._progress, _line({"identity": identity}))
            with self.moved.open("ab") as file:
                if file.tell() < self._moved_bytes:
                    raise self._broken(self.moved)
                file.truncate(self._moved_bytes)  # moves that were written and do not count yet
            self._write(self.task_file, write_yaml(task).encode())

    @contextmanager
    def _telling_of_full_disks(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RunError(
                f"cannot write to {self.path}: {error.strerror or error}\n"
                "  Make room; the same command goes on from there."
            ) from None

    def _broken(self, file: Path) -> UsageError:
        return UsageError("the file was changed by hand", where=str(file), hint=_ANOTHER)

    def _read_progress(self, identity: Mapping[str, str]) -> bool:
        """Read the rows that are whole; return whether there is one."""
        self._moved_bytes = end = 0
        if not self._progress.is_file():
            return False
        with self._progress.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):  # cut off by a kill
                    break
                row = json.loads(line)
                if end == 0:
                    self._compare(row["identity"], identity)
                else:
                    self._note(row)
                end += len(line)
        os.truncate(self._progress, end)
        return end > 0

    def _compare(self, before: Mapping[str, str], now: Mapping[str, str]) -> None:
        if changed := differences(before, now):
            raise UsageError(
                f"what is here was graded otherwise; changed since: {', '.join(changed)}",
                where=str(self.path),
                hint=_ANOTHER,
            )

    def _note(self, row: Mapping[str, Any]) -> None:
        self.done.append(DoneChunk(row["name"], row["size"], row["digest"]))
        self.tally.add(GradingTally.model_validate(row["tally"]))
        self._moved_bytes = row["moved_bytes"]

    def check_unchanged(self, chunk: DoneChunk, now: DoneChunk | None) -> None:
        """Raise `UsageError` if rows that were graded are not the same any more."""
        if chunk != now:
            raise UsageError(
                f"the rows that samples/{chunk.name} was made from have changed since",
                where=str(self.path),
                hint=_ANOTHER,
            )

    def add(self, chunk: GradedChunk) -> None:
        """Write a chunk's results; it counts when this returns.

        Raises `RunError` if it cannot be written: the disk is full.
        """
        with self._telling_of_full_disks():
            self._note(self._write_chunk(chunk))

    def _write_chunk(self, chunk: GradedChunk) -> Mapping[str, Any]:
        """Return the row of progress, which is written last."""
        self._write(self.samples / chunk.name, chunk.samples)
        self._append(self.moved, chunk.moved)
        row = {
            "name": chunk.name,
            "size": chunk.size,
            "digest": chunk.digest,
            "moved_bytes": self._moved_bytes + len(chunk.moved),
            "tally": chunk.tally.model_dump(mode="json"),
        }
        self._append(self._progress, _line(row))
        return row

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file, whole or not at all."""
        temporary = _temporary(path)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def _append(self, path: Path, data: bytes) -> None:
        if not data:
            return
        with path.open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write the summary. Raises `RunError` as `add` does."""
        text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
        with self._telling_of_full_disks():
            self._write(self.path / "summary.json", text.encode())


def _temporary(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _line(row: Mapping[str, Any]) -> bytes:
    return (json.dumps(row, separators=(",", ":")) + "\n").encode()
