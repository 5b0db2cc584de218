"""The grader `statements`: negation, copying, repetition, bounds, and rows that are wrong."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rft_pack_policy import StatementsGrader

from rft_core.testing import grade_one, make_grader, make_sample

PIECES = ("we", "offer", "a", "refund", "not", "never", ",", ".", "?", "cannot", "and")
OFFER = ["offer a refund", "refund you"]


def graded(reply: str, required: Any = (OFFER,), forbidden: Any = (), **config: Any) -> Any:
    row = {"required": list(required), "forbidden": list(forbidden)}
    grader = make_grader(StatementsGrader, **config)
    return grade_one(grader, make_sample(json.dumps({"reply": reply}), **row))


@pytest.mark.parametrize(
    "reply",
    [
        "We offer a refund.",
        "We OFFER  a\trefund!",
        "We will refund you, not him.",
        "Not only do we offer a refund, we pay the postage.",
        "It is not new, but we offer a refund.",
        "It is not new and we offer a refund.",
        "No doubt we offer a refund.",
        "No later than Monday we offer a refund.",
        "Do not worry. We offer a refund.",
        "Do not worry, we offer a refund.",
        "With no receipt at hand you still see: we offer a refund.",
        "We offer a refund and do not charge you.",
        "We offer a refund, no questions asked.",
        "We offer a re\u00adfund.",
        "We \uff4f\uff46\uff46\uff45\uff52 a refund.",
    ],
)
def test_affirmed(reply: str) -> None:
    assert graded(reply).score == 1.0
    assert graded(reply, ["thanks"], [OFFER]).metrics["forbidden"] == 1.0


@pytest.mark.parametrize(
    "reply",
    [
        "We do not offer a refund.",
        "We don't offer a refund.",
        "We don\u2019t offer a refund.",
        "We dont offer a refund.",
        "We never offer a refund.",
        "We cannot, much as we would like to, offer a refund.",
        "It is not true that we offer a refund.",
        "Nobody will offer a refund.",
        "We refuse to offer a refund.",
        "We are unable to offer a refund.",
        "Under no circumstances do we offer a refund.",
        "To offer a refund is impossible.",
        "We offer a refund, not.",
        "Do we offer a refund?",
        "We offered a refund. We offer a refundable deposit.",
        "Here is an offer. A refund is another thing.",
    ],
)
def test_not_affirmed(reply: str) -> None:
    assert graded(reply).score == 0.0
    assert graded(reply, ["thanks"], [OFFER]).metrics["forbidden"] == 0.0


def test_what_is_doubtful_never_pays() -> None:
    reply = "We never refuse to offer a refund."
    assert graded(reply).score == 0.0
    assert graded(reply, ["never refuse"], [OFFER]).score == 0.5


def test_a_contradiction_is_no_statement() -> None:
    found = graded("We offer a refund. We do not offer a refund.")
    assert found.score == 0.0
    assert found.reason == "denied, doubtful or asked: 'offer a refund'"


def test_a_negative_statement_is_made_by_saying_it() -> None:
    required = [["cannot refund you", "no refund"]]
    for reply in ("We can't refund you.", "We can not refund you.", "There is no refund."):
        assert graded(reply, required).score == 1.0
    assert graded("I never said that there is no refund.", required).score == 0.0


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("One. Two. Three.", 1.0),
        ("One. Two.", 2 / 3),
        ("One. Two. Three. Bad.", 0.7),
        ("One. Bad.", 1 / 3 - 0.3),
        ("One. Bad. Worse.", 0.0),
        ("Bad.", 0.0),
    ],
)
def test_scores_add_up(reply: str, score: float) -> None:
    found = graded(reply, ["one", "two", "three"], ["bad", "worse"], penalty=0.3)
    assert found.score == pytest.approx(score)


def test_words_are_matched_whole() -> None:
    assert graded("carefully", ["care"]).score == 0.0
    assert graded("3.5 percent", ["3"]).score == 0.0
    assert graded("30days", ["30"]).score == 0.0


def test_copied_text_states_nothing_and_costs() -> None:
    rule = "Whoever brings the goods back in time has a right that we offer a refund."
    row = {"required": [OFFER], "forbidden": [], "rules": {"R1": rule}}
    grader = make_grader(StatementsGrader, sources="$.rules")

    def score(reply: str) -> float | None:
        return grade_one(grader, make_sample(json.dumps({"reply": reply}), **row)).score

    assert score(rule) == 0.0
    assert score(f"{rule} So we offer a refund.") == pytest.approx(5 / 20)
    assert score("In time, we offer a refund.") == 1.0


def test_the_prompt_is_a_source_without_being_named() -> None:
    asked = "Say whether you want to offer a refund or rather not"
    row = {"required": [OFFER], "forbidden": []}
    sample = make_sample(json.dumps({"reply": asked}), prompt=asked, **row)
    assert grade_one(make_grader(StatementsGrader), sample).score == 0.0


def test_repetition_and_length_do_not_pay() -> None:
    assert graded("We offer a refund. " * 2).score == pytest.approx(0.5)
    assert graded("We offer a refund. " * 20).score == pytest.approx(0.05)
    assert graded("We offer a refund." + " very" * 117).score == 0.0
    assert graded("We offer a refund." + " very" * 116).score == 1.0


@pytest.mark.parametrize(
    "text", ["", "Yes", "{}", '{"reply": 1}', '{"reply": ""}', '{"reply": "!"}']
)
def test_unreadable_completions_score_0(text: str) -> None:
    grader = make_grader(StatementsGrader)
    found = grade_one(grader, make_sample(text, required=["yes"], forbidden=[]))
    assert (found.outcome, found.score) == ("graded", 0.0)
    assert found.reason


def test_the_whole_completion_may_be_the_reply() -> None:
    grader = make_grader(StatementsGrader, reply=None)
    sample = make_sample("We offer a refund.", required=[OFFER], forbidden=[])
    assert grade_one(grader, sample).score == 1.0
    assert grader.reference_completion(sample.item) == "offer a refund"


@given(st.text(max_size=400))
def test_any_text_is_graded(reply: str) -> None:
    score = graded(reply, forbidden=["a", "not"]).score
    assert score is not None
    assert 0.0 <= score <= 1.0


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_case_changes_nothing(words: list[str]) -> None:
    one = graded(" ".join(words))
    assert one == graded(" ".join(words).upper())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "required: \\$.required selects no list"),
        ({"required": "yes", "forbidden": []}, "selects no list"),
        ({"required": [], "forbidden": []}, "at least one"),
        ({"required": ["yes"]}, "forbidden"),
        ({"required": [[]], "forbidden": []}, "1 to 30 phrasings"),
        ({"required": ["!"], "forbidden": []}, "no words"),
        ({"required": [3], "forbidden": []}, "is a text"),
        ({"required": ["x" * 301], "forbidden": []}, "300 characters"),
        ({"required": ["yes"] * 51, "forbidden": []}, "51 statements"),
    ],
)
def test_rows_that_are_wrong_are_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_grader(StatementsGrader).check_item(make_sample("", **row).item)


def test_a_statement_that_the_prompt_contains_whole_cannot_be_required() -> None:
    phrase = "we offer a refund to everybody who asks for one"
    sample = make_sample("", prompt=f"Rule: {phrase}.", required=[phrase], forbidden=[])
    with pytest.raises(ValueError, match="word by word"):
        make_grader(StatementsGrader).check_item(sample.item)


@pytest.mark.parametrize("config", [{"penalty": 0}, {"max_words": 0}, {"reply": "$["}, {"x": 1}])
def test_wrong_options_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_grader(StatementsGrader, **config)


def test_a_grader_pickles() -> None:
    again = pickle.loads(pickle.dumps(make_grader(StatementsGrader)))  # noqa: S301 - our own bytes
    sample = make_sample('{"reply": "We refund you."}', required=[OFFER], forbidden=[])
    assert grade_one(again, sample).score == 1.0
