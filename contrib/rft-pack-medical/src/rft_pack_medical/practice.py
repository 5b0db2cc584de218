"""Practice data: short notes, and the codes of what they speak of.

`python -m rft_pack_medical.practice --rows 200 --seed 1 --output FOLDER` writes `train.jsonl` and
`validation.jsonl`, the same bytes for the same seed; a fifth of the rows are for validation, and
no note is in both. A row has `id`, `note`, `codes` (sorted) and `answer`, the right completion.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rft_pack_medical.findings import CATEGORIES

MOST_FINDINGS: Final = 3
MAX_ROWS: Final = 100_000
VALIDATION_SHARE: Final = 0.2
_OPENINGS: Final = (
    "{}.",
    "Seen today: {}.",
    "Complains of {}.",
    "Came in with {}.",
    "Follow-up: {}.",
    "By phone: {}.",
)
_JOINTS: Final = ("; ", ", and ", "; also ", " with ")


@dataclass(frozen=True)
class Note:
    """What was written down, and the codes of it in order."""

    text: str
    codes: tuple[str, ...]


def generate(rng: random.Random) -> Iterator[Note]:
    """Yield notes without end, no text twice."""
    seen: set[str] = set()
    while True:
        note = _draw(rng)
        if note.text not in seen:
            seen.add(note.text)
            yield note


def _draw(rng: random.Random) -> Note:
    findings = rng.sample(CATEGORIES, rng.choice((1, 2, 2, MOST_FINDINGS)))
    texts, codes = [], []
    for category in findings:
        digit, variant = rng.choice(sorted(category.variants.items()))
        phrase = rng.choice(category.phrases)
        texts.append(rng.choice((f"{phrase}, {variant}", f"{phrase} ({variant})")))
        codes.append(f"{category.code}.{digit}")
    told = texts[0] + "".join(rng.choice(_JOINTS) + text for text in texts[1:])
    text = rng.choice(_OPENINGS).format(told)
    return Note(text[0].upper() + text[1:], tuple(sorted(codes)))


def render(codes: Sequence[str]) -> str:
    """Return the completion that names `codes`."""
    return json.dumps({"codes": list(codes)}, separators=(",", ":"))


def make_rows(count: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Return `count` rows as `train` and `validation`. Raises `ValueError` below 5 rows."""
    if not 5 <= count <= MAX_ROWS:
        raise ValueError(f"--rows: 5 to {MAX_ROWS}, not {count}")
    rng = random.Random(seed)  # noqa: S311 - repeatable, no secret
    notes = list(islice(generate(rng), count))
    train = count - round(count * VALIDATION_SHARE)
    parts = {"train": notes[:train], "validation": notes[train:]}
    return {
        name: [_row(name, *each) for each in enumerate(part, 1)] for name, part in parts.items()
    }


def _row(name: str, number: int, note: Note) -> dict[str, Any]:
    return {
        "id": f"{name}-{number:04d}",
        "note": note.text,
        "codes": list(note.codes),
        "answer": render(note.codes),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the rows."""
    parser = argparse.ArgumentParser(prog="python -m rft_pack_medical.practice")
    parser.add_argument("--rows", type=int, default=200, help="of both files together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args(arguments)
    try:
        rows = make_rows(given.rows, given.seed)
    except ValueError as error:
        parser.error(str(error))
    given.output.mkdir(parents=True, exist_ok=True)
    for name, part in rows.items():
        lines = "".join(f"{json.dumps(row)}\n" for row in part)
        (given.output / f"{name}.jsonl").write_text(lines, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
