"""The attacks F1 to F12: what they try, whom they fool, and that the fuzzy grader holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rapidfuzz import distance, fuzz
from rft_grader_fuzzy import FuzzyGrader

from rft_core.cases import read_cases
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.testing import make_grader
from rft_core.testing.adversarial.attack import Attack, Honest, Outcome
from rft_core.testing.adversarial.families.forms import form_of
from rft_core.testing.adversarial.families.similarity import CLASSES
from rft_core.testing.adversarial.honest import find_honest
from rft_core.testing.adversarial.run import run_attacks
from rft_core.testing.subject import GraderSubject
from rft_core.types import Item, Sample

CASES = Path(__file__).parents[2] / "plugins/rft-grader-fuzzy/cases.jsonl"
SENTENCE = "The treaty was signed by 12 states in the old town hall of Maastricht."
PEERS = ("Fish is sold on the quay every Friday.", "The bridge was closed for 3 weeks.")
BY_NAME = {cls.cls: cls for cls in CLASSES}
PROMPT = ({"role": "user", "content": "Who met in the old town hall of Maastricht, and why?"},)


def honest(completion: str = SENTENCE, peers: Sequence[str] = PEERS) -> Honest:
    return Honest(Item("a", PROMPT, {"gold": completion}), completion, 1.0, "test", peers)


def attacks(cls: str, completion: str = SENTENCE, seed: int = 0) -> list[Attack]:
    generated = BY_NAME[cls].generate(honest(completion), Random(seed))  # noqa: S311 - a fixed seed
    return list(generated)


def test_every_class_of_the_catalogue_is_there_once() -> None:
    assert [cls.cls for cls in CLASSES] == [f"F{number}" for number in range(1, 13)]
    assert {cls.scope for cls in CLASSES} == {"similarity"}


@pytest.mark.parametrize("cls", BY_NAME)
def test_a_class_has_several_attacks_and_the_same_ones_again(cls: str) -> None:
    found = attacks(cls)
    assert len({attack.what for attack in found}) >= 2
    assert {attack.cls for attack in found} == {cls}
    assert found == attacks(cls)
    assert SENTENCE not in {attack.completion for attack in found}


@pytest.mark.parametrize("cls", BY_NAME)
@pytest.mark.parametrize("completion", ["", "x", "42", "not", "{}", "[]", '{"a": null}', "\n\n"])
def test_short_completions_are_no_obstacle(cls: str, completion: str) -> None:
    assert completion not in {attack.completion for attack in attacks(cls, completion)}


@pytest.mark.parametrize("cls", ["F1", "F3", "F4", "F6", "F7", "F8"])
def test_texts_in_json_are_attacked_and_its_form_is_kept(cls: str) -> None:
    completion = f'{{"title": "{SENTENCE}", "page": 7, "notes": ["{SENTENCE}"]}}'
    for attack in attacks(cls, completion):
        if attack.completion not in PEERS:
            document = form_of(attack.completion).document
            assert set(document) == {"title", "page", "notes"}
            assert document["page"] == 7
            assert document["title"] != SENTENCE
            assert attack.wanted != "fail", "the page is right still"


def test_reasoning_and_tags_around_the_answer_are_kept() -> None:
    text = "<think>Who was it?</think>\n<answer>They signed it in the town hall.</answer>"
    for attack in attacks("F4", text):
        assert attack.completion.startswith("<think>Who was it?</think>\n<answer>")
        assert attack.completion.endswith("</answer>")


def test_words_in_another_order_are_the_same_words() -> None:
    for attack in attacks("F4"):
        assert sorted(attack.completion.split()) == sorted(SENTENCE.split())


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("The bridge is safe.", "The bridge is not safe."),
        ("The bridge is not safe.", "The bridge is safe."),
        ("They didn't sign.", "They did sign."),
        ("Canberra", "not Canberra"),
    ],
)
def test_a_not_is_added_or_taken_away(text: str, denied: str) -> None:
    assert denied in {attack.completion for attack in attacks("F6", text)}


@pytest.mark.parametrize(
    ("text", "changed"), [("42", {"24", "43"}), ("from 3 to 10", {"from 3 to 01", "from 4 to 11"})]
)
def test_numbers_are_changed(text: str, changed: set[str]) -> None:
    assert {attack.completion for attack in attacks("F7", text)} == changed


def test_an_answer_without_numbers_has_no_others() -> None:
    assert attacks("F7", "no number") == []


def test_letter_salad_keeps_the_shape_and_not_the_words() -> None:
    salad = attacks("F8")[0].completion
    assert [len(word) for word in salad.split()] == [len(word) for word in SENTENCE.split()]
    assert not set(salad.split()) & set(SENTENCE.split())


def test_f9_tries_the_time_without_asking_for_a_score() -> None:
    huge = [attack for attack in attacks("F9") if len(attack.completion) >= 40_000]
    assert {attack.wanted for attack in huge} == {"survive"}
    assert len(huge) == 2


class Naive(Grader[Any]):
    """Compares the text with the row's `gold` by a function, as many graders do."""

    name = "naive"
    family = "similarity"
    similarity: Callable[[str, str], float]

    def grade(self, sample: Sample) -> float:
        return max(0.0, min(type(self).similarity(sample.text, sample.item.fields["gold"]), 1.0))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def recall(answer: str, gold: str) -> float:
    return len(set(words(answer)) & set(words(gold))) / len(set(words(gold)))


