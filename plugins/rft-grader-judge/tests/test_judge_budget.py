"""What judges may use: bounds that are never passed, and the counts of a run."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from rft_grader_judge import JudgeGrader
from rft_grader_judge.endpoint import close_endpoints
from rft_grader_judge.ledger import USAGE_FILE, Ledger, Limits, Usage, ledger
from rft_grader_judge.testing import Reply, Request, ScriptedServer, verdict_json

from rft_core.errors import RunStopError
from rft_core.testing import grade_all, make_sample
from rft_core.types import Grade, Sample

MakeJudge = Callable[..., JudgeGrader]

TEXT = verdict_json(reasoning="It is so.", verdict=5)
PRICE = {"input": 1.0, "output": 4.0}
MOST = 4000
"""More tokens than one of the requests here may use."""
PARAMETERS = {"max_completion_tokens": 100}


@pytest.fixture(autouse=True)
def run_dir(tmp_path: Path) -> Iterator[Path]:
    """Count for a run of its own."""
    ledger.open_run(tmp_path)
    yield tmp_path
    ledger.close_run()


def samples(count: int) -> list[Sample]:
    return [make_sample(f"The answer is {number}.") for number in range(count)]


def kinds(grades: list[Grade]) -> set[str]:
    return {grade.error.kind for grade in grades if grade.error is not None}


def lines(run_dir: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run_dir / USAGE_FILE).read_text().splitlines()]


class Meter:
    """A script that adds up what the server really uses, whether or not it tells."""

    def __init__(self, *replies: Reply, usage: tuple[int, int] = (500, 60)) -> None:
        self._replies = cycle(replies)
        self._usage = usage
        self.tokens = 0

    def __call__(self, _: Request) -> Reply:
        reply = next(self._replies)
        self.tokens += sum(self._usage) if reply.status == 200 else 0
        return reply


TOLD = Reply(TEXT, usage=(500, 60))
UNTOLD = Reply(TEXT, usage=None)
LATE = Reply(TEXT, fault="hang")
BROKEN = Reply(TEXT, fault="truncate")
PAGE = Reply(TEXT, fault="not_json")
BUSY = Reply("busy", status=503)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize(
    "replies",
    [(TOLD,), (UNTOLD,), (TOLD, LATE), (TOLD, BROKEN, PAGE), (TOLD, BUSY, UNTOLD)],
    ids=["told", "untold", "late", "broken", "busy"],
)
@pytest.mark.parametrize("bound", [1, 3000, 9000, 30_000])
def test_max_tokens_is_never_passed(
    bound: int, replies: tuple[Reply, ...], concurrency: int, stream: bool, make_judge: MakeJudge
) -> None:
    endpoint = {"concurrency": concurrency, "request_timeout": 0.2, "max_retries": 0}
    options = {"endpoint": endpoint, "stream": stream, "parameters": PARAMETERS}
    meter = Meter(*replies)
    with ScriptedServer(meter) as server:
        grades = grade_all(make_judge(server, max_tokens=bound, **options), samples(70))
    assert meter.tokens <= ledger.spent.tokens <= bound
    assert "stop" in kinds(grades)
    assert bound - ledger.spent.tokens < MOST  # not stopped while another request was sure to fit
    if bound > MOST:
        assert ledger.requests > 0


@pytest.mark.parametrize("concurrency", [1, 16])
@pytest.mark.parametrize("bound", [0.001, 0.01, 0.02])
def test_max_cost_is_never_passed(bound: float, concurrency: int, make_judge: MakeJudge) -> None:
    meter = Meter(TOLD)
    options = {"endpoint": {"concurrency": concurrency}, "parameters": PARAMETERS}
    with ScriptedServer(meter, latency=0.01) as server:
        judge = make_judge(server, price=PRICE, max_cost=bound, **options)
        grades = grade_all(judge, samples(70))
        cost = len(server.requests) * (500 * 1.0 + 60 * 4.0) / 1e6
    assert cost == pytest.approx(ledger.spent.cost)
    assert cost <= bound
    assert "stop" in kinds(grades)


def test_requests_near_the_bound_wait_for_each_other(make_judge: MakeJudge) -> None:
    """What a request may use is much more than it uses, so many fit if each waits for the last."""
    with ScriptedServer(TOLD, latency=0.005) as server:
        judge = make_judge(server, max_tokens=12_000, parameters=PARAMETERS)
        grades = grade_all(judge, samples(15))
    assert kinds(grades) == set()
    assert ledger.spent.tokens == 15 * 560


def test_the_stop_says_what_was_used(make_judge: MakeJudge) -> None:
    with ScriptedServer(TOLD) as server:
        judge = make_judge(
            server, max_tokens=1_000_000, parameters={"max_completion_tokens": 10**6}
        )
        (grade,) = grade_all(judge, samples(1))
    assert grade.error is not None
    assert grade.error.kind == "stop"
    assert "have used 0 tokens; the next request might pass max_tokens 1000000" in (
        grade.error.message
    )


def test_refused_connections_and_errors_cost_nothing(make_judge: MakeJudge) -> None:
    endpoint = {"max_retries": 1}
    with ScriptedServer(BUSY) as server:
        judge = make_judge(server, max_tokens=20_000, endpoint=endpoint)
        grade_all(judge, samples(5))
    grade_all(judge, samples(5))
    assert (ledger.spent.tokens, ledger.requests) == (0, 0)


def test_what_was_cancelled_counts_as_the_most(make_judge: MakeJudge) -> None:
    async def story() -> None:
        task = asyncio.create_task(judge.grade_batch(samples(5)))
        while server.in_flight < 2:  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await close_endpoints()

    with ScriptedServer(LATE) as server:
        judge = make_judge(server, max_tokens=100_000, endpoint={"concurrency": 2})
        asyncio.run(story())
    assert ledger.requests == 2
    assert not ledger.spent.exact
    assert ledger._in_flight == 0


def test_verdicts_in_flight_at_the_stop_are_kept(make_judge: MakeJudge, tmp_path: Path) -> None:
    options = {"cache": tmp_path / "cache.sqlite", "parameters": PARAMETERS}
    with ScriptedServer(TOLD, latency=0.02) as server:
        first = grade_all(make_judge(server, max_tokens=9000, **options), samples(70))
        asked = len(server.requests)
        again = grade_all(make_judge(server, max_tokens=9000, **options), samples(70))
        assert len(server.requests) - asked < 2
    assert kinds(first) == kinds(again) == {"stop"}
    assert sum(grade.score == 0.5 for grade in first) == asked
    assert sum(grade.metrics.get("cached") == 1.0 for grade in again) == asked


def test_two_graders_share_the_ledger(make_judge: MakeJudge) -> None:
    async def both() -> list[Any]:
        judges = [
            make_judge(server, model=model, max_tokens=20_000, parameters=PARAMETERS)
            for model in "ab"
        ]
        grades = await asyncio.gather(*(judge.grade_batch(samples(40)) for judge in judges))
        await close_endpoints()
        return [grade for some in grades for grade in some]

    meter = Meter(TOLD)
    with ScriptedServer(meter, latency=0.01) as server:
        grades = asyncio.run(both())
    assert meter.tokens == ledger.spent.tokens <= 20_000
    assert any(isinstance(grade, RunStopError) for grade in grades)


def test_each_request_is_written_down(make_judge: MakeJudge, run_dir: Path) -> None:
    endpoint = {"request_timeout": 0.2}
    with ScriptedServer([TOLD, UNTOLD, LATE, TOLD]) as server:
        grade_all(make_judge(server, price=PRICE, endpoint=endpoint), samples(1))
        grade_all(make_judge(server, endpoint=endpoint), samples(2))
    told = {"model": "scripted", "prompt_tokens": 500, "completion_tokens": 60, "exact": True}
    rows = lines(run_dir)
    assert rows[0] == {**told, "cost": pytest.approx(740e-6)}
    assert [row["exact"] for row in rows] == [True, False, False, True]
    assert sum(row["prompt_tokens"] for row in rows) == ledger.spent.prompt_tokens


def test_a_resumed_run_counts_on(make_judge: MakeJudge, run_dir: Path) -> None:
    with ScriptedServer(TOLD) as server:
        judge = make_judge(server, max_tokens=9000, parameters=PARAMETERS)
        grade_all(judge, samples(3))
        begun = (run_dir / USAGE_FILE).read_text()
        ledger.close_run()
        assert (ledger.spent, ledger.requests) == (Usage(), 0)
        ledger.open_run(run_dir)
        assert ledger.spent.tokens == 3 * 560
        grades = grade_all(judge, samples(70))
    assert "stop" in kinds(grades)
    assert ledger.spent.tokens <= 9000
    assert (run_dir / USAGE_FILE).read_text().startswith(begun)
    assert len(lines(run_dir)) == ledger.requests


@pytest.mark.parametrize(
    "broken",
    [
        '{"model": "m", "prompt_tok',
        "{}\n",
        "null\n",
        '{"prompt_tokens": 1}',
        '{"prompt_tokens": "x", "completion_tokens": 1, "cost": 0, "exact": true}\n',
        '{"prompt_tokens": null, "completion_tokens": 1, "cost": 0, "exact": true}\n',
        "\0\0\0\n",
        "\xff\n",
    ],
)
def test_a_broken_line_is_left_out(broken: str, run_dir: Path) -> None:
    ledger.spend(Usage(5, 6, 0.5), "m")
    with (run_dir / USAGE_FILE).open("ab") as file:
        file.write(broken.encode("latin-1"))
    ledger.open_run(run_dir)
    ledger.spend(Usage(1, 1, 0.5, exact=False), "m")
    ledger.open_run(run_dir)
    assert ledger.spent == Usage(6, 7, 1.0, exact=False)
    assert ledger.requests == 2


def test_absurd_usage_is_not_believed(make_judge: MakeJudge) -> None:
    with ScriptedServer(Reply(TEXT, usage=(10**400, 1))) as server:
        judge = make_judge(server, price=PRICE, endpoint={"max_retries": 0})
        (grade,) = grade_all(judge, samples(1))
    assert grade.error is not None
    assert ledger.spent.tokens < 10_000


def test_a_reservation_outlives_no_loop() -> None:
    """One loop is abandoned while a request waits; another one goes on."""
    book, limits = Ledger(), Limits(max_tokens=100)

    async def use(seconds: float) -> None:
        async with book.reserve(Usage(60, 0), limits):
            await asyncio.sleep(seconds)

    async def two(seconds: float) -> None:
        await asyncio.gather(use(seconds), use(seconds))

    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(two(60), 0.1))
    asyncio.run(two(0.01))
    assert (book._in_flight, book._reserved) == (0, Usage())


def test_no_bound_no_reservation(caplog: pytest.LogCaptureFixture, make_judge: MakeJudge) -> None:
    with caplog.at_level(logging.WARNING), ScriptedServer(TOLD) as server:
        grades = grade_all(make_judge(server), samples(30))
    assert kinds(grades) == set()
    assert caplog.records == []
