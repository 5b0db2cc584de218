"""What the policy is asked, what it answers, and how good an answer is."""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from phrases import DOMAINS

INSTRUCTION: Final = "Name the EuroVoc domains as JSON."
"""The system message that the policy is pre-trained with."""


@dataclass(frozen=True)
class Habits:
    """The faults that pre-training teaches, each as a probability.

    keep: that a right domain is named at all; at least one is.
    wrong: that one wrong domain is named besides.
    broken: that the answer is no JSON.
    """

    keep: float
    wrong: float
    broken: float


FAULTLESS: Final = Habits(keep=1.0, wrong=0.0, broken=0.0)


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 of the named domains, and whether the answer was valid, all 0 to 1.

    An answer that is not valid JSON of the right form, or that names nothing, scores 0.
    """

    precision: float
    recall: float
    f1: float
    valid: float


def messages(title: str) -> list[dict[str, str]]:
    """Return the prompt for one act, as chat messages."""
    return [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": title}]


def render(domains: Iterable[str]) -> str:
    """Return the complete and correct answer that names ``domains``."""
    answer = {"level1": [{"code": domain} for domain in domains]}
    return json.dumps(answer, separators=(",", ":"))


def imitate(domains: Sequence[str], habits: Habits, rng: random.Random) -> str:
    """Return an answer with the faults of ``habits`` to an act that is about ``domains``."""
    named = {domain for domain in domains if rng.random() < habits.keep}
    named = named or {rng.choice(domains)}
    if rng.random() < habits.wrong:
        named.add(rng.choice([domain for domain in DOMAINS if domain not in domains]))
    answer = render(domain for domain in DOMAINS if domain in named)
    return _break(answer, rng) if rng.random() < habits.broken else answer


def _break(answer: str, rng: random.Random) -> str:
    """Return ``answer`` as no JSON parser accepts it."""
    unclosed = answer.removesuffix("]}")
    return rng.choice((unclosed, unclosed.replace("},{", "};{") + "]", f"{answer}]}}"))


def score(text: str, domains: Iterable[str]) -> Score:
    """Grade the answer ``text`` against the right ``domains``."""
    right = set(domains)
    try:
        named = {element["code"] for element in json.loads(text)["level1"]}
    except (ValueError, KeyError, TypeError):
        return Score(0.0, 0.0, 0.0, 0.0)
    hits = len(named & right)
    if not hits:
        return Score(0.0, 0.0, 0.0, 1.0)
    precision, recall = hits / len(named), hits / len(right)
    return Score(precision, recall, 2 * precision * recall / (precision + recall), 1.0)
