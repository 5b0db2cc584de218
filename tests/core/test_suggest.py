"""Hints for misspelt names."""

from __future__ import annotations

import pytest

from rft_core.suggest import did_you_mean


@pytest.mark.parametrize(
    ("wrong", "known", "hint"),
    [
        ("precison", ["precision", "recall"], "Did you mean 'precision'?"),
        ("wieght", ["weight", "gate", "use"], "Did you mean 'weight'?"),
        ("zzz", ["b", "a", "a"], "Known: a, b."),
        ("zzz", [], None),
        ("", ["a"], "Known: a."),
        ("zzz", [f"name{i}" for i in range(13)], None),
    ],
)
def test_did_you_mean(wrong: str, known: list[str], hint: str | None) -> None:
    assert did_you_mean(wrong, known) == hint


def test_the_closest_name_wins_over_a_close_one() -> None:
    assert did_you_mean("grader_b", ["grader_a", "grader_bb"]) == "Did you mean 'grader_bb'?"


def test_a_close_name_is_found_among_many() -> None:
    known = [f"label_{i}" for i in range(50)] + ["threshold"]
    assert did_you_mean("treshold", known) == "Did you mean 'threshold'?"
