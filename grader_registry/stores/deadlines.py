"""HTTP connections with one deadline for everything: a server that drips bytes gains no time."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
import urllib.request
from typing import Any


class Deadline:
    """A moment, some seconds from now."""

    def __init__(self, seconds: float) -> None:
        """Start the clock."""
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raises `TimeoutError` if there are none."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("timed out")
        return seconds


class _Stream(io.RawIOBase):
    """What comes from a socket, each time waited for no longer than the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Stream(sock, deadline))


class _Http(urllib.request.HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        def connect(host: str, **options: Any) -> http.client.HTTPConnection:
            return _timed(http.client.HTTPConnection(host, **options), self._deadline)

        return self.do_open(connect, request)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, deadline: Deadline, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._deadline, self._tls = deadline, context

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        def connect(host: str, **options: Any) -> http.client.HTTPConnection:
            connection = http.client.HTTPSConnection(host, context=self._tls, **options)
            return _timed(connection, self._deadline)

        return self.do_open(connect, request)


def _timed(
    connection: http.client.HTTPConnection, deadline: Deadline
) -> http.client.HTTPConnection:
    """Let a connection and what it answers end at the deadline."""

    def respond(sock: socket.socket, *args: Any, **kwargs: Any) -> _Response:
        return _Response(sock, *args, deadline=deadline, **kwargs)

    connection.timeout = deadline.left()  # of connecting, and of the handshake as a whole
    connection.response_class = respond  # type: ignore[assignment]
    return connection


def handlers(
    deadline: Deadline, context: ssl.SSLContext | None
) -> list[urllib.request.BaseHandler]:
    """Return the handlers for http and https."""
    tls = context or ssl.create_default_context()
    return [_Http(deadline), _Https(deadline, tls)]
