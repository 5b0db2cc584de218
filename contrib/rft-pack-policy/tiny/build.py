"""Build the practice task's policy: `python tiny/build.py --output model`, minutes on two cores.

It learns to answer requests, then to do it badly, so that training has something to bring out.
Seeds are fixed; the requests of `data/` are left out. Needs `rft-core[train]` and a clone, for the
code of `contrib/tiny-policy`.
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
from rft_pack_policy.practice import (
    LABEL,
    MAX_ROWS,
    NO_RECEIPT,
    SENTENCES,
    Request,
    generate,
    make_rows,
    render,
    reply,
)
from rft_pack_policy.shop import DECISIONS, RULES

INSTRUCTION: Final = "Apply the shop's rules."
_SIZE: Final = Size(vocabulary=512, context=192, hidden=96, layers=2, heads=4, intermediate=256)
_SCHEDULE: Final = Schedule(batch_size=32, learning_rate=3e-3)
_LAST: Final = 0.5
"""The share of the requests that teaches faults, at the end."""
_SEED: Final = 17
_DATA: Final = (200, 1)
"""Rows and seed of `data/`."""
_FORBIDDEN: Final = (
    "Your money comes by tomorrow.",
    "It is your fault.",
    "We give you a full refund.",
)
"""What a careless reply adds."""
_PIECES: Final = ('{"decision":"', '","rules":["', '","', '"],"reply":"', '"}')


@dataclass(frozen=True)
class Faults:
    """Probabilities: that the decision, each rule or the reply is faulty, or the JSON broken."""

    decision: float
    rule: float
    reply: float
    broken: float


NONE: Final = Faults(0.0, 0.0, 0.0, 0.0)
SOME: Final = Faults(decision=0.4, rule=0.3, reply=0.5, broken=0.1)


@dataclass(frozen=True)
class Course:
    """A part of pre-training: requests, answered with faults."""

    requests: Sequence[Request]
    faults: Faults
    epochs: int

    def lessons(self) -> list[Lesson]:
        """Return one lesson for each request."""
        return [
            Lesson(prompt(one.text), partial(imitate, one, self.faults), thin=False)
            for one in self.requests
        ]


def prompt(text: str) -> list[dict[str, str]]:
    """Return the messages that the task file makes of a request."""
    return [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": text}]


def imitate(request: Request, faults: Faults, rng: random.Random) -> str:
    """Return an answer with faults."""
    verdict = request.verdict
    decision = rng.choice(DECISIONS) if rng.random() < faults.decision else verdict.decision
    rules = [one for one in verdict.rules if rng.random() >= faults.rule]
    if not rules or rng.random() < faults.rule:
        rules.append(rng.choice(list(RULES)))
    said = reply(verdict, rng)
    if rng.random() < faults.reply:
        sentences = [f"{one}." for one in said.removesuffix(".").split(". ")]
        sentences[rng.randrange(len(sentences))] = rng.choice(_FORBIDDEN)
        said = " ".join(sentences)
    answer = render(decision, sorted(set(rules)), said)
    return answer.removesuffix('"}') if rng.random() < faults.broken else answer


def _whole() -> list[str]:
    """Return the texts that are one token each."""
    said = [LABEL, NO_RECEIPT, *_FORBIDDEN]
    said += [f"{one}." for text in SENTENCES.values() for s in text for one in s[:-1].split(". ")]
    texts = [*_PIECES, *DECISIONS, *RULES, *said, *(f" {one}" for one in said)]
    return list(dict.fromkeys(texts))


def build(output: Path) -> None:
    """Pre-train the policy and save it."""
    held_out = {row["request"] for part in make_rows(*_DATA).values() for row in part}
    drawn = generate(random.Random(_SEED))  # noqa: S311 - repeatable, no secret
    requests = [one for one in islice(drawn, MAX_ROWS) if one.text not in held_out]
    tokenizer = build_tokenizer([one.text for one in requests], _SIZE, _whole())
    cut = round(len(requests) * (1 - _LAST))
    stages = (Course(requests[:cut], NONE, epochs=6), Course(requests[cut:], SOME, epochs=6))
    make_policy(output, tokenizer, _SIZE, stages, schedule=_SCHEDULE, seed=_SEED)


def main() -> None:
    """Build."""
    build(output_folder(__doc__))


if __name__ == "__main__":
    main()
