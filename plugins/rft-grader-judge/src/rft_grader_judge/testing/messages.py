"""What a scripted server receives and what it is told to answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

Fault: TypeAlias = Literal[
    "hang",
    "close",
    "truncate",
    "garbage",
    "not_http",
    "not_json",
    "empty_choices",
    "slow_drip",
    "stream_without_end",
]
"""What goes wrong with a reply.

- `hang`: no answer, until the client leaves.
- `close`: the connection is closed without an answer.
- `truncate`: the connection is closed in the midst of the body.
- `garbage`: the body, or the event of a stream, claims to be JSON and is not even UTF-8.
- `not_http`: the connection is closed after a line that is not HTTP.
- `not_json`: a page of HTML, with the reply's status; what a proxy in between answers.
- `empty_choices`: a completion without choices.
- `slow_drip`: blanks that keep the connection busy for ever, so that no read timeout fires;
  some servers send them while they are at work.
- `stream_without_end`: the stream ends, properly as HTTP goes, without a finish reason and without
  `[DONE]`; an answer that is not streamed has no finish reason.
"""


@dataclass(frozen=True)
class Request:
    """A request that a scripted server received."""

    path: str
    headers: Mapping[str, str]
    """Names are in lower case."""
    body: dict[str, Any]
    raw: bytes
    """The body before it was parsed."""
    number: int
    """In order of arrival, from 0."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of the conversation; [] if there are none."""
        messages: list[dict[str, Any]] = self.body.get("messages", [])
        return messages

    @cached_property
    def text(self) -> str:
        """The text of all messages, one per line."""
        return "\n".join(_text_of(message.get("content")) for message in self.messages)

    @property
    def is_streamed(self) -> bool:
        """Whether the answer is to come as a stream of events."""
        return self.body.get("stream") is True


@dataclass(frozen=True)
class Reply:
    """What a scripted server answers."""

    content: str | None = ""
    """The assistant's text, or the message of an error."""
    status: int = 200
    """From 400 on the answer is an error as OpenAI words it."""
    delay: float = 0.0
    """Seconds before the answer begins, beside the server's latency."""
    interval: float = 0.0
    """Seconds between the pieces of a streamed answer."""
    refusal: str | None = None
    """If given, it takes the place of the content."""
    finish_reason: str | None = "stop"
    model: str | None = None
    """The model named in the answer; None: the one that was asked for."""
    usage: tuple[int, int] | None = (100, 20)
    """Tokens of the prompt and of the completion; None: the answer does not tell."""
    code: str | None = None
    """Of an error, such as `insufficient_quota`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside the usual ones, or instead of them."""
    raw: bytes | None = None
    """If given, the whole body: a JSON document or, where the answer is streamed, all events."""
    fault: Fault | None = None


def verdict_json(**fields: Any) -> str:
    """Return the JSON object that a judge answers with, its fields in the order given."""
    return json.dumps(fields, ensure_ascii=False)


def _text_of(content: Any) -> str:
    """Return the text of a message's content, which is a string, a list of parts or null."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""
