"""What is graded: a file of completions, or the samples of a run, cut into chunks.

A chunk is what the reward stage sees at once, and becomes one file of the output. The parent
process cuts lines and looks at none but those between two chunks; workers do the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal, Protocol, TypeAlias

from rft_core.errors import DatasetError, UsageError
from rft_core.task.data import MAX_LINE_CHARS
from rft_core.task.source import read_yaml
from rft_core.types import Progress

Split: TypeAlias = Literal["train", "validation"]

CHUNK_ROWS: Final = 2048
CHUNK_BYTES: Final = 8_000_000
"""A chunk ends at whichever comes first, so long completions do not fill the memory."""
MAX_LINE_BYTES: Final = 4 * MAX_LINE_CHARS
"""No line within the bound on characters is longer."""

_SAMPLES: Final = re.compile(r"([a-z]+)-(\d+)")
_SPLITS: Final[dict[str, Split]] = {"train": "train", "eval": "validation"}


@dataclass(frozen=True)
class Chunk:
    """Whole lines of a source file, as they stand there.

    `name` is the output file's. `split` is where items named by their id are; None: in either.
    """

    name: str
    path: Path
    first_line: int
    data: bytes
    split: Split | None
    progress: Progress

    def where(self, line: int) -> str:
        """Return `file:line` of a line that is counted from 0 within the chunk."""
        return f"{self.path}:{self.first_line + line}"

    def __str__(self) -> str:
        newlines = self.data.count(b"\n")
        lines = newlines if self.data.endswith(b"\n") else newlines + 1
        last = self.first_line + lines - 1
        one = last == self.first_line
        return f"{self.path}, {f'line {last}' if one else f'lines {self.first_line} to {last}'}"


class Source(Protocol):
    """Where rows come from."""

    path: Path
    total_bytes: int
    """The size of it all, for progress."""

    def chunks(self, sizes: Sequence[int]) -> Iterator[Chunk]:
        """Yield the chunks. The first were cut before, to `sizes` bytes each, and stay as long.

        Raises `UsageError` where the source cannot be read.
        """


def open_source(path: Path) -> Source:
    """Return a run's samples for a folder, and a file's rows for a file. Raises `UsageError`."""
    try:
        if path.is_dir():
            return RunSource(path)
        if path.is_file():
            return FileSource(path)
    except OSError as error:
        raise UsageError(error.strerror or str(error), where=str(path)) from None
    raise UsageError("no such file or run directory", where=str(path))


class FileSource:
    """The rows of a JSONL file, in chunks that cut no item's completions apart.

    Only an item that doubles a chunk is cut. Completions of one item are found
    where they follow each other.
    """

    def __init__(self, path: Path) -> None:
        """Raise `UsageError` if there is nothing in the file."""
        self.path = path
        self.chunk_rows = CHUNK_ROWS
        self.total_bytes = path.stat().st_size
        if not self.total_bytes:
            raise DatasetError("the file has no rows", where=str(path))

    def chunks(self, sizes: Sequence[int]) -> Iterator[Chunk]:
        """See `Source.chunks`."""
        try:
            with self.path.open("rb") as file:
                line = 1
                for number, data in enumerate(self._pieces(file, sizes), start=1):
                    name = f"part-{number:06d}.jsonl"
                    yield Chunk(name, self.path, line, data, None, Progress())
                    line += data.count(b"\n")
        except OSError as error:
            raise DatasetError(error.strerror or str(error), where=str(self.path)) from None

    def _pieces(self, file: IO[bytes], sizes: Sequence[int]) -> Iterator[bytes]:
        lines = 0
        for size in sizes:
            data = file.read(size)
            lines += data.count(b"\n")
            yield data
        yield from _Cutter(file, self.path, lines, self.chunk_rows).pieces()


class _Cutter:
    """Cuts a file into pieces of whole lines."""

    def __init__(self, file: IO[bytes], path: Path, lines_before: int, rows: int) -> None:
        self._file = file
        self._path = path
        self._lines = lines_before
        self._rows = rows

    def pieces(self) -> Iterator[bytes]:
        line = self._line()
        while line:
            piece, size = [line], len(line)
            while (line := self._line()) and len(piece) < self._rows and size < CHUNK_BYTES:
                piece.append(line)
                size += len(line)
            while line and len(piece) < 2 * self._rows and size < 2 * CHUNK_BYTES:
                if not _of_one_item(line, piece[-1]):
                    break
                piece.append(line)
                size += len(line)
                line = self._line()
            yield b"".join(piece)

    def _line(self) -> bytes:
        line = self._file.readline(MAX_LINE_BYTES + 1)
        self._lines += 1
        if len(line) > MAX_LINE_BYTES:
            raise DatasetError(
                f"the row is longer than {MAX_LINE_CHARS} characters",
                where=f"{self._path}:{self._lines}",
            )
        return line


def _of_one_item(line: bytes, other: bytes) -> bool:
    item = _item(line)
    return item is not None and item == _item(other)


def _item(line: bytes) -> Any:
    """Return the line's item, None if the line is not as it should be."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row.get("item") if isinstance(row, dict) else None


class RunSource:
    """The samples of a run, of an evaluation, or of an earlier grading: each file is a chunk.

    So judges and shapers see the batches that they saw in training.
    """

    def __init__(self, path: Path) -> None:
        """Raise `UsageError` if there are none."""
        self.path = path
        found = [(file, _SAMPLES.fullmatch(file.stem)) for file in path.glob("samples/*.jsonl")]
        # A step's samples come before the evaluation after it.
        named = sorted(
            (int(match[2]), match[1] == "eval", match[1], file) for file, match in found if match
        )
        self._files = [(step, _SPLITS.get(phase), file) for step, _, phase, file in named]
        if not self._files:
            raise UsageError(
                "there are no samples in this folder",
                where=str(path),
                hint="Give a run directory with files in samples/, or a JSONL file.",
            )
        self.total_bytes = sum(file.stat().st_size for _, _, file in self._files)
        self._max_steps = _max_steps(path / "task.yaml") or max(step for step, _, _ in self._files)

    def chunks(self, sizes: Sequence[int]) -> Iterator[Chunk]:
        """See `Source.chunks`. A file is a chunk however large it is."""
        for step, split, path in self._files:
            try:
                data = path.read_bytes()
            except OSError as error:
                raise DatasetError(error.strerror or str(error), where=str(path)) from None
            yield Chunk(path.name, path, 1, data, split, Progress(step, self._max_steps))


def _max_steps(task_file: Path) -> int | None:
    """Return how many steps the run was to have, as its resolved task says; None if it does not."""
    if not task_file.is_file():
        return None
    task = read_yaml(task_file).data
    train = task.get("train") if isinstance(task, dict) else None
    steps = train.get("max_steps") if isinstance(train, dict) else None
    return steps if isinstance(steps, int) and steps > 0 else None
