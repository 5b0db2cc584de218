"""Which answers score 0 without being judged, and which are never taken for those."""

# ruff: noqa: RUF001 - look-alikes are a part of the attacks

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from rft_grader_judge import JudgeGrader
from rft_grader_judge.canaries import ATTACKS
from rft_grader_judge.testing import Reply, ScriptedServer, verdict_json
from rft_grader_judge.trivial import why_trivial

from rft_core.testing import grade_all, make_sample

EMPTY = ["", " ", "\n\n\t", "\u3000", "\u200b", "\u3164", "\u2800", "\ufeff", "\x00", "\U000e0041"]
PUNCTUATION = [":", ".", ",", "...", "…", "- - -", "#", "***", "```", "---", "“”", "\u200b:\u200b"]
WORDS = [
    "Solution", "The solution is", "Answer", "Thought process", "Let's think step by step",
    "Let\u2019s solve this problem step by step", "LET US THINK STEP BY STEP", "Final answer",
    "解", "かいせつ", "Respuesta", "Lösung", "Solución", "Ｓｏｌｕｔｉｏｎ", "Sol\u200bution",
]  # fmt: skip
DRESSES = [
    "{}",
    "{}:",
    "{}：",
    "**{}:**",
    "# {}\n",
    "\n{}.\n\n",
    "{}...",
    '"{}"',
    "_{}_",
    "{}: \u200b",
]
LEAD_INS = [
    *(dress.format(word) for word in WORDS for dress in DRESSES),
    "Thought process:\n\nSolution:", "The answer is: Answer.", "Let me think. Step by step.",
    "Analysis:", "**Reasoning:**", "### Explanation:", "Step 1:", "Thoughts:\n\nConclusion:",
]  # fmt: skip
ANSWERS = [
    "42", "-1", "0", "A", "x", "x+1", "B12", "π", "½", "Ⅳ", "Да", "нет", "是", "否", "はい", "예",
    "نعم", "हाँ", "ใช่", "כן", "ναι", "No", "None", "OK", "Analysis", "reasoning", "Result", "proof",
    "∞", "∅", "+", "<", "=", "€", "👍", "👍 yes", "🎉 Party 🎉", "[]", "{}", "()", "f()", "{…}",
    "Solution: 4", "Solution: ∅", "The answer is [].", "Answer: да", "解: 是", "Step 1: add",
    "Let us think step by step: it is 4.", "Analysis", "Resolution", "Solutions", "answerable",
]  # fmt: skip


@pytest.mark.parametrize("text", EMPTY, ids=ascii)
def test_empty_answers_say_nothing(text: str) -> None:
    assert why_trivial(text) == "the answer is empty"


@pytest.mark.parametrize("text", [one * times for one in PUNCTUATION for times in (1, 300)])
def test_punctuation_says_nothing(text: str) -> None:
    assert why_trivial(text) == "the answer holds nothing but punctuation"


@pytest.mark.parametrize("text", LEAD_INS, ids=ascii)
def test_lead_ins_say_nothing(text: str) -> None:
    assert why_trivial(text) == "the answer is a lead-in without anything after it"


@pytest.mark.parametrize("text", ANSWERS, ids=ascii)
def test_short_answers_may_say_something(text: str) -> None:
    assert why_trivial(text) is None


@pytest.mark.parametrize("name", ATTACKS)
def test_canaries_reach_the_judge(name: str) -> None:
    assert why_trivial(ATTACKS[name]) is None


@pytest.mark.parametrize(
    "unit", [":", " ", "\u200b", "Solution: ", "\u0301\u0323", "\ud800"], ids=ascii
)
def test_a_megabyte_is_looked_through_quickly(unit: str) -> None:
    begin = time.process_time()
    why_trivial(unit * (1_000_000 // len(unit)))
    assert time.process_time() - begin < 5


def test_what_says_nothing_scores_0_without_a_request(
    make_judge: Callable[..., JudgeGrader],
) -> None:
    texts = [*EMPTY, *PUNCTUATION, *LEAD_INS]
    with ScriptedServer(Reply(verdict_json(reasoning="Fine.", verdict=10))) as server:
        grades = grade_all(make_judge(server), [make_sample(text) for text in texts])
    assert server.requests == []
    assert [grade.score for grade in grades] == [0.0] * len(texts)
    assert all(grade.outcome == "graded" and grade.reason for grade in grades)


def test_short_answers_are_judged(make_judge: Callable[..., JudgeGrader]) -> None:
    with ScriptedServer(Reply(verdict_json(reasoning="Fine.", verdict=10))) as server:
        grades = grade_all(make_judge(server), [make_sample(text) for text in ANSWERS])
    assert len(server.requests) == len(set(ANSWERS))
    assert {grade.score for grade in grades} == {1.0}
