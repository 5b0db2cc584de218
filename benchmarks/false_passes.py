"""Composed rewards, exported by `trl_reward`, under the probes of falsepass.

falsepass (Apache-2.0) gives a reward function completions that are known to be wrong, and others
that are known to be right, and tells where it disagrees. It calls the reward as TRL's trainer does.

    pip install falsepass==0.11.0        # beside rft-core and the plugins; it brings nothing else
    python benchmarks/false_passes.py [SUBJECT ...] [--examples 25] [--search 0]

* math, math-text: `math` as its defaults are, where the question asks for a box and for text.
* labels: F1 of `multilabel` behind a gate of `json_schema`. Wrong labels beside right ones earn
  part marks by design.
* fuzzy: `fuzzy` as its defaults are. Similar answers earn part marks by design.
* fuzzy-strict: the same with `cutoff: 0.7`.

The table has the highest reward of a known-bad completion, the mean reward of the best strategy
that never sees the reference, the share of known-good completions that did not get full marks, and
scoring errors. Below it stands each probe that failed, with an example.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from falsepass import report, runner

Row = dict[str, Any]

ROWS: Final = 60
REWARD: Final = """
from rft_core.export import trl_reward

_exported = trl_reward({task_file!r})

def reward(prompts, completions, **columns):
    return _exported(prompts=prompts, completions=completions, **columns)
"""


class Subject(NamedTuple):
    """A reward section, the rows to probe it with, and files beside the task file."""

    reward: dict[str, Any]
    rows: Callable[[random.Random], Iterator[Row]]
    files: dict[str, Any]


def sums(chance: random.Random, wish: str) -> Iterator[Row]:
    """Yield sums of whole numbers and of fractions."""
    for number in range(ROWS):
        a, b = chance.randint(2, 400), chance.randint(2, 400)
        c = chance.randint(2, 9)
        total = Fraction(a) + (Fraction(b) if number % 2 else Fraction(b, c))
        second = str(b) if number % 2 else f"{b}/{c}"
        yield {"question": f"What is {a} + {second}? {wish}", "answer": str(total)}


TOPICS: Final = ("agriculture", "energy", "finance", "fisheries", "health", "trade", "transport")


def label_rows(chance: random.Random) -> Iterator[Row]:
    """Yield acts with one to three topics, answered as JSON."""
    for number in range(ROWS):
        labels = sorted(chance.sample(TOPICS, chance.randint(1, 3)))
        question = (
            f"Which topics does act {number} on {' and '.join(labels)} have? "
            'Answer as JSON: {"labels": ["..."]}'
        )
        answer = json.dumps({"labels": labels})
        yield {"question": question, "answer": answer, "reference_answer": labels}


AUTHORS: Final = {
    "Faust": "Johann Wolfgang von Goethe",
    "Middlemarch": "George Eliot",
    "The Trial": "Franz Kafka",
    "Don Quixote": "Miguel de Cervantes",
    "War and Peace": "Leo Tolstoy",
    "Ulysses": "James Joyce",
    "Emma": "Jane Austen",
    "Candide": "Voltaire",
    "Moby-Dick": "Herman Melville",
    "Beloved": "Toni Morrison",
    "The Leopard": "Giuseppe Tomasi di Lampedusa",
    "Blindness": "José Saramago",
}
EDITIONS: Final = ("first", "second", "third", "newest", "best known")


def name_rows(_: random.Random) -> Iterator[Row]:
    """Yield questions for names of authors."""
    for edition in EDITIONS:
        for book, author in AUTHORS.items():
            question = f"Who wrote {book}, of which this is the {edition} edition? Give the name."
            yield {"question": question, "answer": author}


def single(use: str, **config: Any) -> dict[str, Any]:
    """Return a reward of one grader."""
    return {"graders": {"only": {"use": use, "config": {"reference": "answer", **config}}}}


SUBJECTS: Final = {
    "math": Subject(single("math"), lambda c: sums(c, "Put the final answer in \\boxed{}."), {}),
    "math-text": Subject(single("math"), lambda c: sums(c, "Answer in a sentence."), {}),
    "labels": Subject(
        {
            "graders": {
                "valid": {
                    "use": "json_schema",
                    "gate": {"min": 1.0},
                    "config": {"schema": "labels.json"},
                },
                "f1": {"use": "multilabel", "config": {"labels": "$.labels"}},
            },
            "formula": "f1",
        },
        label_rows,
        {
            "labels.json": {
                "type": "object",
                "properties": {"labels": {"type": "array", "items": {"enum": list(TOPICS)}}},
                "required": ["labels"],
                "additionalProperties": False,
            }
        },
    ),
    "fuzzy": Subject(single("fuzzy"), name_rows, {}),
    "fuzzy-strict": Subject(single("fuzzy", cutoff=0.7), name_rows, {}),
}


def write(folder: Path, subject: Subject) -> Path:
    """Write the task file, rows and reward function, and how falsepass is to audit them."""
    task_file, rows = folder / "task.yaml", folder / "rows.jsonl"
    task = {"data": {"train": str(rows)}, "reward": subject.reward}
    task_file.write_text(yaml.safe_dump(task, sort_keys=False))
    rows.write_text("".join(json.dumps(row) + "\n" for row in subject.rows(random.Random(0))))
    for name, content in subject.files.items():
        (folder / name).write_text(json.dumps(content))
    (folder / "rewards.py").write_text(REWARD.format(task_file=str(task_file)))
    settings = {
        "id": "local/exported",
        "framework": "reward",
        "task": str(folder / "rewards.py"),
        "dataset": str(rows),
        "answer_column": "answer",
        "prompt_column": "question",
    }
    audit = folder / "audit"
    audit.mkdir()
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    (audit / "env.toml").write_text(f"[env]\n{lines}")
    return audit


def audit(subject: Subject, examples: int, search: int) -> list[Row]:
    """Return falsepass's results: one row for each probe, variant and example."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        written = write(Path(folder), subject)
        with contextlib.redirect_stderr(io.StringIO()):  # its progress
            found = runner.run(written, n=examples, search_calls=search)
    results: list[Row] = found["results"]
    return results


