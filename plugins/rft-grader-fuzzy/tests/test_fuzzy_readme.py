"""The README's options, examples and tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rft_grader_fuzzy import FieldConfig, FuzzyConfig, FuzzyGrader
from rft_grader_fuzzy.config import Settings
from rft_grader_fuzzy.negation import ENGLISH
from rft_grader_fuzzy.processing import STANDARD, words_of
from rft_grader_fuzzy.scorers import SCORERS

from rft_core.testing import grade_one, make_grader, make_sample

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]
CONFIGS = [
    grader.get("config", {})
    for example in EXAMPLES
    for grader in example["reward"]["graders"].values()
]


def rows(heading: str) -> list[list[str]]:
    section = README.split(f"## {heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\|\n)+", section, re.MULTILINE)
    assert table is not None
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_option_is_described_with_its_default() -> None:
    documented = {name.strip("`"): default for name, default, _ in rows("Options")}
    fields = FuzzyConfig.model_fields
    assert list(documented) == ["answer", "reference", "fields"] + [
        name for name in fields if name not in {"answer", "reference", "fields"}
    ]
    for name, field in fields.items():
        shown = documented[name].strip("`")
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        assert (None if shown == "none" else yaml.safe_load(shown)) == default


def test_every_option_of_a_field_is_mentioned() -> None:
    own = set(FieldConfig.model_fields) - set(FuzzyConfig.model_fields)
    assert own == {"weight", "optional"}
    assert all(f"`{name}`" in README for name in own)


@pytest.mark.parametrize("config", CONFIGS)
def test_examples_are_valid_and_raise_no_warnings(config: dict[str, Any]) -> None:
    assert list(make_grader(FuzzyGrader, **config).warnings()) == []


def test_scorers_are_described_with_floor_and_bound() -> None:
    documented = {}
    for names, floor, chars, forgives in rows("Scorers"):
        for name in re.findall(r"`(\w+)`", names):
            documented[name] = (float(floor), int(chars.replace(",", "")), forgives)
    assert set(documented) == set(SCORERS)
    for name, scorer in SCORERS.items():
        floor, chars, forgives = documented[name]
        assert (floor, chars) == (scorer.floor, scorer.max_chars)
        assert ("order" in forgives) == scorer.ignores_order
        assert ("gaps" in forgives) == scorer.forgives_gaps


def test_every_step_is_described() -> None:
    assert {step.strip("`") for step, _ in rows("Processing")} == {*STANDARD, "nfc"}


def test_every_guard_s_option_is_described() -> None:
    options = {name for _, cell, _ in rows("Guards") for name in re.findall(r"`(\w+)`", cell)}
    others = {"scorer", "process", "floor", "ceiling", "cutoff", "negation_words", "max_chars"}
    assert options == set(Settings.model_fields) - others


def test_the_negating_words_named_are_negating_words() -> None:
    (cell,) = (text for name, _, text in rows("Guards") if name == "negation")
    words = words_of(cell.split("*")[1])
    assert len(words) > 8
    assert set(words) <= ENGLISH


def test_limits_are_as_described() -> None:
    for answer, reference, score in rows("Limits"):
        sample = make_sample(answer, reference_answer=reference)
        assert grade_one(make_grader(FuzzyGrader), sample).score == pytest.approx(
            float(score), abs=0.005
        ), answer


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("U.S.A.", "USA", 0.56),
        ("Zurich", "Z\u00fcrich", 0.71),
        ("The answer is Paris.", "Paris", 0.0),
    ],
)
def test_limits_named_in_the_text(answer: str, reference: str, score: float) -> None:
    sample = make_sample(answer, reference_answer=reference)
    assert grade_one(make_grader(FuzzyGrader), sample).score == pytest.approx(score, abs=0.005)


@pytest.mark.parametrize(
    ("answer", "reference", "config", "earns"),
    [
        ("1,000", "1000.0", {}, True),
        ("it costs 1,5", "it costs 1.5", {}, False),
        ("on 10/12 at noon", "on 12/10 at noon", {}, True),
        ("on 10/12 at noon", "on 12/10 at noon", {"numbers": "ordered"}, False),
        ("from 3 to 5", "from 5 to 3", {}, True),
        ("in about forty-two days", "in about 42 days", {}, False),
        ("he is unhappy", "he is not happy", {}, False),
        ("it fails often", "it works often", {}, True),
        ("C#", "C", {}, True),
        ("Smith, John", "John Smith", {"scorer": "token_sort_ratio"}, True),
        ("the dog bit the man", "the man bit the dog", {"scorer": "token_sort_ratio"}, True),
        ("1. Paris", "Paris", {"numbers": "contain"}, True),
        ("1. Paris", "Paris", {}, False),
    ],
)
def test_examples_in_the_text(
    answer: str, reference: str, config: dict[str, Any], earns: bool
) -> None:
    grader = make_grader(FuzzyGrader, **config)
    result = grade_one(grader, make_sample(answer, reference_answer=reference))
    assert bool(result.score) == earns
    assert result.metrics["similarity"] > 0.5
