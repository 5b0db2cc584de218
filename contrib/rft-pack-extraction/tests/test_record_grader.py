"""The record as a whole: shares, weights, what is missing or invented, and odd completions."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rft_pack_extraction import RecordGrader

from rft_core.testing import grade_all, grade_one, make_grader, make_sample
from rft_core.types import Grade

FIELDS = {
    "name": {"type": "text", "weight": 2},
    "born": "date",
    "died": {"type": "date", "optional": True},
    "home": {
        "type": "record",
        "fields": {"city": "text", "rooms": {"type": "number", "optional": True}},
    },
}
RIGHT: dict[str, Any] = {"name": "Ada", "born": "1815-12-10", "home": {"city": "London"}}
DEAD = {**RIGHT, "died": "1852-11-27"}


def grade(answer: Any, right: Any = None, **config: Any) -> Grade:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    grader = make_grader(RecordGrader, **{"fields": FIELDS, **config})
    return grade_one(grader, make_sample(text, reference_answer=right or RIGHT))


@pytest.mark.parametrize(
    ("answer", "right", "score"),
    [
        (RIGHT, RIGHT, 1),
        (DEAD, DEAD, 1),
        ({**RIGHT, "died": None}, RIGHT, 1),
        (RIGHT, {**RIGHT, "died": None}, 1),
        ({**RIGHT, "home": {"city": "London", "rooms": None}}, RIGHT, 1),
        (RIGHT, DEAD, 4 / 5),
        ({**RIGHT, "died": None}, DEAD, 4 / 5),
        (DEAD, RIGHT, 3 / 4),
        ({**RIGHT, "name": "Bob"}, RIGHT, 2 / 4),
        ({"name": "Ada"}, RIGHT, 2 / 4),
        ({**RIGHT, "name": None}, RIGHT, 2 / 4),
        ({**RIGHT, "born": "1815"}, RIGHT, 3 / 4),
        ({**RIGHT, "home": "London"}, RIGHT, 3 / 4),
        ({**RIGHT, "home": {"city": "Paris"}}, RIGHT, 3 / 4),
        ({**RIGHT, "home": {"city": "London", "rooms": 3}}, RIGHT, 3 / 4),
        (RIGHT, {**RIGHT, "home": {"city": "London", "rooms": 3}}, 3.5 / 4),
        ({**RIGHT, "age": 36}, RIGHT, 3 / 4),
        ({**RIGHT, "age": None}, RIGHT, 3 / 4),
        ({**RIGHT, "age": 36, "sex": "f", "x": 1, "y": 2}, RIGHT, 0),
        ({**RIGHT, **{str(n): n for n in range(9)}}, RIGHT, 0),
        ({"Name": "Ada"}, RIGHT, 0),
        ({}, RIGHT, 0),
        ([], RIGHT, 0),
        ([RIGHT], RIGHT, 0),
        ({"record": RIGHT}, RIGHT, 0),
        (None, RIGHT, 0),
        (5, RIGHT, 0),
        (True, RIGHT, 0),
        ("Ada", RIGHT, 0),
    ],
)  # fmt: skip
def test_the_share_of_right_fields(answer: Any, right: Any, score: float) -> None:
    assert grade(answer, right).score == pytest.approx(score)


def test_extra_fields_cost_what_the_task_says() -> None:
    answer = {**RIGHT, "age": 36}
    scores = [grade(answer, extra=cost).score for cost in (0, 0.5, 1, 2, 4, 100)]
    assert scores == pytest.approx([1, 3.5 / 4, 3 / 4, 2 / 4, 0, 0])
    assert make_grader(RecordGrader, fields=FIELDS, extra=0).warnings()


def test_guessing_more_fields_never_pays() -> None:
    answer: dict[str, Any] = dict(RIGHT)
    last = 1.1
    for number in range(6):
        score = grade(answer).score
        assert score is not None
        assert score < last or score == 0
        last = score
        answer[f"guess {number}"] = "Ada"


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Bob", "name": "Ada", "born": "1815-12-10", "home": {"city": "London"}}',
        '{"name": "Ada", "born": "1815-12-10", "home": {"city": "Paris", "city": "London"}}',
        '{"n\\u0061me": "Bob", "name": "Ada", "born": "1815-12-10", "home": {"city": "London"}}',
        '{"name": "Ada", "born": "1815-12-10", "home": {"city": "London"}, "x": {"y": 1, "y": 1}}',
    ],
)
def test_a_key_twice_is_no_answer(text: str) -> None:
    found = grade(text)
    assert found.score == 0.0
    assert "twice" in str(found.reason)


def test_the_reason_names_what_is_not_right() -> None:
    found = grade({"name": "Bob", "home": {"rooms": 3}, "age": 36})
    assert found.reason == (
        "wrong: name ('Bob' instead of 'Ada'); missing: born, home.city; extra: home.rooms, age"
    )
    assert grade(RIGHT).reason == "all fields right"
    assert grade(RIGHT).metrics == {"exact": 1.0}
    assert grade({}).metrics == {"exact": 0.0}
    assert grade("{").metrics == {"exact": 0.0}


def test_reasons_are_short_and_printable() -> None:
    odd = {"\u202e\x1b[31m" + "x" * 500: 1, **{f"key {n}": "\n" * 999 for n in range(3000)}}
    for answer in ({**RIGHT, **odd}, {"name": "\x1b" * 9999, "born": "\u202e" * 30}):
        reason = grade(answer).reason
        assert reason is not None
        assert reason.isprintable()
        assert len(reason) < 1000


@pytest.mark.parametrize("depth", [100, 1_000, 50_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_deep_nesting_is_a_wrong_completion(depth: int, brackets: str) -> None:
    opening = "[" if brackets == "[]" else '{"a":'
    value = opening * depth + "1" + brackets[1] * depth
    for text in (value, f'{{"name": {value}}}', f'{{"x": {value}}}', opening * depth):
        found = grade(text)
        assert (found.outcome, found.score) == ("graded", 0.0)


def test_long_completions_are_not_read() -> None:
    text = json.dumps(RIGHT)
    assert grade(text, max_chars=len(text)).score == 1.0
    found = grade(text, max_chars=len(text) - 1)
    assert found.score == 0.0
    assert "longer than" in str(found.reason)
    assert grade(text + " " * 100_000).score == 0.0


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["Ada", "1815-12-10", "London", "1e5"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "born", "died", "home", "city", "rooms", "value", "currency"])
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
ALL_TYPES: dict[str, Any] = {
    **FIELDS,
    "value": {"type": "amount", "text": "1,000.00", "tolerance": 0.01},
    "city": "texts",
    "currency": "boolean",
    "rooms": {"type": "number", "text": "1 000,00", "tolerance": 1},
}
ALL_RIGHT: dict[str, Any] = {
    **DEAD,
    "value": {"value": 5, "currency": "EUR"},
    "city": ["London"],
    "currency": True,
    "rooms": 3,
}


@given(VALUES)
def test_no_document_raises(value: Any) -> None:
    grader = make_grader(RecordGrader, fields=ALL_TYPES)
    found = grader.grade(make_sample(json.dumps(value), reference_answer=ALL_RIGHT))
    assert isinstance(found, Grade)
    assert found.score is not None
    assert 0.0 <= found.score <= 1.0


@given(st.text(alphabet=st.sampled_from('{}[]",:0129eE.-+ntfr\\u\ud800 "name"')))
def test_no_text_raises(text: str) -> None:
    grader = make_grader(RecordGrader, fields=ALL_TYPES)
    assert grade_one(grader, make_sample(text, reference_answer=ALL_RIGHT)).outcome == "graded"


@given(st.sampled_from(sorted(ALL_RIGHT)), VALUES)
def test_another_value_in_one_field_costs_no_more_than_the_field(name: str, value: Any) -> None:
    grader = make_grader(RecordGrader, fields=ALL_TYPES, extra=0)
    answer = {**ALL_RIGHT, name: value}
    found = grade_one(grader, make_sample(json.dumps(answer), reference_answer=ALL_RIGHT))
    weight = 2 if name == "name" else 1
    assert found.score is not None
    assert found.score >= 1 - weight / 9 - 1e-9


def test_the_reference_is_the_rows_record_without_what_is_not_there() -> None:
    grader = make_grader(RecordGrader, fields=FIELDS)
    right = {**RIGHT, "died": None, "home": {"city": "London", "rooms": None}}
    sample = make_sample("", reference_answer=right)
    assert json.loads(str(grader.reference_completion(sample.item))) == RIGHT


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "selects 0 values"),
        ({"reference_answer": None}, "is no record"),
        ({"reference_answer": []}, "is no record"),
        ({"reference_answer": {"name": "Ada"}}, "lacks born"),
        ({"reference_answer": {**RIGHT, "nmae": "Ada"}}, "not declared: nmae"),
        ({"reference_answer": {**RIGHT, "home": {"street": "x"}}}, "not declared: home.street"),
        ({"reference_answer": {**RIGHT, "home": {}}}, "lacks home.city"),
    ],
)
def test_a_row_without_its_record_is_an_error(fields: dict[str, Any], message: str) -> None:
    grader = make_grader(RecordGrader, fields=FIELDS)
    sample = make_sample(json.dumps(RIGHT), **fields)
    with pytest.raises(ValueError, match=message):
        grader.check_item(sample.item)
    assert grade_one(grader, sample).outcome == "error"


def test_the_record_is_where_the_task_says() -> None:
    grader = make_grader(RecordGrader, fields={"a": "text"}, reference="$.gold[0].record")
    sample = make_sample('{"a": "x"}', gold=[{"record": {"a": "x"}}])
    assert grade_one(grader, sample).score == 1.0


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"fields": {}},
        {"fields": {"a": "string"}},
        {"fields": {"a": {"type": "text", "wieght": 2}}},
        {"fields": {"a": {"type": "text", "weight": 0}}},
        {"fields": {"a": {"type": "number", "tolerance": -1}}},
        {"fields": {"a": {"type": "number", "text": "1000,00.0"}}},
        {"fields": {"a": {"type": "record", "fields": {}}}},
        {"fields": {"a": "text"}, "extra": -1},
        {"fields": {"a": "text"}, "reference": "$["},
        {"fields": {f"f{n}": "text" for n in range(101)}},
    ],
)
def test_a_wrong_configuration_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_grader(RecordGrader, **config)


def test_a_report_counts_fields() -> None:
    grader = make_grader(RecordGrader, fields=FIELDS)
    texts = [json.dumps(RIGHT), json.dumps({"name": "Bob", "x": 1}), "no JSON"]
    samples = [make_sample(text, reference_answer=RIGHT) for text in texts]
    assert grader.report(samples, grade_all(grader, samples)) == {
        "samples": 3,
        "no_record": 1,
        "extra": 1,
        "fields": {
            "born": {"missing": 1, "right": 1},
            "home": {"missing": 1},
            "home.city": {"right": 1},
            "name": {"right": 1, "wrong": 1},
        },
    }
    assert grader.report([], [])["samples"] == 0


def test_it_can_be_sent_to_a_worker() -> None:
    grader = pickle.loads(pickle.dumps(make_grader(RecordGrader, fields=FIELDS)))  # noqa: S301
    assert grade_one(grader, make_sample(json.dumps(RIGHT), reference_answer=RIGHT)).score == 1.0
