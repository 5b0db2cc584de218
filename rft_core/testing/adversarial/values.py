"""Final answers and wrong ones that are like them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["number", "quantity", "choice", "truth", "text", "expression"]

_NUMBER: Final = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_QUANTITY: Final = re.compile(
    rf"(\\?\$)?({_NUMBER})(\s*(?:\\?%|[a-zA-Z°€\\^{{}}][\w\s°^{{}}\\./]*))?"
)
_FRACTION: Final = re.compile(r"(-?)(?:\\[dt]?frac\{(\d+)\}\{(\d+)\}|(\d+)\s*/\s*(\d+))")
_CHOICE: Final = re.compile(r"\(?([A-Ha-h])[).]?")
_WORDS: Final = re.compile(r"(?=.*[^\W\d_]{3})[^\W\d_]+(?:[\s'-][^\W\d_]+)*")
_TEXT: Final = re.compile(r"\\text\{([^{}]*)\}")
_OPPOSITES: Final = {"yes": "no", "true": "false", "correct": "incorrect"}
_OPPOSITE: Final = {**_OPPOSITES, **{no: yes for yes, no in _OPPOSITES.items()}}
NEAR: Final = 100
"""Below it, the next whole number is so far off that no tolerance lets it pass."""


@dataclass(frozen=True, slots=True)
class Value:
    """An answer: what kind it is, and its number if it is one; a quantity has a unit, too.

    `before` and `behind` are the text around the number.
    """

    kind: Kind
    text: str
    number: Decimal | None = None
    before: str = ""
    behind: str = ""

    @property
    def whole(self) -> int | None:
        """The number as an `int`, None if it is none or has decimals."""
        if self.number is None or self.number != self.number.to_integral_value():
            return None
        return int(self.number)

    def with_number(self, number: Decimal | int) -> str:
        """Return the answer with another number, in the same writing."""
        grouped = "," if "," in self.text else ""
        return f"{self.before}{Decimal(number):{grouped}f}{self.behind}"


def read_value(answer: str) -> Value:
    """Return what an answer is."""
    text = answer.strip().replace("\N{MINUS SIGN}", "-")
    inner = _TEXT.fullmatch(text)
    bare = inner[1].strip() if inner else text
    if bare.casefold() in _OPPOSITE:
        return Value("truth", bare)
    if _CHOICE.fullmatch(bare):
        return Value("choice", bare)
    found = _QUANTITY.fullmatch(text)
    if found:
        return _numeric(found, text)
    return Value("text" if _WORDS.fullmatch(bare) else "expression", bare if inner else text)


def _numeric(found: re.Match[str], text: str) -> Value:
    before, digits, behind = found[1] or "", found[2], found[3] or ""
    kind: Kind = "quantity" if before or behind else "number"
    return Value(kind, text, Decimal(digits.replace(",", "")), before, behind)


def same(one: str, other: str) -> bool:
    """Whether two answers are plainly the same: by value, or in all their letters and digits."""
    values = _fraction(one), _fraction(other)
    if None not in values:
        return values[0] == values[1]
    return _letters(one) == _letters(other)


def _fraction(answer: str) -> Fraction | None:
    value = read_value(answer)
    if value.kind == "number" and value.number is not None:
        return Fraction(value.number)
    found = _FRACTION.fullmatch(answer.strip())
    if found is None or not int(found[3] or found[5]):
        return None
    size = Fraction(int(found[2] or found[4]), int(found[3] or found[5]))
    return -size if found[1] else size


def fraction_of(answer: str) -> Fraction | None:
    """Return what a fraction in LaTeX or with a slash is, None for anything else."""
    return _fraction(answer) if _FRACTION.fullmatch(answer.strip()) else None


def _letters(answer: str) -> str:
    return "".join(filter(str.isalnum, read_value(answer).text.casefold()))


def near_misses(value: Value) -> Iterator[tuple[str, str]]:
    """Yield wrong answers that are like the right one, each with what it does."""
    if value.number is not None:
        yield from _wrong_numbers(value, value.number)
    elif value.kind == "truth":
        opposite = _OPPOSITE[value.text.casefold()]
        yield "the opposite", opposite.title() if value.text[0].isupper() else opposite
    elif value.kind == "choice":
        for letter in "ABCD":
            cased = letter if re.search("[A-Z]", value.text) else letter.lower()
            yield "another choice", re.sub("[A-Ha-h]", cased, value.text, count=1)
    elif value.kind == "expression":
        yield from _wrong_expressions(value.text)


def _wrong_numbers(value: Value, number: Decimal) -> Iterator[tuple[str, str]]:
    if number:
        yield "the sign changed", value.with_number(-number)
        yield "ten times as much", value.with_number(number * 10)
    if abs(number) < NEAR:
        yield "one more", value.with_number(number + 1)
        yield "one less", value.with_number(number - 1)
    whole = value.whole
    if whole is not None and whole % 10:
        swapped = int(str(abs(whole))[::-1])
        yield "digits turned round", value.with_number(swapped if whole > 0 else -swapped)


_NOT_SHIFTED: Final = re.compile(r"infty|∞|\+\s*[CcKk]\b")
"""Seven more of these is the same again."""


def _wrong_expressions(text: str) -> Iterator[tuple[str, str]]:
    if not _NOT_SHIFTED.search(text):
        yield "seven more", f"{text} + 7"
    yield "a number out of the blue", "8191"
    yield "another number out of the blue", "-8191/3"


def other_than(answer: str, candidates: Sequence[str]) -> list[str]:
    """Return those candidates that are not the answer, neither in other writing nor as a part."""
    right = _letters(answer)
    kind = read_value(answer).kind
    return [
        one
        for one in candidates
        if read_value(one).kind == kind != "expression"
        and not same(answer, one)
        and (kind != "text" or (_letters(one) not in right and right not in _letters(one)))
    ]
