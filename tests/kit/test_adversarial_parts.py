"""Where answers and labels stand in completions, and what is wrong though it is near."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rft_core.testing.adversarial.documents import find_document
from rft_core.testing.adversarial.labels import find_labels
from rft_core.testing.adversarial.slots import find_slot
from rft_core.testing.adversarial.values import near_misses, other_than, read_value, same
from rft_core.types import Item


def item(**fields: Any) -> Item:
    return Item("a", (), fields)


@pytest.mark.parametrize(
    ("completion", "gold", "answer", "filled"),
    [
        (r"So $\boxed{42}$.", "42", "42", r"So $\boxed{X}$."),
        (r"\boxed{\frac{1}{3}}", "1/3", r"\frac{1}{3}", r"\boxed{X}"),
        (r"\boxed{1} then \boxed{2}", "2", "2", r"\boxed{1} then \boxed{X}"),
        ("6 * 7 = 42\n#### 42", "42", "42", "6 * 7 = 42\n#### X"),
        ("The answer is 42.", "42", "42", "The answer is X."),
        ("The answer is 3.5.", "3.5", "3.5", "The answer is X."),
        ("The answer is B, since A is not.", "B", "B", "The answer is X, since A is not."),
        ("**Answer: 42**", "42", "42", "**Answer: X**"),
        ("**Answer:** $42$", "42", "42", "**Answer:** $X$"),
        ("42", "42", "42", "X"),
        ("It was Paris that I meant.", "Paris", "Paris", "It was X that I meant."),
        ('{"answer": "42"}', "42", "42", '{"answer": "X"}'),
        ('{"steps": 3, "answer": 42}', "42", "42", '{"steps": 3, "answer": "X"}'),
        ("<think>41</think>\n<answer>42</answer>", "42", "42", None),
    ],
)
def test_the_answer_is_found_and_replaced(
    completion: str, gold: str, answer: str, filled: str | None
) -> None:
    slot = find_slot(item(gold=gold), completion)
    assert slot is not None
    assert slot.answer == answer
    assert slot.filled("X") == (filled or completion.replace("42", "X"))
    if slot.form != "json":
        assert slot.filled(answer) == completion


def test_numbers_stay_numbers_in_json() -> None:
    slot = find_slot(item(gold="42"), '{"answer": 42}')
    assert slot is not None
    assert slot.filled("43") == '{"answer": 43}'
    assert json.loads(slot.filled('a "b"')) == {"answer": 'a "b"'}


@pytest.mark.parametrize("completion", ["", "I would not know.", "{}", '{"a": 1, "b": 2}'])
def test_no_answer_is_invented(completion: str) -> None:
    assert find_slot(item(gold="42"), completion) is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("42", "number"),
        ("-1,234.50", "number"),
        ("5 feet", "quantity"),
        (r"25\%", "quantity"),
        ("B", "choice"),
        ("(b)", "choice"),
        (r"\text{(B)}", "choice"),
        ("Yes", "truth"),
        ("New York", "text"),
        (r"\text{Paris}", "text"),
        ("x^2+1", "expression"),
        ("(1, 2)", "expression"),
        ("x", "expression"),
    ],
)
def test_kinds_of_answers(answer: str, kind: str) -> None:
    assert read_value(answer).kind == kind


@pytest.mark.parametrize(
    "answer", ["42", "0", "-7.50", "12,000", "5 feet", "B", "yes", "x^2", "11"]
)
def test_near_misses_are_wrong(answer: str) -> None:
    found = [text for _, text in near_misses(read_value(answer)) if not same(text, answer)]
    assert found
    assert answer not in found


def test_near_misses_keep_the_writing() -> None:
    assert "-12,000" in dict((*near_misses(read_value("12,000")),)).values()
    assert "-7.50" in dict(near_misses(read_value("7.50"))).values()
    assert "50 feet" in dict(near_misses(read_value("5 feet"))).values()
    assert dict(near_misses(read_value("Yes"))) == {"the opposite": "No"}


def test_other_answers_are_of_the_same_kind_and_not_the_same() -> None:
    assert other_than("42", ["42.0", "41", "Paris", "43"]) == ["41", "43"]
    assert other_than("Paris", ["paris", "Paris, France", "Rome", "7"]) == ["Rome"]
    assert other_than("x^2", ["x^2+1"]) == []
    assert same(r"\frac{2}{4}", "1/2")


@pytest.mark.parametrize(
    ("completion", "gold"),
    [
        ('{"a": ["x"], "topics": [{"code": "law", "p": 1}, {"code": "tax"}]}', ["law", "tax"]),
        ('{"labels": ["law", "tax"], "other": ["x", "y"]}', ["tax", "law"]),
        ("law\ntax", ["law", "tax"]),
        ("law; tax", ["law", "tax"]),
        ("law, tax", ["law", "tax"]),
    ],
)
def test_labels_are_found_and_replaced(completion: str, gold: list[str]) -> None:
    found = find_labels(item(gold=gold), completion)
    assert found is not None
    assert list(found.labels) == ["law", "tax"]
    changed = found.written(["trade"])
    assert found.read(changed) == ["trade"]
    assert found.read(found.written(["law", "tax"])) == ["law", "tax"]
    assert "law" not in changed


def test_labels_of_nested_rows_are_found() -> None:
    row = item(gold={"tags": [{"name": "law"}, {"name": "tax"}]})
    found = find_labels(row, '{"why": ["so"], "labels": ["tax", "law"]}')
    assert found is not None
    assert list(found.labels) == ["tax", "law"]


@pytest.mark.parametrize("completion", ["", "nothing of the kind", '{"labels": []}'])
def test_no_labels_are_invented(completion: str) -> None:
    assert find_labels(item(gold=["law"]), completion) is None


@pytest.mark.parametrize(
    ("completion", "text"),
    [
        (' {"a": 1} ', '{"a": 1}'),
        ('So:\n```json\n{"a": 1}\n```\n', '{"a": 1}'),
        ('So: {"a": [1]} it is', '{"a": [1]}'),
        ("<think>{no}</think>[1]", "[1]"),
    ],
)
def test_the_document_is_found(completion: str, text: str) -> None:
    found = find_document(completion)
    assert found is not None
    assert found.text == text
    assert found.replaced(text) == completion


@pytest.mark.parametrize("completion", ["", "42", '"a"', "{", "{'a': 1}"])
def test_no_document_is_invented(completion: str) -> None:
    assert find_document(completion) is None
