"""Replies that come through but hold no verdict are errors that say why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rft_grader_judge import JudgeGrader
from rft_grader_judge.testing import Reply, ScriptedServer, verdict_json

from rft_core.testing import grade_one, make_grader, make_sample
from rft_core.types import Grade, GradeError

OK = verdict_json(reasoning="It is so.", verdict=5)
DELTA = b'data: {"choices": [{"delta": {"content": "%b"}}]}\n\n'
SAMPLE = make_sample("The answer is 42.")


def grade(server: ScriptedServer, max_retries: int = 0, **options: Any) -> Grade:
    endpoint = {"base_url": server.base_url, "max_retries": max_retries}
    config = {"model": "m", "instructions": "Is it right?", "verdict": {"mode": "score"}}
    judge = make_grader(JudgeGrader, **config, cache=None, endpoint=endpoint, **options)
    return grade_one(judge, SAMPLE)


def error_after(reply: Reply, **options: Any) -> GradeError:
    with ScriptedServer(reply) as server:
        outcome = grade(server, **options)
        assert len(server.requests) == 1
    assert outcome.score is None
    assert outcome.error is not None
    return outcome.error


def body(**fields: Any) -> bytes:
    choice = {"index": 0, "message": {"content": OK}, "finish_reason": "stop"}
    return json.dumps({"model": "m", "choices": [choice], **fields}).encode()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(refusal="I would rather not."), "the judge refused: 'I would rather not.'"),
        (Reply(OK, finish_reason="length"), "cut off at max_completion_tokens"),
        (Reply(OK, finish_reason="content_filter"), "withheld by a content filter"),
        (Reply(None, finish_reason="tool_calls"), "called a tool"),
        (Reply(None), "not JSON"),
        (Reply(""), "not JSON"),
        (Reply("I give it a five."), "not JSON"),
        (Reply(verdict_json(reasoning="", verdict=11)), "the verdict is 11, not"),
        (Reply(OK, model="cheaper"), "by 'cheaper', not by the judge asked for"),
        (Reply(OK, model="x" * 100_000), "not by the judge asked for"),
    ],
)
def test_replies_without_a_verdict_are_not_asked_for_again(
    reply: Reply, told: str, stream: bool
) -> None:
    error = error_after(reply, stream=stream, served_model="^m$", max_retries=3)
    assert error.message.startswith("ReplyError: ")
    assert told in error.message
    assert len(error.message) < 500


WRONG: list[Any] = [None, 1, True, "text", [], [1], {}, {"a": 1}, 1.5, "\ud800"]


RIGHT_TOO: dict[str, list[Any]] = {
    "usage": [None],
    "model": ["text"],
    "finish_reason": [None, "text"],
}


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize("place", ["choices", "usage", "model", "index", "finish_reason"])
def test_wrong_types(place: str, wrong: Any) -> None:
    document = json.loads(body())
    inner = document["choices"][0] if place in {"index", "finish_reason"} else document
    inner[place] = wrong
    with ScriptedServer(Reply(raw=json.dumps(document).encode())) as server:
        outcome = grade(server)
    if wrong in RIGHT_TOO.get(place, []):
        assert outcome.score == 0.5
    else:
        assert outcome.error is not None
        where = "Invalid JSON" if wrong == "\ud800" else place
        assert f"no chat completion ({where}" in outcome.error.message.replace("choices.0.", "")


@pytest.mark.parametrize("wrong", [value for value in WRONG if value is not None], ids=repr)
@pytest.mark.parametrize("place", ["message", "content", "refusal"])
def test_wrong_types_of_messages(place: str, wrong: Any) -> None:
    message = {"content": OK, place: wrong}
    choice = {"index": 0, "message": wrong if place == "message" else message}
    assert "Error: " in error_after(Reply(raw=body(choices=[choice]))).message


def test_several_choices_are_no_verdict() -> None:
    choice = {"index": 0, "message": {"content": OK}, "finish_reason": "stop"}
    assert "at most 1" in error_after(Reply(raw=body(choices=[choice] * 2))).message


@pytest.mark.parametrize(
    "raw",
    [
        b'{"error": {"message": "out of memory"}}',
        b"[" * 100_000,
        b'{"choices": [' + b"{}," * 1_000_000 + b"{}]}",
        b"9" * 100_000,
        b"null",
        b"",
        b"\x00",
        body().replace(b"m", b"\xff"),
    ],
    ids=["error", "nested", "many", "long", "null", "nothing", "zero", "bytes"],
)
def test_bodies_that_are_no_completion(raw: bytes) -> None:
    error = error_after(Reply(raw=raw))
    assert "EndpointError: the reply is no chat completion (" in error.message
    assert len(error.message) < 500


def test_an_error_with_status_200_is_told() -> None:
    error = error_after(Reply(raw=b'{"error": {"message": "out of memory"}}'))
    assert "out of memory" in error.message


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b'data: {"error": {"message": "out of memory"}}\n\n', "out of memory"),
        (DELTA % b"a" + b"event: error\ndata: oh no\n\n", "oh no"),
        (DELTA % b"a" + b"data: [DONE]\n\n", "ended before the reply did"),
        (DELTA % b"\xff", "invalid unicode"),
        (b"data: \n\n", "no chat completion"),
        (b'data: {"choices": [{"index": 1, "delta": {}}]}\n\n', "choices.0.index"),
        (b": ping\n\n" * 1000, "ended before the reply did"),
        (OK.encode(), "ended before the reply did"),
    ],
)
def test_streams_that_are_no_completion(raw: bytes, told: str) -> None:
    assert told in error_after(Reply(raw=raw), stream=True).message
