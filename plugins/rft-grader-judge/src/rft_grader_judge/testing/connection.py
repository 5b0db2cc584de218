"""One client's connection to a scripted server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias, cast

from rft_grader_judge.testing.messages import Request
from rft_grader_judge.testing.wire import MODELS, Answer, error_document, plain_answer

Answering: TypeAlias = Callable[[Request], tuple[float, Answer]]
"""Returns how many seconds to wait and what to send then."""


@dataclass
class Traffic:
    """What went over all connections of a server; written by its thread only."""

    requests: list[Request] = field(default_factory=list)
    in_flight: int = 0
    max_in_flight: int = 0
    connections: int = 0
    disconnected: int = 0

    def begin(self) -> None:
        """Count a request that has come in."""
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)


class Connection(asyncio.Protocol):
    """Reads a request, answers it, reads the next one.

    A protocol rather than streams: it takes a fraction of the CPU time, and hears at once of a
    client that leaves while it waits.
    """

    def __init__(self, traffic: Traffic, answering: Answering) -> None:
        self._traffic = traffic
        self._answering = answering
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._buffer = b""
        self._is_pending = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._traffic.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what is pending."""
        self._traffic.disconnected += self._is_pending
        self._settle()

    def drop(self) -> None:
        """Close at once, by the server's own will."""
        self._settle()
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Collect the bytes of a request."""
        self._buffer += data
        if not self._is_pending:
            self._read()

    def _read(self) -> None:
        """Take a request out of the buffer, if a whole one is there, and begin to answer it."""
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        method, path, headers = _parse_head(head)
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        raw, self._buffer = rest[:length], rest[length:]
        self._is_pending = True
        self._traffic.begin()
        delay, answer = self._respond(method, path, headers, raw)
        self._timer = self._loop.call_later(delay, self._send, iter(answer.pieces), answer)

    def _respond(
        self, method: str, path: str, headers: dict[str, str], raw: bytes
    ) -> tuple[float, Answer]:
        """Return the delay and the answer; the script is asked about POSTs with a JSON object."""
        if method != "POST":
            return 0.0, plain_answer(HTTPStatus.OK, MODELS)
        body = _parse_body(raw)
        if body is None:
            status = HTTPStatus.BAD_REQUEST
            return 0.0, plain_answer(status, error_document(status, "not a JSON object"))
        request = Request(path, headers, body, raw, len(self._traffic.requests))
        self._traffic.requests.append(request)
        return self._answering(request)

    def _send(self, pieces: Iterator[bytes], answer: Answer) -> None:
        """Send the pieces that are left, with a pause after each if there are to be pauses."""
        for piece in pieces:
            self._transport.write(piece)
            if answer.interval:
                self._timer = self._loop.call_later(answer.interval, self._send, pieces, answer)
                return
        if answer.end == "hang":
            return
        self._settle()
        if answer.end == "close":
            self._transport.close()
        elif self._buffer:
            self._read()

    def _settle(self) -> None:
        """Take the request out of the count, if one is pending."""
        self._traffic.in_flight -= self._is_pending
        self._is_pending = False
        if self._timer is not None:
            self._timer.cancel()


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Return method, path and headers."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    return method, path, {name.lower(): value.strip() for name, _, value in pairs}


def _parse_body(raw: bytes) -> dict[str, Any] | None:
    """Return a JSON object, or None if it is none."""
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
