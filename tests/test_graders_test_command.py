"""`rft graders test` as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_plugin import CASES, SECTIONS, write_cases, write_plugin
from warm import run_warm

Run = Callable[..., subprocess.CompletedProcess[str]]

README = """\
# acme-answer

<!-- grade card: acme_answer -->
old
<!-- end of grade card -->

The end.
"""
COMMAND = [sys.executable, "-m", "rft_core", "graders", "test"]


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return run_warm(["graders", "test", *arguments], folder, environment)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run that passes, with cards."""
    folder = tmp_path_factory.mktemp("good")
    write_plugin(folder)
    (folder / "README.md").write_text(README)
    options = ("--card", "cards", "--readme", "README.md")
    return folder, run_in(folder, "acme_answer", *options)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs the command in a plugin's folder."""
    write_plugin(tmp_path)
    return lambda *arguments: run_in(tmp_path, *arguments)


def test_a_good_grader_passes(good: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, result = good
    assert result.returncode == 0, result.stdout + result.stderr
    assert "acme_answer 1 (acme-answer 1.2): passes" in result.stdout
    assert "1 (5 of 5)" in result.stdout
    assert "M16a is accepted: the answer has to stand alone" in result.stdout
    assert f"project: {folder}" in result.stdout


def test_the_card_is_written(good: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = good
    card = json.loads((folder / "cards" / "acme_answer.card.json").read_text())
    assert (card["format"], card["name"], card["passed"]) == (1, "acme_answer", True)
    assert card["cases"]["file"] == "cases.jsonl"
    assert str(folder) not in json.dumps(card)
    markdown = (folder / "cards" / "acme_answer.card.md").read_text()
    assert "**acme\\_answer**" in markdown
    assert card["cases"]["digest"] in markdown
    assert sorted(path.name for path in (folder / "cards").iterdir()) == [
        "acme_answer.card.json",
        "acme_answer.card.md",
    ]


def test_the_card_in_the_readme_is_rewritten(
    good: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = good
    readme = (folder / "README.md").read_text()
    markdown = (folder / "cards" / "acme_answer.card.md").read_text()
    assert readme == README.replace("old\n", f"\n{markdown}\n")


def test_a_bad_grader_does_not_pass_and_why_comes_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "graders.yaml").write_text("anywhere: true\n")
    result = run("acme_answer", "--config", "graders.yaml")
    assert result.returncode == 1, result.stdout + result.stderr
    out = result.stdout
    assert "acme_answer 1 (acme-answer 1.2): does not pass" in out
    assert "false passes: 1, wanted at most 0" in out
    told = out.index("false pass: case part (cases.jsonl:4): expected 0, got 1")
    assert out.index("does not pass") < told < out.index("M2 ") < out.index("┃")
    assert "completion: 1814" in out
    assert "M16a is accepted, but" in out  # as it contains the answer, it is paid now


def test_thresholds_of_the_project_count(run: Run, tmp_path: Path) -> None:
    looser = "[tool.rft.graders.acme_answer.thresholds]\nagreement = 0.8\nfalse_fails = 1\n"
    (tmp_path / "pyproject.toml").write_text(SECTIONS + looser)
    write_cases(tmp_path / "cases.jsonl", [*CASES[:4], {**CASES[0], "id": "x", "completion": "4"}])
    result = run("acme_answer")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0.8 (4 of 5)" in result.stdout
    assert "at least 0.8 (looser than the default)" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give either a grader's name or --task"),
        (("acme_answer", "--task", "t.yaml"), "give either a grader's name or --task"),
        (("acme_answer", "--reward", "r"), "--reward names a reward of --task"),
        (("--task", "t.yaml", "--config", "a: 1"), "--config is for graders"),
        (("acme_answr",), "Did you mean 'acme_answer'?"),
        (("acme_answer", "--config", "anywere: true"), "anywere: there is no such key"),
        (("acme_answer", "--cases", "no.jsonl"), "no.jsonl"),
        (("acme_answer", "--project", "nowhere"), "nowhere/pyproject.toml: no such file"),
        (("acme_answer", "--readme", "README.md"), "<!-- grade card: acme_answer -->"),
        (("acme_answer", "--readme", "no.md"), "no.md: no such file"),
        (("acme_answer", "--card", "cases.jsonl"), "it is no folder"),
        (("--task", "no.yaml"), "no.yaml: no such file"),
    ],
)
def test_wrong_input_is_told_at_once(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "README.md").write_text("# no card\n")
    result = run(*arguments)
    assert result.returncode == 2, result.stdout + result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_an_item_that_the_grader_refuses_is_wrong_input(run: Run, tmp_path: Path) -> None:
    write_cases(tmp_path / "cases.jsonl", [CASES[0], {**CASES[4], "expected": 0}])
    result = run("acme_answer")
    assert result.returncode == 2
    assert "cases.jsonl:2: 'acme_answer' cannot grade this item: column `answer`" in result.stderr


@pytest.mark.slow
def test_a_grader_without_a_section_is_held_against_the_defaults(run: Run, tmp_path: Path) -> None:
    result = run("acme_slow")
    assert result.returncode == 1
    assert "no pyproject.toml has [tool.rft.graders.acme_slow]" in result.stdout
    assert "There are no cases. Give --cases FILE" in result.stdout


def test_interrupted_nothing_is_written(tmp_path: Path) -> None:
    write_plugin(tmp_path, "[tool.rft.graders.acme_slow]\ncases = 'cases.jsonl'\n")
    write_cases(tmp_path / "cases.jsonl", [{**CASES[0], "id": str(n)} for n in range(200)])
    (tmp_path / "README.md").write_text(README.replace("acme_answer", "acme_slow"))
    process = subprocess.Popen(
        [*COMMAND, "acme_slow", "--card", "cards", "--readme", "README.md"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("project:")
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "error: interrupted\n"
    assert not (tmp_path / "cards").exists()
    assert "\nold\n" in (tmp_path / "README.md").read_text()


TASK = """\
data: {train: {cases: cases.jsonl}}
messages: [{role: user, content: "Say {{ item.answer }}"}]
reward:
  graders:
    right: {use: acme_answer}
    loose: {use: acme_answer, config: {anywhere: true}}
"""


def test_a_composed_reward_is_tested(run: Run, tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(TASK)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.rft.rewards."task.yaml"]\ncases = "reward.jsonl"\nnote = "two graders"\n'
        "[tool.rft.rewards.'task.yaml'.thresholds]\nfooled = 1000\nmissed = 1000\n"
    )
    write_cases(tmp_path / "cases.jsonl", CASES[:2])
    rows = [
        {**CASES[0], "expected": 2},
        CASES[1],
        {**CASES[3], "expected": {"higher_than": "wrong"}},
    ]
    write_cases(tmp_path / "reward.jsonl", [*rows, {**CASES[3], "id": "v", "expected": [1, 1]}])
    result = run("--task", "task.yaml", "--card", "cards")
    assert result.returncode == 0, result.stdout + result.stderr
    card = json.loads((tmp_path / "cards" / "task.yaml.card.json").read_text())
    assert (card["composed"], card["note"], card["checks"]) == (True, "two graders", [])
    assert card["cases"]["agreed"] == 4
