"""Rows to practise on: titles of invented acts, in the style of the EU's Official Journal.

`python -m rft_pack_legal.practice --rows 200 --seed 1 --output FOLDER` writes `train.jsonl` with so
many rows and `validation.jsonl` with a quarter as many: the same bytes for the same seed. No two
acts are about the same subjects, in one split or in both.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from rft_pack_legal.subjects import DOMAINS, SUBJECTS

Row: TypeAlias = dict[str, Any]
"""`id`, `title`, `topics` (the right domains) and `answer`, which names them as JSON."""

MOST: Final = 20_000
_VALIDATION: Final = 4
"""There is one row of validation for so many of training."""
_HEADS: Final = (
    "Commission Regulation (EU) No {number}/{year}",
    "Commission Implementing Regulation (EU) No {number}/{year}",
    "Commission Decision {year}/{number}/EU",
    "Council Decision {year}/{number}/EU",
    "Council Regulation (EU) No {number}/{year}",
    "Directive {year}/{number}/EU of the European Parliament and of the Council",
)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_OPENINGS: Final = ("on", "concerning", "laying down detailed rules for", "on common measures for")
_LINKS: Final = (" and on ", " in connection with ", ", having regard to ")
_SUBJECTS: Final = (2, 2, 3, 3, 4)
"""How many subjects acts have: one of these at random."""


class Act(NamedTuple):
    """A title, its domains in the order of `DOMAINS`, and the subjects that it names."""

    title: str
    domains: tuple[str, ...]
    subjects: frozenset[str]


def splits(rows: int, seed: int) -> dict[str, list[Row]]:
    """Return the rows of `train` and `validation`.

    Raises `ValueError` unless `rows` is 1 to 20,000.
    """
    if not 1 <= rows <= MOST:
        raise ValueError(f"rows: {rows} is not from 1 to {MOST}")
    acts = generate(random.Random(seed))  # noqa: S311 -- repeatable, no secret
    counts = {"train": rows, "validation": -(-rows // _VALIDATION)}
    return {
        name: [_row(f"{name}-{number:05}", next(acts)) for number in range(1, count + 1)]
        for name, count in counts.items()
    }


def generate(rng: random.Random) -> Iterator[Act]:
    """Yield acts without end, no two about the same subjects."""
    seen: set[frozenset[str]] = set()
    while True:
        act = _draw(rng)
        if act.subjects not in seen:
            seen.add(act.subjects)
            yield act


def render(domains: Iterable[str]) -> str:
    """Return the complete and correct answer that names the domains."""
    answer = {"level1": [{"code": domain} for domain in domains]}
    return json.dumps(answer, separators=(",", ":"))


def _draw(rng: random.Random) -> Act:
    drawn = rng.sample(list(SUBJECTS), rng.choice(_SUBJECTS))
    phrases = [rng.choice(SUBJECTS[domains]) for domains in drawn]
    title = f"{_preamble(rng)} {phrases[0]}"
    for phrase in phrases[1:]:
        title += rng.choice(_LINKS) + phrase
    named = {domain for domains in drawn for domain in domains}
    return Act(title, tuple(domain for domain in DOMAINS if domain in named), frozenset(phrases))


def _preamble(rng: random.Random) -> str:
    """Return what stands before the first subject: kind, number, date and opening."""
    year = rng.randint(2004, 2019)
    head = rng.choice(_HEADS).format(number=rng.randint(1, 1400), year=year)
    return f"{head} of {rng.randint(1, 28)} {rng.choice(_MONTHS)} {year} {rng.choice(_OPENINGS)}"


def _row(name: str, act: Act) -> Row:
    return {
        "id": name,
        "title": act.title,
        "topics": list(act.domains),
        "answer": render(act.domains),
    }


def write(folder: Path, rows: int, seed: int) -> None:
    """Write both files into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, written in splits(rows, seed).items():
        lines = "".join(f"{json.dumps(row)}\n" for row in written)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8", newline="\n")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Write rows to practise on.")
    parser.add_argument("--rows", type=int, default=200, help="of training; default: 200")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    try:
        write(given.output, given.rows, given.seed)
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
