"""The tutorial, literally: its commands are run and its files written in a new environment."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from environments import CONSTRAINTS, ROOT, FreshEnvironment

from rft_core.authoring.new_plugin import write_plugin
from rft_core.authoring.request import DEFAULT_MODEL, NewPlugin

PAGE: Final = ROOT / "docs" / "tutorial.md"
MODEL: Final = ROOT / "contrib" / "tiny-policy" / "model"
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME: Final = re.compile(r"`([\w./-]+)`:\n\n$")
PLUGIN: Final = "acme-icd10"
GRADER: Final = "icd10_code"
MOST_COMMANDS: Final = 19
TIMES: Final = "times.tsv"


@dataclass(frozen=True)
class Command:
    """A line to type."""

    line: str


@dataclass(frozen=True)
class Edit:
    """A file of the plugin, relative to its folder, and all that is to be in it."""

    path: str
    text: str


def steps() -> Iterator[Command | Edit]:
    """Yield what a reader does, in order."""
    page = PAGE.read_text()
    for block in BLOCK.finditer(page):
        language, text = block.groups()
        named = FILE_NAME.search(page[: block.start()])
        if language == "sh":
            yield from map(Command, text.splitlines())
        elif named:
            yield Edit(named[1], text)


def commands() -> list[str]:
    return [step.line for step in steps() if isinstance(step, Command)]


def edits() -> dict[str, str]:
    return {step.path: step.text for step in steps() if isinstance(step, Edit)}


def walk(folder: Path, model: Path = MODEL) -> list[tuple[str, float]]:
    """Do in `folder` what the page says; return the seconds that each command took.

    The clone beside it is this project, the page's model is exchanged for `model`, and no program
    of the environment that runs the tests is in reach.
    """
    (folder / "rft-core").symlink_to(ROOT)
    programs = folder / "programs"
    programs.mkdir()
    (programs / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    kept = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    result = subprocess.run(
        ["bash", "-c", "".join(typed(step, folder) for step in steps())],
        cwd=folder,
        env={
            **kept,
            "PATH": f"{programs}:/usr/bin:/bin",
            "PIP_CONSTRAINT": str(CONSTRAINTS),
            "MODEL": str(model),
            "TIMES": str(folder / TIMES),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (folder / "output.txt").write_text(result.stdout)
    assert result.returncode == 0, result.stdout
    return list(seconds(folder / TIMES))


def typed(step: Command | Edit, folder: Path) -> str:
    """Return the step as a part of a script that stops where something fails."""
    if isinstance(step, Edit):
        written = folder / "edits" / step.path
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(step.text)
        return f"test -f {step.path} && cp {shlex.quote(str(written))} {step.path} || exit 1\n"
    shown = shlex.quote(step.line)
    line = step.line.replace(DEFAULT_MODEL, '"$MODEL"')
    return (
        f"echo '$' {shown}\nbefore=$EPOCHREALTIME\n"
        f"{line} || exit 1\n"
        f"printf '%s\\t%s\\t%s\\n' $before $EPOCHREALTIME {shown} >> \"$TIMES\"\n"
    )


def seconds(times: Path) -> Iterator[tuple[str, float]]:
    for line in times.read_text().splitlines():
        before, after, command = line.split("\t")
        yield command, float(after) - float(before)


def table(times: list[tuple[str, float]]) -> str:
    rows = [f"| `{command}` | {took:.1f} |" for command, took in times]
    total = f"| together | {sum(took for _, took in times):.0f} |"
    return "\n".join(["| command | seconds |", "|---|---|", *rows, total])


def test_the_walk_is_short_and_edits_the_grader_and_its_cases_only() -> None:
    assert 10 <= len(commands()) <= MOST_COMMANDS
    assert list(edits()) == ["src/acme_icd10/grader.py", "cases.jsonl"]


def test_no_command_depends_on_what_the_page_does_not_say() -> None:
    (scaffold,) = (line for line in commands() if line.startswith("rft new-plugin"))
    assert DEFAULT_MODEL in scaffold
    assert not any(sign in line for line in commands() for sign in ("$", "`", "…", "export"))


def test_the_page_tells_how_long_each_command_takes() -> None:
    told = re.findall(r"^\| `(.*)` \| [\d.]+ \|$", PAGE.read_text(), re.MULTILINE)
    assert told == commands()


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The tutorial's plugin, after its edits."""
    _, folder = write_plugin(NewPlugin(PLUGIN, grader=GRADER, output=tmp_path / PLUGIN))
    for path, text in edits().items():
        assert (folder / path).is_file()
        (folder / path).write_text(text)
    return folder


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "--isolated", "."], ["ruff", "format", "--isolated", "--check", "."]],
    ids=["check", "format"],
)
def test_the_pages_code_is_clean(plugin: Path, command: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=plugin, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


def graded(run: Path, step: int) -> list[dict[str, Any]]:
    lines = (run / "samples" / f"train-{step:06}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_tutorial_works_as_written(fresh_environment: FreshEnvironment) -> None:
    # The page's .venv is there already, with torch in it, which takes a minute to install.
    assert fresh_environment.folder.name == ".venv"
    folder = fresh_environment.folder.parent
    times = walk(folder)
    print(table(times))  # noqa: T201 - for the page, with `pytest -s`

    assert [command for command, _ in times] == commands()
    run = folder / PLUGIN / "runs" / "first"
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["status"], summary["steps"]) == ("done", 2)
    for step in (1, 2):
        samples = graded(run, step)
        assert len(samples) == 8
        assert all(list(sample["grades"]) == [GRADER] for sample in samples)
    installed = json.loads((run / "environment.json").read_text())["distributions"]
    assert installed[PLUGIN] == "0.1.0"
    readme = (folder / PLUGIN / "README.md").read_text()
    card = readme.partition(f"<!-- grade card: {GRADER} -->")[2].partition("<!-- end")[0]
    assert "cases as expected" in card
    assert list((folder / PLUGIN / "dist").glob("acme_icd10-*.whl"))
