"""A grade card on the console: the verdict first, then what speaks against the grader."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rft_core.testing.card import GradeCard, WrongCase
from rft_core.testing.card_markdown import further_figures, told
from rft_core.testing.telling import attacks_text, case_text

SHOWN: Final = 5
"""So many cases, findings and classes of attacks are shown of each kind."""


def print_card(out: Console, card: GradeCard) -> None:
    """Print the verdict, what failed and why, and the figures."""
    _print_verdict(out, card)
    _print_some(out, [case_text(one) for one in _by_gravity(card)], "cases")
    _print_some(out, [f"weakness: {text}" for text in card.weaknesses], "weaknesses")
    _print_some(out, list(_findings(card, "violation")), "findings")
    bad = [one for one in card.attacks if not one.all_held and one.accepted is None]
    _print_some(out, list(map(attacks_text, bad)), "classes of attacks")
    out.print(_table(card))
    _print_notes(out, card)


def _print_verdict(out: Console, card: GradeCard) -> None:
    title = card.name if card.composed else f"{card.name} {card.version} ({card.distribution})"
    word, style = ("passes", "bold green") if card.passed else ("does not pass", "bold red")
    say(out, f"{title}: {word}", style)
    for measure in card.shortfalls:
        say(out, f"  {measure.title}: {told(card, measure)}, wanted {measure.wanted}", "red")
    if card.cases is None:
        say(out, "  There are no cases. Give --cases FILE, or `cases` in the pyproject.toml.")


def _findings(card: GradeCard, kind: str) -> Iterator[str]:
    for check in card.checks:
        if check.kind == kind:
            yield from map(str, check.findings)


def _by_gravity(card: GradeCard) -> list[WrongCase]:
    wrong = card.cases.wrong if card.cases else ()
    return sorted(wrong, key=lambda one: one.slip is None)


def _print_some(out: Console, texts: list[str], what: str) -> None:
    for text in islice(texts, SHOWN):
        say(out, text)
    if len(texts) > SHOWN:
        say(out, f"… and {len(texts) - SHOWN} more {what}; --card DIR writes all of them")


def _table(card: GradeCard) -> Table:
    table = Table("", "found", "wanted")
    for name, found, wanted in _rows(card):
        table.add_row(Text(name), Text(found), Text(wanted))
    return table


def _rows(card: GradeCard) -> Iterator[tuple[str, str, str]]:
    for measure in card.measures:
        loosened = " (looser than the default)" if measure.loosened else ""
        yield measure.title, told(card, measure), measure.wanted + loosened
    for title, found in further_figures(card):
        yield title, found, ""
    tried = [one for one in card.attacks if one.tried]
    if tried:
        total, held = sum(one.tried for one in tried), sum(one.held for one in tried)
        yield f"attacks of {len(tried)} classes that were held", f"{held} of {total}", ""
    if card.speed is not None:
        yield "latency, p50 and p99", f"{card.speed.p50_ms:g} and {card.speed.p99_ms:g} ms", ""
        yield "samples a second, on this machine", f"{card.speed.per_second:,.0f}", ""


def _print_notes(out: Console, card: GradeCard) -> None:
    for text in _findings(card, "note"):
        say(out, f"note: {text}", "yellow")
    if not card.honest:
        say(out, "note: no attack was tried: no right completion is known that is paid", "yellow")
    for one in card.attacks:
        if one.accepted and not one.all_held:
            say(out, f"note: {one.cls} is accepted: {one.accepted}", "yellow")
    for text in card.stale:
        say(out, f"warning: {text}", "yellow")


def say(out: Console, text: str, style: str = "") -> None:
    """Print lines that are not broken where there is no terminal, so that they can be searched."""
    out.print(Text(text), style=style, soft_wrap=True)
