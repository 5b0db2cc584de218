"""Functions as graders: TRL's reward functions and plain functions of a sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rft_core.function_grader import FunctionGrader
from rft_core.testing import grade_all, grade_one, make_grader, make_sample

SOURCE = """
from rft_core.types import Grade

seen = []

def of_sample(sample):
    return Grade(0.5, sample.text)

async def async_of_sample(sample):
    return 0.25

def trl(prompts, completions, answer, trainer_state, log_metric, **kwargs):
    log_metric("right", 1.0)
    seen.append((prompts, kwargs))
    texts = [completion[0]["content"] for completion in completions]
    return [None if a is None else float(t == a) for t, a in zip(texts, answer)]

async def async_trl(completions, **kwargs):
    return [1.0] * len(completions)

def few(completions):
    return [0.5] * len(completions)

class Scorer:
    def score(self, sample):
        return 0.75

class AsyncCall:
    async def __call__(self, sample):
        return 0.125

scorer = Scorer()
async_call = AsyncCall()
number = 3

def too_high(sample):
    return 2.0
"""

Make = Callable[..., FunctionGrader]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that makes a grader of a function of SOURCE."""
    (tmp_path / "rewards.py").write_text(SOURCE)

    def do(name: str, **config: Any) -> FunctionGrader:
        path = config.pop("path", f"rewards.py:{name}")
        return make_grader(FunctionGrader, base_dir=tmp_path, path=path, **config)

    return do


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("of_sample", 0.5),
        ("async_of_sample", 0.25),
        ("scorer.score", 0.75),
        ("async_call", 0.125),
        ("few", 0.5),
        ("async_trl", 1.0),
    ],
)
def test_functions_of_every_kind(make: Make, name: str, score: float) -> None:
    assert grade_one(make(name), make_sample("x")).score == score


def test_a_trl_function_gets_what_trl_passes(make: Make) -> None:
    grader = make("trl")
    samples = [
        make_sample("a", prompt="why?", answer="a", extra=1),
        make_sample("b", answer="a"),
        make_sample("c", answer=None),
    ]
    grades = grade_all(grader, samples)
    assert [grade.score for grade in grades] == [1.0, 0.0, None]
    ((prompts, others),) = grader.function.__globals__["seen"]  # type: ignore[attr-defined]
    assert prompts[0] == [{"role": "user", "content": "why?"}]
    assert others["extra"] == [1, None, None]
    assert others["completion_ids"] == [None, None, None]


def test_a_missing_column_is_an_error_and_no_score(make: Make) -> None:
    grade = grade_one(make("trl"), make_sample("a"))
    assert grade.error is not None
    assert "answer" in grade.error.message


def test_the_range_is_configured(make: Make) -> None:
    assert grade_one(make("too_high"), make_sample("x")).score == 2.0
    assert grade_one(make("too_high", range=[0, 1]), make_sample("x")).outcome == "error"


def test_a_module_on_the_path_will_do(make: Make) -> None:
    assert make("", path="math:isnan").function(float("nan")) is True


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("rewards.py", "should match"),
        ("rewards.py:", "should match"),
        ("rewards.py:a-b", "should match"),
        ("rewards.py:nothing", "cannot load 'nothing'"),
        ("nothing.py:f", "cannot load 'f'"),
        ("no_such_module:f", "No module named"),
        ("rewards.py:number", "is not callable"),
        ("math:pi", "is not callable"),
    ],
)
def test_bad_paths_are_refused(make: Make, path: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make("", path=path)


@pytest.mark.parametrize("source", ["def (", "import no_such_module", "1 / 0", "raise SystemExit"])
def test_a_file_that_cannot_be_imported_is_refused(make: Make, tmp_path: Path, source: str) -> None:
    (tmp_path / "broken.py").write_text(source)
    with pytest.raises(ValidationError, match="cannot load"):
        make("", path="broken.py:f")
