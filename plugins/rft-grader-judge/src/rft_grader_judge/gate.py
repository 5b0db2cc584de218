"""The gate before the wire: how many requests are out at once, and how long each may take.

It stands inside of the HTTP client, since preparing a request and reading its reply take the
client more time than sending it: neither holds a slot, and neither counts as waiting for the judge.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import openai


@dataclass
class Clock:
    """The time of one judgement: it starts when its first request is sent.

    `deadline` are the seconds for all attempts, `attempt` those for each. `sent` is when the
    present attempt was sent, None if it was not.
    """

    deadline: float
    attempt: float
    started: float | None = None
    sent: float | None = None

    def left(self) -> float:
        """Return the seconds that are left for the judgement."""
        if self.started is None:
            return self.deadline
        return self.started + self.deadline - time.monotonic()

    def next(self) -> None:
        """Make ready for another attempt."""
        self.sent = None

    def send(self) -> float:
        """Return the seconds for a request that is sent now. Raises `TimeoutError` for none."""
        left = self.left()
        if left <= 0:
            raise TimeoutError(f"the deadline of {self.deadline:g} s passed before another attempt")
        self.sent = time.monotonic()
        if self.started is None:
            self.started = self.sent
        return min(self.attempt, left)


clock_of_request: Final[ContextVar[Clock]] = ContextVar("clock_of_request")
"""The clock of the request that the running task sends."""


class GatedClient(openai.DefaultAioHttpClient):
    """An HTTP client that lets `slots` requests out at once and ends them when their time is up.

    `check` is called before each; it may raise.
    """

    def __init__(self, slots: int, check: Callable[[], None], **options: Any) -> None:
        limits = httpx2.Limits(max_connections=slots, max_keepalive_connections=slots)
        super().__init__(limits=limits, **options)
        self._slots = asyncio.Semaphore(slots)
        self._check = check

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request and read its reply. Raises `TimeoutError`."""
        async with self._slots:
            self._check()
            seconds = clock_of_request.get().send()
            try:
                async with asyncio.timeout(seconds):
                    return await super().send(request, **options)
            except TimeoutError:
                raise TimeoutError(f"the judge did not answer within {seconds:.3g} s") from None
