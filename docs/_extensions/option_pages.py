"""Writes a page for each installed grader, shaper and rollout, from its class and its schema.

The pages are the installation's, so they are made when the site is built, into `options/`, and
kept out of version control.
"""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rft_core.grader import Grader
from rft_core.options import Option, options
from rft_core.plugins import PluginManager, Registered, plugin_manager

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER: Final = "options"

_INTRODUCTION: Final = """# Options

What the graders, shapers and rollouts take that were installed where this site was built.
`rft graders show NAME` prints the same of an installed grader.
"""

_TRAITS: Final = ("isolation", "timeout", "concurrency", "paid", "pure", "deterministic")
"""Class attributes of graders that a task file's author has to know of."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / FOLDER))
    return {"parallel_read_safe": True}


def write_pages(folder: Path) -> None:
    """Write the pages and an index of them into the folder, in place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    index = _INTRODUCTION
    for kind, registered in _kinds(plugin_manager()).items():
        (folder / kind).mkdir()
        for name, found in registered.items():
            (folder / kind / f"{name}.md").write_text(page(found), encoding="utf-8")
        names = "\n".join(f"{kind}/{name}" for name in registered)
        index += f"\n## {kind.capitalize()}\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"
    (folder / "index.md").write_text(index, encoding="utf-8")


def _kinds(plugins: PluginManager) -> dict[str, Mapping[str, Registered[Any]]]:
    return {
        "graders": plugins.graders,
        "shapers": plugins.reward_shapers,
        "rollouts": plugins.rollouts,
    }


def page(found: Registered[Any]) -> str:
    """Return a class's page: what it says of itself, its options, and how it runs."""
    return "\n\n".join(_sections(found)) + "\n"


def _sections(found: Registered[Any]) -> Iterator[str]:
    yield f"# {found.name}"
    yield f"Version {found.cls.version}, from {found.distribution}."
    yield inspect.getdoc(found.cls) or ""
    yield "## Options"
    described = options(found.cls.Config)
    yield "\n\n".join(map(_entry, described)) if described else "It has no options."
    if issubclass(found.cls, Grader):
        low, high = found.cls.score_range
        traits = [f"`{name}` {_code(getattr(found.cls, name))}" for name in _TRAITS]
        yield "## Grading"
        yield f"Scores lie between {low:g} and {high:g}. Defaults: {', '.join(traits)}."


def _entry(option: Option) -> str:
    """Return an option as an entry of a definition list, which fits any width."""
    required = option.default == "required"
    default = "required" if required else f"default {_code(option.default)}"
    return f"{_code(option.name)}\n: {option.type}, {default}\n\n  {option.meaning}"


def _code(value: object) -> str:
    return f"`{value}`"
