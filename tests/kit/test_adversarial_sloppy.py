"""Sloppy graders are fooled by the class of attacks that names their fault; careful ones hold."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import sloppy

from rft_core.configurable import PluginConfig
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.testing.adversarial.attack import Honest, Outcome, Verdict
from rft_core.testing.adversarial.library import classes_for
from rft_core.testing.adversarial.run import run_attacks
from rft_core.testing.subject import GraderSubject
from rft_core.types import Item, Sample

ANSWERS = {
    "apples": ("How many apples?", "42"),
    "lamps": ("How many lamps?", "12000"),
    "cold": ("How cold is it?", "-7"),
    "capital": ("Which city is the capital?", "Paris"),
    "river": ("Which city is by the Tiber?", "Rome"),
}
FORMS = {"Ada": 36, "Zoë": 12, "Bo": 7}
HOSTILE = {"M14", "J8", "J10", "J11", "J12", "L10"}
LABELS = {"a": ["finance", "law"], "b": ["Trade", "santé", "law"], "c": ["energy"], "d": []}


def _item(name: str, prompt: str, **fields: Any) -> Item:
    return Item(name, ({"role": "user", "content": prompt},), fields)


def _with_peers(pairs: Sequence[tuple[Item, str]]) -> list[Honest]:
    return [
        Honest(item, text, 1.0, "test", tuple(other for of, other in pairs if of is not item))
        for item, text in pairs
    ]


ANSWERED = _with_peers(
    [
        (_item(name, prompt, answer=gold), f"The answer is {gold}.")
        for name, (prompt, gold) in ANSWERS.items()
    ]
)
FORMED = _with_peers(
    [
        (_item(name, f"Who is {name}?"), json.dumps({"name": name, "age": age}, ensure_ascii=False))
        for name, age in FORMS.items()
    ]
)
LABELLED = _with_peers(
    [
        (
            _item(name, "Which topics?", gold=gold),
            json.dumps({"labels": gold}, ensure_ascii=False),
        )
        for name, gold in LABELS.items()
    ]
)

LISTED = _with_peers(
    [(_item(name, "Which topics?", gold=gold), ",".join(gold)) for name, gold in LABELS.items()]
)


def _outcomes(
    grader: type[Grader[Any]], honest: Sequence[Honest], *, hostile: bool = False
) -> list[Outcome]:
    """Attack a grader, with hostile completions only or without them: they take long."""
    made = grader(PluginConfig())
    with GraderSubject(GraderCall(made.name, made, "tests", made.timeout, 1)) as subject:
        grades = subject.grade([Sample(one.item, one.completion) for one in honest])
        scored = [
            replace(one, score=grade.score or 0.0)
            for one, grade in zip(honest, grades, strict=True)
        ]
        classes = [one for one in classes_for(subject) if (one.cls in HOSTILE) == hostile]
        return run_attacks(subject, scored, classes)


def _by_verdict(outcomes: Sequence[Outcome]) -> dict[Verdict, set[str]]:
    found: dict[Verdict, set[str]] = defaultdict(set)
    for one in outcomes:
        found[one.verdict].add(one.attack.cls)
    return found


NUMBERS = [one for one in ANSWERED if one.completion[-3].isdigit()]
FOOLED: list[tuple[type[Grader[Any]], Sequence[Honest], set[str]]] = [
    (sloppy.Substring, ANSWERED, {"M2", "M3", "M4", "M10", "M10a", "M13", "M3a"}),
    (sloppy.AnyWord, ANSWERED, {"M2", "M4", "M10"}),
    (sloppy.FirstNumber, NUMBERS, {"M3a", "M4", "M10", "M13", "M6"}),
    (sloppy.LastNumber, NUMBERS, {"M1", "M2", "M4", "M10", "M11", "M13"}),
    (sloppy.Evaluated, NUMBERS, {"M5", "M15"}),
    (sloppy.Letters, ANSWERED, {"M8"}),
    (sloppy.Near, NUMBERS, {"M7"}),
    (sloppy.Constant, ANSWERED, {"empty", "refusal", "filler", "echo", "near_miss", "M12", "swap"}),
    (sloppy.Long, ANSWERED, {"pad", "repeat", "filler", "near_miss"}),
    (sloppy.LaxNumbers, FORMED, {"J4", "J5"}),
    (sloppy.OpenForm, FORMED, {"J3"}),
    (sloppy.AnyJson, FORMED, {"J1", "J1a", "J3", "J14c"}),
    (sloppy.FirstDocument, FORMED, {"J14", "J14a", "J14b", "J14d"}),
    (sloppy.Python, FORMED, {"J16a"}),
    (sloppy.Repairing, FORMED, {"J16"}),
    (sloppy.Recall, LABELLED, {"L1", "L2", "L2b", "L5"}),
    (sloppy.Precision, LABELLED, {"drop"}),
    (sloppy.CountedRepeats, LABELLED, {"L1", "L2a"}),
    (sloppy.SetsOnly, LABELLED, {"L2"}),
    (sloppy.Folding, LABELLED, {"L3"}),
    (sloppy.Mentioned, LABELLED, {"L1", "L6", "L7", "L8", "L9", "L4a"}),
    (sloppy.TextForList, LABELLED, {"L9"}),
]


@pytest.mark.filterwarnings("ignore:.*literal:SyntaxWarning")  # of the grader that evaluates
@pytest.mark.parametrize(
    ("grader", "honest", "expected"), FOOLED, ids=[one[0].__name__ for one in FOOLED]
)
def test_sloppy_graders_pay_for_what_they_overlook(
    grader: type[Grader[Any]], honest: Sequence[Honest], expected: set[str]
) -> None:
    assert expected <= _by_verdict(_outcomes(grader, honest))["fooled"]


ONLY: list[tuple[type[Grader[Any]], Sequence[Honest], set[str]]] = [
    (sloppy.LaxNumbers, FORMED, {"J4", "J5"}),
    (sloppy.OpenForm, FORMED, {"J3", "J14c"}),
    (sloppy.Precision, LABELLED, {"drop"}),
    (sloppy.SetsOnly, LABELLED, {"L2"}),
    (sloppy.Folding, LABELLED, {"L3"}),
]


@pytest.mark.parametrize(
    ("grader", "honest", "expected"), ONLY, ids=[one[0].__name__ for one in ONLY]
)
def test_one_fault_is_told_as_one(
    grader: type[Grader[Any]], honest: Sequence[Honest], expected: set[str]
) -> None:
    assert _by_verdict(_outcomes(grader, honest))["fooled"] == expected


MISSED: list[tuple[type[Grader[Any]], Sequence[Honest], set[str]]] = [
    (sloppy.Exact, ANSWERED, {"M16", "M16a", "M16b", "M16c", "M16d"}),
    (sloppy.Minified, FORMED, {"rewritten"}),
    (sloppy.Ordered, LABELLED, {"reordered"}),
    (sloppy.Bytes, LABELLED, {"L3b"}),
    (sloppy.Commas, LISTED, {"L3a", "L3b"}),
]


@pytest.mark.parametrize(
    ("grader", "honest", "expected"), MISSED, ids=[one[0].__name__ for one in MISSED]
)
def test_narrow_graders_miss_right_answers_in_other_writing(
    grader: type[Grader[Any]], honest: Sequence[Honest], expected: set[str]
) -> None:
    assert expected <= _by_verdict(_outcomes(grader, honest))["missed"]


@pytest.mark.parametrize(
    ("grader", "honest"),
    [(sloppy.Careful, ANSWERED), (sloppy.StrictForm, FORMED), (sloppy.CarefulLabels, LABELLED)],
    ids=["answers", "form", "labels"],
)
def test_careful_graders_hold(grader: type[Grader[Any]], honest: Sequence[Honest]) -> None:
    outcomes = _outcomes(grader, honest)
    assert [
        (one.attack.cls, one.attack.what, one.attack.completion[:80], one.verdict)
        for one in outcomes
        if one.verdict != "held"
    ] == []
    assert len({one.attack.cls for one in outcomes}) > 15


def test_a_grader_that_raises_is_broken_not_fooled() -> None:
    found = _by_verdict(_outcomes(sloppy.Raising, ANSWERED))
    assert {"empty", "M12", "swap"} & found["broke"]
    assert "empty" not in found["held"]


@pytest.mark.parametrize(
    ("grader", "honest"),
    [(sloppy.Careful, ANSWERED), (sloppy.StrictForm, FORMED), (sloppy.CarefulLabels, LABELLED)],
    ids=["answers", "form", "labels"],
)
def test_hostile_completions_are_answered(
    grader: type[Grader[Any]], honest: Sequence[Honest]
) -> None:
    outcomes = _outcomes(grader, honest, hostile=True)
    assert {one.verdict for one in outcomes} == {"held"}
    kinds = [(one.attack.cls, one.attack.what) for one in outcomes]
    assert len(kinds) == len(set(kinds)) >= 3


def test_a_grader_that_hangs_costs_one_deadline_and_is_told() -> None:
    outcomes = _outcomes(sloppy.Hanging, ANSWERED[:1], hostile=True)
    errors = [one.grade.error for one in outcomes if one.verdict == "broke"]
    assert {error.kind for error in errors if error is not None} == {"timeout"}