def show(name: str, results: list[Row]) -> None:
    """Print the headline numbers as a row of the table."""
    head = report.headline(results)
    cells = [
        f"{head['known_bad']}",
        f"{head['false_pass_ceiling']:.2f} ({head['false_pass_via']})",
        f"{head['lazy_policy_reward']:.2f} ({head['lazy_policy_via']})",
        f"{head['false_fail_rate']:.3f} of {head['known_good']}",
        f"{head['scoring_errors']}",
    ]
    print(f"| {name} | {' | '.join(cells)} |")


def show_failures(name: str, results: list[Row]) -> None:
    """Print each probe that failed, how often, and one completion."""
    failed: dict[str, list[Row]] = defaultdict(list)
    for one in results:
        if not one["passed"] and not one.get("same_as_good") and not one.get("no_control"):
            failed[f"{one['probe']} {one['name']}/{one['variant']}"].append(one)
    print(f"\n{name}: {len(failed)} probes failed")
    for probe, rows in failed.items():
        worst = max(rows, key=lambda row: row["score"] or 0)
        said = worst.get("completion") or worst.get("completion_preview") or ""
        print(f"  {probe} ×{len(rows)}: {worst['detail']}: {str(said)[:160]!r}")  # noqa: RUF001


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--examples", type=int, default=25)
    parser.add_argument("--search", type=int, default=0, help="calls of the mutation search")
    arguments = parser.parse_args()
    found = {
        name: audit(SUBJECTS[name], arguments.examples, arguments.search)
        for name in arguments.subjects or SUBJECTS
    }
    print("| reward | known-bad | highest reward | without reference | false fails | errors |")
    print("|---|---|---|---|---|---|")
    for name, results in found.items():
        show(name, results)
    for name, results in found.items():
        show_failures(name, results)


if __name__ == "__main__":
    main()
