"""The official graders pass their own tests, and the cards in their READMEs are of today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rft_core.cli.readme_card import ReadmeCard
from rft_core.plugins import plugin_manager
from rft_core.testing.card_markdown import plain
from rft_core.testing.casework import digest
from rft_core.testing.opening import open_grader
from rft_core.testing.project import read_project

PLUGINS = Path(__file__).parents[2] / "plugins"
FOLDERS = {
    "multilabel": PLUGINS / "rft-grader-multilabel",
    "json_schema": PLUGINS / "rft-grader-jsonschema",
    "math": PLUGINS / "rft-grader-math",
    "fuzzy": PLUGINS / "rft-grader-fuzzy",
    "judge": PLUGINS / "rft-grader-judge",
}


def test_every_plugin_of_the_repository_is_here() -> None:
    assert set(PLUGINS.glob("rft-*")) == set(FOLDERS.values())


SLOW = {"multilabel", "math", "fuzzy"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in FOLDERS],
)
def test_a_grader_passes_its_tests(name: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "rft_core", "graders", "test", name, "--project", FOLDERS[name]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{name} " in result.stdout
    assert ": passes" in result.stdout


@pytest.mark.parametrize("name", FOLDERS)
def test_the_card_in_the_readme_is_of_this_version_and_these_cases(name: str) -> None:
    cls = plugin_manager().graders[name].cls
    card = ReadmeCard(FOLDERS[name] / "README.md", name).read()
    with open_grader(name, read_project(name, FOLDERS[name])) as (_, plan):
        cases, note = plan.cases, plan.note
    again = "write the cards again: make cards"
    assert f"**{plain(name)}** (grader, version {cls.version} of " in card, again
    assert "**passes** its tests" in card, again
    assert f"digest {digest(cases)})" in card, again
    assert note is None or plain(note) in card, again
