"""A million completions from a file through `rft grade`, against a bare script doing the same.

Each completion is graded by `multilabel` (F1), `json_schema` and an exact comparison. The bare
script reads the same rows, parses them, makes samples and calls the same three graders on 2,048 at
a time; it keeps the scores and writes nothing. `rft grade` also checks every row, composes rewards,
writes them with reasons and metrics, and can be killed at any moment. Seconds are those of whole
processes, their start included. On a machine shared with others the processor's seconds are the
ones to compare, and those of one run only.

    python benchmarks/grade_million.py [--rows 1000000] [--executor ray]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

LABELS: Final = [f"{area} {topic}" for area in ("social", "energy", "trade") for topic in "abcdefg"]
GROUP: Final = 8
BATCH: Final = 2048
TITLE: Final = "Council Regulation of 19 May 2004 repealing a decision on the use of coal, no. "

TASK: Final = """
data: {train: none.jsonl}
reward:
  graders:
    valid: {use: json_schema, weight: 0.2, config: {schema: schema.json}}
    f1: {use: multilabel, config: {metric: f1, labels: "$.level1[*].code"}}
    exact: {use: function, weight: 0.5, config: {path: "exact.py:exact"}}
"""
SCHEMA: Final = {
    "type": "object",
    "required": ["level1"],
    "additionalProperties": False,
    "properties": {
        "level1": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code"],
                "additionalProperties": False,
                "properties": {"code": {"enum": LABELS}},
            },
        }
    },
}
EXACT: Final = """
def exact(sample):
    return 1.0 if sample.text == sample.item.fields["answer"] else 0.0
"""


@dataclass(frozen=True)
class Measured:
    """Seconds by the clock and of the processor, and resident memory in MB at 10 % and 98 %.

    Memory is the first process's, and the largest of its children's.
    """

    wall: float
    cpu: float
    memory: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    note: str = ""


def write_inputs(folder: Path, rows: int) -> None:
    (folder / "task.yaml").write_text(TASK)
    (folder / "schema.json").write_text(json.dumps(SCHEMA))
    (folder / "exact.py").write_text(EXACT)
    rng = random.Random(0)
    with (folder / "rows.jsonl").open("w") as file:
        for number in range(-(-rows // GROUP)):
            right = rng.sample(LABELS, rng.choice((1, 2, 2, 3, 3, 4, 5)))
            item = {
                "id": f"act-{number}",
                "text_input": f"{TITLE}{number}",
                "reference_answer": right,
                "answer": answer(right),
            }
            for _ in range(min(GROUP, rows - number * GROUP)):
                row = {
                    "item": item,
                    "completion": complete(right, rng),
                    "num_tokens": 12,
                    "finish_reason": "stop",
                }
                file.write(json.dumps(row) + "\n")


def answer(labels: list[str]) -> str:
    return json.dumps({"level1": [{"code": label} for label in labels]})


def complete(right: list[str], rng: random.Random) -> str:
    """Return an answer about half right; one in twenty is cut off."""
    named = [label for label in right if rng.random() < 0.6]
    named += rng.sample(LABELS, rng.choice((0, 0, 1, 2)))
    text = answer(list(dict.fromkeys(named)))
    return text if rng.random() < 0.95 else text[: len(text) // 2]


def pure(folder: Path) -> None:
    """Be the bare script; print the seconds that the graders took, and those of the processor."""
    from rft_core.task.task import load_task

    task = load_task(folder / "task.yaml", data=False)
    graders = [call.grader for call in task.rewards[None].calls.values()]
    scores: list[list[float | None]] = [[] for _ in graders]
    clock = cpu = 0.0
    with (folder / "rows.jsonl").open(encoding="utf-8") as file:
        while samples := list(islice(read(file), BATCH)):
            start, used = time.perf_counter(), time.process_time()
            for grader, mine in zip(graders, scores, strict=True):
                mine.extend(grade(grader, samples))
            clock += time.perf_counter() - start
            cpu += time.process_time() - used
    print(json.dumps({"rows": len(scores[0]), "clock": clock, "cpu": cpu}))


def read(file: IO[str]) -> Iterator[Any]:
    from rft_core import Item, Sample
    from rft_core.types import Completion

    for line in file:
        row = json.loads(line)
        fields = {key: value for key, value in row["item"].items() if key != "id"}
        completion = Completion(row["completion"], row["num_tokens"], row["finish_reason"])
        yield Sample(Item(row["item"]["id"], (), fields), completion)


def grade(grader: Any, samples: list[Any]) -> list[float | None]:
    if grader.is_batched():
        return [grade.score for grade in grader.grade_batch(samples)]
    return [grader.grade(sample) for sample in samples]


def measure(command: list[str], folder: Path, rows: int, output: Path | None) -> Measured:
    """Run a command to its end and watch what it uses."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    early = late = (0, 0)
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            rows_done = done(output) if output else 0
            if early == (0, 0) and rows_done >= 0.1 * rows:
                early = memory(process.pid)
            if late == (0, 0) and rows_done >= 0.98 * rows:
                late = memory(process.pid)
            time.sleep(0.05)
        said = process.communicate()[0]
    wall = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(wall, cpu, (early, late), said)


