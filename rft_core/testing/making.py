"""Making samples and graders, and grading as a run would."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GradingLoop
from rft_core.types import Grade, Item, Sample

GraderT = TypeVar("GraderT", bound=Grader[Any])


def make_sample(text: str, *, prompt: str = "", item_id: str = "item", **fields: Any) -> Sample:
    """Return a sample whose completion is `text` and whose row has the given fields."""
    messages = ({"role": "user", "content": prompt},)
    return Sample(Item(item_id, messages, fields), text)


def make_grader(cls: type[GraderT], *, base_dir: Path | None = None, **config: Any) -> GraderT:
    """Return a grader configured as a task file in `base_dir` would.

    Raises `pydantic.ValidationError` for a wrong config.
    """
    grader: GraderT = cls.from_config(config, base_dir)
    return grader


def grade_all(
    grader: Grader[Any], samples: Sequence[Sample], *, timeout: float | None = None
) -> list[Grade]:
    """Grade samples through the runner, as a run does: deadlines, isolation and all outcomes."""
    call = GraderCall(
        key=grader.name,
        grader=grader,
        distribution="under test",
        timeout=grader.timeout if timeout is None else timeout,
        concurrency=grader.concurrency,
    )
    runner = make_runner(call)
    with GradingLoop() as loop:
        try:
            return loop.call(runner.run(samples))
        finally:
            runner.close()


def grade_one(grader: Grader[Any], sample: Sample, *, timeout: float | None = None) -> Grade:
    """Grade one sample through the runner."""
    (grade,) = grade_all(grader, [sample], timeout=timeout)
    return grade
