"""Plain numbers, the most frequent answers, without the parser."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from rft_grader_math.bounds import MAX_DIGITS
from rft_grader_math.nodes import Node, Number, Quantity
from rft_grader_math.reading.units import SCALES

_NUMBER: Final = re.compile(
    r"([-+]?)(?:(\d+)|(\d{1,3}(?:,\d{3})+|\d{1,3}(?:\{,\}\d{3})+)|(?=\.\d))(?:\.(\d+))?"
    r"(?:\s+([a-z]{4,20}))?\Z"
)
_FRACTION: Final = re.compile(
    r"(-?)(?:\\[dtc]?frac\s*\{\s*(-?\d{1,20})\s*\}\s*\{\s*(-?\d{1,20})\s*\}|(\d{1,20})\s*/\s*(\d{1,20}))\Z"
)
_SCIENTIFIC: Final = re.compile(
    r"(-?\d{1,20})(?:\.(\d{1,20}))?(?:\s*(?:\\times|\\cdot|\*)\s*10\s*\^\s*(?:\{\s*(-?\d{1,3})\s*\}|(\d{1,3}))"
    r"|[eE]([-+]?\d{1,3}))\Z"
)


def rational(text: str) -> tuple[int, int, str] | None:
    """Return numerator and denominator, not reduced, and the unit of a plain number; else None.

    The text, an integer, decimal or fraction, has no white space or dollar signs around it. The
    unit is the one word behind the number, "" for none.
    """
    if text.isdecimal() and text.isascii() and len(text) <= MAX_DIGITS:
        return int(text), 1, ""
    match = _NUMBER.match(text)
    if match is None:
        fraction = _fraction(text)
        return None if fraction is None else (*fraction, "")
    if len(text) > MAX_DIGITS:
        return None
    return (*_ratio(match), match[5] or "")


def with_decimal_comma(text: str) -> tuple[int, int] | None:
    """Return what a number with a single comma is if that is a decimal comma."""
    whole, _, decimals = text.partition(",")
    if not decimals.isdecimal() or not whole.lstrip("+-").isdecimal():
        return None
    return int(whole + decimals), 10 ** len(decimals)


def read_number(text: str) -> Node | None:
    """Return the node of what `rational` reads, or of a plain number with a word as unit."""
    match = _NUMBER.match(text)
    if match is None:
        ratio = _fraction(text)
        return None if ratio is None else Number(Fraction(*ratio))
    if len(text) > MAX_DIGITS or match[5] in SCALES:
        return None
    number = Number(Fraction(*_ratio(match)), None if match[4] is None else len(match[4]))
    return number if match[5] is None else Quantity(number, match[5])


def _ratio(match: re.Match[str]) -> tuple[int, int]:
    sign, whole, grouped, decimals, _ = match.groups()
    if whole is None:
        whole = "" if grouped is None else grouped.replace("{,}", "").replace(",", "")
    if decimals is None:
        value, scale = int(whole), 1
    else:
        value, scale = int(whole + decimals), 10 ** len(decimals)
    return (-value if sign == "-" else value), scale


def _fraction(text: str) -> tuple[int, int] | None:
    match = _FRACTION.match(text)
    if match is None:
        return _scientific(text)
    sign, top, bottom, plain_top, plain_bottom = match.groups()
    denominator = int(bottom or plain_bottom)
    if denominator == 0:
        return None
    value = int(top or plain_top)
    return (-value if sign else value), denominator


def _scientific(text: str) -> tuple[int, int] | None:
    match = _SCIENTIFIC.match(text)
    if match is None:
        return None
    whole, decimals, braced, plain, after_e = match.groups()
    power = int(braced or plain or after_e) - len(decimals or "")
    value = int(whole + (decimals or ""))
    return (value * 10**power, 1) if power >= 0 else (value, 10**-power)
