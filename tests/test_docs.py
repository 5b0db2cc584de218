"""What the documentation shows works, and every hook is documented."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pluggy
import pytest

from rft_core import hookspecs
from rft_core.task.spec import TaskSpec
from rft_core.task.task import load_task

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def blocks(page: Path, language: str) -> list[str]:
    return [code for lang, code in FENCE.findall(page.read_text()) if lang == language]


def hook_names() -> list[str]:
    manager = pluggy.PluginManager(hookspecs.PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    return [name for name in dir(manager.hook) if name.startswith("rft_")]


def test_there_are_hooks() -> None:
    assert len(hook_names()) == 10


@pytest.mark.parametrize("name", hook_names())
def test_every_hook_is_documented(name: str) -> None:
    assert f"### {name}" in (ROOT / "docs" / "hooks.md").read_text()


@pytest.mark.parametrize("key", [f.alias or n for n, f in TaskSpec.model_fields.items()])
def test_every_section_of_a_task_file_is_documented(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs" / "task-file.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_and_toml_are_no_nonsense(page: Path) -> None:
    for code in blocks(page, "python"):
        compile(code, str(page), "exec")
    for text in blocks(page, "toml"):
        tomllib.loads(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_readmes_task_file_loads(tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "README.md", "yaml")
    demo = ROOT / "contrib" / "eurovoc-demo"
    for name in ("prompt.md", "level1.json"):
        (tmp_path / name).write_text((demo / name).read_text())
    (tmp_path / "data").mkdir()
    for name in ("train.jsonl", "validation.jsonl"):
        (tmp_path / "data" / name).write_text((demo / "data" / name).read_text())
    (tmp_path / "task.yaml").write_text(text)
    task = load_task(tmp_path / "task.yaml")
    assert list(task.rewards[None].calls) == ["valid", "precision", "recall"]


def test_the_readmes_grader_grades() -> None:
    from rft_core.testing import grade_one, make_grader, make_sample

    (code,) = blocks(ROOT / "README.md", "python")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - the README's own example
    grader = make_grader(names["Vowels"])  # type: ignore[arg-type]
    assert grade_one(grader, make_sample("abba")).score == 0.5
