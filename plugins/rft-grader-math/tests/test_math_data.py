"""Public test pairs of other projects; the disagreements that remain are those of the README."""

from collections.abc import Callable
from typing import Any

import pytest
from rft_grader_math import Policy, UndecidedError, check_gold, compare

Rows = Callable[[str], list[dict[str, Any]]]

DISAGREEMENTS = {
    "equivalence_a.jsonl": [r"$1 - \frac{1}{\mathrm{e}}$"],
    "equivalence_b.jsonl": [
        r"10\%",
        r"\begin{pmatrix}5/3\\5/3\\4/3\end{pmatrix}",
        "0.005",
    ],
    "latex_pairs.jsonl": [],
    "gsm8k_graded_completions.jsonl": [],
}


@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_verdicts_are_the_labels_but_for_known_disagreements(name: str, rows: Rows) -> None:
    wrong = [
        row["gold"]
        for row in rows(name)
        if compare(row["gold"], row.get("completion") or row["pred"]).equal is not row["expected"]
    ]
    assert wrong == DISAGREEMENTS[name]


@pytest.mark.parametrize("name", ["equivalence_a.jsonl", "equivalence_b.jsonl"])
def test_gold_answers_equal_themselves(name: str, rows: Rows) -> None:
    for row in rows(name):
        assert compare(row["gold"], row["gold"]).equal


def test_final_answers_of_questions_are_read_and_found_in_their_solutions(rows: Rows) -> None:
    for row in rows("gsm8k_questions.jsonl"):
        check_gold(row["answer"])
        assert compare(row["answer"], row["solution"]).equal


def test_no_comparison_of_the_data_is_undecided(rows: Rows) -> None:
    policy = Policy(collections="loose", units="convert", base="value")
    for row in rows("equivalence_a.jsonl"):
        try:
            compare(row["gold"], row["pred"], policy)
        except UndecidedError as error:
            pytest.fail(f"{row['gold']}: {error}")
