"""Writes a page of all classes of attacks that `rft graders test` knows, into `attacks/`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from rft_core.testing.adversarial.library import classes_of
from rft_core.types import Family

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from rft_core.testing.adversarial.attack import Scope

FOLDER: Final = "attacks"

_INTRODUCTION: Final = """# Attacks

What `rft graders test` tries, class by class.
[Testing a grader](../testing-a-grader.md#attacks) says what an attack is.
A class is accepted by its name in the first column.
"""


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("builder-inited", lambda app: write_page(Path(app.srcdir) / FOLDER))
    return {"parallel_read_safe": True}


def write_page(folder: Path) -> None:
    """Write the page into the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "index.md").write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page: a table for each scope."""
    titles: dict[Scope, str] = {"any": "Graders of every kind"}
    titles |= {family: f"Family `{family}`" for family in get_args(Family)}
    titles["composite"] = "Composed rewards"
    return _INTRODUCTION + "".join(_table(scope, title) for scope, title in titles.items())


def _table(scope: Scope, title: str) -> str:
    rows = "".join(f"| `{one.cls}` | {one.title} |\n" for one in classes_of(scope))
    return f"\n## {title}\n\n| class | completions |\n|---|---|\n{rows}"
