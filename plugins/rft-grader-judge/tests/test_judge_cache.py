"""Verdicts that are kept: what they depend on, and files that cannot be used."""

from __future__ import annotations

import functools
import json
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rft_grader_judge import JudgeGrader
from rft_grader_judge.cache import VerdictCache
from rft_grader_judge.testing import Reply, ScriptedServer, verdict_json

from rft_core.testing import grade_all, make_grader, make_sample
from rft_core.types import Grade

MakeJudge = Callable[..., JudgeGrader]

OK = Reply(verdict_json(reasoning="It is so.", verdict=5))
SAMPLES = [make_sample(f"The answer is {number}.") for number in range(5)]
CONFIG: dict[str, Any] = {
    "model": "m",
    "instructions": "Is it right?",
    "verdict": {"mode": "score"},
    "cache": None,
    "price": {"input": 1, "output": 1},
}


def key(answer: str = "The answer is 42.", **options: Any) -> str:
    endpoint = {"base_url": "http://localhost/v1", **options.pop("endpoint", {})}
    judge = make_grader(JudgeGrader, **{**CONFIG, **options}, endpoint=endpoint)
    (work,) = judge._mode.plan([make_sample(answer)])
    return judge._asker.key(work.questions[0])


MATTERS: list[dict[str, Any]] = [
    {"model": "n"},
    {"instructions": "Is it wrong?"},
    {"verdict": {"mode": "score", "range": [0, 5]}},
    {"verdict": {"mode": "score", "step": 2}},
    {"verdict": {"mode": "label", "labels": ["a", "b"], "passing": ["a"]}},
    {"verdict": {"mode": "rubric", "criteria": [{"name": "a", "description": "b"}]}},
    {"endpoint": {"base_url": "http://localhost/v2"}},
    {"parameters": {"temperature": 1}},
    {"parameters": {"temperature": None}},
    {"parameters": {"top_p": 0.5}},
    {"parameters": {"seed": 1}},
    {"parameters": {"max_completion_tokens": 5}},
    {"parameters": {"reasoning_effort": "low"}},
    {"parameters": {"extra_body": {"top_k": 1}}},
    {"reasoning": False},
    {"system_role": "none"},
    {"served_model": "m"},
    {"answer": "The answer is 43."},
]
MATTERS_NOT: list[dict[str, Any]] = [
    {"endpoint": {"concurrency": 2}},
    {"endpoint": {"requests_per_minute": 2, "tokens_per_minute": 2}},
    {"endpoint": {"request_timeout": 2, "deadline": 3}},
    {"endpoint": {"max_retries": 2, "circuit_after": 2, "circuit_cooldown": 2}},
    {"endpoint": {"base_url": "http://localhost/v1/"}},
    {"price": {"input": 2, "output": 2}},
    {"max_cost": 2},
    {"max_tokens": 2},
    {"cache": "elsewhere.sqlite"},
    {"canaries": 2},
    {"votes": 2},
    {"swap": True},
    {"stream": True},
    {"max_answer_tokens": 5000},
]


@pytest.mark.parametrize("change", MATTERS, ids=str)
def test_the_key_depends_on_what_matters(change: dict[str, Any]) -> None:
    assert key(**change) != key()


@pytest.mark.parametrize("change", MATTERS_NOT, ids=str)
def test_and_on_nothing_else(change: dict[str, Any]) -> None:
    assert key(**change) == key()


def test_no_two_changes_have_one_key() -> None:
    assert len({key(**change) for change in MATTERS}) == len(MATTERS)


def test_the_key_depends_on_the_vote_the_order_and_what_was_cut() -> None:
    endpoint = {"base_url": "http://localhost/v1"}
    options = {"votes": 2, "swap": True, "max_answer_tokens": 16, "endpoint": endpoint}
    judge = make_grader(JudgeGrader, **CONFIG, **options)
    texts = ["a b " * 100, "a b " * 99 + "c"]
    works = judge._mode.plan([make_sample(text) for text in texts])
    keys = [judge._asker.key(question) for work in works for question in work.questions]
    assert len(set(keys)) == len(keys) == 8


