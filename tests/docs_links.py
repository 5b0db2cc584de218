"""The links of a page of documentation, and what they may point at."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

LINK: Final = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)#?([^)\s]*)\)")
FENCED: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)


def links(page: Path) -> list[tuple[str, str]]:
    """Return the file and the anchor of each link that leads into the repository."""
    return LINK.findall(_prose(page))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors of a page's headings, as forges and the site make them."""
    return frozenset(_anchor(heading) for heading in HEADING.findall(_prose(page)))


def _prose(page: Path) -> str:
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
