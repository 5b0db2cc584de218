"""What a worker does: a chunk of lines in, graded lines and their tally out."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from rft_core.regrade.items import Library
from rft_core.regrade.moves import Move, is_moved, move_of
from rft_core.regrade.rows import GivenRow, read_rows
from rft_core.regrade.source import Chunk
from rft_core.regrade.tally import GradingTally
from rft_core.reward.engine import RewardEngine
from rft_core.run.records import sample_lines
from rft_core.task.data import RowReader
from rft_core.task.task import load_task
from rft_core.types import GradedSample

COLLECT_AFTER: Final = 50_000
"""Objects that are made and kept between two collections; Python's default is 700."""


@dataclass(frozen=True)
class GradedChunk:
    """A chunk that was graded: lines for samples/ and for moved.jsonl, and what they add up to."""

    name: str
    size: int
    digest: str
    samples: bytes
    moved: bytes
    tally: GradingTally


@dataclass(frozen=True)
class GradeWork:
    """Grades chunks with the reward of a resolved task file."""

    task_file: Path
    read_dataset: RowReader | None

    @contextmanager
    def open(self) -> Iterator[Callable[[Chunk], GradedChunk]]:
        """See `ChunkWork.open`. Raises `UsageError` for a wrong task file."""
        load = partial(load_task, self.task_file, self.read_dataset)
        task = load(data=False)
        with task.engine() as engine, _rare_collections():
            yield partial(_grade, Library(task, load), engine)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for unreachable cycles between chunks; within one, a fifth of the time would go into it.

    A chunk makes 100,000 objects and hardly any cycle.
    """
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _grade(library: Library, engine: RewardEngine, chunk: Chunk) -> GradedChunk:
    gc.collect()
    gc.freeze()  # what is alive now lives on: tasks, data, caches
    rows = list(read_rows(chunk, library))
    graded = engine.grade([row.sample for row in rows], chunk.progress)
    moves = _moves(chunk, rows, graded)
    return GradedChunk(
        name=chunk.name,
        size=len(chunk.data),
        digest=digest(chunk.data),
        samples=sample_lines(graded).encode(),
        moved="".join(f"{move.model_dump_json()}\n" for move in moves).encode(),
        tally=GradingTally.of(rows, graded, moves, _latencies(engine)),
    )


def _moves(chunk: Chunk, rows: Sequence[GivenRow], graded: Sequence[GradedSample]) -> list[Move]:
    return [
        move_of(f"{chunk.path.name}:{chunk.first_line + row.line}", row.before, one)
        for row, one in zip(rows, graded, strict=True)
        if row.before is not None and is_moved(row.before.reward, one.reward)
    ]


def _latencies(engine: RewardEngine) -> dict[str, list[float]]:
    """Return how long the graders' calls took since the last chunk."""
    return {
        name if task is None else f"{task}/{name}": runner.executor.latencies.drain()
        for task, reward in engine.rewards.items()
        for name, runner in reward.runners.items()
    }


def digest(data: bytes) -> str:
    """Return what tells changed rows from unchanged ones."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
