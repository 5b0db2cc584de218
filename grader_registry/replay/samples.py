"""The samples of a run, to be graded again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from grader_registry.errors import RegistryError
from rft_core.regrade.items import Library
from rft_core.regrade.rows import GivenRow, read_rows
from rft_core.regrade.source import Chunk, RunSource
from rft_core.task.data import RowReader
from rft_core.task.task import load_task
from rft_core.types import Item

MAX_SAMPLES: Final = 50_000


@dataclass
class Samples:
    """Samples by batches, as the run graded them.

    `places` are where each stands (`file:line`) and its group: the completions of one item in one
    step. `is_all` says that the run has no more.
    """

    items: list[Item] = field(default_factory=list)
    batches: list[list[tuple[int, Any]]] = field(default_factory=list)
    places: list[tuple[str, str]] = field(default_factory=list)
    is_all: bool = True

    def add(self, chunk: Chunk, rows: list[GivenRow], known: dict[int, int]) -> None:
        """Take the rows of a file; `known` are the items that were there before, by identity."""
        batch: list[tuple[int, Any]] = []
        for row in rows:
            item = row.sample.item
            if id(item) not in known:
                known[id(item)] = len(self.items)
                self.items.append(item)
            batch.append((known[id(item)], row.sample.completion))
            group = f"{chunk.name} {item.task} {item.id}"
            self.places.append((f"{chunk.path.name}:{chunk.first_line + row.line}", group))
        self.batches.append(batch)

    def plain(self) -> Mapping[str, Any]:
        """Return items and batches as plain data, as `trial.graded` takes them."""
        items = [
            {"id": one.id, "messages": list(one.messages), "fields": dict(one.fields)}
            for one in self.items
        ]
        batches = [
            [
                (index, one.text, one.num_tokens, one.finish_reason, list(one.messages))
                for index, one in batch
            ]
            for batch in self.batches
        ]
        return {"items": items, "batches": batches}


def read_samples(run: Path, read_dataset: RowReader | None, limit: int = MAX_SAMPLES) -> Samples:
    """Read the samples of a run directory, and the items from the data that it names.

    The first files are read, to so many samples in all. Raises `UsageError`.
    """
    task_file = run / "task.yaml"
    if not task_file.is_file():
        raise RegistryError(
            "this is no run directory: it has no task.yaml",
            where=str(run),
            hint="Give the folder that `rft train -o` made.",
        )
    source = RunSource(run)
    load = partial(load_task, task_file, read_dataset)
    library = Library(load(data=False), load)
    found, known = Samples(), dict[int, int]()
    for chunk in source.chunks([]):
        rows = list(read_rows(chunk, library))
        if len(found.places) + len(rows) > limit:
            found.is_all = False
            break
        found.add(chunk, rows, known)
    return found
