"""Options, references, fields, reports: what a task file can say and what rows can hold."""

from __future__ import annotations

import json
import pickle
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import ValidationError
from rft_grader_fuzzy import FuzzyGrader
from rft_grader_fuzzy.numbers import numbers_in
from rft_grader_fuzzy.processing import STANDARD, Processor

from rft_core.plugins import plugin_manager
from rft_core.testing import grade_all, grade_one, make_grader, make_sample
from rft_core.types import Grade, Item, Sample


def build(**config: Any) -> FuzzyGrader:
    return make_grader(FuzzyGrader, **config)


def grade(text: str, reference: Any, **config: Any) -> Grade:
    return grade_one(build(**config), make_sample(text, reference_answer=reference))


def test_the_plugin_registers_the_grader() -> None:
    assert plugin_manager().graders["fuzzy"].cls is FuzzyGrader


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"scorer": "ratios"}, "ratio"),
        ({"answer": "$["}, "JSONPath"),
        ({"reference": "$.["}, "JSONPath"),
        ({"reference": []}, "at least 1"),
        ({"reference": [{"path": "gold", "weight": 0.5}]}, "weight 1"),
        ({"reference": [{"path": "gold", "weight": 1.5}]}, "less than or equal to 1"),
        ({"reference": [{"path": "gold", "weight": 0}]}, "greater than 0"),
        ({"process": ["nfc", "nfkc"]}, "list one of them"),
        ({"process": ["lowercase"]}, "casefold"),
        ({"floor": 0.6, "ceiling": 0.5}, "above the floor"),
        ({"ceiling": 0.4}, "above the floor"),
        ({"floor": 1.0}, "less than 1"),
        ({"cutoff": 1.1}, "less than or equal to 1"),
        ({"min_length_ratio": 1.5}, "less than or equal to 1"),
        ({"max_length_ratio": 0.5}, "greater than or equal to 1"),
        ({"numbers": "some"}, "contain"),
        ({"negation_words": []}, "at least 1"),
        ({"negation_words": ["not at"]}, "not one word"),
        ({"negation_words": ["!"]}, "not one word"),
        ({"max_chars": 0}, "greater than or equal to 1"),
        ({"fields": {}}, "at least 1"),
        ({"fields": {"": {"answer": "a", "reference": "a"}}}, "at least 1"),
        ({"fields": {"a": {"answer": "$.a"}}}, "reference"),
        ({"fields": {"a": {"answer": "a", "reference": "a", "weight": 0}}}, "greater than 0"),
        ({"fields": {"similarity": {"answer": "a", "reference": "a"}}}, "cannot be named"),
        ({"fields": {"a": {"answer": "a", "reference": "a"}}, "answer": "b"}, "give no answer"),
        ({"fields": {"a": {"answer": "a", "reference": "a", "ceiling": 0.2}}}, "field 'a'"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)
def test_wrong_configs_say_what_is_wrong(config: dict[str, Any], message: str) -> None:
    with pytest.raises((ValidationError, ValueError), match=message):
        build(**config)


def test_rescaling() -> None:
    reference, answer = "abcdefghij", "abcdefghxx"  # ratio .8
    assert grade(answer, reference, floor=0).score == pytest.approx(0.8)
    assert grade(answer, reference, floor=0.6).score == pytest.approx(0.5)
    assert grade(answer, reference, floor=0.6, ceiling=0.9).score == pytest.approx(2 / 3)
    assert grade(answer, reference, floor=0.6, ceiling=0.8).score == 1.0
    low = grade(answer, reference, floor=0.8)
    assert (low.score, low.reason) == (0.0, "similarity 0.800, too low to earn anything")
    assert grade(answer, reference, floor=0.6, cutoff=0.51).score == 0.0
    assert grade(answer, reference, floor=0.6, cutoff=0.49).score == pytest.approx(0.5)
    assert grade(answer, reference).metrics["similarity"] == pytest.approx(0.8)


