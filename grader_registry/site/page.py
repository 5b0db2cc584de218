"""What the pages show: the list of specs, and one spec with its versions."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from grader_registry.document import Change, Document, SharedSpec
from grader_registry.site.card import CardView, card_view
from grader_registry.site.cases import ON_PAGE, CaseRow, case_rows
from grader_registry.site.compare import Comparison
from grader_registry.site.composition import flow, in_words
from grader_registry.site.drawing import WIDTHS, draw
from grader_registry.site.text import as_json, as_line, number
from grader_registry.stores.layout import ordered
from grader_registry.stores.store import Entry
from rft_core.task.spec import GraderSpec

WORDS_ID: Final = "composition-in-words"
FOLDED_ABOVE: Final = 14
"""Options with more lines are folded."""
ONE_LINE: Final = 88
"""Options that are no longer stand on a line."""


@dataclass(frozen=True, slots=True)
class ListedSpec:
    """A spec in the list; `search` is what is searched, in small letters."""

    entry: Entry
    versions: int
    search: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version in the history; `signature` says that there is one, not that it is right."""

    entry: Entry
    change: Change | None
    signature: bool
    comparison: Comparison | None


class GraderView(NamedTuple):
    """A grader or shaper with its options."""

    name: str
    use: str
    version: str | None
    settings: list[tuple[str, str]]
    config: dict[str, Any]

    @property
    def options(self) -> str:
        """The options as JSON, on a line if they fit."""
        line = as_line(self.config)
        return line if len(line) <= ONE_LINE else as_json(self.config)

    @property
    def is_long(self) -> bool:
        """Whether the options are better folded."""
        return self.options.count("\n") > FOLDED_ABOVE


@dataclass(frozen=True, slots=True)
class SpecView:
    """A spec's page, which is about the version that `choose` finds."""

    entry: Entry
    spec: SharedSpec
    versions: Sequence[VersionView]
    """The newest first."""
    graders: Sequence[GraderView]
    drawings: Sequence[str]
    words: Sequence[str]
    use: str
    pip: str
    card: CardView | None
    cases: Sequence[CaseRow]

    @property
    def has_more_cases(self) -> bool:
        """Whether cases stand in a script of data too."""
        return len(self.cases) > ON_PAGE


def listed(document: Document, entry: Entry, versions: int) -> ListedSpec:
    """Return a spec for the list."""
    spec = document.spec
    words = (spec.name, spec.description, *spec.keywords, *spec.owners, *entry.graders, entry.kind)
    return ListedSpec(entry, versions, " ".join(words).lower())


def spec_view(document: Document, entry: Entry, versions: Sequence[VersionView]) -> SpecView:
    """Return the page of a spec."""
    spec = document.spec
    stages = flow(spec)
    label = f"How the {stages.result} of {spec.name} is composed"
    return SpecView(
        entry=entry,
        spec=spec,
        versions=versions,
        graders=_graders(spec),
        drawings=[draw(stages, width, label, WORDS_ID) for width in WIDTHS],
        words=in_words(stages),
        use=f"{spec.name}@{_range(spec.version)}",
        pip=_pip(spec.requires),
        card=None if spec.card is None else card_view(spec.card),
        cases=case_rows(spec),
    )


def _range(version: str) -> str:
    """Return the range that takes a version and its successors; a pre-release has none."""
    return version if ordered(version).prerelease else f"^{version}"


def _pip(requires: dict[str, str]) -> str:
    """Return the line for a shell; a specifier may hold anything that is no blank."""
    wanted = [shlex.quote(f"{name}{versions}") for name, versions in requires.items()]
    return " ".join(["pip install", *wanted]) if wanted else ""


def _graders(spec: SharedSpec) -> list[GraderView]:
    if spec.reward is None:
        lone = spec.grader
        return [] if lone is None else [_grader("", lone, spec)]
    shapers = [
        GraderView(
            "", one.use, spec.graders.get(one.use), [("shaper", "of the reward")], one.config
        )
        for one in spec.reward.shapers
    ]
    return [_grader(name, one, spec) for name, one in spec.reward.graders.items()] + shapers


def _grader(name: str, one: GraderSpec, spec: SharedSpec) -> GraderView:
    return GraderView(name, one.use, spec.graders.get(one.use), _settings(one), one.config)


def _settings(one: GraderSpec) -> list[tuple[str, str]]:
    """Return what is set besides the options, in words."""
    plain = one.model_dump(exclude_defaults=True, exclude={"use", "config"})
    if one.gate is not None:
        plain["gate"] = f"at least {one.gate.min:g}, else {one.gate.reward:g}"
    if "on_error" in plain and isinstance(plain["on_error"], dict):
        plain["on_error"] = f"penalize {plain['on_error']['penalize']:g}"
    return [
        (key.replace("_", " "), number(value) if isinstance(value, float) else f"{value}")
        for key, value in plain.items()
    ]
