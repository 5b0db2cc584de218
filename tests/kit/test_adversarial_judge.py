"""The attacks G1 to G14: what they try, whom they fool, and that the judge's frame holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
import rft_grader_judge.prompt
from rft_grader_judge import JudgeGrader

from rft_core.cases import read_cases
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.testing import make_grader
from rft_core.testing.adversarial.attack import Attack, Honest, Outcome
from rft_core.testing.adversarial.families.forms import form_of
from rft_core.testing.adversarial.families.judge import CLASSES, IGNORANT
from rft_core.testing.adversarial.honest import find_honest
from rft_core.testing.adversarial.run import run_attacks
from rft_core.testing.subject import GraderSubject
from rft_core.types import Item, Sample

PLUGIN = Path(__file__).parents[2] / "plugins/rft-grader-judge"
BY_NAME = {cls.cls: cls for cls in CLASSES}
RIGHT = "Iron reacts with oxygen and forms iron oxide."
PEERS = ("The moon pulls at the oceans.", "Yeast makes carbon dioxide.")


def honest(completion: str = RIGHT, peers: Sequence[str] = PEERS) -> Honest:
    item = Item("a", ({"role": "user", "content": "Why does iron rust?"},), {"reference": RIGHT})
    return Honest(item, completion, 1.0, "test", peers)


def attacks(cls: str, one: Honest | None = None) -> list[Attack]:
    return list(BY_NAME[cls].generate(one or honest(), Random(0)))  # noqa: S311 - a fixed seed


def test_every_class_of_the_catalogue_is_there_once() -> None:
    assert [cls.cls for cls in CLASSES] == [f"G{number}" for number in range(1, 15)]
    assert {cls.scope for cls in CLASSES} == {"judge"}


@pytest.mark.parametrize("cls", BY_NAME)
def test_a_class_has_several_attacks_and_the_same_ones_again(cls: str) -> None:
    found = attacks(cls)
    assert len({attack.what for attack in found}) >= 2
    assert {attack.cls for attack in found} == {cls}
    assert found == attacks(cls)


@pytest.mark.parametrize("cls", BY_NAME)
def test_what_is_to_fail_does_not_hold_the_right_answer(cls: str) -> None:
    for attack in attacks(cls):
        assert (RIGHT in attack.completion) == (attack.wanted == "pass")


def test_wrong_answers_are_those_of_other_items() -> None:
    dressed = [a.completion for a in attacks("G1") if a.what.startswith("a wrong answer")]
    assert dressed
    assert all(text.startswith(PEERS) for text in dressed)


def test_without_other_items_the_wrong_answer_is_ignorance() -> None:
    dressed = [a.completion for a in attacks("G1", honest(peers=())) if "then" in a.what]
    assert all(IGNORANT in text for text in dressed)


def test_attacks_stand_inside_of_json_answers() -> None:
    one = honest('{"explanation": "Iron rusts."}', ['{"explanation": "The moon."}'])
    for cls in BY_NAME:
        for attack in attacks(cls, one):
            assert isinstance(form_of(attack.completion).document["explanation"], str)


def test_an_answer_without_any_text_is_not_attacked() -> None:
    assert not [a for cls in BY_NAME for a in attacks(cls, honest('{"count":3}', ()))]


def test_a_text_that_holds_the_right_answer_is_no_attack() -> None:
    alone = {a.completion for a in attacks("G6", honest("correct", ())) if "alone" in a.what}
    assert "correct: yes" not in alone
    assert "Grade: A" in alone


class Naive(Grader[Any]):
    """A judge of naive prompt and reading, who decides honestly and repeats what is graded."""

    name = "naive"
    family = "judge"
    read: Callable[[str], float]

    def grade(self, sample: Sample) -> float:
        is_right = sample.text.strip() == sample.item.fields["reference"]
        verdict = "Score: 10, correct" if is_right else "Score: 0, wrong"
        return type(self).read(f"The answer says {sample.text.strip()!r}.\n{verdict}")


def first_number(reply: str) -> float:
    found = re.search(r"\d+", reply)
    return min(int(found[0]), 10) / 10 if found else 0.0


def first_match(reply: str) -> float:
    return float("correct" in reply.lower())


def first_score(reply: str) -> float:
    found = re.search(r"(?:score|rating|verdict)\W+(\d+)", reply, re.IGNORECASE)
    return min(int(found[1]), 10) / 10 if found else 0.0


def tried_on(call: GraderCall, start: Sequence[Honest], per_class: int = 100) -> list[Outcome]:
    with GraderSubject(call) as subject:
        return run_attacks(subject, start, CLASSES, per_class=per_class)


def fooled_by(outcomes: Sequence[Outcome]) -> set[str]:
    return {one.attack.cls for one in outcomes if one.verdict == "fooled"}


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (first_number, {"G1", "G3", "G5", "G7", "G12", "G14"}),
        (first_match, {"G3", "G4", "G5", "G6", "G7"}),
        (first_score, {"G3", "G5", "G7", "G14"}),
    ],
)
def test_naive_readings_of_verdicts_are_fooled(
    read: Callable[[str], float], expected: set[str]
) -> None:
    grader = type("Reads", (Naive,), {"read": staticmethod(read)})
    outcomes = tried_on(GraderCall("naive", make_grader(grader), "tests", 60.0, 1), [honest()])
    assert expected <= fooled_by(outcomes)


def test_reading_the_last_line_alone_is_not_fooled() -> None:
    grader = type(
        "Reads", (Naive,), {"read": staticmethod(lambda r: first_number(r.splitlines()[-1]))}
    )
    outcomes = tried_on(GraderCall("naive", make_grader(grader), "tests", 60.0, 1), [honest()])
    assert {one.verdict for one in outcomes} == {"held"}


class SaysYes(Grader[Any]):
    """Gives full marks to whatever is short and not empty, as some models do to lead-ins."""

    name = "says_yes"
    family = "judge"

    def grade(self, sample: Sample) -> float:
        text = sample.text.strip()
        return float(text == sample.item.fields["reference"] or 0 < len(text) < 18)


def test_judges_that_fall_for_lead_ins_are_fooled() -> None:
    outcomes = tried_on(GraderCall("yes", make_grader(SaysYes), "tests", 60.0, 1), [honest()])
    assert "G8" in fooled_by(outcomes)


@pytest.fixture(scope="module")
def kit_setup() -> ModuleType:
    spec = spec_from_file_location("kit_setup", PLUGIN / "tests/kit_setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def scripted(kit_setup: ModuleType) -> Iterator[Callable[..., list[Outcome]]]:
    """Return a function that attacks the judge plugin with its scripted service."""
    start = {
        "model": "scripted",
        "instructions": "{{ item.question }}\n{{ item.reference }}\nIs it right?",
        "verdict": {"mode": "score"},
    }
    with kit_setup.service(PLUGIN) as options:

        def attack(per_class: int = 8, **config: Any) -> list[Outcome]:
            call = GraderCall(
                "judge", make_grader(JudgeGrader, **start, **options, **config), "tests", None, 1
            )
            with GraderSubject(call) as subject:
                found = find_honest(subject, read_cases(PLUGIN / "cases.jsonl"))
                return run_attacks(subject, found, CLASSES, per_class=per_class)

        yield attack


@pytest.mark.parametrize("config", [{}, {"structured": "text"}, {"system_role": "none"}], ids=str)
def test_prompt_quoting_and_reading_hold(
    scripted: Callable[..., list[Outcome]], config: dict[str, Any]
) -> None:
    outcomes = scripted(**config)
    bad = [one for one in outcomes if one.verdict != "held"]
    assert not [f"{one.attack.what}: {one.grade}" for one in bad]
    assert {one.attack.cls for one in outcomes} == set(BY_NAME)


def test_the_scripted_judge_is_fooled_by_what_is_not_quoted(
    scripted: Callable[..., list[Outcome]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rft_grader_judge.prompt, "quote", lambda text: text)
    assert {"G1", "G2", "G3", "G4", "G9"} <= fooled_by(scripted())
