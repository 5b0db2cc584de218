"""What an endpoint sent back, read strictly: nothing of it is trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rft_grader_judge.errors import EndpointError
from rft_grader_judge.verdict import shown

Clean: TypeAlias = Callable[[str], str]
"""Takes out of a text what nobody is to see."""

MAX_TOKENS: Final = 10**9
"""No request uses more; whoever says so does not count."""

_UNFINISHED: Final = {
    "length": "the reply was cut off at max_completion_tokens",
    "content_filter": "the reply was withheld by a content filter",
    "tool_calls": "the judge called a tool instead of replying",
}


@dataclass(frozen=True)
class Received:
    """One reply; the numbers of tokens are None if the endpoint does not count.

    `problem` says why the content is no answer: a refusal, or an end before its time.
    """

    content: str
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    problem: str | None = None


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


PartT = TypeVar("PartT", bound=_Part)


class _Said(_Part):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Part):
    index: Literal[0] = 0
    message: _Said
    finish_reason: str | None = None


class _Usage(_Part):
    prompt_tokens: int = Field(ge=0, le=MAX_TOKENS)
    completion_tokens: int = Field(default=0, ge=0, le=MAX_TOKENS)


class _Body(_Part):
    model: str = ""
    choices: list[_Choice] = Field(min_length=1, max_length=1)
    usage: _Usage | None = None


class _Delta(_Part):
    index: Literal[0] = 0
    delta: _Said = _Said()
    finish_reason: str | None = None


class _Chunk(_Part):
    model: str = ""
    choices: list[_Delta] = Field(max_length=1)
    usage: _Usage | None = None


def from_json(raw: bytes, clean: Clean) -> Received:
    """Read a whole reply. Raises `EndpointError` if it is none."""
    body = _validated(_Body, raw, clean)
    choice = body.choices[0]
    said = choice.message
    return _received(
        clean(said.content or ""),
        clean(said.refusal or ""),
        choice.finish_reason,
        clean(body.model),
        body.usage,
    )


def from_events(raw: bytes, clean: Clean) -> Received:
    """Read a reply in pieces, as server-sent events.

    Raises `EndpointError` if it is none, or if its end is missing.
    """
    content = refusal = model = ""
    finish_reason: str | None = None
    usage: _Usage | None = None
    for data in _events(raw):
        chunk = _validated(_Chunk, data, clean)
        model, usage = chunk.model or model, chunk.usage or usage
        for choice in chunk.choices:
            content += choice.delta.content or ""
            refusal += choice.delta.refusal or ""
            finish_reason = choice.finish_reason or finish_reason
    if finish_reason is None:
        raise EndpointError("the stream ended before the reply did")
    return _received(clean(content), clean(refusal), finish_reason, clean(model), usage)


def _events(raw: bytes) -> Iterator[bytes]:
    for line in raw.splitlines():
        if line.startswith(b"data:"):
            data = line.removeprefix(b"data:").strip()
            if data == b"[DONE]":
                return
            yield data


def _received(
    content: str,
    refusal: str,
    finish_reason: str | None,
    model: str,
    usage: _Usage | None,
) -> Received:
    problem = _UNFINISHED.get(finish_reason or "")
    if refusal:
        problem = f"the judge refused: {shown(refusal)}"
    prompt, completion = (
        (None, None) if usage is None else (usage.prompt_tokens, usage.completion_tokens)
    )
    return Received(content, model, prompt, completion, problem)


def _validated(model: type[PartT], raw: bytes, clean: Clean) -> PartT:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        begin = shown(clean(raw.decode("utf-8", "replace")))
        raise EndpointError(f"the reply is no chat completion ({_why(error)}): {begin}") from None


def _why(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
