"""A server for tests: real HTTP/1.1 with keep-alive on loopback, answers from a script."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final, Self, TypeAlias
from weakref import WeakSet

from rft_grader_judge.testing.connection import Connection, Traffic
from rft_grader_judge.testing.messages import Reply, Request
from rft_grader_judge.testing.wire import Answer, make_answer

Script: TypeAlias = Callable[[Request], Reply] | Reply | Sequence[Reply]
HOST: Final = "127.0.0.1"
BACKLOG: Final = 1024


class ScriptedServer:
    """Answers chat completions on loopback by a script; a context manager.

    The script is a quick function from request to reply, one reply for all requests, or replies in
    the order of arrival, of which the last one is repeated. If it raises, the client gets status
    500, and leaving the `with` block raises the error. Every POST of a JSON object goes to the
    script, whatever its path; every GET gets a list of models. `latency`, in seconds, comes before
    every answer.

    The server listens from construction on and answers while the `with` block runs, in a thread of
    its own; `serve_forever` answers in the calling thread instead. Closed, it refuses connections:
    it is down. What it counts may be read from any thread, while it runs and afterwards.
    """

    def __init__(self, script: Script, *, latency: float = 0.0, port: int = 0) -> None:
        self._script = _as_function(script)
        self._latency = latency
        self._socket = socket.create_server((HOST, port), backlog=BACKLOG)
        self.base_url = f"http://{HOST}:{self._socket.getsockname()[1]}/v1"
        self._traffic = Traffic()
        self._failure: Exception | None = None
        self._connections: WeakSet[Connection] = WeakSet()
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._is_running = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def requests(self) -> list[Request]:
        """What the script was asked about, in order of arrival."""
        return self._traffic.requests

    @property
    def in_flight(self) -> int:
        """How many requests are not answered in full."""
        return self._traffic.in_flight

    @property
    def max_in_flight(self) -> int:
        """How many requests there were at once, at most."""
        return self._traffic.max_in_flight

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._traffic.connections

    @property
    def disconnected(self) -> int:
        """How many connections the client closed while an answer was pending."""
        return self._traffic.disconnected

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, name="scripted", daemon=True)
        self._thread.start()
        self._is_running.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()
        if self._failure is not None and kind is None:
            raise self._failure

    def serve_forever(self) -> None:
        """Answer in this thread until another one calls `close`."""
        asyncio.run(self._serve())

    def close(self) -> None:
        """Drop all connections and refuse new ones; does nothing the second time."""
        if self._is_running.is_set() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join()
        self._socket.close()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(self._accept, sock=self._socket)
        self._is_running.set()
        try:
            await self._stopping.wait()
        finally:
            server.close()
            for connection in list(self._connections):
                connection.drop()
            await asyncio.sleep(0)  # in which the transports close their sockets

    def _accept(self) -> Connection:
        connection = Connection(self._traffic, self._answer)
        self._connections.add(connection)
        return connection

    def _answer(self, request: Request) -> tuple[float, Answer]:
        """Return how many seconds to wait and what to send then."""
        try:
            reply = self._script(request)
            return self._latency + reply.delay, make_answer(request, reply)
        except Exception as error:  # noqa: BLE001 - whatever it is, leaving the block raises it
            self._failure = self._failure or error
            return 0.0, make_answer(request, Reply(f"the script raised {error!r}", status=500))


def _as_function(script: Script) -> Callable[[Request], Reply]:
    if callable(script):
        return script
    replies = [script] if isinstance(script, Reply) else list(script)
    return lambda request: replies[min(request.number, len(replies) - 1)]
