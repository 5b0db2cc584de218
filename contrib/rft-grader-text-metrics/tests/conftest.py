"""Texts to compare, and a WordNet of one synonym set."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

VOCABULARY = [
    "the",
    "a",
    "of",
    "runs",
    "running",
    "ran",
    "runner",
    "quickly",
    "cat",
    "cats",
    "dog",
    "fox",
    "jumps",
    "jumped",
    "over",
    "lazy",
    "Paris",
    "in",
    "1989",
    "3.5",
    "well-known",
    "don't",
    "U.S.",
    "yes,",
    "(no)",
    "été",
    "naïve",
    "中文",
    "&",
    "end.",
    "yyyyy",
    "happiness",
    "happily",
    "ponies",
    "caresses",
    "sky",
]


@pytest.fixture(scope="session")
def pairs() -> Sequence[tuple[str, list[str]]]:
    """200 texts, each with one to three references that share words with it."""
    rng = random.Random(7)  # noqa: S311 -- repeatable, no secret
    return [(_text(rng), [_text(rng) for _ in range(rng.randint(1, 3))]) for _ in range(200)]


def _text(rng: random.Random) -> str:
    words = rng.choices(VOCABULARY, k=rng.randint(2, 30))
    return "".join(word + rng.choice((" ", " ", " ", "\n", "  ")) for word in words).strip()


@pytest.fixture(scope="session")
def nltk_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of NLTK data whose WordNet knows that a car is an auto."""
    folder = tmp_path_factory.mktemp("nltk-data")
    wordnet = folder / "corpora" / "wordnet"
    wordnet.mkdir(parents=True)
    empty = ["cntlist.rev", "index.sense"]
    for part in ("noun", "verb", "adj", "adv"):
        empty += [f"data.{part}", f"index.{part}", f"{part}.exc"]
    for name in empty:
        (wordnet / name).write_text("")
    (wordnet / "lexnames").write_text("00\tnoun.Tops\t1\n")
    (wordnet / "data.adj").write_text("  1 WordNet 3.0 Copyright 2006\n")
    (wordnet / "data.noun").write_text("00000000 00 n 02 car 0 auto 0 000 | a motor vehicle  \n")
    (wordnet / "index.noun").write_text("auto n 1 0 1 0 00000000  \ncar n 1 0 1 0 00000000  \n")
    return folder
