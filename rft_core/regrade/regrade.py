"""A grading from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from rft_core.errors import DatasetError, RunStopError, UsageError
from rft_core.plugins import plugin_manager
from rft_core.regrade.directory import DoneChunk, GradingDirectory
from rft_core.regrade.identity import identity
from rft_core.regrade.source import Chunk, Source
from rft_core.regrade.tally import GradingTally
from rft_core.regrade.work import GradeWork, digest
from rft_core.run.resolved import resolved
from rft_core.task.data import RowReader
from rft_core.task.task import Task

Status: TypeAlias = Literal["done", "stopped", "failed"]

OnProgress: TypeAlias = Callable[[int, GradingTally], None]
"""Told how many bytes of the source are graded, and what they add up to."""


@dataclass(frozen=True)
class Grading:
    """What to grade, with what, and where the results go.

    `task` needs no data. `executor` runs the chunks on `workers` processes of its own, whatever
    executors the task file has for its graders.
    """

    source: Source
    task: Task
    output: Path
    executor: str
    workers: int
    read_dataset: RowReader | None = None


class Stop:
    """Set `requested` from a signal handler: the grading ends after the chunks in flight."""

    requested: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a grading ended: why it stopped before the end, if a grader stopped it."""

    status: Status
    tally: GradingTally
    why: str = ""


def grade(grading: Grading, stop: Stop, on_progress: OnProgress) -> Outcome:
    """Grade the source, or go on with it, and write the summary.

    Raises `UsageError` for a wrong row, and `RunError` if a grader aborts the run or takes its
    worker down; what was graded before stays, and the same call goes on from there.
    """
    if grading.output.resolve() == grading.source.path.resolve():
        raise UsageError(
            "the results would be written over what is graded",
            where=str(grading.output),
            hint="Choose another --output.",
        )
    with closing(GradingDirectory(grading.output)) as directory:
        return _grade(grading, directory, stop, on_progress)


def _grade(
    grading: Grading, directory: GradingDirectory, stop: Stop, on_progress: OnProgress
) -> Outcome:
    task = resolved(grading.task, grading.task.spec.train)
    directory.begin(identity(grading.task, task), task)
    feed = _Feed(_remaining(grading.source, directory), stop)
    why = ""
    try:
        _grade_chunks(grading, directory, feed, on_progress)
    except RunStopError as error:
        why = str(error)
    tally = directory.tally
    status: Status = "stopped" if why or not feed.at_end else "done"
    if status == "done" and not tally.rows:
        raise DatasetError("there are no rows", where=str(grading.source.path))
    if status == "done" and tally.failed > grading.task.spec.max_error_rate * tally.rows:
        status = "failed"
    facts = {"status": status, "source": str(grading.source.path.resolve())}
    directory.write_summary(facts | tally.summary())
    return Outcome(status, tally, why)


def _remaining(source: Source, directory: GradingDirectory) -> Iterator[Chunk]:
    """Return the chunks that are not graded yet. Raises `UsageError` if others have changed."""
    done = directory.done
    chunks = source.chunks([chunk.size for chunk in done])
    for chunk in list(done):
        now = next(chunks, None)
        directory.check_unchanged(chunk, None if now is None else _as_done(now))
    return chunks


def _as_done(chunk: Chunk) -> DoneChunk:
    return DoneChunk(chunk.name, len(chunk.data), digest(chunk.data))


class _Feed:
    """Hands out chunks until there are no more, or a stop is requested."""

    def __init__(self, chunks: Iterator[Chunk], stop: Stop) -> None:
        self._chunks = chunks
        self._stop = stop
        self.at_end = False

    def __iter__(self) -> Iterator[Chunk]:
        while not self._stop.requested:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.at_end = True
                return
            yield chunk


def _grade_chunks(
    grading: Grading,
    directory: GradingDirectory,
    chunks: Iterable[Chunk],
    on_progress: OnProgress,
) -> None:
    plugins = plugin_manager()
    executor = plugins.select("executor", plugins.executors, grading.executor).cls
    work = GradeWork(directory.task_file.resolve(), grading.read_dataset)
    graded_bytes = sum(chunk.size for chunk in directory.done)
    on_progress(graded_bytes, directory.tally)
    with closing(executor.chunk_pool(work, grading.workers)) as pool:
        for chunk in pool.map(chunks):
            directory.add(chunk)
            graded_bytes += chunk.size
            on_progress(graded_bytes, directory.tally)
