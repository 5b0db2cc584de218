"""The flow of a spec as an SVG: the completion comes in at the top, the reward leaves below.

A rail on the left leads through the gates and branches to the graders; a rail on the right collects
their scores. Colours and fonts are the style sheet's. All lengths are pixels.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from grader_registry.site.composition import Flow, Stage
from grader_registry.site.text import visible

WIDTHS: Final = (640, 320)
"""For screens and for phones; the style sheet shows one of them."""
MAX_STAGES: Final = 16
"""So many gates, graders and shapers are drawn of each; the words beside the drawing tell all."""
_LEFT: Final = 14
"""Where the left rail is."""
_CARD: Final = 40
"""Where cards begin."""
_MARGIN: Final = {640: 150, 320: 84}
"""What is free on the right of gates and graders, for weights and the right rail."""
_INSET: Final = 18
"""How far the right rail is from the edge."""
_GAP: Final = 12
_NAME: Final = 7.9
"""The width of a letter of a name; the font is monospaced."""
_DETAIL: Final = 7.0
_LINE: Final = 17
_PADDING: Final = 9
_PILL: Final = 26


def draw(of: Flow, width: int, label: str, described_by: str) -> str:
    """Return the drawing as SVG. `described_by` is the id of the words that say the same."""
    canvas = _Canvas(width)
    canvas.start("completion")
    for gate in _some(of.gates):
        canvas.gate(gate)
    canvas.graders(_some(of.graders))
    if of.join is not None:
        canvas.box(of.join, 10)
    for shaper in _some(of.shapers):
        canvas.box(shaper, 3)
    canvas.end(of.result)
    return (
        f'<svg class="flow flow-{width}" role="img" aria-label="{html.escape(visible(label))}" '
        f'aria-describedby="{described_by}" width="{width}" height="{canvas.y}" '
        f'viewBox="0 0 {width} {canvas.y}">{"".join(canvas.parts)}</svg>'
    )


def _some(stages: Sequence[Stage]) -> Sequence[Stage]:
    if len(stages) <= MAX_STAGES:
        return stages
    rest = len(stages) - MAX_STAGES + 1
    return [*stages[: MAX_STAGES - 1], Stage("logged", f"… and {rest} more", "told in words below")]


@dataclass
class _Canvas:
    """What is drawn so far, down to `y`."""

    width: int
    y: int = 0
    parts: list[str] = field(default_factory=list)

    @property
    def right(self) -> int:
        """Where the right rail is."""
        return self.width - _INSET

    def start(self, text: str) -> None:
        """Draw what comes in."""
        self._pill(0, text)
        self.y += _PILL

    def gate(self, stage: Stage) -> None:
        """Draw a gate on the left rail, and where it leads if it is closed."""
        top, end = self.y + _GAP, self.width - _MARGIN[self.width]
        height = self._card(stage, _CARD, top, end - _CARD, 2)
        middle = top + height // 2
        self._path("d-line", f"M{_LEFT} {self.y}V{top + height}")
        self._path("d-line", f"M{_LEFT + 8} {middle}H{_CARD}")
        shape = f"M{_LEFT} {middle - 8}l8 8l-8 8l-8 -8z"
        self._path("d-gate", shape)
        self._path("d-line d-off", f"M{end} {middle}H{end + 14}")
        self._text("d-note", end + 20, middle - 4, stage.note)
        self._text("d-note d-soft", end + 20, middle + 12, stage.aside)
        self.y = top + height

    def graders(self, stages: Sequence[Stage]) -> None:
        """Draw graders as branches of the left rail that the right rail collects."""
        start, last, first = self.y, self.y, 0
        end = self.width - _MARGIN[self.width]
        for stage in stages:
            top = self.y + _GAP
            height = self._card(stage, _CARD, top, end - _CARD, 2)
            last = top + height // 2
            self._path("d-line", f"M{_LEFT} {last - 8}q0 8 8 8H{_CARD}")
            if stage.kind == "logged":
                self._path("d-line d-off", f"M{end} {last}H{end + 14}")
                self._text("d-note d-soft", end + 20, last + 4, stage.note.removesuffix(" only"))
            else:
                first = first or last
                self._path("d-line", f"M{end} {last}H{self.right - 8}q8 0 8 8")
                self._text("d-note", end + 8, last - 6, stage.note)
            self.y = top + height
        self._path("d-line", f"M{_LEFT} {start}V{last - 8}")
        if first:
            self._path("d-line", f"M{self.right} {first + 8}V{self.y}")

    def box(self, stage: Stage, lines: int) -> None:
        """Draw what the right rail leads through."""
        top = self.y + _GAP + 8
        self._arrow(self.y, top)
        self.y = top + self._card(stage, _CARD, top, self.width - _CARD - 1, lines)

    def end(self, text: str) -> None:
        """Draw what comes out."""
        top = self.y + _GAP + 8
        self._arrow(self.y, top)
        self.y = top
        self._pill(self.width - _pill_width(text), text)
        self.y += _PILL + 1

    def _card(self, stage: Stage, x: int, y: int, width: int, lines: int) -> int:
        """Draw a box with name and detail; return its height."""
        room = width - 2 * _PADDING - 2
        names = wrapped(visible(stage.name), int(room / _NAME), 2)
        details = wrapped(visible(stage.detail), int(room / _DETAIL), lines)
        height = 2 * _PADDING + _LINE * (len(names) + len(details)) - 3
        full = html.escape(visible(f"{stage.name}\n{stage.detail}".strip()))
        self.parts.append(
            f'<g><title>{full}</title><rect class="d-card d-{stage.kind}" x="{x}.5" y="{y}.5" '
            f'width="{width - 1}" height="{height - 1}" rx="6"/>'
        )
        at = y + _PADDING + 11
        for style, texts in (("d-name", names), ("d-detail", details)):
            for text in texts:
                self._text(style, x + _PADDING + 2, at, text)
                at += _LINE
        self.parts.append("</g>")
        return height

    def _pill(self, x: int, text: str) -> None:
        width = _pill_width(text)
        self.parts.append(
            f'<rect class="d-pill" x="{x}.5" y="{self.y}.5" width="{width - 1}" '
            f'height="{_PILL - 1}" rx="{_PILL // 2}"/>'
        )
        self._text("d-end", x + 14, self.y + 17, text)

    def _arrow(self, start: int, end: int) -> None:
        self._path("d-line", f"M{self.right} {start}V{end - 5}")
        self._path("d-head", f"M{self.right - 4} {end - 6}h8l-4 6z")

    def _path(self, style: str, path: str) -> None:
        self.parts.append(f'<path class="{style}" d="{path}"/>')

    def _text(self, style: str, x: int, y: int, text: str) -> None:
        if text:
            shown = html.escape(visible(text))
            self.parts.append(f'<text class="{style}" x="{x}" y="{y}">{shown}</text>')


def _pill_width(text: str) -> int:
    return 28 + 7 * len(text)


def wrapped(text: str, columns: int, lines: int) -> list[str]:
    """Return a text on so many lines at most, broken at blanks where there are some.

    East Asian letters are two columns wide.
    """
    words, found, line = _words(text, columns), [], ""
    for word in words:
        if line and _columns(f"{line} {word}") > columns:
            found.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        if len(found) > lines:
            break
    found += [line] if line else []
    if len(found) <= lines:
        return found
    return [*found[: lines - 1], f"{_cut(found[lines - 1], columns - 1)}…"]


def _words(text: str, columns: int) -> list[str]:
    """Return the words, the long ones in pieces."""
    pieces = []
    for word in islice(text.split(), 400):
        rest = word[: 40 * columns]
        while _columns(rest) > columns:
            piece = _cut(rest, columns)
            pieces.append(piece)
            rest = rest[len(piece) :]
        pieces.append(rest)
    return pieces


def _cut(text: str, columns: int) -> str:
    """Return the beginning that fits, at least a letter."""
    used = 0
    for at, one in enumerate(text):
        used += _columns(one)
        if used > columns and at:
            return text[:at]
    return text


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in text)
