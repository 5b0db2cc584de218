"""Verdicts and reasons, with both engines."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rft_grader_jsonschema import JsonSchemaGrader

from rft_core.testing import grade_one, make_grader, make_sample
from rft_core.types import Grade


def grade(schema: Any, document: Any, **config: Any) -> Grade:
    grader = make_grader(JsonSchemaGrader, schema=schema, **config)
    text = document if isinstance(document, str) else json.dumps(document)
    result = grade_one(grader, make_sample(text))
    assert result.outcome == "graded"
    return result


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


LABELS = [f"{n:02d} label" for n in range(21)]
EUROVOC = closed(level1={"type": "array", "items": closed(code={"enum": LABELS})})


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"level1": [{"code": LABELS[0]}, {"code": LABELS[20]}]}, 1),
        ({"level1": []}, 1),
        ({"level1": [{"code": "no label"}]}, 0),
        ({"level1": [{"code": LABELS[0], "junk": 1}]}, 0),
        ({"level1": [{"code": LABELS[0]}], "junk": 1}, 0),
        ({"level1": [LABELS[0]]}, 0),
        ({"level2": []}, 0),
        ({}, 0),
        ([], 0),
        (None, 0),
    ],
)
def test_verdicts(engine: str, document: Any, expected: Any) -> None:
    result = grade(EUROVOC, document, engine=engine)
    assert result.score == expected
    assert (result.reason is None) == bool(expected)


def test_multiples_of_decimals(engine: str) -> None:
    for step, number in [("0.01", n / 100) for n in range(-300, 300)] + [("0.1", 1.1), ("1e-7", 1)]:
        assert grade({"multipleOf": float(step)}, repr(number), engine=engine).score == 1.0
    for step, number in [(0.01, 0.295), (0.1, 0.15), (3, 1e300), (7, 10**40)]:
        assert grade({"multipleOf": step}, repr(number), engine=engine).score == 0.0


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("text", ["abc\n", "abc\r\n", "\nabc", "abcd", "xabc"])
def test_an_anchored_pattern_matches_the_whole_string(engine: str, text: str) -> None:
    assert grade({"pattern": "^abc$"}, json.dumps(text), engine=engine).score == 0.0
    assert grade({"pattern": "^abc$"}, '"abc"', engine=engine).score == 1.0


CATASTROPHIC = [
    "^(a+)+$",
    "^(a|a)*$",
    "^(a*)*b$",
    "(x+x+)+y",
    r"^(\w+\s?)*$",
    "^(?=(a+)+$)a",
    r"^(a+)+\1$",
]


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("pattern", CATASTROPHIC)
@pytest.mark.parametrize("text", ["a" * 50 + "!", "a" * 100_000 + "!", "x" * 5000 + "!"])
def test_catastrophic_patterns_are_answered(engine: str, pattern: str, text: str) -> None:
    assert grade({"pattern": pattern}, json.dumps(text), engine=engine).score == 0.0


@pytest.mark.usefixtures("fast")
def test_catastrophic_property_patterns_are_answered() -> None:
    schema = {"patternProperties": {"^(a+)+$": False}, "additionalProperties": False}
    assert grade(schema, {"a" * 50_000 + "!": 1}, engine="jsonschema-rs").score == 0.0


@pytest.mark.timeout(120)  # comparing each with each would take far longer
@pytest.mark.parametrize("make", [lambda n: {"a": n, "b": [n]}, lambda n: [n, [n]], lambda n: n])
def test_unique_items_over_thousands(engine: str, make: Callable[[int], Any]) -> None:
    items = [make(n) for n in range(20_000)]
    config = {"engine": engine, "max_chars": 1_000_000}
    assert grade({"uniqueItems": True}, items, **config).score == 1.0
    assert grade({"uniqueItems": True}, [*items, make(0)], **config).score == 0.0


@pytest.mark.parametrize(
    ("items", "unique"),
    [
        ([1, True], 1),
        ([0, False], 1),
        ([1, 1.0], 0),
        ([[1], [True]], 1),
        ([{"a": 1}, {"a": 1.0}], 0),
    ],
)
def test_unique_items_tell_numbers_from_booleans(
    engine: str, items: list[Any], unique: int
) -> None:
    assert grade({"uniqueItems": True}, items, engine=engine).score == unique


@pytest.mark.usefixtures("fast")
def test_formats_are_checked_only_if_asked(engine: str) -> None:
    schema = {"format": "date"}
    assert grade(schema, '"2024-02-30"', engine=engine).score == 1.0
    assert grade(schema, '"2024-02-30"', engine=engine, check_formats=True).score == 0.0
    assert grade(schema, '"2024-02-29"', engine=engine, check_formats=True).score == 1.0


@pytest.mark.usefixtures("fast")
def test_reasons_name_place_and_keyword(engine: str) -> None:
    reason = grade(
        EUROVOC, {"level1": [{"code": LABELS[0]}, {"code": 7}], "a b": 1}, engine=engine
    ).reason
    assert "$.level1[1].code: " in reason
    assert "(enum)" in reason
    assert "(additionalProperties)" in reason
    assert (
        "$['odd key'][0]: "
        in grade(
            {"additionalProperties": {"items": False}}, {"odd key": [1]}, engine="jsonschema-rs"
        ).reason
    )


def test_reasons_are_short_ordered_and_the_same_every_time(engine: str) -> None:
    schema = {"additionalProperties": {"type": "string", "minimum": 5}}
    document = {f"k{n:04d}" + "x" * 500: n for n in range(300)}
    reasons = {grade(schema, document, engine=engine).reason for _ in range(3)}
    (reason,) = reasons
    assert len(reason) < 1000
    assert reason.startswith("$.k0000x")
    assert " more" in reason
    shuffled = dict(reversed(document.items()))
    assert grade(schema, shuffled, engine=engine).reason == reason
