"""What the documentation shows works: blocks, commands, links; every hook has its page."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

import pluggy
import pytest

from rft_core import hookspecs
from rft_core.plugins import PluginManager
from rft_core.task.spec import TaskSpec

sys.path.insert(0, str(Path(__file__).parent))
from docs_commands import ROOT, check_rft
from docs_links import anchors, links
from docs_snippets import Page, skipped

DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial.md"
"""Its blocks build on a new environment; it has a test of its own."""
WRITTEN = [
    ROOT / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("hooks/*.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
    *sorted(ROOT.glob("contrib/*/README.md")),
]
RUN = [page for page in WRITTEN if page != TUTORIAL]
MOST_SKIPPED = 3
INLINE_COMMAND = re.compile(r"`rft ([a-z][^`]*)`")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_the_blocks_of_a_page_work(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Page(page, tmp_path, monkeypatch).run()


def test_blocks_that_are_not_run_are_few_and_have_a_reason() -> None:
    reasons = [reason for page in RUN for reason in skipped(page)]
    assert len(reasons) <= MOST_SKIPPED
    assert all(len(reason) > 10 for reason in reasons)


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_commands_in_the_text_are_those_of_rft(page: Path) -> None:
    for command in INLINE_COMMAND.findall(page.read_text()):
        if not command.startswith("acme"):
            check_rft(command.split(), ROOT)


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        path = page.parent / target if target else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


def test_every_page_is_reached_from_the_index() -> None:
    listed = {target for target, _ in links(DOCS / "index.md")}
    pages = {page.name for page in DOCS.glob("*.md")} - {"index.md"}
    assert pages <= listed


def hook_names() -> list[str]:
    manager = pluggy.PluginManager(hookspecs.PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    return [name for name in dir(manager.hook) if name.startswith("rft_")]


def test_there_are_hooks() -> None:
    assert len(hook_names()) == 10


@pytest.mark.parametrize("name", hook_names())
def test_every_hook_has_a_page_with_its_signature_and_parameters(name: str) -> None:
    page = (DOCS / "hooks" / f"{name}.md").read_text()
    signature = inspect.signature(getattr(hookspecs, name))
    assert page.startswith(f"# {name}\n\n```text\n{name}{signature}\n```\n".replace("'", ""))
    assert all(f"\n| `{parameter}` | " in page for parameter in signature.parameters)
    assert f"\n| [{name}](hooks/{name}.md) | " in (DOCS / "hooks.md").read_text()


FACTS: dict[str, Any] = {
    "step": 1,
    "phase": "train",
    "samples": [],
    "task": {},
    "summary": {"status": "done"},
}


@pytest.mark.parametrize("name", hook_names())
def test_the_example_of_a_hook_is_an_implementation_of_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(DOCS / "hooks" / f"{name}.md", tmp_path, monkeypatch)
    page.run()
    plugins = PluginManager("rft_nothing_is_installed_here")
    monkeypatch.setitem(page.namespace, "__file__", str(tmp_path / "plugin.py"))
    plugins.register(page.module(), "page", "page 0")
    if not name.startswith("rft_register_"):
        facts = FACTS | {"run_dir": tmp_path, "path": tmp_path}
        assert plugins.observe(name, **facts) == []
        return
    registered: Any = getattr(plugins, name.removeprefix("rft_register_"))
    owners = registered() if callable(registered) else registered
    assert any("acme" in key or key == "page 0" for key in owners)
    assert plugins.broken == []


@pytest.mark.parametrize("key", [f.alias or n for n, f in TaskSpec.model_fields.items()])
def test_every_section_of_a_task_file_is_documented(key: str) -> None:
    assert f"`{key}`" in (DOCS / "task-file.md").read_text()
