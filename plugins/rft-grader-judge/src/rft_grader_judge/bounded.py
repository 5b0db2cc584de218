"""A bound on what a server may send back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import httpx2

from rft_grader_judge.errors import ReplyError

MAX_REPLY_BYTES: Final = 4_000_000
NOT_COMPRESSED: Final = {"Accept-Encoding": "identity"}
"""A few kilobytes of a compressed reply can unpack to gigabytes, so none is asked for."""


async def bound_reply(response: httpx2.Response) -> None:
    """Break off a reply longer than `MAX_REPLY_BYTES`, refuse a compressed one.

    A response hook of the HTTP client: called before the body is read. Raises `ReplyError`.
    """
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ReplyError("the reply is compressed, though that was not asked for")
    response.encoding = "utf-8"  # the server could name a codec that unpacks
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        async for chunk in self._stream:
            received += len(chunk)
            if received > MAX_REPLY_BYTES:
                raise ReplyError(f"the reply is longer than {MAX_REPLY_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
