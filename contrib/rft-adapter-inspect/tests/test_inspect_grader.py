"""Inspect's scorers as graders, against the scorers themselves."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed")

from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ModelName, ModelOutput
from inspect_ai.scorer import (
    Score,
    Scorer,
    Target,
    answer,
    exact,
    f1,
    includes,
    match,
    pattern,
    value_to_float,
)
from inspect_ai.solver import TaskState
from rft_adapter_inspect.grader import InspectGrader
from rft_adapter_inspect.values import WORTH, UnscoredError, grade_of

from rft_core.plugins import plugin_manager
from rft_core.testing import grade_all, grade_one, make_grader, make_sample
from rft_core.types import Completion, Grade, Sample

SCORERS: dict[str, tuple[Scorer, dict[str, Any]]] = {
    "match": (match(), {}),
    "includes": (includes(ignore_case=False), {"ignore_case": False}),
    "pattern": (pattern(r"is (\w+)"), {"pattern": r"is (\w+)"}),
    "answer": (answer("line"), {"pattern": "line"}),
    "f1": (f1(), {}),
    "exact": (exact(), {}),
}
CASES = [
    ("Paris", "Paris"),
    ("The capital is Paris", "Paris"),
    ("paris.", "Paris"),
    ("ANSWER: Paris", "Paris"),
    ("I think it is Rome", "Paris"),
    ("", "Paris"),
    ("The price is 3,000 dollars", "3000"),
    ("It is 42", 42),
    ("Rome and Paris", ["Paris", "Rome"]),
    ("  ANSWER: Rome\n", ["Paris", "Rome"]),
    ("a long answer that is Paris, in part", "Paris is a part"),
    ("ANSWER:", "Paris"),
    ("Ünïcode is ß", "SS"),
    ("{'a': 1}", "1"),
    ("is is is is", "is"),
    ("PARIS", "paris"),
    ("Paris\nis\nParis", "Paris"),
]


def directly(scorer: Scorer, text: str, target: Any) -> float:
    """Return the score that Inspect itself gives, without any of the adapter."""
    wanted = Target([str(one) for one in target] if isinstance(target, list) else str(target))
    state = TaskState(
        model=ModelName("none/none"),
        sample_id=1,
        epoch=1,
        input="q",
        messages=[ChatMessageUser(content="q"), ChatMessageAssistant(content=text)],
        output=ModelOutput.from_content("none/none", text),
        target=wanted,
    )
    score: Any = asyncio.run(scorer(state, wanted))  # type: ignore[arg-type]
    return value_to_float()(score.value)


def test_a_hundred_samples_score_as_inspect_scores_them() -> None:
    compared = 0
    scores = set()
    for name, (scorer, args) in SCORERS.items():
        grader = make_grader(InspectGrader, path=f"inspect_ai.scorer:{name}", args=args)
        samples = [make_sample(text, prompt="q", target=target) for text, target in CASES]
        grades = grade_all(grader, samples)
        expected = [directly(scorer, text, target) for text, target in CASES]
        assert [grade.score for grade in grades] == expected
        compared += len(expected)
        scores.update(expected)
    assert compared >= 100
    assert len(scores) > 2


OWN = '''
from inspect_ai.scorer import Score, mean, scorer
from inspect_ai.model import ModelOutput, ModelUsage, get_model

@scorer(metrics=[mean()])
def gives(value, **extra):
    async def score(state, target):
        return None if value is None else Score(value=value, **extra)
    return score

@scorer(metrics=[mean()])
def raises():
    async def score(state, target):
        raise ConnectionError("down")
    return score

@scorer(metrics=[mean()])
def hangs():
    async def score(state, target):
        while True:
            pass
    return score

seen = []

@scorer(metrics=[mean()])
def sees():
    async def score(state, target):
        seen.append((state, target))
        return Score(value=1)
    return score

@scorer(metrics=[mean()])
def asks():
    """Ask a model, as scorers do that let one grade."""
    verdict = ModelOutput.from_content("mockllm/model", "yes")
    verdict.usage = ModelUsage(output_tokens=1)  # else it counts them, by a file on the net
    model = get_model("mockllm/model", custom_outputs=lambda *_: verdict)
    async def score(state, target):
        output = await model.generate(state.output.completion)
        return Score(value=0.25 if output.completion == "yes" else 0)
    return score

def plain(state, target):
    return 1.0
'''

Make = Callable[..., InspectGrader]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that makes a grader of a scorer of OWN."""
    (tmp_path / "own.py").write_text(OWN)

    def do(name: str = "gives", value: Any = "absent", **config: Any) -> InspectGrader:
        if value != "absent":
            config["args"] = {"value": value, **config.get("args", {})}
        return make_grader(InspectGrader, base_dir=tmp_path, path=f"own.py:{name}", **config)

    return do


