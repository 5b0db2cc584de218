"""The site: `make docs` builds it from the Markdown in this folder into `_build/html`."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

from pygments.lexers.data import JsonLexer

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "rft-core"
version = release = version_of("rft-core")
extensions = ["myst_parser", "attack_pages", "option_pages", "package_pages"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

myst_enable_extensions = ["deflist"]  # in generated pages only: forges do not know it
myst_heading_anchors = 3  # links such as #data work as on a forge
suppress_warnings = ["misc.highlighting_failure"]  # examples leave parts out: f(…)

html_theme = "furo"
html_title = f"rft-core {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
pygments_style = "friendly"


def setup(app: Sphinx) -> None:
    """Highlight JSON lines as JSON."""
    app.add_lexer("jsonl", JsonLexer)
