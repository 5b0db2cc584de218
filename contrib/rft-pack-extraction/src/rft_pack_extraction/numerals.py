"""Numbers that are written as text, in the one notation that the task declares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from rft_pack_extraction.exact_json import MAX_NUMBER_CHARS

Notation: TypeAlias = Literal["1000.00", "1,000.00", "1.000,00", "1 000,00"]
"""A thousand in the notation; a group separator may be left out, but not be misplaced."""

_SIGNS: Final[Mapping[Notation, tuple[str, str]]] = {
    "1000.00": ("", "."),
    "1,000.00": (",", "."),
    "1.000,00": (".", ","),
    "1 000,00": (" ", ","),
}
"""Group separator and decimal sign."""


def _pattern(group: str, point: str) -> re.Pattern[str]:
    digits = "[0-9]+"
    if group:
        digits = rf"(?:[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+|[0-9]+)"
    return re.compile(rf"-?{digits}(?:{re.escape(point)}[0-9]+)?")


_PATTERNS: Final = {notation: _pattern(*signs) for notation, signs in _SIGNS.items()}


def read_numeral(text: str, notation: Notation) -> Decimal | None:
    """Return the number that a text is in the notation, None if it is none.

    Digits are ASCII; there is no exponent, no plus sign, no white space around.
    """
    if len(text) > MAX_NUMBER_CHARS or not _PATTERNS[notation].fullmatch(text):
        return None
    group, point = _SIGNS[notation]
    return Decimal((text.replace(group, "") if group else text).replace(point, "."))


def read_row_number(value: Any) -> Decimal:
    """Return a number of a row. Raises `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r:.60} is no number")  # noqa: TRY004 -- told as an error of the row
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or len(str(number)) > MAX_NUMBER_CHARS:
        raise ValueError(f"{value!r:.60} is a number out of bounds")
    return number
