"""How long a search of a store of 1,000 specs with 5 versions each takes.

    python benchmarks/registry_index.py [--specs 1000] [--versions 5]

The store lies in a temporary folder. What is timed is a call of this process, the files in the
system's cache: reading what the store has, and ranking it for two words. "First indexing" reads
every document, as the first publisher into a folder without an index does.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from grader_registry.document import Document
from grader_registry.naming import Reference
from grader_registry.stores.folder import FolderStore
from grader_registry.stores.layout import document_path
from grader_registry.stores.several import Stores

TARGET_S = 0.3
REPEAT = 7
WORDS = ("alpha", "bravo", "carol", "delta", "early", "fable", "ghost", "hotel", "igloo", "joker")


def name_of(number: int) -> str:
    """Return a name; there are ten teams."""
    return f"team-{WORDS[number % 10]}/{WORDS[number // 10 % 10]}-scorer-n{number}"


def document(number: int, version: int) -> Document:
    """Return a document of a few kilobytes, as a small grader with 20 cases has."""
    cases = [{"completion": f"answer {one}", "reference": "answer 1"} for one in range(20)]
    return Document.write(
        {
            "name": name_of(number),
            "version": f"1.{version}.0",
            "description": f"Pays for {WORDS[number % 7]} answers that match {WORDS[number % 9]}",
            "owners": ["a team <team@example.org>"],
            "license": "Apache-2.0",
            "keywords": [WORDS[number % 3], WORDS[number % 5]],
            "grader": {"use": "string_check", "config": {"operation": "eq"}},
            "cases": cases,
            "scores": [1.0] * len(cases),
            "notes": "It has to be an exact match. " * 40,
        },
        name_of(number),
    )


def fill(folder: Path, specs: int, versions: int) -> None:
    """Write documents without an index, as a copy of a store's files has them."""
    for number in range(specs):
        for version in range(versions):
            one = document(number, version)
            path = folder / document_path(one.spec.name, one.spec.version)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(one.data)


def seconds(work: Callable[[], object], repeat: int = REPEAT) -> tuple[float, float]:
    """Return the median and the longest time of a call."""
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times), max(times)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--specs", type=int, default=1_000)
    parser.add_argument("--versions", type=int, default=5)
    options = parser.parse_args()
    table = Table("what", "median s", "longest s", "target s")

    def row(what: str, times: tuple[float, float], target: float | None = TARGET_S) -> None:
        table.add_row(what, *(f"{one:.3f}" for one in times), f"{target}" if target else "")

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fill(folder, options.specs, options.versions)
        store = FolderStore(folder, "store")
        stores = Stores([store])
        row("first indexing", seconds(store.reindex, 1), None)
        row("search, warm", seconds(lambda: stores.search(["alpha", "scorer"])))
        changed = document(3, options.versions)
        (folder / document_path(changed.spec.name, changed.spec.version)).write_bytes(changed.data)
        row("search, one spec changed", seconds(lambda: stores.search(["alpha", "scorer"])))
        wanted = Reference.parse(f"{name_of(3)}@^1")
        row("find one version", seconds(lambda: stores.find(wanted)))
        row("versions of one spec", seconds(lambda: store.versions(name_of(3))))
        new = [document(5, options.versions + one) for one in range(3)]
        row("publish a version", seconds(lambda: store.publish(new.pop()), 3), None)
        found = len(stores.search(["alpha", "scorer"]).hits)
    title = f"{options.specs} specs with {options.versions} versions; {found} found by a search"
    table.title = title
    Console().print(table)


if __name__ == "__main__":
    main()
