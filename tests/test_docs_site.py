"""The site: pages that are made of the installed plugins and of READMEs, and the build."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from rft_core.options import Option, options
from rft_core.plugins import Registered, plugin_manager
from rft_core.testing.adversarial.library import classes_of
from rft_core.types import Family

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "docs" / "_extensions"))
import attack_pages
import option_pages
import package_pages

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
OFFICIAL = {path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml")} | {"rft-core"}


def registered() -> Iterator[Registered[Any]]:
    plugins = plugin_manager()
    for kind in (plugins.graders, plugins.reward_shapers, plugins.rollouts):
        for found in kind.values():
            if found.distribution.rpartition(" ")[0] in OFFICIAL:
                yield found


FOUND = list(registered())


def test_every_official_plugin_is_looked_at() -> None:
    assert {found.distribution.rpartition(" ")[0] for found in FOUND} == OFFICIAL


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.name)
def test_every_option_says_what_it_means(found: Registered[Any]) -> None:
    assert [option.name for option in options(found.cls.Config) if not option.meaning] == []


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.name)
def test_the_page_of_a_plugin_has_its_options(found: Registered[Any]) -> None:
    page = option_pages.page(found)
    assert page.startswith(f"# {found.name}\n")
    for option in options(found.cls.Config):
        assert f"\n`{option.name}`\n: {option.type}, " in page
        assert f"\n\n  {option.meaning}\n" in page


def test_an_index_leads_to_the_pages_of_plugins(tmp_path: Path) -> None:
    (tmp_path / "options").mkdir()
    (tmp_path / "options" / "removed.md").write_text("of a plugin that is no longer installed")
    option_pages.write_pages(tmp_path / "options")
    index = (tmp_path / "options" / "index.md").read_text()
    pages = {path.relative_to(tmp_path / "options") for path in tmp_path.glob("options/*/*.md")}
    assert {Path("graders/function.md"), Path("shapers/clip.md")} <= pages
    assert all(f"\n{page.with_suffix('')}\n" in index for page in pages)
    assert not (tmp_path / "options" / "removed.md").exists()


def test_options_of_sections_have_their_section_s_name() -> None:
    found = {
        option.name: option for option in options(plugin_manager().graders["judge"].cls.Config)
    }
    assert found["endpoint"] == Option("endpoint", "section", "{}", found["endpoint"].meaning)
    assert found["endpoint.max_retries"].default == "4"
    assert found["verdict.range"].type == "[number, number]"


def test_the_readme_of_multilabel_has_the_options_and_their_defaults() -> None:
    readme = (ROOT / "plugins" / "rft-grader-multilabel" / "README.md").read_text()
    section = readme.split("\n## Options\n\n")[1].split("\n\n")[0]
    documented = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))
    fields = plugin_manager().graders["multilabel"].cls.Config.model_fields
    assert list(documented) == list(fields)
    for name, field in fields.items():
        shown = documented[name].strip("`")
        if field.is_required():
            assert shown == "required"
            continue
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        assert (None if shown == "none" else yaml.safe_load(shown)) == default


def test_the_page_of_attacks_has_all_classes() -> None:
    page = attack_pages.page()
    for scope in (*get_args(Family), "any", "composite"):
        for one in classes_of(scope):
            assert f"\n| `{one.cls}` | {one.title} | " in page
    cells = [line.rpartition(" | ")[2] for line in page.splitlines() if line.startswith("| `")]
    assert sum(cell not in {"|", " |"} for cell in cells) > len(cells) * 0.7  # the rest has none


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("[a](../../docs/hooks.md#x)", "[a](../hooks.md#x)"),
        ("[a](../rft-grader-fuzzy)", "[a](rft-grader-fuzzy.md)"),
        ("[a](../rft-grader-fuzzy/README.md#scorers)", "[a](rft-grader-fuzzy.md#scorers)"),
        ("[a](src/x.py)", "a"),
        ("[a](#here) [b](https://example.com/x)", "[a](#here) [b](https://example.com/x)"),
    ],
)
def test_links_of_a_readme_lead_to_pages_of_the_site(given: str, made: str) -> None:
    readme = ROOT / "plugins" / "rft-grader-math" / "README.md"
    page = DOCS / "packages" / "rft-grader-math.md"
    assert package_pages.with_links_of_the_site(given, readme, page, DOCS) == made


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="`make docs` installs what builds the site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", tmp_path / "trees", DOCS, tmp_path / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stderr) == (0, "")
    assert (tmp_path / "html" / "options" / "graders" / "function.html").is_file()
