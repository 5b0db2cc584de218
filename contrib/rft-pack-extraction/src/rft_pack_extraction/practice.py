"""Rows to practise on.

`python -m rft_pack_extraction.practice --rows 200 --seed 1 --output FOLDER` writes `train.jsonl`
with so many rows and `validation.jsonl` with a quarter as many: the same bytes for the same seed,
and no text or record in both, nor twice in one.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from rft_pack_extraction import invoices, orders
from rft_pack_extraction.orders import Text

Row: TypeAlias = dict[str, Any]
"""`id`, `text`, `record` and `answer`, which is the record as JSON."""

_VALIDATION: Final = 4
"""There is one row of validation for so many of training."""
_KINDS: Final[Mapping[str, Callable[[random.Random], Iterator[Text]]]] = {
    "order": orders.generate,
    "invoice": invoices.generate,
}
MOST: Final = 20_000


def splits(kind: str, rows: int, seed: int) -> dict[str, list[Row]]:
    """Return the rows of `train` and `validation`.

    Raises `ValueError` unless `rows` is 1 to 20,000.
    """
    if not 1 <= rows <= MOST:
        raise ValueError(f"rows: {rows} is not from 1 to {MOST}")
    rng = random.Random(f"{kind} {seed}")  # noqa: S311 -- repeatable, no secret
    distinct = _distinct(_KINDS[kind](rng))
    counts = {"train": rows, "validation": -(-rows // _VALIDATION)}
    return {
        name: [_row(f"{name}-{number:05}", next(distinct)) for number in range(1, count + 1)]
        for name, count in counts.items()
    }


def _distinct(texts: Iterator[Text]) -> Iterator[Text]:
    """Leave out texts whose text or record was there before."""
    seen: set[str] = set()
    for one in texts:
        keys = {one.text, json.dumps(one.record, sort_keys=True)}
        if not keys & seen:
            seen |= keys
            yield one


def _row(name: str, one: Text) -> Row:
    answer = json.dumps(one.record, ensure_ascii=False, separators=(",", ":"))
    return {"id": name, "text": one.text, "record": one.record, "answer": answer}


def write(folder: Path, kind: str, rows: int, seed: int) -> None:
    """Write both files into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, written in splits(kind, rows, seed).items():
        lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in written)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8", newline="\n")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Write rows to practise on.")
    parser.add_argument("--rows", type=int, default=200, help="of training; default: 200")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--kind", choices=_KINDS, default="order", help="default: order")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    try:
        write(given.output, given.kind, given.rows, given.seed)
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