def test_lengths_can_be_set_or_left_open() -> None:
    reference = "the old town hall"
    assert grade("the old", reference, scorer="partial_ratio").score == 0.0
    free = {"scorer": "partial_ratio", "min_length_ratio": None}
    assert grade("the old", reference, **free).score == 1.0
    longer = f"in {reference} of Maastricht"
    assert grade(longer, reference, scorer="partial_ratio").score == 0.0
    assert grade(longer, reference, scorer="partial_ratio", max_length_ratio=2).score == 1.0
    assert grade("the old town", reference, min_length_ratio=0.9).score == 0.0


def test_word_guards_can_be_left_open() -> None:
    shuffled = {"text": "town the hall old in", "reference": "in the old town hall"}
    assert grade(**shuffled, scorer="token_sort_ratio").score == 0.0
    assert grade(**shuffled, scorer="token_sort_ratio", min_word_order=None).score == 1.0
    one_word = {"text": "town quux xyzzy grunt", "reference": "in the old town hall"}
    assert grade(**one_word, scorer="partial_token_set_ratio").score == 0.0
    free = {"scorer": "partial_token_set_ratio", "min_shared_words": None}
    assert grade(**one_word, **free).score == 1.0
    repeated = {"text": "town town town hall", "reference": "in the old town hall"}
    assert grade(**repeated, scorer="token_set_ratio", min_length_ratio=0.5).score == 0.0
    assert grade(**repeated, scorer="token_set_ratio", max_repetition=None).score == 1.0


def test_steps_can_be_chosen() -> None:
    assert (grade("PARIS", "Paris", process=["nfc"], floor=0).score or 0) < 0.5
    assert (grade("Paris!", "Paris", process=["nfc", "casefold"]).score or 0) < 1.0
    assert grade("a  b", "a b", process=["collapse_whitespace"]).score == 1.0
    assert (grade("a  b", "a b", process=[]).score or 1) < 1.0
    assert grade("It's", "it is", process=[], negation=False).outcome == "graded"


@pytest.mark.parametrize(
    ("text", "processed"),
    [
        ("It's — WELL-known…", "its well known"),
        ("1,000.50 m", "1000 5 m"),
        ("C++ & C#", "c++ c"),
        ("5 < 7", "5 < 7"),
        ("\u2018don\u2019t\u2019", "dont"),
        ("a\u0301\u200b\u00ad", "\u00e1"),
        ("e\u200b\u0301", "\u00e9"),
        ("\u01f0\u0301", "\u01f0\u0301"),
    ],
)
def test_standard_processing(text: str, processed: str) -> None:
    process = Processor(STANDARD)
    assert process(text) == processed
    assert process(process(text)) == process(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("B12 and b-12", ["12", "12"]),
        ("10-20, 30\u201340", ["10", "20", "30", "40"]),
        ("from -5 to +5, (-3)", ["-5", "5", "-3"]),
        ("$1,234.50 or 1234.5", ["1234.5", "1234.5"]),
        ("-$5 and 12,34", ["-5", "12", "34"]),
        ("1,2,3", ["1", "2", "3"]),
        ("1.02.2003", ["1.2.2003"]),
        ("It was 5. Then 6.", ["5", "6"]),
        ("5percent 5 percentage", ["5%", "5"]),
        ("no digits", []),
        ("x² ½", ["2", "1", "2"]),
        ("9" * 6000, ["9" * 6000]),
    ],
)
def test_numbers_are_read_as_documented(text: str, numbers: list[str]) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("no JSON", "not JSON"),
        ("{}", "$.summary selects nothing"),
        ('{"summary": null}', "$.summary is null, not a string"),
        ('{"summary": ["the old town"]}', "$.summary is a list, not a string"),
        ('{"summary": {"text": "the old town"}}', "$.summary is an object"),
    ],
)
def test_answers_that_are_no_text_are_wrong(output: str, reason: str) -> None:
    result = grade(output, "the old town", answer="$.summary")
    assert (result.outcome, result.score) == ("graded", 0.0)
    assert reason in str(result.reason)
    assert result.metrics == {"similarity": 0.0}


