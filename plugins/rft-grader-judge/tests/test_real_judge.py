"""Against a real model behind a real server, which contrib/local-judge starts.

The model is far too small to judge well: what is tested is that requests, schemas and replies fit
a server that somebody else wrote.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rft_grader_judge import JudgeGrader

from rft_core.testing import grade_all, make_grader, make_sample
from rft_core.types import Sample

SERVE = Path(__file__).parents[3] / "contrib" / "local-judge" / "serve.py"
PORT = 8791
STARTING_SECONDS = 1200  # the first start compiles the server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(not SERVE.is_file(), reason="contrib/local-judge is not here"),
]

CRITERIA = [
    {"name": "number", "description": "The answer names the number 4."},
    {"name": "reason", "description": "The answer gives a reason."},
]
LABELS = {"mode": "label", "labels": ["correct", "incorrect"], "passing": ["correct"]}
VERDICTS: dict[str, dict[str, Any]] = {
    "score": {"mode": "score", "range": [0, 10]},
    "label": LABELS,
    "rubric": {"mode": "rubric", "criteria": CRITERIA},
    "rubric, together": {"mode": "rubric", "criteria": CRITERIA, "together": True},
    "relative": {"mode": "relative"},
}


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """The address of a server that runs as long as the tests of this file."""
    server = subprocess.Popen([sys.executable, str(SERVE), "--port", str(PORT)])
    url = f"http://127.0.0.1:{PORT}/v1"
    try:
        _wait_for(server, url)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(server: subprocess.Popen[bytes], url: str) -> None:
    give_up = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < give_up:
        assert server.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(f"{url}/models", timeout=5).close()  # noqa: S310 - loopback
        except (urllib.error.URLError, OSError):
            time.sleep(1)
        else:
            return
    raise AssertionError("the server did not start")


@pytest.fixture
def make_judge(base_url: str) -> Callable[..., JudgeGrader]:
    def make(**options: Any) -> JudgeGrader:
        config = {
            "model": "smollm2-135m-instruct",
            "endpoint": {"base_url": base_url, "concurrency": 1, "request_timeout": 300},
            "instructions": "A pupil was asked: {{ item.question }}\nIs the answer right?",
            "parameters": {"max_completion_tokens": 400},
            "cache": None,
            **options,
        }
        return make_grader(JudgeGrader, **config)

    return make


def samples() -> list[Sample]:
    texts = ["4, since two and two make four.", "It is seven, I am sure."]
    return [make_sample(text, question="What is 2 + 2?", item_id="q") for text in texts]


@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)
@pytest.mark.parametrize("stream", [False, True])
def test_every_mode_works_through_structured_output(
    make_judge: Callable[..., JudgeGrader], verdict: dict[str, Any], stream: bool
) -> None:
    grades = grade_all(make_judge(verdict=verdict, stream=stream), samples())

    assert [str(grade.error) for grade in grades if grade.error] == []
    for grade in grades:
        assert grade.score is not None
        assert 0.0 <= grade.score <= 1.0
        assert stream or grade.metrics["prompt_tokens"] > 100  # the server counts


def test_a_model_that_is_not_held_to_a_schema_gives_errors_and_no_zeros(
    make_judge: Callable[..., JudgeGrader],
) -> None:
    grades = grade_all(make_judge(verdict=LABELS, structured="text"), samples())

    for grade in grades:
        assert grade.outcome == "error" or grade.score in {0.0, 1.0}


def test_an_answer_longer_than_the_context_is_cut_to_the_limit(
    make_judge: Callable[..., JudgeGrader],
) -> None:
    long = make_sample("two and two make four, " * 20_000, question="What is 2 + 2?")
    judge = make_judge(verdict=LABELS, max_answer_tokens=1000)

    (grade,) = grade_all(judge, [long])

    assert grade.outcome == "graded", grade.error
