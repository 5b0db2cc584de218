"""The types that a field of a record may have: what is expected, and what is wrong with an answer.

Answers come from `read_exactly`: numbers are `Decimal`. The methods `expect` raise `ValueError` for
a row's value that is none of the type; the methods `fault` say what is wrong, None: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Context, Decimal
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import AfterValidator, Field

from rft_core import PluginConfig
from rft_pack_extraction.dates import ISO, compile_form, read_date
from rft_pack_extraction.exact_json import Unreadable
from rft_pack_extraction.numerals import Notation, read_numeral, read_row_number
from rft_pack_extraction.texts import MAX_CHARS, Step, normalise

_SHOWN: Final = 40
_CURRENCY: Final = re.compile("[A-Z]{3}")
_AMOUNT_KEYS: Final = {"value", "currency"}
MAX_ELEMENTS: Final = 1000
_EXACT: Final = 300
"""Digits: enough for the difference of any two numbers that are compared."""


class Amount(NamedTuple):
    """So much of a currency, by its ISO 4217 code."""

    value: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.value} {self.currency}"


def shown(value: Any) -> str:
    """Return a value as it stands in reasons: printable and short."""
    if isinstance(value, Unreadable):
        return value.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")
    if isinstance(value, dict | list):
        return f"an {'object' if isinstance(value, dict) else 'array'} of {len(value)}"
    return "null" if value is None else str(value)


def _instead(answer: Any, expected: Any) -> str:
    return f"{shown(answer)} instead of {shown(expected)}"


def _form(form: str) -> str:
    compile_form(form)
    return form


class Typed(PluginConfig):
    """What all types have."""

    weight: float = Field(default=1.0, gt=0, le=1000)
    """What the field counts beside others."""
    optional: bool = False
    """Whether a row's record may lack the field, or have null there."""


class TextField(Typed):
    """A text, compared whole."""

    type: Literal["text"] = "text"
    """Chooses this type."""
    normalize: tuple[Step, ...] = ("nfc", "collapse_whitespace")
    """Which differences do not count: nfc, nfkc, collapse_whitespace, casefold."""

    def expect(self, value: Any) -> str:
        """Return the normalised text."""
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{value!r:.60} is no text, or a blank one")
        if len(value) > MAX_CHARS:
            raise ValueError(f"a text of {len(value)} characters; {MAX_CHARS} are compared")
        return normalise(value, self.normalize)

    def fault(self, expected: str, answer: Any) -> str | None:
        """Compare texts."""
        if not isinstance(answer, str):
            return f"{shown(answer)} is no text"
        if len(answer) > MAX_CHARS:
            return f"a text of {len(answer)} characters"
        right = normalise(answer, self.normalize) == expected
        return None if right else _instead(answer, expected)


class TextsField(Typed):
    """A list of texts in any order; each stands there once."""

    type: Literal["texts"] = "texts"
    """Chooses this type."""
    normalize: tuple[Step, ...] = ("nfc", "collapse_whitespace")
    """As for a text."""

    def expect(self, value: Any) -> frozenset[str]:
        """Return the normalised texts."""
        if not isinstance(value, list) or len(value) > MAX_ELEMENTS:
            raise ValueError(f"{value!r:.60} is no list of at most {MAX_ELEMENTS} texts")
        text = TextField(normalize=self.normalize)
        texts = [text.expect(one) for one in value]
        if len(set(texts)) < len(texts):
            raise ValueError(f"{value!r:.60}: a text is there twice")
        return frozenset(texts)

    def fault(self, expected: frozenset[str], answer: Any) -> str | None:
        """Compare sets of texts."""
        if not isinstance(answer, list) or not all(isinstance(one, str) for one in answer):
            return f"{shown(answer)} is no list of texts"
        if len(answer) != len(expected):
            return f"{len(answer)} texts instead of {len(expected)}"
        if any(len(one) > MAX_CHARS for one in answer):
            return f"a text of more than {MAX_CHARS} characters"
        found = {normalise(one, self.normalize) for one in answer}
        missing = sorted(expected - found)
        return f"without {shown(missing[0])}" if missing else None


