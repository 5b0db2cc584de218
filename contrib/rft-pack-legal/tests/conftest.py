"""The authoring files, and their cases scored as a task would."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from rft_core.cases import Case, read_cases
from rft_core.task.task import load_task
from rft_core.testing.subject import RewardSubject
from rft_core.types import Grade, Sample

PACK = Path(__file__).resolve().parent.parent

Scored: TypeAlias = list[tuple[Case, Grade]]


def spec_of(path: Path) -> dict[str, Any]:
    spec: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return spec


@pytest.fixture
def scored(tmp_path: Path) -> Callable[[Path], Scored]:
    """Return a function that scores an authoring file's cases with its reward or grader."""

    def score(path: Path) -> Scored:
        folder = tmp_path / path.parent.name
        shutil.copytree(path.parent, folder, dirs_exist_ok=True)
        spec = spec_of(path)
        task = {
            "data": {"train": {"cases": spec["cases"]}},
            "reward": spec.get("reward") or {"graders": {"it": spec["grader"]}},
        }
        (folder / "task.yaml").write_text(yaml.safe_dump(task))
        cases = read_cases(folder / spec["cases"])
        with RewardSubject(load_task(folder / "task.yaml")) as subject:
            grades = subject.grade([Sample(case.item, case.completion) for case in cases])
        return list(zip(cases, grades, strict=True))

    return score