SAMPLE = make_sample("a", target="t")


def graded(grader: InspectGrader, sample: Sample = SAMPLE) -> Grade:
    """Grade in this process, for speed."""
    grader.isolation = "none"  # type: ignore[misc]
    return grade_one(grader, sample)


@pytest.mark.parametrize(
    ("value", "score"),
    [("C", 1.0), ("P", 0.5), ("I", 0.0), ("N", 0.0), (True, 1.0), (False, 0.0), (0.25, 0.25),
     (1, 1.0), ("yes", 1.0), ("No", 0.0), ("TRUE", 1.0), ("false", 0.0), ("0.5", 0.5)],
)  # fmt: skip
def test_values_are_worth_what_inspect_says(make: Make, value: Any, score: float) -> None:
    assert graded(make(value=value)).score == score == value_to_float()(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "unscored"),
        ("maybe", "'maybe'; say in `values`"),
        ("nan", "say in `values`"),
        ([1, 0], "which is no score"),
        ({"a": 1, "b": 0}, "set `key` to one of 'a', 'b'"),
        (7, "7"),
    ],
)
def test_what_is_no_score_is_an_error_and_no_zero(make: Make, value: Any, message: str) -> None:
    grade = graded(make(value=value))
    assert (grade.outcome, grade.score) == ("error", None)
    assert grade.error is not None
    assert message in grade.error.message


def test_an_unscored_sample_says_why(make: Make) -> None:
    args = {"reason": "grader_failed", "explanation": "no verdict"}
    grade = graded(make(value=math.nan, args=args))
    assert grade.error is not None
    assert "unscored: grader_failed: no verdict" in grade.error.message


def test_no_score_at_all_is_not_applicable(make: Make) -> None:
    assert graded(make(value=None)).outcome == "not_applicable"


def test_values_may_be_worth_something_else(make: Make) -> None:
    values = {"P": 0.7, "maybe": 0.3, "N": None}
    assert graded(make(value="P", values=values)).score == 0.7
    assert graded(make(value="maybe", values=values)).score == 0.3
    assert graded(make(value="N", values=values)).outcome == "not_applicable"
    assert graded(make(value="C", values=values)).score == 1.0


def test_of_several_values_one_is_chosen_and_the_others_are_metrics(make: Make) -> None:
    value = {"right": "P", "style": 0.5, "note": "x", "bad": math.nan}
    grade = graded(make(value=value, key="right"))
    assert (grade.score, dict(grade.metrics)) == (0.5, {"style": 0.5})
    for key, told in (("wrong", "set `key` to one of 'right'"), ("x", "set `key`")):
        error = graded(make(value=value, key=key)).error
        assert error is not None
        assert told in error.message
    error = graded(make(value=1, key="right")).error
    assert error is not None
    assert "there is no value 'right'" in error.message


def test_a_value_of_none_under_the_key_is_not_applicable() -> None:
    score = Score(value={"right": None, "style": 1})
    assert grade_of(score, WORTH, "right").outcome == "not_applicable"
    with pytest.raises(UnscoredError):
        grade_of(score, WORTH, "x")


def test_a_range_is_configured(make: Make) -> None:
    assert graded(make(value=7, range=[0, 10])).score == 7.0


def test_below_full_marks_the_scorer_says_why(make: Make) -> None:
    grade = graded(make(value="I", args={"answer": "Rome", "explanation": "it is Paris"}))
    assert grade.reason == "answer 'Rome'; it is Paris"
    assert graded(make(value="C", args={"explanation": "right"})).reason is None