def precision(answer: str, gold: str) -> float:
    wrong = [word for word in words(answer) if word not in words(gold)]
    return 1 - len(wrong) / (len(words(answer)) or 1)


def letters(answer: str, gold: str) -> float:
    return fuzz.ratio(re.sub(r"[\W\d]", "", answer), re.sub(r"[\W\d]", "", gold)) / 100


def tried_on(similarity: Callable[[str, str], float]) -> list[Outcome]:
    grader = type("Compares", (Naive,), {"similarity": staticmethod(similarity)})
    call = GraderCall("naive", make_grader(grader), "tests", 60.0, 1)
    with GraderSubject(call) as subject:
        return run_attacks(subject, [honest()], [c for c in CLASSES if c.cls != "F9"])


def fooled_by(outcomes: Sequence[Outcome]) -> set[str]:
    return {one.attack.cls for one in outcomes if one.verdict == "fooled"}


@pytest.mark.parametrize(
    ("similarity", "expected"),
    [
        (recall, {"F4", "F5", "F6", "F11", "F12"}),
        (precision, {"F1", "F2", "F3", "F4", "F5", "F10", "F12"}),
        (letters, {"F7"}),
        (distance.Jaro.normalized_similarity, {"F8"}),
        (lambda a, g: fuzz.partial_ratio(a, g) / 100, {"F1", "F3", "F5", "F11"}),
        (lambda a, g: fuzz.token_sort_ratio(a, g) / 100, {"F4"}),
        (lambda a, g: fuzz.token_set_ratio(a, g) / 100, {"F3", "F4", "F5", "F6", "F11"}),
    ],
    ids=["recall", "precision", "letters", "jaro", "partial", "token sort", "token set"],
)
def test_naive_similarities_are_fooled(
    similarity: Callable[[str, str], float], expected: set[str]
) -> None:
    assert expected <= fooled_by(tried_on(similarity))


def test_an_exact_comparison_is_not_fooled() -> None:
    outcomes = tried_on(lambda answer, gold: float(answer == gold))
    assert {one.verdict for one in outcomes} == {"held"}


@pytest.mark.parametrize(
    "scorer", ["ratio", "token_sort_ratio", "partial_ratio", "token_set_ratio", "WRatio", "jaro"]
)
def test_the_fuzzy_grader_holds(scorer: str) -> None:
    cases = read_cases(CASES)
    grader = make_grader(FuzzyGrader, scorer=scorer)
    with GraderSubject(GraderCall("fuzzy", grader, "tests", 60.0, 1)) as subject:
        # Where order is free, a misspelt sentence with two "the" may be turned round unnoticed.
        exact = [one for one in find_honest(subject, cases) if one.score == 1.0]
        found = run_attacks(subject, exact, CLASSES)
    bad = [one for one in found if one.verdict not in {"held", "skipped"}]
    assert not [f"{b.attack.what} for {b.honest.completion!r}: {b.grade}" for b in bad]
    assert {one.attack.cls for one in found if one.verdict == "held"} == set(BY_NAME)
