"""Makes the READMEs of plugins and of contrib pages of the site, below `packages/`.

A link to what is no page of the site becomes plain text.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER: Final = "packages"
KINDS: Final = {"plugins": "Graders that come with the project", "contrib": "Contributions"}
LINK: Final = re.compile(r"\[([^\]]*)\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir)))
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}


def write_pages(docs: Path) -> None:
    """Write the pages and an index of them into `packages/`, in place of what is there."""
    folder = docs / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    pages = _pages(docs)
    for readme, page in pages.items():
        text = with_links_of_the_site(readme.read_text(encoding="utf-8"), readme, page, docs)
        page.write_text(text, encoding="utf-8")
    index = "# Packages\n"
    for kind, title in KINDS.items():
        names = sorted(p.stem for readme, p in pages.items() if readme.parent.parent.name == kind)
        entries = "\n".join(names)
        index += f"\n## {title}\n\n```{{toctree}}\n:maxdepth: 1\n\n{entries}\n```\n"
    (folder / "index.md").write_text(index, encoding="utf-8")


def with_links_of_the_site(text: str, source: Path, page: Path, docs: Path) -> str:
    """Return a page's text, its links relative to `source`, as it reads at `page`."""
    pages = _pages(docs)

    def replaced(match: re.Match[str]) -> str:
        label, target, anchor = match[1], match[2], match[3] or ""
        found = _page(pages, Path(os.path.normpath(source.parent / target)), docs)
        return f"[{label}]({os.path.relpath(found, page.parent)}{anchor})" if found else label

    return LINK.sub(replaced, text)


def _page(pages: Mapping[Path, Path], target: Path, docs: Path) -> Path | None:
    """Return the page of the site that stands for a file or folder of the repository."""
    if target in pages or target / "README.md" in pages:
        return pages.get(target) or pages[target / "README.md"]
    return target if target.is_relative_to(docs) else None


def _pages(docs: Path) -> dict[Path, Path]:
    """Return the READMEs of the repository's packages, and where their pages are."""
    found = (readme for kind in KINDS for readme in docs.parent.glob(f"{kind}/*/README.md"))
    return {readme: docs / FOLDER / f"{readme.parent.name}.md" for readme in found}


def _read(app: Sphinx, name: str, source: list[str]) -> None:
    docs = Path(app.srcdir)
    page = docs / f"{name}.md"
    if page.parent.name != FOLDER:
        source[0] = with_links_of_the_site(source[0], page, page, docs)