def judged(server: ScriptedServer, make_judge: MakeJudge, path: Path | str) -> list[Grade]:
    return grade_all(make_judge(server, cache=path), SAMPLES)


def scores(grades: list[Grade]) -> list[float | None]:
    assert [str(grade.error) for grade in grades if grade.error] == []
    return [grade.score for grade in grades]


def test_a_verdict_is_paid_for_once(make_judge: MakeJudge, tmp_path: Path) -> None:
    with ScriptedServer(OK) as server:
        first = judged(server, make_judge, tmp_path / "new" / "cache.sqlite")
        again = judged(server, make_judge, tmp_path / "new" / "cache.sqlite")
        assert len(server.requests) == 5
    assert scores(first) == scores(again) == [0.5] * 5
    assert [grade.reason for grade in first] == [grade.reason for grade in again]
    assert {grade.metrics["cached"] for grade in first} == {0.0}
    assert {grade.metrics["cached"] for grade in again} == {1.0}
    assert {grade.metrics["cost"] for grade in again} == {0.0}


def test_orders_and_objects_are_kept_too(make_judge: MakeJudge, tmp_path: Path) -> None:
    order = verdict_json(reasoning="", verdict={"place_1": "B", "place_2": "A"})
    both = verdict_json(reasoning="", verdict={"a": "met", "b": "not met"})
    criteria = [{"name": name, "description": name} for name in "ab"]
    options: dict[str, dict[str, Any]] = {
        order: {"mode": "relative"},
        both: {"mode": "rubric", "criteria": criteria, "together": True},
    }
    for text, verdict in options.items():
        with ScriptedServer(Reply(text)) as server:
            judge = make_judge(server, cache=tmp_path / "cache.sqlite", verdict=verdict)
            first = scores(grade_all(judge, SAMPLES[:2]))
            asked = len(server.requests)
            assert scores(grade_all(judge, SAMPLES[:2])) == first
            assert len(server.requests) == asked


OTHER_PROCESS = """
import sys
from rft_core.testing import grade_all, make_grader, make_sample
from rft_grader_judge import JudgeGrader

judge = make_grader(
    JudgeGrader, model="scripted", instructions="Is the answer right?", verdict={"mode": "score"},
    endpoint={"base_url": sys.argv[1]}, cache=sys.argv[2],
)
samples = [make_sample(f"The answer is {number}.") for number in range(int(sys.argv[3]))]
print([grade.score for grade in grade_all(judge, samples)])
"""


