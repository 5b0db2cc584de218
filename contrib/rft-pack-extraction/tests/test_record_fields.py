"""The types of fields: what is right, and what only looks like it."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from pydantic import ValidationError
from rft_pack_extraction import RecordGrader

from rft_core.testing import grade_one, make_grader, make_sample
from rft_core.types import Grade


def grade(field: Any, expected: Any, answer: str) -> Grade:
    """Grade a record of one field, whose value in the completion is the JSON text `answer`."""
    grader = make_grader(RecordGrader, fields={"it": field})
    sample = make_sample(f'{{"it": {answer}}}', reference_answer={"it": expected})
    grader.check_item(sample.item)
    return grade_one(grader, sample)


def is_right(field: Any, expected: Any, answer: Any) -> bool:
    found = grade(field, expected, json.dumps(answer))
    assert found.outcome == "graded", found
    assert found.score in {0.0, 1.0}
    return found.score == 1.0


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Zoë Müller", True),
        (unicodedata.normalize("NFD", "Zoë Müller"), True),
        (" Zoë \t Müller\n", True),
        ("Zoë\u00a0Müller", True),
        ("zoë müller", False),
        ("Zoe Muller", False),
        ("Zoë  Müller.", False),
        ("Zoë M\u200büller", False),
        ("Zoë M\ufeffüller", False),
        ("Ζoë Müller", False),  # noqa: RUF001 -- a Greek letter
        ("", False),
        (" ", False),
        ("Zoë Müller or Zoë Meier", False),
        (["Zoë Müller"], False),
        ({"name": "Zoë Müller"}, False),
        (0, False),
        (True, False),
        ("\ud800", False),
        ("Zoë Müller" * 5000, False),
    ],
)
def test_texts(answer: Any, right: bool) -> None:
    assert is_right("text", "Zoë Müller", answer) is right


def test_texts_differ_as_the_task_says() -> None:
    assert not is_right("text", "STRASSE", "Straße")
    assert is_right({"type": "text", "normalize": ["casefold"]}, "STRASSE", "Straße")
    assert not is_right({"type": "text", "normalize": []}, "a b", "a  b")
    assert not is_right("text", "file", "\ufb01le")
    assert is_right({"type": "text", "normalize": ["nfkc"]}, "file", "\ufb01le")
    assert not is_right("text", "12", "１２")  # noqa: RUF001


def test_a_number_is_no_text_and_a_text_no_number() -> None:
    assert not is_right("text", "12", 12)
    assert not is_right("number", 12, "12")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("12.5", True),
        ("12.50", True),
        ("1.25e1", True),
        ("125E-1", True),
        ("12.500000000000000000000000001", False),
        ("12.49", False),
        ("-12.5", False),
        ("125", False),
        ('"12.5"', False),
        ("true", False),
        ("null", False),
        ("[12.5]", False),
        ("1e999", False),
        ("1e-999", False),
        ("1e99999999999999999999999", False),
        ("9" * 60, False),
        ("9" * 4000, False),
    ],
)
def test_numbers(answer: str, right: bool) -> None:
    found = grade("number", 12.5, answer)
    assert (found.outcome, found.score) == ("graded", float(right))


@pytest.mark.parametrize("answer", ["NaN", "Infinity", "-Infinity", "1,5", "01", "+1", ".5", "0x1"])
def test_what_is_no_json_number_makes_the_completion_unreadable(answer: str) -> None:
    found = grade("number", 1, answer)
    assert found.score == 0.0
    assert "not JSON" in str(found.reason)


@pytest.mark.parametrize(
    ("expected", "answer", "right"),
    [
        (1, "true", False),
        (0, "false", False),
        (1, "1.0", True),
        (0, "-0.0", True),
        (0, "0e5", True),
    ],
)
def test_true_is_not_one(expected: int, answer: str, right: bool) -> None:
    assert grade("number", expected, answer).score == float(right)


def test_whole_numbers_are_compared_to_the_last_digit() -> None:
    assert is_right("number", 2**63, 2**63)
    assert not is_right("number", 2**63, 2**63 + 1)
    assert not is_right("number", 10**20, 10**20 + 1)


@pytest.mark.parametrize(
    ("answer", "right"),
    [("10", True), ("10.05", True), ("9.95", True), ("10.0500000001", False), ("9.94", False)],
)
def test_a_declared_tolerance_is_exact(answer: str, right: bool) -> None:
    assert grade({"type": "number", "tolerance": 0.05}, 10, answer).score == float(right)


NOTATIONS = ["1000.00", "1,000.00", "1.000,00", "1 000,00"]


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("1234.5", {"1000.00", "1,000.00"}),
        ("1,234.5", {"1,000.00"}),
        ("1.234,5", {"1.000,00"}),
        ("1 234,5", {"1 000,00"}),
        ("1234,5", {"1.000,00", "1 000,00"}),
        ("12,34.5", set()),
        ("1,2345", set()),
        ("1.2345e3", set()),
        ("+1234.5", set()),
        (" 1234.5", set()),
        ("1234.5 ", set()),
        ("1234.5\n", set()),
        ("1_234.5", set()),
        ("１２３４.5", set()),  # noqa: RUF001
        ("١٢٣٤.٥", set()),  # noqa: RUF001
        ("1'234.5", set()),
        ("0x4d2", set()),
        ("1234.5.", set()),
        ("1\u00a0234,5", set()),
    ],
)
def test_numbers_in_text_have_the_declared_notation(text: str, read_as: set[str]) -> None:
    found = {
        notation
        for notation in NOTATIONS
        if is_right({"type": "number", "text": notation}, 1234.5, text)
    }
    assert found == read_as


def test_one_text_is_two_numbers_in_two_notations() -> None:
    assert is_right({"type": "number", "text": "1,000.00"}, 1000, "1,000")
    assert is_right({"type": "number", "text": "1.000,00"}, 1, "1,000")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ({"value": 12.5, "currency": "EUR"}, True),
        ({"currency": "EUR", "value": 12.50}, True),
        ({"value": 12.51, "currency": "EUR"}, False),
        ({"value": 12.5, "currency": "USD"}, False),
        ({"value": 12.5, "currency": "eur"}, False),
        ({"value": 12.5, "currency": "€"}, False),
        ({"value": 12.5, "currency": "EUR "}, False),
        ({"value": 12.5, "currency": None}, False),
        ({"value": "12.5", "currency": "EUR"}, False),
        ({"value": True, "currency": "EUR"}, False),
        ({"value": 12.5}, False),
        ({"value": 12.5, "currency": "EUR", "net": True}, False),
        (12.5, False),
        ("12.50 EUR", False),
        ([12.5, "EUR"], False),
    ],
)
def test_amounts(answer: Any, right: bool) -> None:
    assert is_right("amount", {"value": 12.5, "currency": "EUR"}, answer) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("1.234,50 EUR", True),
        ("EUR 1.234,50", True),
        ("EUR1.234,50", True),
        ("1234,5EUR", True),
        ({"value": "1.234,50", "currency": "EUR"}, True),
        ({"value": 1234.5, "currency": "EUR"}, True),
        ("1,234.50 EUR", False),
        ("1.234,50 USD", False),
        ("1.234,50 €", False),
        ("1.234,50", False),
        ("1.234,50  EUR", False),
        ("EUR 1.234,50 EUR", False),
        ("1.234,50 EUR or 1.235,50 EUR", False),
        ("EUR", False),
        ("", False),
    ],
)
def test_amounts_in_text(answer: Any, right: bool) -> None:
    field = {"type": "amount", "text": "1.000,00"}
    assert is_right(field, {"value": 1234.5, "currency": "EUR"}, answer) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("2024-01-05", True),
        ("05.01.2024", True),
        ("5 January 2024", True),
        ("2024-1-5", False),
        ("5.1.2024", False),
        ("05/01/2024", False),
        ("05 January 2024", False),
        ("5 january 2024", False),
        ("5 Jan 2024", False),
        ("20240105", False),
        ("2024-01-05T00:00:00Z", False),
        ("2024-01-05+01:00", False),
        ("2024-01-05 ", False),
        ("2024-01-05\n", False),
        ("2024\u201301\u201305", False),
        ("２０２４-01-05", False),  # noqa: RUF001
        ("٢٠٢٤-01-05", False),
        ("2024-05-01", False),
        ("0000-01-05", False),
        ("2024-01-05 or 2024-01-06", False),
        (1704412800, False),
        (["2024-01-05"], False),
        ("9" * 50_000, False),
    ],
)
def test_dates(answer: Any, right: bool) -> None:
    field = {"type": "date", "forms": ["DD.MM.YYYY", "D Month YYYY"]}
    assert is_right(field, "2024-01-05", answer) is right


@pytest.mark.parametrize("answer", ["2024-02-30", "31.02.2024", "2023-02-29", "2024-13-01"])
def test_a_day_that_there_is_not_is_told(answer: str) -> None:
    found = grade({"type": "date", "forms": ["DD.MM.YYYY"]}, "2024-03-01", json.dumps(answer))
    assert found.score == 0.0
    assert "no such day" in str(found.reason)


def test_two_readings_of_a_date_are_refused() -> None:
    field = {"type": "date", "forms": ["DD/MM/YYYY", "MM/DD/YYYY"]}
    for expected in ("2024-04-03", "2024-03-04"):
        found = grade(field, expected, '"03/04/2024"')
        assert found.score == 0.0
        assert "ambiguous: 2024-03-04 or 2024-04-03" in str(found.reason)
    assert is_right(field, "2024-04-13", "13/04/2024")
    assert is_right(field, "2024-04-13", "04/13/2024")
    assert is_right(field, "2024-04-04", "04/04/2024")
    warnings = make_grader(RecordGrader, fields={"day": field}).warnings()
    assert [text.partition(":")[0] for text in warnings] == ["day"]
    assert not make_grader(
        RecordGrader, fields={"day": {**field, "forms": ["D.M.YYYY"]}}
    ).warnings()


@pytest.mark.parametrize(
    "form", ["", "YYYY", "YYYYMMDD", "DD.MM", "DD.MM.YY", "DD.DD.YYYY", "on DD.MM.YYYY", "%d.%m.%Y"]
)
def test_forms_that_are_none_are_refused(form: str) -> None:
    with pytest.raises(ValidationError, match="form of a date"):
        make_grader(RecordGrader, fields={"day": {"type": "date", "forms": [form]}})


@pytest.mark.parametrize(
    ("expected", "answer", "right"),
    [
        (True, True, True),
        (False, False, True),
        (True, False, False),
        (True, 1, False),
        (False, 0, False),
        (True, "true", False),
        (False, "", False),
        (False, [], False),
    ],
)
def test_booleans(expected: bool, answer: Any, right: bool) -> None:
    assert is_right("boolean", expected, answer) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (["a", "b"], True),
        (["b", "a"], True),
        (["b", " a"], True),
        (["a"], False),
        (["a", "b", "c"], False),
        (["a", "b", "b"], False),
        (["a", "a"], False),
        (["A", "b"], False),
        (["a", None], False),
        (["a", 1], False),
        (["a, b"], False),
        ("a, b", False),
        ({"a": 1, "b": 2}, False),
        ([], False),
        ([["a", "b"]], False),
    ],
)
def test_texts_in_any_order(answer: Any, right: bool) -> None:
    assert is_right("texts", ["a", "b"], answer) is right


def test_no_texts_have_to_be_said() -> None:
    assert is_right("texts", [], [])
    assert not is_right("texts", [], ["a"])
    assert grade("texts", [], "null").score == 0.0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", ""),
        ("text", " "),
        ("text", 5),
        ("text", "x" * 10_001),
        ("texts", "a"),
        ("texts", ["a", "a "]),
        ("texts", ["a", ""]),
        ("texts", ["a"] * 1001),
        ("number", "5"),
        ("number", True),
        ("number", float("nan")),
        ("number", float("inf")),
        ("number", 10**50),
        ("amount", 5),
        ("amount", {"value": 5}),
        ("amount", {"value": 5, "currency": "€"}),
        ("amount", {"value": "5", "currency": "EUR"}),
        ("date", "03.04.2024"),
        ("date", "2024-02-30"),
        ("date", 20240403),
        ("boolean", 1),
        ("boolean", "true"),
        ({"type": "record", "fields": {"a": "text"}}, "a"),
        ({"type": "record", "fields": {"a": "text"}}, {}),
        ({"type": "record", "fields": {"a": "text"}}, {"a": "x", "b": "x"}),
    ],
)
def test_a_row_with_a_value_of_another_type_is_an_error_that_names_the_field(
    field: Any, value: Any
) -> None:
    grader = make_grader(RecordGrader, fields={"it": field})
    sample = make_sample("{}", reference_answer={"it": value})
    with pytest.raises(ValueError, match="it"):
        grader.check_item(sample.item)
    assert grade_one(grader, sample).outcome == "error"
