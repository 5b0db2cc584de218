"""A judge against a scripted server, for all tests of the plugin."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest
from rft_grader_judge import JudgeGrader
from rft_grader_judge.testing import ScriptedServer

from rft_core.testing import make_grader


def pytest_configure() -> None:
    """Let processes that tests start be interrupted; a shell's background jobs ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def make_judge() -> Callable[..., JudgeGrader]:
    """Return a function that makes a judge for a server, without cache; options replace ours."""

    def make(server: ScriptedServer, **options: Any) -> JudgeGrader:
        endpoint = {"base_url": server.base_url, **options.pop("endpoint", {})}
        config = {
            "model": "scripted",
            "instructions": "Is the answer right?",
            "verdict": {"mode": "score"},
            "cache": None,
            **options,
        }
        return make_grader(JudgeGrader, endpoint=endpoint, **config)

    return make
