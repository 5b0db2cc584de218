"""The templates. All that they show is escaped, and what is not seen is written out."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grader_registry.site.cases import ON_PAGE
from grader_registry.site.page import WORDS_ID, ListedSpec, SpecView
from grader_registry.site.text import as_json, linked, visible

ASSETS: Final = ("site.css", "site.js")
LONG_FORMULA: Final = 160
"""A formula with more characters is told outside of the drawing too, which may cut it."""
_STATES: Final = {"as expected": "ok", "other than expected": "bad", "failed": "bad"}


class Pages:
    """Renders pages; `title` is the site's."""

    def __init__(self, title: str) -> None:
        self._templates = Environment(
            loader=PackageLoader("grader_registry.site"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {
            "site": title,
            "on_page": ON_PAGE,
            "words_id": WORDS_ID,
            "long_formula": LONG_FORMULA,
            "states": _STATES,
        }
        # What these return is escaped already: see `linked` and `drawing`.
        self._templates.filters |= {
            "linked": lambda text: Markup(linked(text)),  # noqa: S704
            "drawn": Markup,
            "as_json": as_json,
        }

    def index(self, specs: Sequence[ListedSpec]) -> str:
        """Return the page of all specs."""
        kinds = sorted({one.entry.kind for one in specs})
        graders = sorted({name for one in specs for name in one.entry.graders})
        return self._page("index.html", "", specs=specs, kinds=kinds, graders=graders)

    def spec(self, view: SpecView) -> str:
        """Return the page of a spec, which lies two folders down."""
        return self._page("spec.html", "../../", view=view, spec=view.spec, entry=view.entry)

    def _page(self, name: str, root: str, **shown: Any) -> str:
        return self._templates.get_template(name).render(root=root, **shown)


def asset(name: str) -> bytes:
    """Return a file that all pages share."""
    return files("grader_registry.site").joinpath("static", name).read_bytes()


def _shown(value: Any) -> Any:
    """Write out what is not seen in any text that a template shows."""
    return visible(value) if type(value) is str else value
