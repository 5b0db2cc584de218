"""One OpenAI-compatible endpoint: its client, its limits and its circuit."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final

import aiohttp
import httpx2
import openai
from aiolimiter import AsyncLimiter

from rft_grader_judge.bounded import NOT_COMPRESSED, bound_reply
from rft_grader_judge.circuit import Circuit
from rft_grader_judge.endpoint_config import OPENAI_URL, EndpointConfig
from rft_grader_judge.errors import EndpointError
from rft_grader_judge.gate import Clock, GatedClient, clock_of_request
from rft_grader_judge.received import Received, from_events, from_json

CHAT: Final = "/chat/completions"
_HINTS: Final = {
    401: "see endpoint.api_key_env",
    403: "see endpoint.api_key_env",
    404: "see model and endpoint.base_url",
}
MAX_MESSAGE_CHARS: Final = 500
NO_KEY: Final = "none"
"""What is sent where no key is needed; the client insists on one."""
GAVE_UP: Final = frozenset({408, 504, 524})
"""Statuses of a proxy that did not wait for the judge, which may go on working."""
_FAILURES: Final = (
    openai.OpenAIError,
    httpx2.HTTPError,
    aiohttp.ClientError,
    OSError,
    ValueError,  # of header values that are no text
)


class Endpoint:
    """Sends requests, never more at once or per minute than the config allows."""

    def __init__(self, config: EndpointConfig) -> None:
        self.config = config
        self.circuit = Circuit(config.circuit_after, config.circuit_cooldown)
        # So many requests may be in preparation or on the wire: enough to fill each slot at once.
        self.room = asyncio.Semaphore(config.concurrency + config.concurrency // 2 + 1)
        self._key = config.key()
        self._requests = _limiter(config.requests_per_minute)
        self._tokens = _limiter(config.tokens_per_minute)
        self._turn = asyncio.Lock()
        self._client = openai.AsyncOpenAI(
            base_url=config.base_url,
            api_key=self._key or NO_KEY,
            max_retries=0,  # each attempt counts in the limits, so attempts are made by the caller
            timeout=None,  # the gate's holds for whole attempts, also for bodies that drip
            http_client=GatedClient(
                config.concurrency,
                self.circuit.check,
                timeout=None,
                verify=_trusted(),
                follow_redirects=False,  # the key goes where the task file says
                headers=NOT_COMPRESSED,
                event_hooks={"response": [bound_reply]},
            ),
        )
        if config.base_url != OPENAI_URL:  # what the environment says of OpenAI is not for others
            self._client.organization = self._client.project = None

    async def send(self, body: Mapping[str, Any], tokens: int, clock: Clock) -> Received:
        """Send one request of so many tokens when its turn comes, and return what came back.

        Raises `EndpointError`, `ReplyError`, `CircuitOpenError`, or `TimeoutError` when its time is
        up. Cancelling closes the connection.
        """
        self.circuit.check()
        if self._requests is not None or self._tokens is not None:
            await self._pace(tokens)
        clock_of_request.set(clock)
        try:
            response = await self._client.post(CHAT, cast_to=httpx2.Response, body=body)
        except openai.APIStatusError as error:
            raise self._refused(error) from None
        except TimeoutError:  # the gate's; it is an OSError too
            raise
        except _FAILURES as error:
            raise self._unanswered(error) from None
        read = from_events if body.get("stream") else from_json
        return read(response.content, self._without_key)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _pace(self, tokens: int) -> None:
        """Wait as long as the limits per minute ask for, one request after the other."""
        async with self._turn:
            self.circuit.check()
            if self._requests is not None:
                await self._requests.acquire()
            if self._tokens is not None:
                await _acquire(self._tokens, tokens)

    def _refused(self, error: openai.APIStatusError) -> EndpointError:
        """Return what a status other than 200 means."""
        status, response = error.status_code, error.response
        said = " ".join(self._without_key(_said(error)).split())[:MAX_MESSAGE_CHARS]
        return EndpointError(
            f"HTTP {status}: {said or response.reason_phrase} ({self._where(status)})",
            status=status,
            said=said,
            retry_after=_retry_after(response.headers.get("retry-after", "")),
            is_free=status not in GAVE_UP,
        )

    def _unanswered(self, error: BaseException) -> EndpointError:
        """Return what went wrong before there was a whole reply."""
        cause = _cause(error)
        said = self._without_key(f"{type(cause).__name__}: {cause}")[:MAX_MESSAGE_CHARS]
        is_free = isinstance(cause, aiohttp.ClientConnectorError)
        if is_free:
            said = f"cannot connect; is the server running? {said}"
        return EndpointError(f"{said} ({self.config.base_url})", is_free=is_free)

    def _where(self, status: int) -> str:
        """Return the address, and which option a status speaks of."""
        hint = _HINTS.get(status)
        return self.config.base_url if hint is None else f"{self.config.base_url}; {hint}"

    def _without_key(self, text: str) -> str:
        """Return a text of the endpoint without the key, which some endpoints repeat."""
        return text.replace(self._key, "***") if self._key else text


@cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates that are trusted; reading them takes a tenth of a second."""
    return httpx2.create_ssl_context()


def _limiter(per_minute: float | None) -> AsyncLimiter | None:
    """Return a limiter that spreads requests evenly: a burst is what endpoints refuse."""
    if per_minute is None:
        return None
    return AsyncLimiter(max(per_minute / 60, 1.0), max(60 / per_minute, 1.0))


async def _acquire(limiter: AsyncLimiter, amount: float) -> None:
    """Acquire any amount; a limiter gives no more than its rate at once."""
    while amount > 0:
        await limiter.acquire(min(amount, limiter.max_rate))
        amount -= limiter.max_rate


def _said(error: openai.APIStatusError) -> str:
    """Return what the endpoint says of its error."""
    body = error.body
    said = body.get("message") if isinstance(body, dict) else body
    return said if isinstance(said, str) and said else error.response.text


def _cause(error: BaseException) -> BaseException:
    """Return the failure of the connection: two clients wrap it, and call it a timeout."""
    while error.__cause__ is not None and not isinstance(error, aiohttp.ClientError):
        error = error.__cause__
    return error


def _retry_after(told: str) -> float | None:
    """Return the seconds that a Retry-After header asks for."""
    try:
        return max(0.0, float(told))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


_endpoints: Final[dict[asyncio.AbstractEventLoop, dict[EndpointConfig, Endpoint]]] = {}


async def close_endpoints() -> None:
    """Close the endpoints of the running event loop."""
    for endpoint in _endpoints.pop(asyncio.get_running_loop(), {}).values():
        await endpoint.close()


def endpoint_for(config: EndpointConfig) -> Endpoint:
    """Return the endpoint of a config on the running event loop, where it is made once."""
    loop = asyncio.get_running_loop()
    if loop not in _endpoints:
        _forget_closed_loops()
    known = _endpoints.setdefault(loop, {})
    endpoint = known.get(config)
    if endpoint is None:
        endpoint = known[config] = Endpoint(config)
    return endpoint


def _forget_closed_loops() -> None:
    """Forget endpoints that nobody closed in time; connections keep their loops alive."""
    for loop in list(_endpoints):
        if loop.is_closed():
            _endpoints.pop(loop, None)
