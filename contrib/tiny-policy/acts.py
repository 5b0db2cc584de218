"""Titles of invented legal acts of the EU, each with the EuroVoc domains that it is about.

``python acts.py --data FOLDER`` writes the demo's ``train.jsonl`` and ``validation.jsonl``, the
same bytes each time.
"""

import argparse
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

from phrases import BANK, DOMAINS, HELD_OUT, Bank

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_HEADS: Final = (
    "Commission Regulation (EU) No {number}/{year}",
    "Commission Implementing Regulation (EU) No {number}/{year}",
    "Commission Decision {year}/{number}/EU",
    "Commission Implementing Decision {year}/{number}/EU",
    "Council Regulation (EU) No {number}/{year}",
    "Council Decision {year}/{number}/EU",
    "Directive {year}/{number}/EU of the European Parliament and of the Council",
    "Regulation (EU) No {number}/{year} of the European Parliament and of the Council",
)
_OPENINGS: Final = (
    "concerning",
    "on",
    "laying down detailed rules for",
    "establishing a framework for",
    "on common measures relating to",
    "amending Regulation (EU) No {other}/{earlier} as regards",
    "repealing Decision {earlier}/{other}/EU on",
    "supplementing Directive {earlier}/{other}/EU with regard to",
)
_LINKS: Final = (
    " and on ",
    " in connection with ",
    " in view of ",
    ", having regard to ",
    ", including provisions on ",
    ", with special provisions for ",
)
_FEWEST_DOMAINS: Final = 2
_MOST_DOMAINS: Final = 5
_SEED: Final = 20_090_101
_ROWS: Final = {"train": 100, "validation": 50}


Row: TypeAlias = dict[str, Any]
"""A row of a data set: ``id``, ``text_input`` (the title) and ``reference_answer`` (domains)."""


@dataclass(frozen=True)
class Act:
    """A title and its domains, the latter in the order of :data:`phrases.DOMAINS`."""

    title: str
    domains: tuple[str, ...]


def generate(bank: Bank, rng: random.Random) -> Iterator[Act]:
    """Yield acts about the phrases of ``bank`` without end, no title twice.

    Every act has 2 to 5 domains and its title a phrase for each of them.
    """
    seen: set[str] = set()
    while True:
        act = _draw(bank, rng, rng.choice((2, 2, 3, 3, 4)), _preamble(rng))
        if act.title not in seen and _FEWEST_DOMAINS <= len(act.domains) <= _MOST_DOMAINS:
            seen.add(act.title)
            yield act


def _draw(bank: Bank, rng: random.Random, subjects: int, preamble: str) -> Act:
    """Draw one act about as many ``subjects``, each of another combination of domains."""
    drawn = rng.sample(list(bank), subjects)
    title = f"{preamble} {rng.choice(bank[drawn[0]])}"
    for subject in drawn[1:]:
        title += rng.choice(_LINKS) + rng.choice(bank[subject])
    named = {domain for subject in drawn for domain in subject}
    return Act(title, tuple(domain for domain in DOMAINS if domain in named))


def _preamble(rng: random.Random) -> str:
    """Return what stands before the first subject: kind, number, date and opening."""
    year = rng.randint(2004, 2019)
    head = rng.choice(_HEADS).format(number=rng.randint(1, 1400), year=year)
    date = f"{rng.randint(1, 28)} {rng.choice(_MONTHS)} {year}"
    opening = rng.choice(_OPENINGS).format(
        other=rng.randint(1, 1400), earlier=year - rng.randint(1, 9)
    )
    return f"{head} of {date} {opening}"


def demo_rows() -> dict[str, list[Row]]:
    """Return the demo's data sets by name, as they are written to its files."""
    acts = generate(HELD_OUT, _seeded(_SEED))
    return {
        name: [
            {
                "id": f"{name}-{index:03d}",
                "text_input": act.title,
                "reference_answer": list(act.domains),
            }
            for index, act in enumerate(islice(acts, count), start=1)
        ]
        for name, count in _ROWS.items()
    }


def pretraining_acts(count: int) -> list[Act]:
    """Return ``count`` acts about phrases that the demo does not use."""
    return list(islice(generate(BANK, _seeded(_SEED + 1)), count))


def drills(count: int) -> list[Act]:
    """Return ``count`` short titles of one or two of the pre-training phrases and nothing else.

    A policy that starts with these sees which words matter, many times sooner than from whole
    titles.
    """
    rng = _seeded(_SEED + 2)
    return [_draw(BANK, rng, rng.choice((1, 2)), "On") for _ in range(count)]


def from_rows(rows: Iterable[Row]) -> list[Act]:
    """Return the acts of ``rows``."""
    return [Act(row["text_input"], tuple(row["reference_answer"])) for row in rows]


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 -- repeatable, no secret


def main() -> None:
    """Write one JSON Lines file for each of the demo's data sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    folder: Path = parser.parse_args().data
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in demo_rows().items():
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