def done(output: Path) -> int:
    try:
        return sum(1 for _ in (output / "samples").iterdir()) * BATCH
    except OSError:
        return 0


def memory(pid: int) -> tuple[int, int]:
    """Return the resident MB of a process and of the largest of its descendants."""
    children = [memory(child) for child in children_of(pid)]
    return resident(pid), max((max(pair) for pair in children), default=0)


def children_of(pid: int) -> list[int]:
    try:
        texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for text in texts for child in text.split()]


def resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def contenders(executors: list[str], folder: Path) -> dict[str, tuple[list[str], Path]]:
    found = {}
    for executor in executors:
        for workers in (1, 2):
            name = f"{executor}, {workers} worker{'s' * (workers - 1)}"
            if executor == "inline" and workers > 1:
                continue
            output = folder / name
            command = [sys.executable, "-m", "rft_core", "grade", "rows.jsonl"]
            command += ["--task", "task.yaml", "--executor", executor]
            command += ["--workers", str(workers), "--output", str(output)]
            found[name] = command, output
    return found


def report(rows: int, executors: list[str], folder: Path) -> None:
    write_inputs(folder, rows)
    size = (folder / "rows.jsonl").stat().st_size / 1e6
    print(f"{rows:,} rows, {size:,.0f} MB, {os.cpu_count()} processors")
    bare = measure([sys.executable, __file__, "--pure", str(folder)], folder, rows, None)
    own = json.loads(bare.note)
    print(f"  the graders alone     {own['clock']:7.1f} s  processor {own['cpu']:7.1f} s")
    show("a bare script", bare, bare, own["cpu"])
    for name, (command, output) in contenders(executors, folder).items():
        found = measure(command, folder, rows, output)
        show(f"rft grade, {name}", found, bare, own["cpu"])
        early, late = found.memory
        print(f"      MB, process and largest worker: {early} at 10 %, {late} at 98 %")
        check(output, rows)


def show(name: str, found: Measured, bare: Measured, graders: float) -> None:
    ratios = f"{found.wall / bare.wall:.2f} and {found.cpu / bare.cpu:.2f} of the bare script"
    alone = f"{found.cpu / graders:.2f} of the graders' processor time"
    print(f"  {name:32} {found.wall:7.1f} s  processor {found.cpu:7.1f} s  ({ratios}; {alone})")


def check(output: Path, rows: int) -> None:
    """Refuse to report a grading that lost rows."""
    summary = json.loads((output / "summary.json").read_text())
    if summary["status"] != "done" or summary["rows"] != rows:
        sys.exit(f"{output}: {summary['status']}, {summary['rows']} rows")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--executor", action="append", help="besides inline and process")
    parser.add_argument("--pure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.pure:
        pure(arguments.pure)
        return
    with tempfile.TemporaryDirectory() as folder:
        executors = ["inline", "process", *(arguments.executor or [])]
        report(arguments.rows, executors, Path(folder))


if __name__ == "__main__":
    main()
