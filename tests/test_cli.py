"""The commands as a user types them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from warm import run_warm


def rft(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run_warm(arguments, cwd)


def python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


HEAVY = ("torch", "transformers", "trl", "datasets", "peft", "openai", "sympy", "jsonpath")


def test_importing_the_core_imports_nothing_heavy() -> None:
    loaded = python("import sys, rft_core; print(*sys.modules)").split()
    assert not set(HEAVY) & set(loaded)


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['rft', '--help']\nfrom rft_core.cli.app import app\n"
    code += "try:\n    app()\nexcept SystemExit:\n    print('LOADED', *sys.modules)"
    loaded = python(code).partition("LOADED")[2].split()
    assert "typer" in loaded
    assert not {*HEAVY, "rich", "rft_core.plugins"} & set(loaded)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"text": "data: [unclosed"}, "task.yaml:1: not YAML"),
        ({"text": ""}, "task.yaml: the file is empty"),
        ({"data": {"train": "missing.jsonl"}}, "missing.jsonl: no such file"),
        ({"data": {"train": "broken.jsonl"}}, "broken.jsonl:2: the row is not JSON"),
        ({"data": {"train": "empty.jsonl"}}, "the dataset has no rows"),
        ({"messages": [{"role": "user", "content": "{{ item.qestion }}"}]}, "train.jsonl:1:"),
        ({"reward": {"graders": {"x": {"use": "multilable"}}}}, "Did you mean 'multilabel'?"),
        ({"model": "./no-such-model"}, "there is no model './no-such-model'"),
        (
            {"reward": {"graders": {"v": {"use": "json_schema", "config": {"schema": "no.json"}}}}},
            "reward.graders.v.config.schema",
        ),
        (
            {
                "reward": {
                    "graders": {
                        "v": {"use": "json_schema", "config": {"schema": {"type": "objekt"}}}
                    }
                }
            },
            "reward.graders.v.config: schema is no JSON Schema",
        ),
        (
            {"reward": {"graders": {"r": {"use": "multilabel", "config": {"labels": "$[*]"}}}}},
            "train.jsonl:1: grader 'r' cannot grade this row",
        ),
    ],
)
def test_wrong_input_is_one_message_and_exit_code_2(
    change: dict[str, Any], says: str, toy_task: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "broken.jsonl").write_text('{"question": "a"}\n{"question": \n')
    (tmp_path / "empty.jsonl").write_text("\n")
    text = change.pop("text", None)
    task = toy_task(**change)
    if text is not None:
        task.write_text(text)
    result = rft("train", str(task), cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists(), "nothing is begun with wrong input"


def test_check_finds_what_cannot_work(toy_task: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "always.py").write_text("def one(sample):\n    return 1.0\n")
    reward = {"graders": {"all": {"use": "function", "config": {"path": "always.py:one"}}}}
    result = rft("check", str(toy_task(reward=reward)), cwd=tmp_path)
    assert result.returncode == 2
    assert "every answer that was tried earns 1" in result.stdout


def test_check_checks_the_training_settings(toy_task: Callable[..., Path], tmp_path: Path) -> None:
    result = rft("check", str(toy_task(train={"max_stpes": 3})), cwd=tmp_path)
    assert result.returncode == 2
    assert "Did you mean 'max_steps'?" in result.stderr


def test_eval_says_what_failed(toy_task: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "down.py").write_text("def down(sample):\n    raise OSError('no service')\n")
    reward = {"graders": {"down": {"use": "function", "config": {"path": "down.py:down"}}}}
    result = rft("eval", str(toy_task(reward=reward)), "-k", "1", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    said = "".join(result.stdout.split("\n"))  # the path may break the line
    assert "down.py: exception: OSError: no service" in said
    assert re.search(r"masked +│ 1\.000", result.stdout)
    assert re.search(r"reward +│ - ", result.stdout), "never 0"


def test_a_model_that_is_not_there_is_not_looked_for_on_the_hub(
    toy_task: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    result = rft("eval", str(toy_task()), "--model", "runs/nope", cwd=tmp_path)
    assert result.returncode == 2
    assert "there is no model 'runs/nope'" in result.stderr


def test_eval_writes_what_it_found(toy_task: Callable[..., Path], tmp_path: Path) -> None:
    result = rft("eval", str(toy_task()), "-k", "3", "-o", "evaluation", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())
    assert (found["items"], found["samples"]) == (8, 3)
    assert len(found["reward"]["runs"]) == 3
    assert set(found["pass_at"]) == {"1", "3"}


def test_graders_are_listed_and_shown(tmp_path: Path) -> None:
    listed = rft("graders", "list", cwd=tmp_path)
    assert listed.returncode == 0
    for name in ("function", "fuzzy", "json_schema", "judge", "math", "multilabel"):
        assert name in listed.stdout
    nested = rft("graders", "show", "judge", cwd=tmp_path).stdout
    for option in ("endpoint.deadline", "parameters.max_completion_tokens", "verdict.range"):
        assert option in nested
    shown = rft("graders", "show", "multilabel", cwd=tmp_path)
    assert "metric" in shown.stdout
    unknown = rft("graders", "show", "multilable", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "Did you mean 'multilabel'?" in unknown.stderr


def test_a_run_directory_is_not_overwritten(toy_task: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    result = rft("train", str(toy_task()), "-o", "mine", cwd=tmp_path)
    assert result.returncode == 2
    assert "rft train --resume mine" in result.stderr
    assert (tmp_path / "mine" / "notes.txt").read_text() == "precious"
