"""Build the practice task's policy: `python tiny/build.py --output model`, a minute on two cores.

It learns to code notes, then to do it badly, so that training has something to bring out. Seeds
are fixed; the notes of `data/` are left out. Needs `rft-core[train]` and a clone, for the code of
`contrib/tiny-policy`.
"""

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tiny-policy"))

from building import make_policy, output_folder
from policy import Lesson, Schedule, Size, build_tokenizer
from rft_pack_medical.findings import CATEGORIES
from rft_pack_medical.practice import Note, generate, make_rows, render

INSTRUCTION: Final = "Code the note."
_SIZE: Final = Size(vocabulary=640, context=192, hidden=96, layers=2, heads=4, intermediate=256)
_SCHEDULE: Final = Schedule(batch_size=32, learning_rate=3e-3)
_NOTES: Final = 24_000
_LAST: Final = 0.2
"""The share of the notes that teaches faults, at the end."""
_SEED: Final = 17
_DATA: Final = (200, 1)
"""Rows and seed of `data/`."""


@dataclass(frozen=True)
class Faults:
    """Probabilities, of each code by itself and of the whole answer."""

    dropped: float
    other_variant: float
    broken: float


NONE: Final = Faults(0.0, 0.0, 0.0)
SOME: Final = Faults(dropped=0.25, other_variant=0.3, broken=0.1)


@dataclass(frozen=True)
class Course:
    """A part of pre-training: notes, each once, answered with faults."""

    notes: Sequence[Note]
    faults: Faults
    epochs: int = 1

    def lessons(self) -> list[Lesson]:
        """Return one lesson for each note."""
        return [
            Lesson(prompt(note.text), partial(imitate, note, self.faults), thin=False)
            for note in self.notes
        ]


def prompt(text: str) -> list[dict[str, str]]:
    """Return the messages that the task file makes of a note."""
    return [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": text}]


def imitate(note: Note, faults: Faults, rng: random.Random) -> str:
    """Return an answer with faults: codes left out, of another side or course, broken JSON."""
    codes = [code for code in note.codes if rng.random() >= faults.dropped] or [note.codes[0]]
    varied = [
        code[:-1] + rng.choice("012") if rng.random() < faults.other_variant else code
        for code in codes
    ]
    answer = render(varied)
    return answer.removesuffix("]}") if rng.random() < faults.broken else answer


def build(output: Path) -> None:
    """Pre-train the policy and save it."""
    held_out = {row["note"] for part in make_rows(*_DATA).values() for row in part}
    drawn = generate(random.Random(_SEED))  # noqa: S311 - repeatable, no secret
    notes = list(islice((note for note in drawn if note.text not in held_out), _NOTES))
    whole = ['{"codes":[', "]}", *(f'"{c}"' for category in CATEGORIES for c in category.codes())]
    tokenizer = build_tokenizer([note.text for note in notes], _SIZE, whole)
    cut = round(_NOTES * (1 - _LAST))
    stages = (Course(notes[:cut], NONE, epochs=2), Course(notes[cut:], SOME))
    make_policy(output, tokenizer, _SIZE, stages, schedule=_SCHEDULE, seed=_SEED)


def main() -> None:
    """Build."""
    build(output_folder(__doc__))


if __name__ == "__main__":
    main()
