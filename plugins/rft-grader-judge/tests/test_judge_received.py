"""Reading what an endpoint sent back: any bytes are a reply or an error of the endpoint."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rft_grader_judge.errors import EndpointError
from rft_grader_judge.received import Received, from_events, from_json


def completion(**fields: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": "yes"}}
    return json.dumps({"model": "m", "choices": [choice], **fields}).encode()


def events(*documents: Any) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in documents)


def chunk(content: str | None = None, finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": content}, "finish_reason": finish_reason}]}


def plain(text: str) -> str:
    return text


def test_a_whole_reply() -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12, "details": {"a": 1}}
    assert from_json(completion(usage=usage), plain) == Received("yes", "m", 7, 5)
    assert from_json(completion(), plain) == Received("yes", "m", None, None)


def test_a_reply_in_pieces() -> None:
    end = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}, "model": "m"}
    raw = events(chunk("y"), chunk(), chunk("es"), chunk(None, "stop"), end)
    assert from_events(raw + b"data: [DONE]\n\n", plain) == Received("yes", "m", 7, 5)
    assert from_events(raw, plain) == Received("yes", "m", 7, 5)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_of_events_end_in_any_way(end: bytes) -> None:
    raw = b": ping\nevent: x\nid: 1\n" + events(chunk("yes"), chunk(None, "stop"))
    assert from_events(raw.replace(b"\n", end), plain).content == "yes"
    assert from_events(raw.replace(b"data: ", b"data:"), plain).content == "yes"


def test_nothing_is_read_after_the_end() -> None:
    raw = events(chunk("yes", "stop")) + b"data: [DONE]\n\n" + events(chunk("no"))
    assert from_events(raw, plain).content == "yes"


def test_texts_are_cleaned_before_they_are_cut() -> None:
    refusal = {"choices": [{"message": {"refusal": "x" * 55 + "secret" * 20}}]}
    received = from_json(json.dumps(refusal).encode(), lambda text: text.replace("secret", "*"))
    assert received.problem is not None
    assert "sec" not in received.problem
    split = events(chunk("sec"), chunk("ret"), chunk(None, "stop"))
    assert from_events(split, lambda text: text.replace("secret", "*")).content == "*"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "model": values,
        "usage": values | st.fixed_dictionaries({"prompt_tokens": values}),
        "choices": values
        | st.lists(
            st.fixed_dictionaries(
                {}, optional={"index": values, "message": values, "delta": values}
            ),
            max_size=2,
        ),
    },
)


@given(st.binary() | documents.map(lambda document: json.dumps(document).encode()))
@example(b"[" * 100_000)
@example(b'{"choices": [{"message": {"content": "\\ud800"}}]}')
@example(completion().decode().encode("utf-16"))
def test_anything_else_is_an_error_of_the_endpoint(raw: bytes) -> None:
    for read, body in ((from_json, raw), (from_events, b"data: " + raw.replace(b"\n", b""))):
        with suppress(EndpointError):
            received = read(body, plain)
            received.content.encode()
            received.model.encode()
