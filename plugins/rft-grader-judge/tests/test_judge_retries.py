"""Which failures are asked about again, how often, after which pauses, and for how long."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from rft_grader_judge import JudgeGrader
from rft_grader_judge.testing import Fault, Reply, Request, ScriptedServer, verdict_json

from rft_core.testing import grade_all, make_sample
from rft_core.types import Grade, Sample

MakeJudge = Callable[..., JudgeGrader]

OK = Reply(verdict_json(reasoning="It is so.", verdict=5))
BUSY = Reply("busy", status=503)
NONSENSE = Reply("I would rather not say.")


def samples(count: int) -> list[Sample]:
    return [make_sample(f"The answer is {number}.") for number in range(count)]


def messages(grades: list[Grade]) -> list[str]:
    assert all(grade.score is None for grade in grades)
    return [grade.error.message if grade.error else "" for grade in grades]


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_passing_failures_are_asked_again(status: int, make_judge: MakeJudge) -> None:
    with ScriptedServer([Reply("busy", status=status), OK]) as server:
        (grade,) = grade_all(make_judge(server), samples(1))
    assert grade.score == 0.5
    assert grade.metrics["retries"] == 1.0


@pytest.mark.parametrize("fault", ["close", "truncate", "garbage", "not_http", "not_json"])
def test_broken_replies_are_asked_for_again(fault: Fault, make_judge: MakeJudge) -> None:
    with ScriptedServer([Reply(fault=fault), OK]) as server:
        (grade,) = grade_all(make_judge(server), samples(1))
    assert grade.score == 0.5
    assert grade.metrics["retries"] == 1.0


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 422])
def test_lasting_failures_are_not(status: int, make_judge: MakeJudge) -> None:
    with ScriptedServer([Reply("no", status=status), OK]) as server:
        grades = grade_all(make_judge(server), samples(1))
        assert len(server.requests) == 1
    assert "after" not in messages(grades)[0]


def test_nonsense_is_not_asked_for_again(make_judge: MakeJudge) -> None:
    with ScriptedServer([NONSENSE, OK]) as server:
        assert "ReplyError" in messages(grade_all(make_judge(server), samples(1)))[0]
        assert len(server.requests) == 1


def test_attempts_end_and_are_counted(make_judge: MakeJudge) -> None:
    with ScriptedServer(BUSY) as server:
        grades = grade_all(make_judge(server, endpoint={"max_retries": 2}), samples(1))
        assert len(server.requests) == 3
    assert messages(grades)[0].endswith("(after 3 attempts)")


def test_pauses_grow_and_differ(make_judge: MakeJudge) -> None:
    times: dict[str, list[float]] = {}

    def script(request: Request) -> Reply:
        number = request.text.rpartition("The answer is ")[2].split(".")[0]
        times.setdefault(number, []).append(time.monotonic())
        return BUSY

    with ScriptedServer(script) as server:
        grade_all(make_judge(server, endpoint={"max_retries": 2}), samples(4))
    pauses = [[after - before for before, after in pairwise(some)] for some in times.values()]
    assert all(first > 0.1 and second > 0.2 for first, second in pauses)
    assert len({round(first, 3) for first, _ in pauses}) > 1


@pytest.mark.parametrize("told", ["1", "1.2"])
def test_retry_after_is_honoured(told: str, make_judge: MakeJudge) -> None:
    times: list[float] = []

    def script(_: Request) -> Reply:
        times.append(time.monotonic())
        return OK if len(times) > 1 else Reply("slow", status=429, headers={"Retry-After": told})

    with ScriptedServer(script) as server:
        (grade,) = grade_all(make_judge(server), samples(1))
    assert grade.score == 0.5
    assert times[1] - times[0] > float(told)


@pytest.mark.parametrize("told", ["1e9", "inf", "60", "Wed, 21 Oct 9999 07:28:00 GMT"])
def test_nobody_waits_beyond_the_deadline(told: str, make_judge: MakeJudge) -> None:
    reply = Reply("too many", status=429, headers={"Retry-After": told})
    with ScriptedServer(reply) as server:
        started = time.monotonic()
        grades = grade_all(make_judge(server, endpoint={"deadline": 30.0}), samples(1))
        assert len(server.requests) == 1
    assert time.monotonic() - started < 10
    assert "HTTP 429: too many" in messages(grades)[0]


@pytest.mark.parametrize("told", ["-5", "nan", "0", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_absurd_pauses_are_our_own(told: str, make_judge: MakeJudge) -> None:
    reply = Reply("too many", status=429, headers={"Retry-After": told})
    with ScriptedServer([reply, OK]) as server:
        assert grade_all(make_judge(server), samples(1))[0].score == 0.5


def test_time_in_the_queue_does_not_count(make_judge: MakeJudge) -> None:
    endpoint = {"concurrency": 1, "deadline": 0.5, "request_timeout": 0.5}
    with ScriptedServer(OK, latency=0.1) as server:
        grades = grade_all(make_judge(server, endpoint=endpoint), samples(12))
    assert [grade.score for grade in grades] == [0.5] * 12


def test_all_attempts_share_a_deadline(make_judge: MakeJudge) -> None:
    endpoint = {"deadline": 1.2, "request_timeout": 0.4, "max_retries": 20}
    with ScriptedServer(Reply(fault="hang")) as server:
        grades = grade_all(make_judge(server, endpoint=endpoint), samples(1))
        assert 1 < len(server.requests) < 4
    assert "did not answer within" in messages(grades)[0]


def test_a_deadline_that_passes_in_the_queue_sends_nothing(make_judge: MakeJudge) -> None:
    def script(request: Request) -> Reply:
        if "answer is 0" in request.text:
            return BUSY
        return Reply(OK.content, delay=2.0)

    endpoint = {"concurrency": 1, "deadline": 1.0, "request_timeout": 5.0}
    with ScriptedServer(script) as server:
        grades = grade_all(make_judge(server, endpoint=endpoint), samples(2))
        sent = [request for request in server.requests if "answer is 0" in request.text]
    assert grades[1].score is None  # 2 s are more than its deadline
    assert "the deadline of 1 s passed" in messages(grades[:1])[0]
    assert len(sent) == 1
