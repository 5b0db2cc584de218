"""The key is sent to the judge and shown nowhere, whatever the judge makes of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rft_grader_judge import JudgeGrader
from rft_grader_judge.endpoint import Endpoint
from rft_grader_judge.endpoint_config import EndpointConfig
from rft_grader_judge.ledger import ledger
from rft_grader_judge.testing import Reply, ScriptedServer, verdict_json

from rft_core.testing import grade_all, make_sample
from rft_core.types import Grade

MakeJudge = Callable[..., JudgeGrader]

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"
PART = KEY[8:24]
"""Not even a part of the key may be seen."""
ENDPOINT = {"api_key_env": "JUDGE_API_KEY", "max_retries": 1, "deadline": 5.0}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_API_KEY", KEY)


def echoes() -> dict[str, Reply]:
    """Return replies that hold the key, some of them where a message is cut."""
    long = f"{'x' * 100}{KEY}{'y' * 200}"
    return {
        "verdict": Reply(verdict_json(reasoning=f"The key is {KEY}.", verdict=5)),
        "key in verdict": Reply(verdict_json(reasoning="", verdict=KEY)),
        "nonsense": Reply(KEY),
        "long nonsense": Reply(f"{'x' * 40}{KEY}{'y' * 200}"),
        "refusal": Reply(refusal=f"{'x' * 45}{KEY}{'y' * 200}"),
        "model": Reply(verdict_json(reasoning="", verdict=5), model=long),
        "401": Reply(f"Incorrect API key provided: {KEY}.", status=401),
        "long 401": Reply("x" * 480 + KEY, status=401),
        "raw 401": Reply(status=401, raw=b"x" * 480 + KEY.encode()),
        "503": Reply(KEY, status=503),
        "code": Reply("no", status=400, code=KEY),
        "redirect": Reply(status=302, headers={"Location": f"http://127.0.0.1/{KEY}"}),
        "header": Reply(status=400, headers={"X-Key": KEY, "Retry-After": KEY}),
        "no JSON": Reply(raw=KEY.encode() * 3),
        "no JSON, long": Reply(raw=b"x" * 50 + KEY.encode() + b"y" * 400),
        "no completion": Reply(raw=json.dumps({"error": {"message": KEY}, KEY: KEY}).encode()),
        "wrong type": Reply(raw=json.dumps({"choices": KEY}).encode()),
        "finish": Reply(KEY, finish_reason=KEY),
        "compressed": Reply(KEY, headers={"Content-Encoding": KEY}),
        "cookie": Reply(verdict_json(reasoning="", verdict=5), headers={"Set-Cookie": f"a={KEY}"}),
    }


def shown(grades: list[Grade]) -> str:
    return "\n".join(f"{grade!r} {grade.error}" for grade in grades)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", echoes())
def test_a_judge_that_repeats_the_key(
    name: str,
    stream: bool,
    make_judge: MakeJudge,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    options = {"cache": tmp_path / "cache.sqlite", "served_model": "^(scripted|s.*)$"}
    ledger.open_run(tmp_path)
    with caplog.at_level(logging.DEBUG), ScriptedServer(echoes()[name]) as server:
        judge = make_judge(server, stream=stream, endpoint=ENDPOINT, **options)
        grades = grade_all(judge, [make_sample("The answer is 42.")])
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    ledger.close_run()
    assert grades[0].score == (0.5 if name in {"verdict", "cookie"} else None)
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert files
    assert not any(PART.encode() in file for file in files)
    told = [shown(grades), repr(judge.config), repr(vars(judge)), caplog.text]
    assert caplog.records
    assert not any(PART in text for text in told)


def test_failures_on_the_way(make_judge: MakeJudge, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), ScriptedServer(Reply()) as server:
        base_url = server.base_url
    for url in (base_url, base_url.replace("http:", "https:"), "http://no-such-host.invalid/v1"):
        judge = make_judge(server, endpoint={**ENDPOINT, "max_retries": 0, "base_url": url})
        grades = grade_all(judge, [make_sample("The answer is 42.")])
        assert grades[0].error is not None
        assert PART not in shown(grades) + caplog.text


@pytest.mark.parametrize(
    "key", [f"{KEY}\nX: y", f"{KEY}\u00e9", f"{KEY}\u4e2d", f"{KEY}\x00", f"a{KEY}\x7f"]
)
def test_a_key_that_is_no_header(
    key: str, make_judge: MakeJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "\x00" not in key:
        monkeypatch.setenv("JUDGE_API_KEY", key)
    with ScriptedServer(Reply("no", status=401)) as server:
        judge = make_judge(server, endpoint=ENDPOINT)
        grades = grade_all(judge, [make_sample("The answer is 42.")])
    assert grades[0].error is not None
    assert PART not in shown(grades)


def test_no_key_is_sent_where_none_is_named(
    make_judge: MakeJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, KEY)
    with ScriptedServer(Reply(verdict_json(reasoning="", verdict=5))) as server:
        grades = grade_all(make_judge(server), [make_sample("The answer is 42.")])
        assert PART not in repr(server.requests)
    assert grades[0].score == 0.5


def test_representations(monkeypatch: pytest.MonkeyPatch) -> None:
    config = EndpointConfig(base_url="http://localhost/v1", api_key_env="JUDGE_API_KEY")
    endpoint = Endpoint(config)
    for text in (repr(config), config.model_dump_json(), repr(endpoint), str(endpoint)):
        assert PART not in text


@pytest.mark.parametrize(
    "url", ["http://user:PART@host/v1", "http://:PART@host/v1", "http://PART@host/v1"]
)
def test_addresses_hold_no_credentials(url: str, make_judge: MakeJudge) -> None:
    endpoint: dict[str, Any] = {"base_url": url.replace("PART", PART)}
    with ScriptedServer(Reply()) as server, pytest.raises(ValidationError, match="credentials"):
        make_judge(server, endpoint=endpoint)