def test_answers_are_found_under_paths() -> None:
    output = json.dumps({"a": [{"b": "the old town"}, {"b": 7}], "c": True})
    assert grade(output, "the old town", answer="$.a[0].b").score == 1.0
    assert grade(output, "7", answer="$.a[1].b").score == 1.0
    assert grade(output, "true", answer="c").score == 1.0
    result = grade(output, "7", answer="$.a[*].b")
    assert (result.score, result.reason) == (0.0, "$.a[*].b selects 2 values")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (None, "null, not a string"),
        ({}, "an object"),
        ([], "selects nothing"),
        ([["a"]], "a list"),
        (["a", None], "null"),
        (["a", " "], "blank"),
        ("...", "punctuation only"),
        (["town"] * 101, "at most 100"),
        ("x" * 20_000, "max_chars"),
        ("e" + "\u0301" * 300, "combining marks"),
    ],
)
def test_rows_without_a_usable_reference_are_errors(reference: Any, message: str) -> None:
    sample = make_sample("a", reference_answer=reference)
    with pytest.raises(ValueError, match=message):
        build().check_item(sample.item)
    result = grade_one(build(), sample)
    assert result.outcome == "error"
    assert message in str(result.error)


def test_a_missing_column_names_the_columns() -> None:
    with pytest.raises(ValueError, match=r"reference_answer selects nothing .*: answer, title"):
        build().check_item(make_sample("", answer="a", title="t").item)


def test_numbers_and_booleans_are_references_too() -> None:
    assert grade("42", 42).score == 1.0
    assert grade("True", True).score == 1.0


def test_the_best_of_several_references_counts() -> None:
    result = grade("the old town hall", ["a new bridge", "The old town hall."])
    assert (result.score, result.reason) == (1.0, "similarity 1.000 to reference 2 of 2")
    assert grade("not the old town", ["the old town", "not the old town"]).score == 1.0
    wrong = grade("not the old town", ["a new bridge", "the old town"])
    assert "negating words: 1, and 0" in str(wrong.reason)
    assert "reference 2 of 2" in str(wrong.reason)


def test_references_have_weights() -> None:
    paths = [{"path": "$.gold"}, {"path": "$.aliases[*]", "weight": 0.8}]
    grader = build(reference=paths, floor=0)
    row = {"gold": "Köln", "aliases": ["Cologne", "Colonia"]}
    scores = {"Köln": 1.0, "cologne": 0.8, "Colonia": 0.8, "Berlin": 0.0}
    samples = [make_sample(text, **row) for text in scores]
    grades = [result.score for result in grade_all(build(reference=paths), samples)]
    assert grades == pytest.approx(list(scores.values()))
    near = grade_one(grader, make_sample("Cologna", **row))
    assert near.score == pytest.approx(0.8 * near.metrics["similarity"], abs=1e-3)
    assert grade_one(grader, make_sample("Köln", gold="Köln")).score == 1.0
    assert grade_one(grader, make_sample("Köln", gold="Köln", aliases=["KÖLN"])).score == 1.0
    assert grade_one(grader, make_sample("Cologne", aliases=["Cologne"])).outcome == "error"


FIELDS = {
    "title": {"answer": "$.title", "reference": "$.gold.title", "weight": 3},
    "author": {
        "answer": "$.author",
        "reference": "$.gold.author",
        "scorer": "token_sort_ratio",
        "optional": True,
    },
}
GOLD = {"title": "The old town hall", "author": "John Smith"}


def test_fields_are_averaged_by_weight() -> None:
    output = json.dumps({"title": "the old town hall", "author": "Smith, John"})
    result = grade_one(build(fields=FIELDS), make_sample(output, gold=GOLD))
    assert result.score == 1.0
    assert result.metrics == {"title": 1.0, "author": 1.0, "similarity": 1.0}
    output = json.dumps({"title": "not the old town hall", "author": "Smith, John"})
    result = grade_one(build(fields=FIELDS), make_sample(output, gold=GOLD))
    assert result.score == 0.25
    assert result.metrics["title"] == 0.0
    assert str(result.reason).startswith("title: negating words: 1, and 0 in the reference")


