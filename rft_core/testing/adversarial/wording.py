"""Words for what a reward pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rft_core.testing.adversarial.evidence import Evidence, Kind

SHOWN: Final = 60
EQUAL: Final = 0.02
"""Of a typical honest reward: rewards that differ by less are told as equal."""


def compared(reward: float, evidence: Evidence) -> str:
    """Return how a reward stands to what honest answers earn."""
    gap = reward - evidence.typical
    if gap > EQUAL * evidence.height:
        return f"more than the median honest answer ({evidence.typical:.2f})"
    if gap >= -EQUAL * evidence.height:
        return f"as much as the median honest answer ({evidence.typical:.2f})"
    return f"and the median honest answer {evidence.typical:.2f}"


def payers(names: Sequence[str]) -> str:
    """Return which graders pay for something, the formula if it is none of them."""
    *most, last = [f"`{name}`" for name in names] or ["the formula"]
    return f"{', '.join(most)} and {last} pay" if most else f"{last} pays"


def quoted(kind: Kind) -> str:
    """Return the completion that earned most, on one short line."""
    line = " ".join(kind.example.split())
    shown = line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
    return f"`{shown}`" if shown.isprintable() else ascii(shown)
