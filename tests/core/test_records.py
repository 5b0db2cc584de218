"""How graded samples look in the log."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft_core.run.records import sample_lines, sample_record, to_json
from rft_core.types import Completion, Grade, GradedSample, GradeError, Item, Sample

ITEM = Item("row-1", ({"role": "user", "content": "why?"},), {"answer": "x"})
ERROR = GradeError("timeout", "took longer than 3 s", "judge", "acme 1.0", "Traceback …")


def test_a_plain_sample() -> None:
    sample = Sample(ITEM, Completion("because", 3, "stop"))
    graded = GradedSample(sample, None, {"a": Grade(0.5)}, composed=0.5, reward=0.4)
    assert sample_record(graded, 7) == {
        "index": 7,
        "item": "row-1",
        "completion": "because",
        "num_tokens": 3,
        "finish_reason": "stop",
        "reward": 0.4,
        "composed": 0.5,
        "grades": {"a": {"score": 0.5}},
    }


def test_everything_that_is_there_is_logged() -> None:
    turns = ({"role": "assistant", "content": "hm"}, {"role": "user", "content": "sure?"})
    graded = GradedSample(
        Sample(ITEM, Completion("x", messages=turns)),
        "level1",
        {
            "right": Grade(0.5, "half", {"precision": 1.0}),
            "odd": Grade(None, "no reference"),
            "judge": Grade(error=ERROR),
            "skipped": None,
        },
        masked="judge failed",
        failed_gate="right",
        contributions={"right": 0.5, "odd": None},
    )
    record = sample_record(graded, 0)
    assert record["grades"] == {
        "right": {"score": 0.5, "reason": "half", "metrics": {"precision": 1.0}},
        "odd": {"score": None, "reason": "no reference"},
        "judge": {
            "score": None,
            "error": {
                "kind": "timeout",
                "message": "took longer than 3 s",
                "distribution": "acme 1.0",
                "traceback": "Traceback …",
            },
        },
        "skipped": None,
    }
    assert record["task"] == "level1"
    assert record["messages"] == list(turns)
    assert record["contributions"] == {"right": 0.5, "odd": None}
    assert (record["masked"], record["failed_gate"]) == ("judge failed", "right")
    assert (record["reward"], record["composed"]) == (None, None)


def test_a_reward_of_0_is_logged_as_0() -> None:
    record = sample_record(GradedSample(Sample(ITEM, ""), None, {}, composed=0.0, reward=0.0), 0)
    assert (record["reward"], record["composed"], record["completion"]) == (0.0, 0.0, "")


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_any_completion_becomes_one_line_that_encodes_and_comes_back(text: str) -> None:
    record = sample_record(GradedSample(Sample(ITEM, text), None, {"a": Grade(0.0, text)}), 0)
    line = to_json(record)
    assert len(line.splitlines()) == 1
    assert json.loads(line.encode()) == record


def test_nan_is_never_written() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json({"reward": float("nan")})


TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=5)
SCORES = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
METRICS = st.dictionaries(TEXTS, st.sampled_from([0.0, 1 / 3, 1e-9]), max_size=2)
GRADES = st.one_of(
    st.none(),
    st.just(Grade(error=ERROR)),
    st.builds(Grade, SCORES, st.one_of(st.none(), TEXTS), METRICS),
    st.builds(Grade, SCORES),
)
COMPLETIONS = st.builds(
    Completion,
    TEXTS,
    st.one_of(st.none(), st.integers()),
    st.one_of(st.none(), TEXTS),
    st.sampled_from([(), ({"role": "user", "content": "sure?"},)]),
)
GRADED = st.builds(
    GradedSample,
    st.builds(Sample, st.builds(Item, TEXTS, st.just(()), st.just({})), COMPLETIONS),
    st.one_of(st.none(), TEXTS),
    st.dictionaries(TEXTS, GRADES, max_size=3),
    SCORES,
    SCORES,
    st.one_of(st.none(), TEXTS),
    st.booleans(),
    st.one_of(st.none(), TEXTS),
    METRICS,
)


@given(st.lists(GRADED, max_size=4))
def test_lines_of_a_batch_are_those_of_its_samples(batch: list[GradedSample]) -> None:
    lines = sample_lines(batch).splitlines()
    assert [json.loads(line) for line in lines] == [
        json.loads(to_json(sample_record(one, index))) for index, one in enumerate(batch)
    ]


def test_lines_of_a_batch_have_a_runs_spelling() -> None:
    grade = Grade(0.1, "why", {"precision": 1.0})
    sample = Sample(ITEM, Completion("because", 3, "stop"))
    graded = GradedSample(sample, None, {"a": grade, "b": None}, 0.5, 0.4, contributions={"a": 0.1})
    assert sample_lines([graded]) == to_json(sample_record(graded, 0)) + "\n"


def test_nan_is_never_written_into_lines() -> None:
    graded = GradedSample(Sample(ITEM, ""), None, {}, reward=float("nan"))
    with pytest.raises(ValueError, match="JSON compliant"):
        sample_lines([graded])
