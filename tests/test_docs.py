"""What the documentation shows works: blocks, commands, links; every hook has its page."""

from __future__ import annotations

import inspect
import re
import sys
from contextlib import suppress
from pathlib import Path
from runpy import run_path
from typing import Any, get_args

import pluggy
import pytest
import typer
import yaml

from rft_core import hookspecs
from rft_core.errors import DatasetError, PluginError, TaskFileError
from rft_core.plugins import PluginManager
from rft_core.task.spec import TaskSpec
from rft_core.task.task import load_task
from rft_core.testing import grade_one, make_grader, make_sample
from rft_core.testing.adversarial.attack import Scope
from rft_core.testing.adversarial.library import classes_of
from rft_core.testing.contract.run import CHECKS, NOTES
from rft_core.testing.thresholds import Thresholds
from rft_core.types import Family

sys.path.insert(0, str(Path(__file__).parent))
from docs_commands import ROOT, check_rft
from docs_links import anchors, links
from docs_snippets import LANGUAGES, SMALL_TASK, Page, install, skipped

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
ELSEWHERE = {path.parent for path in ROOT.glob("contrib/*/pyproject.toml")}
"""Packages that the tests are not installed with; each has tests of its own."""
RUN = [page for page in WRITTEN if page != TUTORIAL and page.parent not in ELSEWHERE]
MOST_SKIPPED = 2
INLINE_COMMAND = re.compile(r"`rft ([a-z][^`]*)`")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_the_blocks_of_a_page_work(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Page(page, tmp_path, monkeypatch).run()


@pytest.mark.parametrize(
    "block",
    [
        "```python\nassert 1 + 1 == 3\n```",
        "```python\ndef test_sum():\n    assert 1 + 1 == 3\n```",
        "```python\n>>> 1 + 1\n3\n```",
        "```yaml\nreward: {graders: {f: {use: function, wieght: 2}}}\n```",
        "```yaml\nuse: math\nconfig: {tolerence: 1}\n```",
        "```yaml\ntrain: {max_stesp: 1}\n```",
        "```yaml\njobs: {a: {steps: [{run: rft chekc task.yaml}]}}\n```",
        "```toml\nname =\n```",
        "```json\n{'a': 1}\n```",
        '```jsonl\n{"item": {}, "completion": "", "expected": "high"}\n```',
        "```sh\nrft eval task.yaml --smaples 3\n```",
        "```sh\npip install rft-grader-maths\n```",
        "```sh\nmake demos\n```",
        "```sh\nrtf check task.yaml\n```",
        "```console\n$ echo 1\n2\n```",
    ],
)
def test_a_wrong_block_is_noticed(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{block}\n")
    with pytest.raises((Exception, SystemExit)):
        Page(page, tmp_path / "folder", monkeypatch).run()


def test_the_readmes_grader_grades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(ROOT / "README.md", tmp_path, monkeypatch)
    page.run()
    grader = make_grader(page.namespace["Vowels"])
    assert grade_one(grader, make_sample("abba")).score == 0.5


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_every_block_names_a_language_that_the_tests_know(page: Path) -> None:
    fences = re.findall(r"^ *```(.*)$", page.read_text(), re.MULTILINE)
    assert set(fences[::2]) <= {"python", *LANGUAGES, "{toctree}"}
    assert not any(fences[1::2])


def test_blocks_that_are_not_run_are_few_and_have_a_reason() -> None:
    reasons = [reason for page in RUN for reason in skipped(page)]
    assert len(reasons) <= MOST_SKIPPED
    assert all(len(reason) > 10 for reason in reasons)


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_commands_in_the_text_are_those_of_rft(page: Path) -> None:
    for command in INLINE_COMMAND.findall(page.read_text()):
        if not command.startswith("acme"):
            with suppress(typer.BadParameter):  # the text often gives a command's name alone
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
    assert len(hook_names()) == 11


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
        facts = FACTS | {"run_dir": tmp_path, "path": tmp_path, "folder": tmp_path}
        facts["reference"] = "acme/labels@^1"
        assert plugins.observe(name, **facts) == []
        return
    registered: Any = getattr(plugins, name.removeprefix("rft_register_"))
    owners = registered() if callable(registered) else registered
    assert any("acme" in key or key == "page 0" for key in owners)
    assert plugins.broken == []


@pytest.mark.parametrize("key", [f.alias or n for n, f in TaskSpec.model_fields.items()])
def test_every_section_of_a_task_file_is_documented(key: str) -> None:
    assert f"`{key}`" in (DOCS / "task-file.md").read_text()


def test_the_documentation_works_out_advantages_as_trl_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`test_advantages.py` holds the calculations by hand against TRL's trainer."""
    page = Page(DOCS / "composition-and-advantages.md", tmp_path, monkeypatch)
    page.run()
    by_hand: Any = run_path(str(ROOT / "tests" / "training" / "test_advantages.py"))
    batch = by_hand["without_outcomes"](by_hand["BATCH"])
    everything = [reward for group in batch for reward in group]
    for scale, function in (("group", "by_group"), ("batch", "by_batch"), ("none", "unscaled")):
        groups = (page.namespace["advantages"](group, scale, everything) for group in batch)
        documented = [advantage for group in groups for advantage in group]
        assert documented == pytest.approx(by_hand[function](*batch), abs=0.006)
    columns = [[(2.0, group), (0.5, group[::-1])] for group in batch]
    assert page.namespace["decoupled"](*columns) == pytest.approx(
        by_hand["decoupled"](*columns), abs=0.006
    )


def test_a_wrong_key_is_told_as_the_documentation_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("task.yaml").write_text(
        "data: {train: t.jsonl}\nreward:\n  graders:\n    f:\n      wieght: 2\n      use: math\n"
    )
    with pytest.raises(TaskFileError) as told:
        load_task(Path("task.yaml"))
    assert f"\nerror: {told.value}\n" in (DOCS / "task-file.md").read_text()


def test_a_fault_in_a_row_is_told_as_the_documentation_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/train.jsonl").write_text('{"question": "Why?"}\n')
    Path("rewards.py").write_text("def right(sample):\n    return 1.0\n")
    small = SMALL_TASK | {"messages": [{"role": "user", "content": "{{ item.qestion }}"}]}
    Path("task.yaml").write_text(yaml.safe_dump(small))
    with pytest.raises(DatasetError) as told:
        load_task(Path("task.yaml"))
    error = str(told.value).replace(str(tmp_path), "/home/ada/tags")
    assert f"\nerror: {error}\n" in (DOCS / "task-file.md").read_text()


def test_a_broken_plugin_is_told_as_the_documentation_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    points = {"entry-points": {"rft": {"acme": "acme_broken_rewards"}}}
    install({"name": "acme-rewards", "version": "2.1"} | points, tmp_path)
    (tmp_path / "acme_broken_rewards.py").write_text("import acme_models\n")
    plugins = PluginManager()
    with pytest.raises(PluginError) as told:
        plugins.select("grader", plugins.graders, "keyword")
    first, *_, last = str(told.value).splitlines()
    shown = (DOCS / "hooks.md").read_text()
    assert f"reward.graders.f.use: {first}\n" in shown
    assert f"\n{last}\n```\n" in shown


def test_every_check_of_the_contract_is_explained() -> None:
    page = (DOCS / "testing-a-grader.md").read_text()
    section = page.split("\n## The contract\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [one.name for one in CHECKS]
    assert all(f"`{one.name}` (" in section for one in NOTES)


def test_the_thresholds_are_documented_with_their_defaults() -> None:
    page = (DOCS / "testing-a-grader.md").read_text()
    for name, field in Thresholds.model_fields.items():
        default = "none" if field.default is None else f"{field.default:g}"
        assert f"\n| `{name}` | {default} | {(field.description or '').rstrip('.')} |\n" in page


def test_the_families_of_attacks_are_documented() -> None:
    for page in ("testing-a-grader.md", "writing-a-grader.md"):
        text = (DOCS / page).read_text().replace('"', "")
        assert all(f"\n| `{family}` | " in text for family in get_args(Family))


def test_classes_of_attacks_that_the_documentation_names_are_there() -> None:
    page = (DOCS / "testing-a-grader.md").read_text()
    scopes: list[Scope] = ["any", "composite", "answer"]
    known = {one.cls for scope in scopes for one in classes_of(scope)}
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", page.split("\n## Attacks\n")[1], re.MULTILINE)
    tables = [re.findall(r"`(\w+)`", row) for row in rows]
    named = {name for row in tables for name in row} - {*get_args(Family), *Thresholds.model_fields}
    assert named - {"NAME"} <= known
    assert {*re.findall(r"^(M\w+) = ", page, re.MULTILINE)} <= known
