"""One cluster on this machine for all tests; graders that its workers can import."""

from __future__ import annotations

import importlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rft_core.configurable import PluginConfig
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GraderRunner, GradingLoop
from rft_core.testing import make_sample
from rft_core.types import Grade, Sample

OWNER = "acme-graders 1.2"


@pytest.fixture(scope="session")
def environment() -> Iterator[pytest.MonkeyPatch]:
    """Two actors a grader, whatever the machine; no files in the home folder."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("RAY_", "RFT_RAY_"))]:
            patch.delenv(name)
        patch.setenv("RFT_RAY_ACTORS", "2")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(16))  # else Ray keeps one in ~/.ray
        yield patch


@pytest.fixture(scope="session")
def graders(environment: pytest.MonkeyPatch) -> Any:
    """The module `ray_graders`, importable here; workers get this process's `sys.path`."""
    environment.syspath_prepend(Path(__file__).parent)
    environment.setenv("RFT_TEST_PROCESS", str(os.getpid()))
    return importlib.import_module("ray_graders")


@pytest.fixture(scope="session")
def cluster(graders: Any) -> Iterator[None]:
    """Keep a cluster up that executors join and leave."""
    pytest.importorskip("ray", reason="Ray is not installed")
    from rft_executor_ray import cluster

    cluster.join()
    yield
    cluster.leave()


@pytest.fixture
def loop() -> Iterator[GradingLoop]:
    with GradingLoop() as loop:
        yield loop


@pytest.fixture
def make(cluster: None) -> Iterator[Callable[..., GraderRunner]]:
    """Return a function that puts a grader on an executor, and close what it made."""
    made = []

    def runner(
        grader: type[Grader[Any]] | Grader[Any],
        *,
        executor: str | None = "ray",
        timeout: float | None = 20.0,
        concurrency: int = 1,
    ) -> GraderRunner:
        built = grader(PluginConfig()) if isinstance(grader, type) else grader
        made.append(
            make_runner(GraderCall("quality", built, OWNER, timeout, concurrency), executor)
        )
        return made[-1]

    yield runner
    for one in made:
        one.close()


@pytest.fixture
def grade(make: Callable[..., GraderRunner], loop: GradingLoop) -> Callable[..., list[Grade]]:
    """Return a function that grades samples or texts, on Ray if not said otherwise."""

    def run(
        grader: type[Grader[Any]] | Grader[Any], samples: Sequence[Sample | str], **limits: Any
    ) -> list[Grade]:
        batch = [make_sample(one) if isinstance(one, str) else one for one in samples]
        return loop.call(make(grader, **limits).run(batch))

    return run
