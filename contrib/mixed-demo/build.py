"""Build the demo's policy: ``python build.py --output FOLDER`` writes tokenizer and weights.

Takes some minutes on two cores and gives the same weights each time on the same machine.
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import orders
import rows  # puts contrib/tiny-policy on the path
import sums
from acts import Act, drills, pretraining_acts
from answers import FAULTLESS, Habits
from building import make_policy, output_folder
from policy import Lesson, Schedule, Size, Stage, build_tokenizer

_SIZE: Final = Size(vocabulary=1536, context=512, hidden=160, layers=3, heads=4, intermediate=400)
_SCHEDULE: Final = Schedule(batch_size=32, learning_rate=2e-3)
_WHOLE: Final = (
    *string.digits,
    *orders.PIECES,
    *orders.PEOPLE,
    *orders.CITIES,
    *orders.ITEMS,
)
_ACTS: Final = 15_000
_DRILLS: Final = 5000
_PROBLEMS: Final = 12_000
_ORDERS: Final = 16_000
_LAST: Final = 0.2
"""The share of each task's lessons that teaches faults, at the end."""
_SEED: Final = 17


@dataclass(frozen=True)
class _Habits:
    """The faults of all three tasks."""

    tagging: Habits
    right: float
    orders: orders.Faults


_NONE: Final = _Habits(FAULTLESS, right=1.0, orders=orders.Faults(wrong=0.0, broken=0.0))
_FAULTS: Final = _Habits(
    Habits(keep=0.49, wrong=0.09, broken=0.07),
    right=0.5,
    orders=orders.Faults(wrong=0.22, broken=0.1),
)


@dataclass(frozen=True)
class _Material:
    """What the policy is taught with; none of it is among the demo's rows."""

    acts: Sequence[Act]
    problems: Sequence[sums.Problem]
    orders: Sequence[orders.Order]

    def part(self, start: float, end: float) -> "_Material":
        """Return the part of everything from one share to another."""

        def cut(whole: Sequence) -> Sequence:
            return whole[round(start * len(whole)) : round(end * len(whole))]

        return _Material(cut(self.acts), cut(self.problems), cut(self.orders))


@dataclass(frozen=True)
class _Course:
    """A part of pre-training on all three tasks."""

    material: _Material
    habits: _Habits
    epochs: int = 1

    def lessons(self) -> list[Lesson]:
        """Return one lesson for each act, problem and order."""
        stage = Stage(self.material.acts, self.habits.tagging, self.epochs)
        return [
            *stage.lessons(),
            *(
                Lesson(
                    rows.prompt(sums.INSTRUCTION, problem.text),
                    partial(sums.imitate, problem, self.habits.right),
                    thin=False,
                )
                for problem in self.material.problems
            ),
            *(
                Lesson(
                    rows.prompt(orders.INSTRUCTION, order.text),
                    partial(orders.imitate, order, self.habits.orders),
                    thin=False,
                )
                for order in self.material.orders
            ),
        ]


def _material() -> _Material:
    held_out = {problem.text for problem in rows.problems()}
    held_out |= {order.text for order in rows.order_list()}
    problems = (p for p in sums.generate(rows.seeded(_SEED)) if p.text not in held_out)
    written = (o for o in orders.generate(rows.seeded(_SEED)) if o.text not in held_out)
    return _Material(
        pretraining_acts(_ACTS),
        list(islice(problems, _PROBLEMS)),
        list(islice(written, _ORDERS)),
    )


def build(output: Path) -> None:
    """Pre-train the policy and save it in ``output``.

    The policy first learns the tasks, then to do them badly.
    """
    material = _material()
    texts = [act.title for act in material.acts]
    texts += [each.text for each in (*material.problems, *material.orders)]
    tokenizer = build_tokenizer(texts, _SIZE, _WHOLE)
    stages = (
        Stage(drills(_DRILLS), FAULTLESS, epochs=1),
        _Course(material.part(0, 1 - _LAST), _NONE),
        _Course(material.part(1 - _LAST, 1), _FAULTS),
    )
    make_policy(output, tokenizer, _SIZE, stages, schedule=_SCHEDULE, seed=_SEED)


def main() -> None:
    """Build."""
    build(output_folder(__doc__))


if __name__ == "__main__":
    main()
