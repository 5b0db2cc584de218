"""Practice data: requests of customers, and what the shop's rules say of them.

`python -m rft_pack_policy.practice --rows 200 --seed 1 --output FOLDER` writes `train.jsonl` and
`validation.jsonl`, the same bytes for the same seed; a fifth of the rows are for validation, and
no request is in both. A row has `id`, `request`, `decision`, `rules`, `required`, `forbidden`,
`policy` (the rules' texts) and `answer`, the right completion.
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

from rft_pack_policy.shop import GOODS, PERISHABLE, RULES, STATES, Verdict, judge

MAX_ROWS: Final = 3000
"""There are some 3,800 requests."""
VALIDATION_SHARE: Final = 0.2
DAYS: Final = (2, 5, 9, 14, 21, 28, 33, 40, 60, 90, 200, 380, 420, 500)
_TEMPLATES: Final = (
    "{item}, {state}, bought {days} days ago, {receipt}. What can I get?",
    "I bought a {item} {days} days ago. It is {state}; {receipt}.",
    "Bought {days} days ago: a {item}, {state}. {receipt}.",
)
_RECEIPT: Final = {True: "receipt at hand", False: "receipt lost"}
SENTENCES: Final = {
    "refund": ("We give you a full refund.", "You get all your money."),
    "credit": ("You get store credit.", "We give you store credit."),
    "exchange": ("We send a new one free of charge.", "We exchange it for a new one."),
    "repair": ("We cannot take it back. We offer a paid repair.",),
    "refuse": ("We cannot take it back.", "It cannot be returned."),
}
"""What a reply says first, by the decision."""
LABEL: Final = "The label is free."
NO_RECEIPT: Final = "There is no receipt."


@dataclass(frozen=True)
class Request:
    """What a customer wrote, and what the rules say of it."""

    text: str
    verdict: Verdict


def generate(rng: random.Random) -> Iterator[Request]:
    """Yield requests without end, no text twice; at most `MAX_ROWS` are sure to be found."""
    seen: set[str] = set()
    while True:
        request = _draw(rng)
        if request.text not in seen:
            seen.add(request.text)
            yield request


def _draw(rng: random.Random) -> Request:
    item = rng.choice(GOODS if rng.random() < 0.85 else PERISHABLE)
    state = rng.choice(STATES)
    days = rng.choice(DAYS if rng.random() < 0.5 else DAYS[:6])
    receipt = rng.random() < 0.6
    text = rng.choice(_TEMPLATES).format(
        item=item, state=state, days=days, receipt=_RECEIPT[receipt]
    )
    return Request(text[0].upper() + text[1:], judge(item, state, days, receipt=receipt))


def reply(verdict: Verdict, rng: random.Random) -> str:
    """Return a right reply."""
    said = [rng.choice(SENTENCES[verdict.decision])]
    if "R6" in verdict.rules:
        said.append(NO_RECEIPT)
    if "R7" in verdict.rules:
        said.append(LABEL)
    return " ".join(said)


def render(decision: str, rules: Sequence[str], said: str) -> str:
    """Return the completion."""
    answer = {"decision": decision, "rules": list(rules), "reply": said}
    return json.dumps(answer, separators=(",", ":"))


def make_rows(count: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Return `count` rows as `train` and `validation`. Raises `ValueError` below 5 rows."""
    if not 5 <= count <= MAX_ROWS:
        raise ValueError(f"--rows: 5 to {MAX_ROWS}, not {count}")
    rng = random.Random(seed)  # noqa: S311 - repeatable, no secret
    requests = list(islice(generate(rng), count))
    train = count - round(count * VALIDATION_SHARE)
    parts = {"train": requests[:train], "validation": requests[train:]}
    return {
        name: [_row(f"{name}-{number:04d}", one, rng) for number, one in enumerate(part, 1)]
        for name, part in parts.items()
    }


def _row(name: str, request: Request, rng: random.Random) -> dict[str, Any]:
    verdict = request.verdict
    return {
        "id": name,
        "request": request.text,
        "decision": verdict.decision,
        "rules": list(verdict.rules),
        "required": [list(one) for one in verdict.required],
        "forbidden": [list(one) for one in verdict.forbidden],
        "policy": [f"{number}: {text}" for number, text in RULES.items()],
        "answer": render(verdict.decision, verdict.rules, reply(verdict, rng)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the rows."""
    parser = argparse.ArgumentParser(prog="python -m rft_pack_policy.practice")
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