class _Numeric(Typed):
    tolerance: Decimal = Field(default=Decimal(0), ge=0, allow_inf_nan=False)
    """By how much the number may be off, as a number of the same unit."""
    text: Notation | None = None
    """A notation in which numbers may be written as text; none: they are JSON numbers."""

    def number(self, answer: Any) -> Decimal | None:
        """Return the number that an answer is, None if it is none."""
        if isinstance(answer, str) and self.text is not None:
            return read_numeral(answer, self.text)
        return answer if isinstance(answer, Decimal) else None

    def close(self, expected: Decimal, answer: Decimal) -> bool:
        """Whether two numbers are equal, but for the tolerance."""
        if not self.tolerance:
            return expected == answer
        return abs(Context(prec=_EXACT).subtract(expected, answer)) <= self.tolerance


class NumberField(_Numeric):
    """A number, compared by its value: 12.5, 12.50 and 1.25e1 are one."""

    type: Literal["number"] = "number"
    """Chooses this type."""

    def expect(self, value: Any) -> Decimal:
        """Return the number."""
        return read_row_number(value)

    def fault(self, expected: Decimal, answer: Any) -> str | None:
        """Compare numbers; true is not 1."""
        number = self.number(answer)
        if number is None:
            return f"{shown(answer)} is no number as it should be written"
        return None if self.close(expected, number) else _instead(answer, expected)


class AmountField(_Numeric):
    """An amount of money: `{"value": 12.5, "currency": "EUR"}`; with `text`, "12.50 EUR" too."""

    type: Literal["amount"] = "amount"
    """Chooses this type."""

    def expect(self, value: Any) -> Amount:
        """Return the amount."""
        if not isinstance(value, dict) or value.keys() != _AMOUNT_KEYS:
            raise ValueError(f'{value!r:.60} is no amount: {{"value": 12.5, "currency": "EUR"}}')
        currency = value["currency"]
        if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
            raise ValueError(f"{currency!r:.60} is no code of a currency, such as EUR")
        return Amount(read_row_number(value["value"]), currency)

    def fault(self, expected: Amount, answer: Any) -> str | None:
        """Compare value and currency; either alone is worth nothing."""
        found = self._amount(answer)
        if found is None:
            return f"{shown(answer)} is no amount as it should be written"
        right = found.currency == expected.currency and self.close(expected.value, found.value)
        return None if right else f"{found} instead of {expected}"

    def _amount(self, answer: Any) -> Amount | None:
        if isinstance(answer, str):
            return self._from_text(answer)
        if not isinstance(answer, dict) or answer.keys() != _AMOUNT_KEYS:
            return None
        number, currency = self.number(answer["value"]), answer["currency"]
        if number is None or not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
            return None
        return Amount(number, currency)

    def _from_text(self, text: str) -> Amount | None:
        """Return the amount of "12.50 EUR" or "EUR 12.50"."""
        for currency, numeral in ((text[-3:], text[:-3]), (text[:3], text[3:])):
            if self.text is not None and _CURRENCY.fullmatch(currency):
                bare = numeral.removesuffix(" ").removeprefix(" ")
                number = read_numeral(bare, self.text)
                return None if number is None else Amount(number, currency)
        return None


class DateField(Typed):
    """A day, written as 2024-03-31 or in one of the forms."""

    type: Literal["date"] = "date"
    """Chooses this type."""
    forms: tuple[Annotated[str, AfterValidator(_form)], ...] = Field(default=(), max_length=10)
    """Further forms, such as DD.MM.YYYY or D Month YYYY; what two of them read differently is
    wrong."""

    def expect(self, value: Any) -> date:
        """Return the day; rows have it in ISO's form."""
        if not isinstance(value, str):
            raise ValueError(f"{value!r:.60} is no date as {ISO}")  # noqa: TRY004 -- an error of the row
        return read_date(value, ())

    def fault(self, expected: date, answer: Any) -> str | None:
        """Compare days; a time of day is part of none."""
        if not isinstance(answer, str):
            return f"{shown(answer)} is no text with a date"
        try:
            found = read_date(answer, self.forms)
        except ValueError as error:
            return str(error)
        return None if found == expected else f"{found} instead of {expected}"


class BooleanField(Typed):
    """True or false, and neither a number nor a text."""

    type: Literal["boolean"] = "boolean"
    """Chooses this type."""

    def expect(self, value: Any) -> bool:
        """Return the value."""
        if not isinstance(value, bool):
            raise ValueError(f"{value!r:.60} is neither true nor false")  # noqa: TRY004 -- an error of the row
        return value

    def fault(self, expected: bool, answer: Any) -> str | None:
        """Compare."""
        return None if answer is expected else _instead(answer, expected)


LEAVES: Final[Sequence[type[Typed]]] = (
    TextField,
    TextsField,
    NumberField,
    AmountField,
    DateField,
    BooleanField,
)
