"""The scripted server, as the official client sees it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from rft_grader_judge.testing import Fault, Reply, Request, Script, ScriptedServer, verdict_json

T = TypeVar("T")
QUESTION: list[Any] = [
    {"role": "system", "content": "You judge."},
    {"role": "user", "content": [{"type": "text", "text": "Is "}, {"type": "text", "text": "it?"}]},
]


def talk(server: ScriptedServer, use: Callable[[AsyncOpenAI], Awaitable[T]], **options: Any) -> T:
    """Run one coroutine with a client that neither retries nor waits long."""

    async def session() -> T:
        settings: dict[str, Any] = {"max_retries": 0, "timeout": 5.0, **options}
        async with AsyncOpenAI(base_url=server.base_url, api_key="k", **settings) as client:
            return await use(client)

    return asyncio.run(session())


def ask(client: AsyncOpenAI, **options: Any) -> Coroutine[Any, Any, Any]:
    create: Any = client.chat.completions.create
    return create(model="m-1", messages=QUESTION, **options)  # type: ignore[no-any-return]


async def read(client: AsyncOpenAI, *, usage: bool = True) -> list[Any]:
    """Return the chunks of a streamed answer."""
    stream = await ask(client, stream=True, stream_options={"include_usage": usage})
    return [chunk async for chunk in stream]


def text_of(chunks: list[Any]) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_answer_and_its_request() -> None:
    with ScriptedServer(Reply('{"score": 3}', usage=(7, 5))) as server:
        answer = talk(server, lambda client: ask(client, temperature=0))
    assert answer.choices[0].message.content == '{"score": 3}'
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.model, answer.usage.total_tokens) == ("m-1", 12)
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer k"
    assert request.body["temperature"] == 0
    assert json.loads(request.raw) == request.body
    assert (request.number, request.text) == (0, "You judge.\nIs it?")
    assert not request.is_streamed
    assert answer._request_id == "req_0"


@pytest.mark.parametrize("interval", [0.0, 0.002])
def test_a_streamed_answer(interval: float) -> None:
    reply = Reply("Naïve, ja: genau! ✓", interval=interval, model="m-1-2026")
    with ScriptedServer(reply) as server:
        chunks = talk(server, read)
    assert text_of(chunks) == "Naïve, ja: genau! ✓"
    assert len(chunks) == 7
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.prompt_tokens == 100
    assert {chunk.model for chunk in chunks} == {"m-1-2026"}
    assert server.requests[0].is_streamed


@pytest.mark.parametrize(("wanted", "usage"), [(False, (1, 1)), (True, None)])
def test_a_stream_without_usage(wanted: bool, usage: tuple[int, int] | None) -> None:
    with ScriptedServer(Reply("x", usage=usage)) as server:
        chunks = talk(server, lambda client: read(client, usage=wanted))
    assert all(chunk.usage is None for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_refusal() -> None:
    with ScriptedServer(Reply(refusal="I will not.")) as server:
        message = talk(server, ask).choices[0].message
        chunks = talk(server, read)
    assert (message.content, message.refusal) == (None, "I will not.")
    assert "".join(c.choices[0].delta.refusal or "" for c in chunks if c.choices) == "I will not."


def test_an_answer_that_was_cut_and_tells_no_usage() -> None:
    with ScriptedServer(Reply('{"sco', finish_reason="length", usage=None)) as server:
        answer = talk(server, ask)
    assert (answer.choices[0].finish_reason, answer.usage) == ("length", None)


@pytest.mark.parametrize("streamed", [False, True])
def test_error_statuses(streamed: bool) -> None:
    reply = Reply("slow down", status=429, code="rate_limit_exceeded", headers={"Retry-After": "3"})
    with ScriptedServer(reply) as server, pytest.raises(openai.RateLimitError) as caught:
        talk(server, lambda client: ask(client, stream=streamed))
    assert caught.value.response.headers["retry-after"] == "3"
    assert caught.value.code == "rate_limit_exceeded"
    assert "slow down" in caught.value.message


def test_the_client_retries_server_errors() -> None:
    script = [Reply("oops", status=500), Reply("", status=529), Reply("there")]
    with ScriptedServer(script) as server:
        answer = talk(server, ask, max_retries=2)
    assert answer.choices[0].message.content == "there"
    assert [request.number for request in server.requests] == [0, 1, 2]


def test_of_a_sequence_the_last_reply_is_repeated() -> None:
    with ScriptedServer([Reply("a"), Reply("b")]) as server:
        said = [talk(server, ask).choices[0].message.content for _ in range(3)]
    assert said == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("hang", openai.APITimeoutError),
        ("close", openai.APIConnectionError),
        ("not_http", openai.APIConnectionError),
        ("truncate", openai.APIConnectionError),
        ("garbage", UnicodeDecodeError),
    ],
)
def test_faults_of_plain_answers(fault: Fault, error: type[Exception]) -> None:
    with ScriptedServer(Reply("long enough", fault=fault)) as server, pytest.raises(error):
        talk(server, ask, timeout=0.5)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("hang", openai.APITimeoutError),
        ("close", openai.APIConnectionError),
        ("not_http", openai.APIConnectionError),
        ("truncate", openai.APIConnectionError),
        ("garbage", UnicodeDecodeError),
    ],
)
def test_faults_of_streamed_answers(fault: Fault, error: type[Exception]) -> None:
    with ScriptedServer(Reply("long enough", fault=fault)) as server, pytest.raises(error):
        talk(server, read, timeout=0.5)
    assert len(server.requests) == 1


def test_a_truncated_stream_has_begun() -> None:
    chunks: list[Any] = []

    async def collect(client: AsyncOpenAI) -> None:
        async for chunk in await ask(client, stream=True):
            chunks.append(chunk)  # noqa: PERF401 - they are to survive the error

    with (
        ScriptedServer(Reply("0123456789", fault="truncate")) as server,
        pytest.raises(openai.APIConnectionError),
    ):
        talk(server, collect)
    assert text_of(chunks)
    assert "0123456789".startswith(text_of(chunks))


def test_a_body_of_ones_own() -> None:
    events = b'data: {"choices": [{"delta": {"content": "a"}}]}\n\ndata: [DONE]\n\n'
    with ScriptedServer([Reply(raw=b'{"choices": 3}'), Reply(raw=events)]) as server:
        assert talk(server, ask).choices == 3
        assert text_of(talk(server, read)) == "a"
    reply = Reply(raw=b'{"told": "otherwise"}', status=400)
    with ScriptedServer(reply) as server, pytest.raises(openai.BadRequestError) as caught:
        talk(server, read)
    assert caught.value.body == {"told": "otherwise"}


def test_a_page_in_place_of_json() -> None:
    with ScriptedServer(Reply(fault="not_json")) as server:
        page: Any = talk(server, ask)
        chunks = talk(server, read)
    assert isinstance(page, str)
    assert "<h1>" in page
    assert chunks == []


def test_a_page_with_an_error_status() -> None:
    reply = Reply(status=502, fault="not_json")
    with ScriptedServer(reply) as server, pytest.raises(openai.InternalServerError) as caught:
        talk(server, ask)
    assert "<h1>" in str(caught.value.body)


def test_no_choices() -> None:
    with ScriptedServer(Reply("x", fault="empty_choices")) as server:
        assert talk(server, ask).choices == []
        assert all(chunk.choices == [] for chunk in talk(server, read))


def test_a_stream_without_end() -> None:
    with ScriptedServer(Reply("0123", fault="stream_without_end")) as server:
        chunks = talk(server, read)
        answer = talk(server, ask)
    assert text_of(chunks) == "0123"
    assert all(chunk.choices[0].finish_reason is None for chunk in chunks)
    assert answer.choices[0].finish_reason is None


@pytest.mark.parametrize("use", [ask, read])
def test_a_slow_drip_outlasts_read_timeouts(use: Callable[[AsyncOpenAI], Awaitable[Any]]) -> None:
    async def with_deadline(client: AsyncOpenAI) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(use(client), 0.6)

    with ScriptedServer(Reply(fault="slow_drip")) as server:
        talk(server, with_deadline, timeout=0.3)
        wait_until(lambda: server.disconnected == 1)
    assert server.in_flight == 0


@pytest.mark.parametrize(
    ("reply", "use"),
    [
        (Reply(delay=60), ask),
        (Reply(fault="hang"), ask),
        (Reply(fault="hang"), read),
        (Reply("xy", interval=60), read),
    ],
)
def test_clients_that_leave_are_counted(
    reply: Reply, use: Callable[[AsyncOpenAI], Awaitable[Any]]
) -> None:
    async def leave(client: AsyncOpenAI) -> None:
        task = asyncio.ensure_future(use(client))
        await asyncio.to_thread(wait_until, lambda: server.in_flight == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with ScriptedServer(reply) as server:
        talk(server, leave, timeout=5.0)
        wait_until(lambda: server.disconnected == 1)
        assert (server.in_flight, server.max_in_flight) == (0, 1)


def test_closing_releases_the_clients_and_counts_none_of_them() -> None:
    with ScriptedServer(Reply(fault="hang")) as server:

        async def wait(client: AsyncOpenAI) -> None:
            task = asyncio.ensure_future(ask(client))
            await asyncio.to_thread(wait_until, lambda: server.in_flight == 1)
            await asyncio.to_thread(server.close)
            with pytest.raises(openai.APIConnectionError):
                await task
            with pytest.raises(openai.APIConnectionError):
                await ask(client)

        talk(server, wait)
    assert (server.disconnected, server.in_flight, server.connections) == (0, 0, 1)


def test_a_server_comes_back_on_its_port() -> None:
    with ScriptedServer(Reply("a")) as server:
        port = int(server.base_url.rpartition(":")[2].partition("/")[0])
        talk(server, ask)
    with ScriptedServer(Reply("b"), port=port) as server:
        assert talk(server, ask).choices[0].message.content == "b"


def test_connections_are_kept_alive() -> None:
    async def thrice(client: AsyncOpenAI) -> None:
        await ask(client)
        await read(client)
        await ask(client)

    with ScriptedServer(Reply("x")) as server:
        talk(server, thrice)
    assert (server.connections, server.disconnected) == (1, 0)


def test_many_requests_at_once() -> None:
    def echo(request: Request) -> Reply:
        return Reply(request.body["messages"][0]["content"], delay=0.05)

    async def burst(client: AsyncOpenAI) -> list[str]:
        create: Any = client.chat.completions.create
        messages = [[{"role": "user", "content": str(number)}] for number in range(64)]
        answers = await asyncio.gather(*(create(model="m", messages=m) for m in messages))
        return [answer.choices[0].message.content for answer in answers]

    with ScriptedServer(echo, latency=0.3) as server:
        assert talk(server, burst) == [str(number) for number in range(64)]
    assert server.max_in_flight == server.connections == 64
    assert server.in_flight == 0
    assert [request.number for request in server.requests] == list(range(64))


def test_latency_and_delay_add_up() -> None:
    with ScriptedServer(Reply(delay=0.1), latency=0.1) as server:
        started = time.monotonic()
        talk(server, ask)
    assert time.monotonic() - started >= 0.2


def test_models_are_listed_and_not_part_of_the_script() -> None:
    async def list_models(client: AsyncOpenAI) -> list[str]:
        return [model.id async for model in client.models.list()]

    with ScriptedServer(Reply()) as server:
        assert talk(server, list_models) == ["scripted"]
    assert (server.requests, server.in_flight) == ([], 0)


def test_a_body_that_is_no_object_is_refused() -> None:
    with ScriptedServer(Reply()) as server:
        response = httpx2.post(f"{server.base_url}/chat/completions", content=b"[1]")
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert server.requests == []


def broken(request: Request) -> Reply:
    raise LookupError(f"nothing for {request.number}")


@pytest.mark.parametrize("script", [broken, []])
def test_a_script_that_fails_is_no_secret(script: Script) -> None:
    with pytest.raises(LookupError), ScriptedServer(script) as server:  # noqa: PT012
        with pytest.raises(openai.InternalServerError, match="the script raised"):
            talk(server, ask)
        assert server.in_flight == 0


def test_an_error_in_the_block_goes_before_that_of_the_script() -> None:
    with pytest.raises(openai.InternalServerError), ScriptedServer(broken) as server:
        talk(server, ask)


def test_a_server_that_never_ran_closes() -> None:
    ScriptedServer(Reply()).close()


def test_verdicts_keep_their_order() -> None:
    assert verdict_json(reason="naïve", score=3) == '{"reason": "naïve", "score": 3}'