def test_a_scorer_that_raises_is_an_error_and_no_zero(make: Make) -> None:
    grade = graded(make("raises"))
    assert (grade.outcome, grade.score) == ("error", None)
    assert grade.error is not None
    assert "down" in grade.error.message


def test_a_scorer_that_hangs_is_stopped(make: Make) -> None:
    grade = grade_one(make("hangs"), SAMPLE, timeout=1.0)
    assert grade.error is not None
    assert grade.error.kind == "timeout"


def test_a_scorer_may_ask_a_model(make: Make) -> None:
    grader = make("asks", asynchronous=True)
    assert grader.is_async()
    assert grader.paid
    assert [grade.score for grade in grade_all(grader, [SAMPLE] * 5)] == [0.25] * 5


def seen_by(grader: InspectGrader) -> tuple[TaskState, Target]:
    scorer: Any = grader._scorer
    found: tuple[TaskState, Target] = scorer.__globals__["seen"][-1]
    return found


def test_a_scorer_sees_prompt_completion_target_and_columns(make: Make) -> None:
    grader = make("sees")
    sample = make_sample("the answer", prompt="why?", item_id="r7", target=["x", 2], level=3)
    assert graded(grader, sample).score == 1.0
    state, target = seen_by(grader)
    assert (state.input, state.input_text, state.sample_id) == ("why?", "why?", "r7")
    assert (state.output.completion, list(target)) == ("the answer", ["x", "2"])
    assert [message.role for message in state.messages] == ["user", "assistant"]
    assert state.metadata["level"] == 3


def test_a_column_metadata_is_the_metadata(make: Make) -> None:
    grader = make("sees", target="$.gold[0]")
    assert graded(grader, make_sample("a", gold=["g", "h"], metadata={"level": 3})).score == 1.0
    state, target = seen_by(grader)
    assert (state.metadata, list(target)) == ({"level": 3}, ["g"])


def test_several_turns_and_a_cut_off_answer(make: Make) -> None:
    grader = make("sees")
    turns = (
        {"role": "assistant", "content": "first"},
        {"role": "user", "content": "sure?"},
        {"role": "assistant", "content": "second"},
    )
    completion = Completion("second", finish_reason="length", messages=turns)
    assert graded(grader, Sample(SAMPLE.item, completion)).score == 1.0
    state, _ = seen_by(grader)
    assert [one.text for one in state.messages[1:]] == ["first", "sure?", "second"]
    assert (state.output.completion, state.output.stop_reason) == ("second", "max_tokens")


@pytest.mark.parametrize("target", [None, [], [None], {"a": 1}, True])
def test_rows_without_a_target_are_refused(make: Make, target: Any) -> None:
    grader = make("sees")
    sample = make_sample("a", **({} if target is None else {"target": target}))
    with pytest.raises(ValueError, match="target"):
        grader.check_item(sample.item)
    assert graded(grader, sample).outcome == "error"


def test_the_first_target_is_the_reference(make: Make) -> None:
    assert make("sees").reference_completion(make_sample("", target=["x", "y"]).item) == "x"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"path": "own.py:nothing"}, "cannot load 'nothing'"),
        ({"path": "own.py:plain"}, "is no scorer: it is not decorated"),
        ({"path": "inspect_ai.solver:generate"}, "is no scorer"),
        ({"path": "own.py:raises", "args": {"x": 1}}, "does not take these `args`"),
        ({"path": "own.py:raises", "target": "$["}, "JSONPath|path"),
        ({"path": "own.py:raises", "range": [1, 0]}, "is not below"),
    ],
)
def test_wrong_configs_are_refused(
    make: Make, tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    make("raises")
    with pytest.raises(ValueError, match=message):
        make_grader(InspectGrader, base_dir=tmp_path, **config)


def test_choice_needs_a_solver_and_is_an_error() -> None:
    grader = make_grader(InspectGrader, path="inspect_ai.scorer:choice")
    error = graded(grader, make_sample("ANSWER: A", target="A")).error
    assert error is not None
    assert "requires samples with choices" in error.message


def test_the_distribution_registers_the_grader() -> None:
    assert plugin_manager().graders["inspect"].cls is InspectGrader
