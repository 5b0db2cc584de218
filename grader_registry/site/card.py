"""A grade card as a page shows it. In a document it is plain data that nobody has checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from grader_registry.site.text import number
from rft_core.testing.card import FORMAT, AttackExample, AttackFigures, CheckFigures, GradeCard
from rft_core.testing.card_markdown import further_figures, told

_ADAPTER: Final = TypeAdapter(GradeCard)
MAX_EXAMPLES: Final = 12


@dataclass(frozen=True, slots=True)
class Figure:
    """A row: what was found and wanted; `met` is None where nothing was wanted."""

    title: str
    found: str
    wanted: str = ""
    met: bool | None = None
    loosened: bool = False


@dataclass(frozen=True, slots=True)
class CardView:
    """What a page shows of a card."""

    card: GradeCard
    figures: list[Figure]
    attacks: list[AttackFigures]
    """Those that were tried, the ones that did not hold first."""
    examples: list[AttackExample]
    """Attacks that did not end as they should and that no policy accepts."""
    broken: list[CheckFigures]

    @property
    def tried(self) -> int:
        """How many attacks there were."""
        return sum(one.tried for one in self.attacks)

    @property
    def held(self) -> int:
        """How many of them were held."""
        return sum(one.held for one in self.attacks)


def card_view(plain: Mapping[str, Any]) -> CardView | None:
    """Return what a page shows, None for a card that this version cannot read."""
    try:
        card = _ADAPTER.validate_python(plain)
    except ValidationError:
        return None
    if card.format != FORMAT:
        return None
    attacks = sorted(
        (one for one in card.attacks if one.tried),
        key=lambda one: (one.all_held, one.accepted is not None, one.cls),
    )
    bad = [example for one in attacks if one.accepted is None for example in one.examples]
    return CardView(
        card,
        list(_figures(card)),
        attacks,
        bad[:MAX_EXAMPLES],
        [one for one in card.checks if one.findings],
    )


def _figures(card: GradeCard) -> Iterator[Figure]:
    for one in card.measures:
        yield Figure(one.title, told(card, one), one.wanted, one.met, one.loosened)
    for title, found in further_figures(card):
        yield Figure(title, found)
    if card.speed is not None:
        speed = card.speed
        median, late = number(speed.p50_ms), number(speed.p99_ms)
        yield Figure("latency of a sample, p50 and p99", f"{median} and {late} ms")
        batch = f"{speed.per_second:,.0f} in batches of {speed.batch}"
        yield Figure("samples a second", f"{batch}, on {speed.cpus} CPUs")
