"""Which part of a completion is the document: the three policies, reasoning, hostile text."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rft_grader_jsonschema import JsonSchemaGrader

from rft_core.testing import make_grader, make_sample

ANSWER = {"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}
GOOD, BAD = '{"a": 1}', '{"a": 2}'


def score(text: str, **config: Any) -> float | None:
    grader = make_grader(JsonSchemaGrader, schema=config.pop("schema", ANSWER), **config)
    (grade,) = grader.grade_batch([make_sample(text)])
    assert grade.score == 1.0 or grade.reason
    return grade.score


@pytest.mark.parametrize("policy", ["strict", "fenced", "last"])
@pytest.mark.parametrize("text", [GOOD, f"\n\t {GOOD}\r\n ", '{"a":1,"b":"```json\\n{}\\n```"}'])
def test_bare_json_is_read_by_every_policy(policy: str, text: str) -> None:
    assert score(text, extract=policy) == 1.0


@pytest.mark.parametrize(
    "text",
    [f"Here: {GOOD}", f"{GOOD}.", f"{GOOD} {GOOD}", f"```json\n{GOOD}\n```", f"\ufeff{GOOD}", ""],
)
def test_strict_allows_nothing_but_white_space_around(text: str) -> None:
    assert score(text) == 0.0


@pytest.mark.parametrize(
    ("text", "fenced", "last"),
    [
        (f"```json\n{GOOD}\n```", 1, 1),
        (f"```\n{GOOD}\n```", 1, 1),
        (f"```JSON {GOOD} ``` done", 1, 1),
        (f"```{GOOD}```", 1, 1),
        (f"```json\n{BAD}\n```\nno:\n```json\n{GOOD}\n```", 1, 1),
        (f"```json\n{GOOD}\n```\nno:\n```json\n{BAD}\n```", 0, 0),
        (f"```json\n{GOOD}\n```\n```bash\nls {{}}\n```", 1, 0),
        (f"```json\n{GOOD}\n```\n```\nls -l\n```", 1, 1),
        (f"```json\n{GOOD}", 1, 1),  # only the closing fence is missing
        (f"```json\n{GOOD}\n{GOOD}\n```", 0, 1),
        ('```json\n{"a": 1, "b": "```"}\n```', 1, 1),
        (f"The answer is {GOOD}.", 0, 1),
        (f"{GOOD} or rather {BAD}", 0, 0),
        (f"{BAD} or rather {GOOD}", 0, 1),
        (f"see [1] and {{x}}, f(x) on [0, 1): {GOOD}", 0, 1),
        (f"[```\n{GOOD}\n```]", 1, 1),
        (f"callback({GOOD});", 0, 1),
        (f"<answer>{GOOD}</answer>", 0, 1),
    ],
)
def test_lenient_policies(text: str, fenced: int, last: int) -> None:
    assert score(text, extract="fenced") == fenced
    assert score(text, extract="last") == last


def test_a_schema_echoed_before_the_answer_is_not_the_answer() -> None:
    echo = json.dumps(ANSWER)
    assert score(f"Schema: {echo}\n{GOOD}", extract="last") == 1.0
    assert score(f"{GOOD}\nSchema: {echo}", extract="last") == 0.0


@pytest.mark.parametrize("policy", ["strict", "fenced", "last"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<think>maybe {BAD}</think>{GOOD}", 1),
        (f"<think>maybe {GOOD}</think>{BAD}", 0),
        (f"<think>{GOOD}</think>", 0),
        (f"<think>```json\n{GOOD}\n```", 0),
        (f"the prompt opened it: {BAD}</think>\n{GOOD}", 1),
        (f"{GOOD}</think>", 0),
        (f"<think>a<think>b</think>{BAD}</think>{GOOD}", 1),
        ('{"a": 1, "b": "<think>text</think>"}', 1),
        ('{"a": <think>what?</think> 1}', 0),
        (f"{GOOD}<think>and more", 1),
    ],
)
def test_nothing_inside_reasoning_counts(policy: str, text: str, expected: Any) -> None:
    assert score(text, extract=policy) == expected


def test_reasoning_counts_if_configured() -> None:
    assert score(f"<think>{GOOD}</think>", extract="last", reasoning_tag=None) == 1.0
    assert score(f"<plan>{GOOD}</plan>", extract="last", reasoning_tag="plan") == 0.0


def test_the_last_piece_outside_reasoning_with_a_document_counts() -> None:
    assert score(f"<think>x</think>{GOOD}<think>y</think> done", extract="last") == 1.0
    assert score(f"{GOOD}<think>y</think>{BAD}", extract="last") == 0.0
    assert score(f"{BAD}<think>y</think>{GOOD}", extract="last") == 1.0


TRUNCATED = [
    '{"a": 1',
    '{"a": 1, "b": [',
    '{"a": 1, "b": "x',
    '[{"a": 1}, {"a"',
    '{"x": {"a": 1}',
    '{"a": "see [1] and {}',
]


@pytest.mark.parametrize("policy", ["strict", "fenced", "last"])
@pytest.mark.parametrize("text", TRUNCATED)
def test_truncated_json_is_never_repaired(policy: str, text: str) -> None:
    for wrapped in (text, f"Sure:\n{text}", f"```json\n{text}", f"```json\n{text}\n```"):
        assert score(wrapped, extract=policy, schema=True) == 0.0


@settings(max_examples=200, deadline=None)
@given(
    document=st.recursive(
        st.one_of(st.none(), st.integers(), st.text(max_size=5)),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=8,
    ).filter(lambda document: isinstance(document, dict | list)),
    before=st.text(alphabet="ab .,:;()`\n", max_size=20),
    cut=st.integers(1, 10_000),
)
def test_last_finds_what_prose_surrounds_and_nothing_in_its_beginnings(
    document: Any, before: str, cut: int
) -> None:
    text = json.dumps(document)
    schema = {"const": document}
    assert score(f"{before}\n{text}\n{before}", extract="last", schema=schema) == 1.0
    beginning = text[: cut % len(text)]
    assert score(f"{before}\n{beginning}", extract="last", schema=True) == 0.0


HOSTILE = {
    "arrays": "[" * 100_000,
    "objects": '{"a":' * 30_000,
    "broken arrays": "[x " * 60_000,
    "broken numbers": "[1 " * 60_000,
    "broken keys": '{"' * 90_000,
    "escapes": '{"a":"' + '\\"' * 90_000,
    "empty objects": "{}" * 90_000,
    "fences": "```" * 60_000,
    "broken fences": '```json["' * 22_000,
    "reasoning": "<think>" * 20_000 + "</think>" * 10_000,
    "white space": " " * 190_000,
}


@pytest.mark.parametrize("policy", ["strict", "fenced", "last"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_answered(policy: str, text: str) -> None:
    assert score(text, extract=policy) == 0.0


@pytest.mark.parametrize("policy", ["strict", "fenced", "last"])
def test_a_megabyte_is_answered(policy: str) -> None:
    text = "[x {" * 250_000
    assert score(text, extract=policy, max_chars=1_000_000) == 0.0