def test_a_missing_field_costs_its_weight() -> None:
    output = json.dumps({"title": "the old town hall"})
    result = grade_one(build(fields=FIELDS), make_sample(output, gold=GOLD))
    assert result.score == 0.75
    assert "author: $.author selects nothing" in str(result.reason)
    result = grade_one(build(fields=FIELDS), make_sample("no JSON", gold=GOLD))
    assert (result.outcome, result.score) == ("graded", 0.0)
    assert result.metrics == {"title": 0.0, "author": 0.0, "similarity": 0.0}


@pytest.mark.parametrize("author", [None, ...])
def test_optional_fields_may_not_apply(author: Any) -> None:
    gold = {"title": "The old town hall"} | ({} if author is ... else {"author": author})
    output = json.dumps({"title": "the old town hall", "author": "whoever"})
    result = grade_one(build(fields=FIELDS), make_sample(output, gold=gold))
    assert (result.score, set(result.metrics)) == (1.0, {"title", "similarity"})
    with pytest.raises(ValueError, match=r"field 'title'.*selects nothing"):
        build(fields=FIELDS).check_item(make_sample("", gold={"author": "a"}).item)


def test_without_any_field_the_grader_does_not_apply() -> None:
    fields = {"author": FIELDS["author"]}
    result = grade_one(build(fields=fields), make_sample("{}", gold={}))
    assert (result.outcome, result.reason) == ("not_applicable", "no field applies to the row")


def test_fields_inherit_and_override_options() -> None:
    fields = {
        "strict": {"answer": "a", "reference": "a", "numbers": "equal"},
        "loose": {"answer": "a", "reference": "a"},
    }
    grader = build(fields=fields, numbers="off", floor=0)
    result = grade_one(grader, make_sample('{"a": "42 towns"}', a="24 towns"))
    assert result.metrics["strict"] == 0.0
    assert result.metrics["loose"] == result.metrics["similarity"] > 0.7


def test_reference_completions() -> None:
    item = make_sample("", reference_answer=["The old town", "x"], gold=GOLD).item
    assert build().reference_completion(item) == "The old town"
    nested = build(answer="$.out['the text']").reference_completion(item)
    assert json.loads(str(nested)) == {"out": {"the text": "The old town"}}
    both = build(fields=FIELDS).reference_completion(item)
    assert json.loads(str(both)) == GOLD
    for path in ("$..text", "$.a[0]", "$"):
        assert build(answer=path).reference_completion(item) is None
    clash = {name: {"answer": "$.a", "reference": f"$.gold.{name}"} for name in GOLD}
    assert build(fields=clash).reference_completion(item) is None


@pytest.mark.parametrize(
    ("config", "warning"),
    [
        ({}, None),
        ({"scorer": "partial_token_ratio"}, None),
        ({"floor": 0}, "random letters"),
        ({"scorer": "partial_ratio", "min_length_ratio": None}, "fragment"),
        ({"scorer": "token_set_ratio", "max_length_ratio": None}, "fragment"),
        ({"scorer": "token_sort_ratio", "min_word_order": None}, "shuffled"),
        ({"scorer": "WRatio", "min_word_order": 0}, "shuffled"),
        ({"scorer": "partial_token_set_ratio", "min_shared_words": None}, "one common word"),
        ({"scorer": "partial_ratio", "max_chars": 5000}, "longer than 50 ms"),
        ({"process": ["casefold"]}, "Unicode form"),
    ],
)
def test_warnings(config: dict[str, Any], warning: str | None) -> None:
    found = build(**config).warnings()
    assert len(found) == (warning is not None)
    assert warning is None or warning in found[0]


def test_warnings_name_the_field() -> None:
    fields = {"a": {"answer": "a", "reference": "a", "floor": 0}}
    assert build(fields=fields).warnings()[0].startswith("field 'a': floor: 0 pays")


