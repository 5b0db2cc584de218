"""The demo's rows: ``python rows.py --data FOLDER`` writes its training and validation rows.

They are the same bytes each time. Each row has its task, its own messages, a reference for the
graders, and the right completion for `rft check`.
"""

import argparse
import json
import random
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tiny-policy"))

import acts
import answers
import orders
import sums

Row: TypeAlias = dict[str, Any]
TRAIN: Final = {"tagging": 100, "arithmetic": 160, "extraction": 40}
"""Training rows of each task."""
VALIDATION: Final = 40
"""Validation rows of each task."""
_SEED: Final = 31


def problems() -> list[sums.Problem]:
    """Return the problems of the training and validation rows."""
    return list(islice(sums.generate(seeded(_SEED)), TRAIN["arithmetic"] + VALIDATION))


def order_list() -> list[orders.Order]:
    """Return the orders of the training and validation rows."""
    return list(islice(orders.generate(seeded(_SEED)), TRAIN["extraction"] + VALIDATION))


def prompt(instruction: str, text: str) -> list[dict[str, str]]:
    """Return the messages of a prompt."""
    return [{"role": "system", "content": instruction}, {"role": "user", "content": text}]


def seeded(seed: int) -> random.Random:
    """Return a generator of repeatable numbers."""
    return random.Random(seed)  # noqa: S311 -- repeatable, no secret


def rows() -> dict[str, list[Row]]:
    """Return the rows of both data sets."""
    acts_of = acts.demo_rows()
    problems_of, orders_of = problems(), order_list()
    few, many = TRAIN["extraction"], TRAIN["arithmetic"]
    train = [
        *map(_tagging, acts_of["train"]),
        *map(_arithmetic, problems_of[:many]),
        *map(_extraction, orders_of[:few]),
    ]
    validation = [
        *map(_tagging, acts_of["validation"][:VALIDATION]),
        *map(_arithmetic, problems_of[many:]),
        *map(_extraction, orders_of[few:]),
    ]
    return {"train": _numbered("train", train), "validation": _numbered("validation", validation)}


def _tagging(act: Row) -> Row:
    domains = act["reference_answer"]
    return {
        "task": "tagging",
        "messages": prompt(answers.INSTRUCTION, act["text_input"]),
        "reference_answer": domains,
        "right": answers.render(domains),
    }


def _arithmetic(problem: sums.Problem) -> Row:
    return {
        "task": "arithmetic",
        "messages": prompt(sums.INSTRUCTION, problem.text),
        "reference_answer": str(problem.result),
        "right": problem.worked(problem.result),
    }


def _extraction(order: orders.Order) -> Row:
    return {
        "task": "extraction",
        "messages": prompt(orders.INSTRUCTION, order.text),
        "reference_answer": asdict(order.record),
        "right": orders.render(order.record),
    }


def _numbered(name: str, unnumbered: list[Row]) -> list[Row]:
    return [{"id": f"{name}-{number:03d}"} | row for number, row in enumerate(unnumbered, start=1)]


def main() -> None:
    """Write one JSON Lines file for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    folder: Path = parser.parse_args().data
    folder.mkdir(parents=True, exist_ok=True)
    for name, written in rows().items():
        lines = "".join(f"{json.dumps(row)}\n" for row in written)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
