"""Practice data: `python -m rft_env_guess.rows --data FOLDER` writes train and validation rows.

Ranges of 6 to 10 numbers between 0 and 9, each with every number of it as the secret once: the same
bytes each time. A fourth of the ranges is for validation. Were it a fourth of the secrets, a policy
that learns which secrets come up would be wrong about the others.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any, Final, TypeAlias

Row: TypeAlias = dict[str, Any]

SMALLEST: Final = 5
"""The least difference of the ends of a range."""
HIGHEST: Final = 9
SEED: Final = 11


def rows(turns: int = 3) -> dict[str, list[Row]]:
    """Return the rows of both data sets."""
    ranges = [(low, high) for low in range(HIGHEST) for high in range(low + SMALLEST, HIGHEST + 1)]
    random.Random(SEED).shuffle(ranges)  # noqa: S311 -- repeatable, no secret
    validation = ranges[::4]
    train = [one for one in ranges if one not in validation]
    return {
        "train": _rows("train", train, turns),
        "validation": _rows("validation", validation, turns),
    }


def _rows(name: str, ranges: list[tuple[int, int]], turns: int) -> list[Row]:
    games = [(low, high, secret) for low, high in ranges for secret in range(low, high + 1)]
    return [
        {"id": f"{name}-{number:03d}"} | _row(*game, turns)
        for number, game in enumerate(games, start=1)
    ]


def _row(low: int, high: int, secret: int, turns: int) -> Row:
    return {
        "messages": [
            {"role": "system", "content": "Guess the number."},
            {"role": "user", "content": f"It is {low} to {high}. You have {turns} tries."},
        ],
        "secret": secret,
        "low": low,
        "high": high,
        "turns": turns,
    }


def main() -> None:
    """Write one JSON Lines file for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    folder: Path = arguments.data
    folder.mkdir(parents=True, exist_ok=True)
    for name, written in rows(arguments.turns).items():
        lines = "".join(f"{json.dumps(row)}\n" for row in written)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
