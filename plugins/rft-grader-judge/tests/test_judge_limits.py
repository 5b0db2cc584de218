"""How much is asked at once and per minute, and when a failing judge is not asked any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from rft_grader_judge import JudgeGrader
from rft_grader_judge.circuit import Circuit
from rft_grader_judge.endpoint import close_endpoints
from rft_grader_judge.errors import CircuitOpenError
from rft_grader_judge.testing import Reply, Request, ScriptedServer, verdict_json

from rft_core.testing import grade_all, make_sample
from rft_core.types import BatchGradeLike, Grade, Sample

MakeJudge = Callable[..., JudgeGrader]

OK = Reply(verdict_json(reasoning="It is so.", verdict=5))
BUSY = Reply("busy", status=503)
NONSENSE = Reply("I would rather not say.")


def samples(count: int) -> list[Sample]:
    return [make_sample(f"The answer is {number}.") for number in range(count)]


def messages(grades: list[Grade]) -> list[str]:
    assert all(grade.score is None for grade in grades)
    return [grade.error.message if grade.error else "" for grade in grades]


def test_concurrency_is_kept_and_used(make_judge: MakeJudge) -> None:
    with ScriptedServer(OK, latency=0.05) as server:
        grade_all(make_judge(server, endpoint={"concurrency": 4}), samples(40))
        assert server.max_in_flight == 4
        assert server.connections <= 4


def test_graders_with_one_endpoint_share_its_limits(make_judge: MakeJudge) -> None:
    async def both(judges: list[JudgeGrader]) -> None:
        await asyncio.gather(*(judge.grade_batch(samples(20)) for judge in judges))
        await close_endpoints()

    with ScriptedServer(OK, latency=0.05) as server:
        endpoint = {"concurrency": 3}
        asyncio.run(both([make_judge(server, endpoint=endpoint, model=m) for m in "ab"]))
        assert server.max_in_flight == 3
        assert len(server.requests) == 40


def test_requests_per_minute(make_judge: MakeJudge) -> None:
    with ScriptedServer(OK) as server:
        started = time.monotonic()
        grade_all(make_judge(server, endpoint={"requests_per_minute": 600}), samples(25))
        seconds = time.monotonic() - started
    assert 10 + 10 * seconds + 1 >= 25


def test_attempts_count_as_requests(make_judge: MakeJudge) -> None:
    endpoint = {"requests_per_minute": 300, "max_retries": 1}
    with ScriptedServer(BUSY) as server:
        started = time.monotonic()
        grade_all(make_judge(server, endpoint=endpoint), samples(6))
        seconds = time.monotonic() - started
        assert len(server.requests) == 12
    assert 5 + 5 * seconds + 1 >= 12


def test_tokens_per_minute(make_judge: MakeJudge) -> None:
    """A request needs more tokens than there are in a second, and waits for all of them."""
    endpoint = {"tokens_per_minute": 600_000}
    parameters = {"max_completion_tokens": 15_000}
    with ScriptedServer(OK) as server:
        started = time.monotonic()
        grade_all(make_judge(server, endpoint=endpoint, parameters=parameters), samples(2))
        seconds = time.monotonic() - started
    assert 10_000 * (1 + seconds) >= 2 * 15_000


def test_the_circuit_by_itself() -> None:
    now = 0.0
    circuit = Circuit(2, 10.0, lambda: now)
    circuit.failed("one")
    circuit.succeeded()
    circuit.failed("two")
    circuit.check()
    circuit.failed("three")
    with pytest.raises(CircuitOpenError, match=r"failed 2 times in a row, .* with: three"):
        circuit.check()
    now = 10.0
    circuit.check()
    circuit.failed("four")
    with pytest.raises(CircuitOpenError, match="four"):
        circuit.check()
    now = 20.0
    circuit.succeeded()
    circuit.failed("five")
    circuit.check()


def test_a_judge_that_keeps_failing_is_left_alone(make_judge: MakeJudge) -> None:
    endpoint = {"concurrency": 2, "circuit_after": 3, "max_retries": 0}
    with ScriptedServer(Reply("no", status=403)) as server:
        told = messages(grade_all(make_judge(server, endpoint=endpoint), samples(50)))
        assert 3 <= len(server.requests) <= 4
    asked = len(server.requests)
    assert sum("EndpointError: HTTP 403: no" in one for one in told) == asked
    unasked = [one for one in told if one.startswith("CircuitOpenError: not asked")]
    assert len(unasked) == 50 - asked
    assert "HTTP 403: no" in unasked[0]


def test_it_is_asked_again_after_a_while(make_judge: MakeJudge) -> None:
    async def twice(judge: JudgeGrader) -> list[BatchGradeLike]:
        await judge.grade_batch(samples(20))
        asked = len(server.requests)
        await judge.grade_batch(samples(20))
        assert len(server.requests) == asked
        await asyncio.sleep(1.1)
        grades = await judge.grade_batch(samples(20))
        await close_endpoints()
        return grades

    def script(request: Request) -> Reply:
        return Reply("no", status=403) if request.number < 4 else OK

    endpoint = {"concurrency": 1, "circuit_after": 4, "circuit_cooldown": 1.0}
    with ScriptedServer(script) as server:
        grades = asyncio.run(twice(make_judge(server, endpoint=endpoint)))
    assert all(isinstance(grade, Grade) and grade.score == 0.5 for grade in grades)


def test_a_success_in_between_keeps_the_circuit_closed(make_judge: MakeJudge) -> None:
    def script(request: Request) -> Reply:
        return OK if request.number % 3 == 2 else Reply("no", status=400)

    endpoint = {"concurrency": 1, "circuit_after": 3}
    with ScriptedServer(script) as server:
        grades = grade_all(make_judge(server, endpoint=endpoint), samples(30))
        assert len(server.requests) == 30
    assert sum(grade.score == 0.5 for grade in grades) == 10


def test_a_spent_budget_is_no_failure_of_the_judge(make_judge: MakeJudge) -> None:
    endpoint = {"circuit_after": 1}
    with ScriptedServer(OK) as server:
        grades = grade_all(make_judge(server, endpoint=endpoint, max_tokens=1), samples(5))
        assert server.requests == []
    assert {grade.error.kind for grade in grades if grade.error} == {"stop"}


def test_an_open_circuit_makes_nobody_wait_for_a_turn(make_judge: MakeJudge) -> None:
    endpoint = {"requests_per_minute": 60, "circuit_after": 1, "max_retries": 0}
    with ScriptedServer(Reply("no", status=403)) as server:
        started = time.monotonic()
        told = messages(grade_all(make_judge(server, endpoint=endpoint), samples(2000)))
        assert len(server.requests) <= 2
    assert time.monotonic() - started < 10
    assert sum("CircuitOpenError" in one for one in told) >= 1998


def test_replies_that_an_answer_may_have_provoked_count_a_fifth(make_judge: MakeJudge) -> None:
    with ScriptedServer(Reply("no verdict")) as server:
        judge = make_judge(server, endpoint={"concurrency": 1, "circuit_after": 2})
        grades = grade_all(judge, [make_sample(f"answer {number}") for number in range(20)])
    told = [str(grade.error) for grade in grades]
    assert sum("CircuitOpenError" in text for text in told) == 20 - len(server.requests)
    assert len(server.requests) == 10
