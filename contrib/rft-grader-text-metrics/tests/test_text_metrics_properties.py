"""What holds for every completion, and what the metrics are known not to see."""

from __future__ import annotations

import pickle
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rft_grader_text_metrics import BleuGrader, MeteorGrader, RougeGrader

from rft_core.grader import Grader
from rft_core.testing import grade_one, make_grader, make_sample
from rft_core.types import Grade

ALL: list[tuple[type[Grader[Any]], dict[str, Any]]] = [
    (BleuGrader, {}),
    (BleuGrader, {"tokenize": "char"}),
    (RougeGrader, {"variant": "rouge1"}),
    (RougeGrader, {"variant": "rouge2"}),
    (RougeGrader, {}),
    (RougeGrader, {"variant": "rougeLsum", "stem": True}),
    (RougeGrader, {"tokenize": "unicode", "lowercase": False}),
    (MeteorGrader, {}),
]
REFERENCE = "The minister said on Monday that the new bridge will open in May, not in June."
EACH = pytest.mark.parametrize(("cls", "config"), ALL, ids=str)


def grade(cls: type[Grader[Any]], text: str, reference: Any = REFERENCE, **config: Any) -> Grade:
    return grade_one(make_grader(cls, **config), make_sample(text, reference_answer=reference))


@EACH
def test_the_same_text_earns_full_marks(cls: type[Grader[Any]], config: dict[str, Any]) -> None:
    for reference in (REFERENCE, "Two words", f"{REFERENCE}\n{REFERENCE}", "a a a a a b b"):
        assert grade(cls, reference, reference, **config).score == 1.0


@EACH
def test_the_reference_completion_earns_full_marks(
    cls: type[Grader[Any]], config: dict[str, Any]
) -> None:
    grader = make_grader(cls, **config)
    sample = make_sample("", reference_answer=["first of two references", REFERENCE])
    grader.check_item(sample.item)
    text = grader.reference_completion(sample.item)
    assert text == "first of two references"
    assert grade(cls, text, ["first of two references", REFERENCE], **config).score == 1.0


@EACH
def test_texts_without_a_word_in_common_earn_nothing(
    cls: type[Grader[Any]], config: dict[str, Any]
) -> None:
    assert grade(cls, "\u03b1\u03b2 \u03b3\u03b4 12 34", **config).score == 0.0


@EACH
def test_a_better_copy_earns_more(cls: type[Grader[Any]], config: dict[str, Any]) -> None:
    half, most = REFERENCE[:40], REFERENCE[:65]
    low, high = grade(cls, half, **config).score, grade(cls, most, **config).score
    assert low is not None
    assert high is not None
    assert 0.0 < low < high < 1.0


@EACH
@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u2003"])
def test_an_empty_completion_is_graded_0(
    cls: type[Grader[Any]], config: dict[str, Any], text: str
) -> None:
    result = grade(cls, text, **config)
    assert (result.outcome, result.score) == ("graded", 0.0)
    assert result.reason == "the completion is empty"
    assert set(result.metrics.values()) == {0.0}


@EACH
@pytest.mark.parametrize("reference", [None, "", " \n", [], ["", "a b c"], 5, {"a": "b"}, [["a"]]])
def test_a_row_without_usable_reference_is_an_error(
    cls: type[Grader[Any]], config: dict[str, Any], reference: Any
) -> None:
    grader = make_grader(cls, **config)
    sample = make_sample("some words here", reference_answer=reference)
    with pytest.raises(ValueError, match="reference"):
        grader.check_item(sample.item)
    assert grade_one(grader, sample).outcome == "error"
    assert grade_one(grader, make_sample("", reference_answer=reference)).outcome == "error"


@EACH
def test_a_row_without_the_column_names_those_that_are_there(
    cls: type[Grader[Any]], config: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"columns of the row: question"):
        make_grader(cls, **config).check_item(make_sample("", question="?").item)


@EACH
@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a " * 500_000,
        "the bridge " * 90_000,
        "y" * 19_999,
        "\u0301\u0316" * 9_999,
        "(" * 19_999,
        "\ud800 lone",
        "\0 \x1b[31m",
        "-\n" * 5_000,
        "&amp;" * 3_000,
    ],
    ids=lambda text: f"{text[:6]!r}{len(text)}",
)
def test_odd_completions_are_graded(
    cls: type[Grader[Any]], config: dict[str, Any], text: str
) -> None:
    result = grade(cls, text, **config)
    assert result.outcome == "graded", result.error
    assert result.score is not None
    assert 0.0 <= result.score < 0.2