def start(server: ScriptedServer, path: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OTHER_PROCESS, server.base_url, str(path), str(count)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def test_processes_share_it(make_judge: MakeJudge, tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    with ScriptedServer(OK) as server:
        judged(server, make_judge, path)
        with start(server, path, 5) as process:
            assert process.communicate(timeout=30) == (f"{[0.5] * 5}\n", "")
        assert len(server.requests) == 5


def test_processes_may_write_at_once(make_judge: MakeJudge, tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    with ScriptedServer(OK, latency=0.01) as server:
        processes = [start(server, path, 100) for _ in range(2)]
        for process in processes:
            with process:
                assert process.communicate(timeout=40) == (f"{[0.5] * 100}\n", "")
        asked = len(server.requests)
        judged(server, make_judge, path)
        assert len(server.requests) == asked
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM verdicts").fetchone() == (100,)


def test_caches_of_one_process_may_write_at_once(tmp_path: Path) -> None:
    def write(number: int) -> None:
        cache = VerdictCache(tmp_path / "cache.sqlite")
        for place in range(20):
            cache.put(f"{number}-{place}", {"verdict": place})
        cache.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    cache = VerdictCache(tmp_path / "cache.sqlite")
    assert all(
        cache.get(f"{n}-{place}") == {"verdict": place} for n in range(4) for place in (0, 19)
    )
    cache.close()


def test_errors_are_not_kept(make_judge: MakeJudge, tmp_path: Path) -> None:
    nonsense = Reply("I would rather not.")
    for reply in (nonsense, Reply("no", status=400), Reply(refusal="no"), OK):
        with ScriptedServer(reply) as server:
            grades = judged(server, make_judge, tmp_path / "cache.sqlite")
            assert len(server.requests) == 5
    assert scores(grades) == [0.5] * 5


@pytest.mark.parametrize(
    "row",
    [
        json.dumps({"verdict": 11, "reasoning": ""}),
        json.dumps({"verdict": -1}),
        json.dumps({"verdict": "5"}),
        json.dumps({"verdict": True}),
        json.dumps({"verdict": None}),
        json.dumps({"verdict": 10**400}),
        '{"verdict": NaN}',
        '{"verdict": Infinity}',
        "{}",
        "[5]",
        "5",
        "null",
        "",
        "{",
        "[" * 100_000,
        "9" * 5000,
        5,
        None,
        b"\xff\xfe",
        b'{"verdict": "\xff"}',
    ],
    ids=lambda row: repr(row)[:30],
)
def test_poisoned_rows_are_ignored(
    row: Any, make_judge: MakeJudge, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cache.sqlite"
    with ScriptedServer(OK) as server:
        judged(server, make_judge, path)
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE verdicts2 (key TEXT PRIMARY KEY, value)")
            connection.execute("INSERT INTO verdicts2 SELECT key, ? FROM verdicts", (row,))
            connection.execute("DROP TABLE verdicts")
            connection.execute("ALTER TABLE verdicts2 RENAME TO verdicts")
        assert scores(judged(server, make_judge, path)) == [0.5] * 5
        assert len(server.requests) == 10
        judged(server, make_judge, path)
        assert len(server.requests) == 10  # written anew
    assert caplog.records == []


def assert_judged_with_one_warning(
    path: Path,
    make_judge: MakeJudge,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[], object] = lambda: None,
) -> None:
    """Spoil the cache when the judge is made: before that, it is an error of the config."""
    with caplog.at_level(logging.WARNING), ScriptedServer(OK) as server:
        judge = make_judge(server, cache=path)
        spoil()
        grades = grade_all(judge, [make_sample(f"The answer is {n}.") for n in range(5)])
        assert scores(grades) == [0.5] * 5
        assert len(server.requests) == 5
    (record,) = caplog.records
    assert record.getMessage().startswith(f"verdicts are not kept: {path}: ")


@pytest.mark.parametrize(
    "content", [b"not a database" * 1000, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_corrupted_file(
    content: bytes, make_judge: MakeJudge, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cache.sqlite"
    spoil = functools.partial(path.write_bytes, content)
    assert_judged_with_one_warning(path, make_judge, caplog, spoil)
    assert path.read_bytes() == content


def test_a_directory_in_its_place(
    make_judge: MakeJudge, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cache.sqlite"
    assert_judged_with_one_warning(path, make_judge, caplog, path.mkdir)


def test_a_file_in_place_of_its_directory(
    make_judge: MakeJudge, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    assert_judged_with_one_warning(tmp_path / "file" / "cache.sqlite", make_judge, caplog)


def test_another_table_of_that_name(
    make_judge: MakeJudge, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite3.connect(tmp_path / "cache.sqlite") as connection:
        connection.execute("CREATE TABLE verdicts (something INTEGER)")
    assert_judged_with_one_warning(tmp_path / "cache.sqlite", make_judge, caplog)


def test_a_locked_file(
    make_judge: MakeJudge, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cache.sqlite"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE other (a)")
    holder.execute("BEGIN EXCLUSIVE")
    assert_judged_with_one_warning(path, make_judge, caplog)
    holder.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written(
    make_judge: MakeJudge, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cache.sqlite"
    path.touch()
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    assert_judged_with_one_warning(path, make_judge, caplog)
    tmp_path.chmod(0o700)


def test_no_cache_no_file(
    make_judge: MakeJudge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with ScriptedServer(OK) as server:
        grade_all(make_judge(server, cache=None), SAMPLES)
    assert list(tmp_path.iterdir()) == []


def test_one_question_is_asked_once_in_a_batch(make_judge: MakeJudge) -> None:
    with ScriptedServer(OK) as server:
        assert scores(grade_all(make_judge(server), SAMPLES[:1] * 20)) == [0.5] * 20
        assert len(server.requests) == 1
