"""Cancelled, interrupted or closed, a judge leaves nothing behind and can be used again."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from rft_grader_judge import JudgeGrader
from rft_grader_judge.endpoint import _endpoints, close_endpoints, endpoint_for
from rft_grader_judge.endpoint_config import EndpointConfig
from rft_grader_judge.ledger import ledger
from rft_grader_judge.testing import Fault, Reply, Request, ScriptedServer, verdict_json

from rft_core.testing import grade_all, make_sample
from rft_core.types import BatchGradeLike, Grade, Sample

MakeJudge = Callable[..., JudgeGrader]

OK = Reply(verdict_json(reasoning="It is so.", verdict=5))
BUSY = Reply("busy", status=503)


def samples(count: int) -> list[Sample]:
    return [make_sample(f"The answer is {number}.") for number in range(count)]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(0.005)


def hanging(make_judge: MakeJudge, server: ScriptedServer, **options: Any) -> JudgeGrader:
    endpoint = {"concurrency": 3, "circuit_after": 10_000, **options.pop("endpoint", {})}
    return make_judge(server, endpoint=endpoint, **options)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["hang", "slow_drip"])
def test_cancelling_closes_connections_and_releases_all(
    fault: Fault, stream: bool, make_judge: MakeJudge
) -> None:
    bad = True

    def script(_: Request) -> Reply:
        return Reply(OK.content, fault=fault if bad else None)

    async def story() -> None:
        nonlocal bad
        judge = hanging(make_judge, server, stream=stream, max_tokens=1_000_000)
        before = asyncio.all_tasks()
        task = asyncio.create_task(judge.grade_batch(samples(30)))
        await until(lambda: server.in_flight == 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: server.disconnected == 3)
        await until(lambda: asyncio.all_tasks() == before)
        endpoint = endpoint_for(judge.config.endpoint)
        assert endpoint.room._value == 3 + 3 // 2 + 1
        assert not endpoint.room._waiters
        assert ledger._in_flight == 0
        assert ledger._reserved.tokens == 0
        bad = False
        grades = await judge.grade_batch(samples(30))
        assert all(isinstance(grade, Grade) and grade.score == 0.5 for grade in grades)
        await close_endpoints()

    with ScriptedServer(script) as server:
        asyncio.run(story())
        assert server.max_in_flight == 3


def test_cancelling_while_waiting_for_a_turn_or_a_retry(make_judge: MakeJudge) -> None:
    async def story() -> None:
        for endpoint in ({"requests_per_minute": 1}, {"tokens_per_minute": 1}, {}):
            judge = hanging(make_judge, server, endpoint=endpoint)
            asked = len(server.requests)
            task = asyncio.create_task(judge.grade_batch(samples(30)))
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asked <= len(server.requests) <= asked + 60  # one retry each, at most
        assert ledger._in_flight == 0
        await until(lambda: len(asyncio.all_tasks()) == 1)
        await close_endpoints()

    with ScriptedServer(BUSY) as server:
        asyncio.run(story())


def test_a_second_event_loop(make_judge: MakeJudge) -> None:
    async def once(judge: JudgeGrader) -> list[BatchGradeLike]:
        try:
            return await judge.grade_batch(samples(5))
        finally:
            await close_endpoints()

    with ScriptedServer(OK) as server:
        judge = make_judge(server)
        for _ in range(3):
            grades = asyncio.run(once(judge))
            assert all(isinstance(grade, Grade) and grade.score == 0.5 for grade in grades)
        assert server.connections >= 3


@pytest.mark.parametrize("reply", [OK, BUSY, Reply(fault="hang")])
def test_closing_leaves_nothing_open(reply: Reply, make_judge: MakeJudge) -> None:
    endpoint = {"request_timeout": 0.3, "max_retries": 0}
    gc.collect()  # what other tests left behind is not ours
    with warnings.catch_warnings(record=True) as told, ScriptedServer(reply) as server:
        warnings.simplefilter("always")
        grade_all(make_judge(server, endpoint=endpoint), samples(5))
        gc.collect()
    assert [str(one.message) for one in told] == []


INTERRUPTED = """
import sys
from rft_core.testing import grade_all, make_grader, make_sample
from rft_grader_judge import JudgeGrader

judge = make_grader(
    JudgeGrader, model="m", instructions="?", verdict={"mode": "score"}, cache=None,
    endpoint={"base_url": sys.argv[1], "concurrency": 3},
)
try:
    grade_all(judge, [make_sample(f"The answer is {number}.") for number in range(30)])
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_ends_everything() -> None:
    with ScriptedServer(Reply(fault="hang")) as server:
        command = [sys.executable, "-W", "error", "-c", INTERRUPTED, server.base_url]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            asyncio.run(until(lambda: server.in_flight == 3 or process.poll() is not None))
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        asyncio.run(until(lambda: server.disconnected == 3))
    assert (out, err) == ("interrupted\n", "")


def test_a_judge_works_from_any_thread(make_judge: MakeJudge) -> None:
    found: list[list[Grade]] = []
    with ScriptedServer(OK, latency=0.02) as server:
        judges = [make_judge(server, model=model) for model in "abc"]
        threads = [
            threading.Thread(target=lambda j=judge: found.append(grade_all(j, samples(10))))
            for judge in judges
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [[grade.score for grade in grades] for grades in found] == [[0.5] * 10] * 3


def test_loops_that_were_closed_are_forgotten() -> None:
    async def use() -> None:
        endpoint_for(EndpointConfig(base_url="http://localhost/v1"))

    asyncio.run(use())
    asyncio.run(use())
    assert sum(loop.is_closed() for loop in _endpoints) == 1
