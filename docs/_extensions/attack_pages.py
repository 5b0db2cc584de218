"""Writes a page of all classes of attacks that `rft graders test` knows, into `attacks/`."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, get_args

from rft_core.testing.adversarial.attack import Honest
from rft_core.testing.adversarial.composed import SLOW_TO_MAKE
from rft_core.testing.adversarial.library import classes_of
from rft_core.types import Family, Item

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from rft_core.testing.adversarial.attack import AttackClass, Scope

FOLDER: Final = "attacks"

_INTRODUCTION: Final = """# Attacks

What `rft graders test` tries, class by class.
[Testing a grader](../testing-a-grader.md#attacks) says what an attack is.
A class is accepted by its name in the first column.
The examples are made from the honest completion above each table; classes without one need others.
"""

_MAX_EXAMPLE: Final = 90


def _honest(completion: str, prompt: str, peers: tuple[str, ...] = (), **fields: Any) -> Honest:
    item = Item("example", ({"role": "user", "content": prompt},), fields)
    return Honest(item, completion, 1.0, "this page", peers)


_ANSWER: Final = _honest(
    "6 * 7 = 42, so the answer is \\boxed{42}.", "What is 6 * 7?", ("\\boxed{12}",), answer="42"
)
_SUMMARY: Final = _honest(
    "The court did not allow the appeal, and the fine of 500 euros stands.",
    "Sum up the judgment.",
    ("The parties settled.",),
    summary="The appeal was dismissed; the fine of 500 euros stands.",
)
_HONEST: Final[dict[Scope, Honest]] = {
    "any": _ANSWER,
    "answer": _ANSWER,
    "structured": _honest('{"name": "Ada", "age": 36}', "Who wrote it?", schema="object"),
    "label_set": _honest('["law", "tax"]', "Which topics?", ('["trade"]',), topics=["law", "tax"]),
    "similarity": _SUMMARY,
    "judge": _SUMMARY,
    "composite": _ANSWER,
}


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
    honest = _HONEST[scope]
    rows = "".join(
        f"| `{one.cls}` | {one.title} | {_example(one, honest)} |\n" for one in classes_of(scope)
    )
    honest_line = f"Honest: {_code(honest.completion)}"
    return (
        f"\n## {title}\n\n{honest_line}\n\n| class | completions | example |\n|---|---|---|\n{rows}"
    )


def _example(cls: AttackClass, honest: Honest) -> str:
    """Return the first completion of a class as code, shortened; nothing if there is none."""
    if cls.cls in SLOW_TO_MAKE:
        return ""
    first = next(iter(cls.generate(honest, Random(0))), None)  # noqa: S311 - the same page each time
    return "" if first is None else _code(first.completion)


def _code(text: str) -> str:
    """Return a text as code that fits into a table's cell."""
    short = text if len(text) <= _MAX_EXAMPLE else f"{text[:_MAX_EXAMPLE]}…"
    shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in short)
    if not shown:
        return "(nothing)"
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"{fence} {shown} {fence}".replace("|", "\\|")
