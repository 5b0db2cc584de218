"""Replies as bytes of HTTP/1.1, in the shapes of OpenAI's chat completions.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import responses as REASONS  # noqa: N812 - a table
from itertools import chain, repeat
from typing import Any, Final, Literal

from rft_grader_judge.testing.messages import Reply, Request

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream; charset=utf-8"
MODELS: Final = {"object": "list", "data": [{"id": "scripted", "object": "model"}]}
ERRORS: Final = HTTPStatus.BAD_REQUEST
"""Statuses from here on are errors."""
CREATED: Final = 1_700_000_000
PIECES: Final = 4
"""How many events the content of a streamed answer is spread over."""
DRIP_SECONDS: Final = 0.05
GARBAGE: Final = b'{"id": "chatcmpl-\xff\xfe\x00, "choices": [{'
NOT_HTTP: Final = b"SSH-2.0-OpenSSH_9.6\r\n"
PAGE: Final = b"<!doctype html><title>Gateway</title><h1>Come back later</h1>"


@dataclass(frozen=True)
class Answer:
    """Bytes to send, and what becomes of the connection afterwards."""

    pieces: Iterable[bytes]
    interval: float = 0.0
    """Seconds between two pieces."""
    end: Literal["keep", "close", "hang"] = "keep"


def make_answer(request: Request, reply: Reply) -> Answer:
    """Return what to send for a reply, faults included."""
    if reply.fault == "hang":
        return Answer((), end="hang")
    if reply.fault in {"close", "not_http"}:
        return Answer([NOT_HTTP] if reply.fault == "not_http" else [], end="close")
    kind, body = _body(request, reply)
    if reply.fault == "slow_drip":
        drop = _chunk(b":\n\n" if kind == EVENTS else b" ")
        return Answer(chain([_head(request, reply, kind)], repeat(drop)), DRIP_SECONDS)
    length = None if kind == EVENTS else sum(map(len, body))
    head = _head(request, reply, kind, length)
    pieces = [*map(_chunk, body), _chunk(b"")] if length is None else body
    if reply.interval and len(pieces) > 1 and reply.fault != "truncate":
        return Answer([head, *pieces], reply.interval)
    whole = b"".join(pieces)
    if reply.fault == "truncate":
        return Answer([head + whole[: len(whole) // 2]], end="close")
    return Answer([head + whole])


def plain_answer(status: int, document: dict[str, Any]) -> Answer:
    """Return a JSON document outside of any script."""
    body = _dump(document)
    return Answer(
        [_join_head(status, {"content-type": JSON, "content-length": str(len(body))}), body]
    )


def error_document(status: int, message: str | None, code: str | None = None) -> dict[str, Any]:
    """Return an error as OpenAI words it."""
    kind = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _body(request: Request, reply: Reply) -> tuple[str, list[bytes]]:
    """Return the content type and the body, in several pieces if it is a stream."""
    if reply.fault == "not_json":
        return "text/html; charset=utf-8", [PAGE]
    if reply.raw is not None:
        return EVENTS if request.is_streamed and reply.status < ERRORS else JSON, [reply.raw]
    if reply.status >= ERRORS:
        return JSON, [_dump(error_document(reply.status, reply.content, reply.code))]
    if request.is_streamed:
        events = [GARBAGE] if reply.fault == "garbage" else _events(request, reply)
        return EVENTS, [b"data: " + event + b"\n\n" for event in events]
    return JSON, [GARBAGE if reply.fault == "garbage" else _dump(_completion(request, reply))]


def _completion(request: Request, reply: Reply) -> dict[str, Any]:
    """Return an answer that comes in one piece."""
    message = {"role": "assistant", **_said(reply), "refusal": reply.refusal}
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": None if reply.fault == "stream_without_end" else reply.finish_reason,
    }
    document = _frame(request, reply, "chat.completion", [choice])
    return document if reply.usage is None else {**document, "usage": _usage(reply.usage)}


def _events(request: Request, reply: Reply) -> Iterator[bytes]:
    """Yield the data of the events of a streamed answer."""
    for delta in _deltas(reply):
        yield _dump_chunk(request, reply, delta)
    if reply.fault == "stream_without_end":
        return
    if reply.finish_reason is not None:
        yield _dump_chunk(request, reply, {}, reply.finish_reason)
    wanted = (request.body.get("stream_options") or {}).get("include_usage")
    if wanted and reply.usage is not None:
        document = _frame(request, reply, "chat.completion.chunk", [])
        yield _dump({**document, "usage": _usage(reply.usage)})
    yield b"[DONE]"


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    """Yield what each event adds to the message."""
    yield {"role": "assistant", "content": "", "refusal": None}
    field = "content" if reply.refusal is None else "refusal"
    text = (reply.content if reply.refusal is None else reply.refusal) or ""
    size = -(-len(text) // PIECES) or 1
    for start in range(0, len(text), size):
        yield {field: text[start : start + size]}


def _dump_chunk(
    request: Request, reply: Reply, delta: dict[str, Any], finish_reason: str | None = None
) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _dump(_frame(request, reply, "chat.completion.chunk", [choice]))


def _frame(
    request: Request, reply: Reply, kind: str, choices: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{request.number}",
        "object": kind,
        "created": CREATED,
        "model": request.body.get("model") if reply.model is None else reply.model,
        "choices": [] if reply.fault == "empty_choices" else choices,
    }


def _said(reply: Reply) -> dict[str, str | None]:
    return {"content": reply.content if reply.refusal is None else None}


def _usage(usage: tuple[int, int]) -> dict[str, int]:
    prompt, completion = usage
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _head(request: Request, reply: Reply, kind: str, length: int | None = None) -> bytes:
    """Return status line and headers; without a length the body is chunked."""
    body = {"transfer-encoding": "chunked"} if length is None else {"content-length": str(length)}
    given = {name.lower(): value for name, value in reply.headers.items()}
    usual = {"content-type": kind, "x-request-id": f"req_{request.number}"}
    return _join_head(reply.status, {**usual, **body, **given})


def _join_head(status: int, headers: dict[str, str]) -> bytes:
    phrase = REASONS.get(status, "")
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1")


def _chunk(data: bytes) -> bytes:
    """Return data as one chunk of a chunked body; of nothing, the last chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _dump(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
