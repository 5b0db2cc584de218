"""Plain numbers, the most frequent answers, without the parser."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from rft_grader_math.bounds import MAX_DIGITS
from rft_grader_math.nodes import Number

_NUMBER: Final = re.compile(r"([-+]?)(\d{1,3}(?:,\d{3})+|\d+|(?=\.))(\.\d+)?\Z")
_FRACTION: Final = re.compile(
    r"(-?)(?:\\[dtc]?frac\s*\{\s*(-?\d{1,20})\s*\}\s*\{\s*(\d{1,20})\s*\}|(\d{1,20})\s*/\s*(\d{1,20}))\Z"
)


def read_number(text: str) -> Number | None:
    """Return the number that the text is in decimal notation, with or without commas; else None."""
    match = _NUMBER.match(text)
    if match is None or len(text) > MAX_DIGITS:
        return None
    sign, whole, decimals = match.groups()
    if decimals is None:
        value = Fraction(int(whole.replace(",", "")))
        return Number(-value if sign == "-" else value)
    places = len(decimals) - 1
    value = Fraction(int(whole.replace(",", "") + decimals[1:]), 10**places)
    return Number(-value if sign == "-" else value, places)


def read_fraction(text: str) -> Number | None:
    """Return the value of a fraction of integers, plain or in LaTeX; else None."""
    match = _FRACTION.match(text)
    if match is None:
        return None
    sign, top, bottom, plain_top, plain_bottom = match.groups()
    denominator = int(bottom or plain_bottom)
    if denominator == 0:
        return None
    value = Fraction(int(top or plain_top), denominator)
    return Number(-value if sign else value)