def test_the_report_counts_guards_and_similarities() -> None:
    answers = ["the old town", "not the old town", "the old 7 towns", "x", "", "the odl town"]
    samples = [make_sample(text, reference_answer="the old town") for text in answers]
    grader = build()
    report = grader.report(samples, grade_all(grader, samples))
    assert report["answers"] == 6
    assert report["zero"] == pytest.approx(4 / 6)
    assert report["zeroed_by"] == pytest.approx(
        {"negation": 1 / 6, "numbers": 1 / 6, "length": 1 / 6, "empty": 1 / 6}
    )
    assert sum(report["similarity"]) == 4
    assert report["similarity"][9] == 2
    json.dumps(report)
    assert grader.report([], [])["answers"] == 0


def test_the_report_has_a_part_per_field() -> None:
    sample = make_sample('{"title": "the old town hall"}', gold=GOLD)
    report = build(fields=FIELDS).report([sample], [])
    assert report["title"]["zero"] == 0
    assert report["author"]["zeroed_by"] == {"unreadable": 1.0}


def test_equal_answers_to_one_item_get_one_grade() -> None:
    item = make_sample("", reference_answer="the old town").item
    other = make_sample("", reference_answer="a new bridge").item
    texts = ["the old town", "the new town", "the old town"]
    samples = [Sample(item, text) for text in texts] + [Sample(other, texts[0])]
    grades = build().grade_batch(samples)
    assert grades[0] is grades[2]
    assert grades[0].score == 1.0
    assert (grades[3].score or 0) < 0.5


def test_a_row_without_reference_spoils_only_its_own_samples() -> None:
    good = make_sample("the old town", reference_answer="the old town")
    grades = grade_all(build(), [good, make_sample("a"), good])
    assert [one.outcome for one in grades] == ["graded", "error", "graded"]


def test_a_new_item_at_an_old_address_is_not_confused() -> None:
    grader = build()
    for number in range(6_000):
        text = f"label {number}"
        (result,) = grader.grade_batch([make_sample(text, reference_answer=text)])
        assert result.score == 1.0


def test_rows_may_be_any_mapping_and_prompts_may_have_parts() -> None:
    parts = [{"type": "text", "text": "Correct this sentence,"}, {"type": "image"}]
    messages = ({"role": "user", "content": [*parts, {"text": "he go home"}]},)
    fields = MappingProxyType({"reference_answer": "Correct that sentence, he goes home"})
    item = Item("1", messages, fields)
    assert grade_one(build(), Sample(item, fields["reference_answer"])).score == 1.0
    echo = grade_one(build(), Sample(item, "Correct this sentence, he go home"))
    assert "repeats the prompt" in str(echo.reason)


@pytest.mark.parametrize("content", [None, 7, "e" + "\u0301" * 300, "x" * 100_000, [], [{}]])
def test_prompts_that_no_answer_can_repeat_are_no_matter(content: Any) -> None:
    item = Item("1", ({"role": "user", "content": content},), {"reference_answer": "a b"})
    build().check_item(item)
    assert grade_one(build(), Sample(item, "a b")).score == 1.0


def test_the_last_user_message_counts() -> None:
    messages = tuple(
        {"role": role, "content": f"This is what the {role} said, number {n}"}
        for n, role in ((1, "user"), (2, "assistant"), (3, "user"), (4, "assistant"))
    )
    reference = "This is what the user said, number 3, and more of it"
    item = Item("1", messages, {"reference_answer": reference.replace("user", "others")})
    answer = "This is what the user said, number 3"
    assert "repeats" in str(grade_one(build(), Sample(item, answer)).reason)


def test_the_grader_pickles_and_grades_the_same() -> None:
    grader = build(fields=FIELDS, cutoff=0.2)
    sample = make_sample('{"title": "the old hall"}', gold=GOLD)
    first = grade_one(grader, sample)
    assert grade_one(pickle.loads(pickle.dumps(grader)), sample) == first  # noqa: S301 - our own
    assert 0 < (first.score or 0) < 1
