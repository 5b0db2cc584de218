"""How graded samples look in the log."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft_core.run.records import sample_record, to_json
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
