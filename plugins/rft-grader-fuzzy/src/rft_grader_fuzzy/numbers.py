"""The numbers in a text, written in one way: 1,000 and 1000.0 are `1000`.

Read as in English: a comma between groups of three digits groups them, any other separates
numbers; a dot starts decimals. Digits inside of words (B12) are numbers too. A minus sign stands
directly before the digits and after no letter or digit, so B-12 and 10-20 have none.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Final

from rft_grader_fuzzy.characters import VISIBLE

_NUMBER: Final = re.compile(
    r"(?=[-.\d])"  # says no more than the rest does, and four times as fast
    r"(?:(?<![\w.)\]%])(-)[$€£¥]?)?"
    r"((?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)*|(?<![\w.])\.\d+)"
    r"(\s?%|\s?per\s?cent\b)?",
    re.IGNORECASE,
)
_OTHER_DIGIT: Final = re.compile(r"[^\W\D0-9]")
_GROUPING_SPACE: Final = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_DASHES: Final = str.maketrans({"\u2212": "-", "\u2013": "-"})


def numbers_in(text: str) -> list[str]:
    """Return the numbers in `text`, in order."""
    text = text.translate(VISIBLE)  # an invisible character does not cut a number in two
    if not text.isascii():
        text = unicodedata.normalize("NFKC", group_by_commas(text)).translate(_DASHES)
        text = _with_ascii_digits(text)
    return [_written(*match) for match in _NUMBER.findall(text)]


def rewrite_numbers(text: str) -> str:
    """Return the text with each number written in the one way."""
    if not text.isascii():
        text = _with_ascii_digits(text)
    return _NUMBER.sub(lambda match: _written(*match.groups("")), text)


def group_by_commas(text: str) -> str:
    """Return the text with a comma where a special space groups digits."""
    return _GROUPING_SPACE.sub(",", text)


def contains_all(numbers: list[str], expected: list[str]) -> bool:
    """Whether each of the expected numbers is there, as often as expected."""
    return not Counter(expected) - Counter(numbers)


def _with_ascii_digits(text: str) -> str:
    return _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), text)


def _written(sign: str, digits: str, percent: str) -> str:
    whole, *decimals = digits.replace(",", "").split(".")
    number = whole.lstrip("0") or "0"
    if len(decimals) == 1:
        fraction = decimals[0].rstrip("0")
        number = f"{number}.{fraction}" if fraction else number
    elif decimals:  # 1.2.10: a version, a date or a section
        number = ".".join((number, *(part.lstrip("0") or "0" for part in decimals)))
    minus = sign if number != "0" else ""
    return f"{minus}{number}%" if percent else f"{minus}{number}"