@EACH
def test_the_bound_on_words_is_inclusive(cls: type[Grader[Any]], config: dict[str, Any]) -> None:
    config = {**config, "max_words": 6}
    reference = "abcdef" if config.get("tokenize") == "char" else "a b c d e f"
    longer = f"{reference}g" if config.get("tokenize") == "char" else f"{reference} g"
    assert grade(cls, reference, reference, **config).score == 1.0
    over = grade(cls, longer, reference, **config)
    assert (over.score, over.reason) == (0.0, "7 words, more than max_words (6)")
    assert grade(cls, reference, longer, **config).outcome == "error"


@EACH
@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200), reference=st.text(min_size=1, max_size=200))
def test_any_text_is_graded_within_bounds_and_alike(
    cls: type[Grader[Any]], config: dict[str, Any], text: str, reference: str
) -> None:
    grader = make_grader(cls, **config)
    sample = make_sample(text, reference_answer=reference)
    try:
        grader.check_item(sample.item)
    except ValueError:
        with pytest.raises(ValueError, match=r".+"):
            grader.grade(sample)
        return
    first: Any = grader.grade(sample)
    assert 0.0 <= first.score <= 1.0
    again: Any = pickle.loads(pickle.dumps(grader)).grade(sample)  # noqa: S301 -- our own
    assert again == first
    same: Any = grader.grade(make_sample(reference, reference_answer=reference))
    assert same.score == 1.0


def test_rouge1_does_not_see_the_order_and_says_so() -> None:
    words = REFERENCE.split()
    random.Random(1).shuffle(words)  # noqa: S311 -- repeatable, no secret
    shuffled = " ".join(words)
    assert grade(RougeGrader, shuffled, variant="rouge1").score == 1.0
    assert "order" in make_grader(RougeGrader, variant="rouge1").warnings()[0]
    for cls, config in ((RougeGrader, {}), (RougeGrader, {"variant": "rouge2"}), (BleuGrader, {})):
        score = grade(cls, shuffled, **config).score
        assert score is not None
        assert score < 0.5
        assert make_grader(cls, **config).warnings() == []


def test_recall_is_won_by_length_and_the_grader_says_so() -> None:
    long = f"{'nothing of this matters at all ' * 50}{REFERENCE}"
    assert grade(RougeGrader, long, measure="recall").score == 1.0
    assert "long" in make_grader(RougeGrader, measure="recall").warnings()[0]
    plain = grade(RougeGrader, long).score
    assert plain is not None
    assert plain < 0.2


def test_no_metric_sees_that_a_meaning_turned_round() -> None:
    wrong = REFERENCE.replace("will open", "will not open")
    for cls in (BleuGrader, RougeGrader, MeteorGrader):
        score = grade(cls, wrong).score
        assert score is not None
        assert score > 0.8


def test_bleu_of_short_texts_is_coarse() -> None:
    assert grade(BleuGrader, "Paris", "Paris").score == 1.0
    assert grade(BleuGrader, "paris", "Paris").score == 0.0
    assert grade(BleuGrader, "in Paris", "Paris").score == pytest.approx(0.5)


def test_stems_match_where_asked_for() -> None:
    said, meant = "cats running", "cat runs"
    assert grade(RougeGrader, said, meant).score == 0.0
    assert grade(RougeGrader, said, meant, stem=True).score == 1.0
    assert grade(MeteorGrader, said, meant).score == 1.0
    assert grade(MeteorGrader, said, meant, stem=False).score == 0.0


def test_letters_of_other_scripts_need_a_tokenizer_that_knows_them() -> None:
    text = "\u4e2d\u6587 \u0440\u0443\u0441\u0441\u043a\u0438\u0439"
    assert grade(RougeGrader, text, text).outcome == "error"
    assert grade(RougeGrader, text, text, tokenize="unicode").score == 1.0
    assert grade(RougeGrader, text, f"{text}!", tokenize="char").score == pytest.approx(18 / 19)
