"""Invoices of invented firms, as texts in several layouts, and the records of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from rft_pack_extraction.dates import write_date
from rft_pack_extraction.orders import Text

INSTRUCTION: Final = "Write the invoice as JSON."
_FIRMS: Final = (
    "Abbott & Sons Ltd", "Bäckerei Gruber", "Carver Tools Inc.", "Dyer Møbler A/S", "Eaton Pumps",
    "Fischer Elektro GmbH", "Gardner Seeds", "Hooper Glass Ltd", "Imprimerie Joly SARL",
    "Kowalski Meble", "Lindqvist Bygg AB", "Mercer Books", "Novák Stroje s.r.o.", "Osgood AG",
)  # fmt: skip
_ITEMS: Final = (
    "desk", "lamp", "office chair", "rope", "kettle", "wall clock", "mirror", "ladder", "bucket",
    "carpet", "drill", "oven", "water pump", "hand saw", "tent", "delivery", "repair",
)  # fmt: skip
_CURRENCIES: Final = ("CHF", "CZK", "DKK", "EUR", "GBP", "NOK", "PLN", "SEK", "USD")
_RATES: Final = (0, 7, 19, 20, 25)
"""Value added tax in per cent."""
_FORMS: Final = ("YYYY-MM-DD", "D Month YYYY", "Month D, YYYY")
_DAYS: Final = (14, 30, 60)
_FIRST: Final = date(2019, 1, 1)
_SPAN: Final = 2500
_DUE: Final = 0.6
"""The share of invoices that say until when to pay; the next ones are shares, too."""
_PAID: Final = 0.3
_WITHOUT_VAT_ID: Final = 0.5
_CONTINENTAL: Final = 0.4
_LAYOUTS: Final = (
    """\
{seller}
Invoice {number}
Date: {date}
To: {buyer}
{lines}
Net: {net}
VAT {rate} %: {vat}
Total: {total}
{due}{paid}""",
    """\
INVOICE {number} of {date}, from {seller} to {buyer}, for {list}.
{net} plus {vat} of VAT ({rate} %), {total} in all. {due}{paid}""",
    """\
To {buyer}: we thank you for your order and charge {total} for {list}.
This includes {rate} % of VAT ({vat}); the net amount is {net}.
{due}{paid} Our invoice {number}, {date}. {seller}""",
)


def generate(rng: random.Random) -> Iterator[Text]:
    """Yield invoices without end. Dates are not ambiguous; amounts are written in two notations."""
    while True:
        yield _invoice(rng)


class _Tax(NamedTuple):
    """Value added tax: so many per cent, so many hundredths of the currency."""

    rate: int
    hundredths: int


def _invoice(rng: random.Random) -> Text:
    seller, buyer = rng.sample(_FIRMS, 2)
    day = _FIRST + timedelta(days=rng.randrange(_SPAN))
    net, rate, currency = rng.randrange(500, 900_000), rng.choice(_RATES), rng.choice(_CURRENCIES)
    tax = _Tax(rate, round(net * rate / 100))
    record: dict[str, Any] = {
        "number": f"{rng.choice(('INV-', 'R', ''))}{day.year}/{rng.randint(1, 999):03}",
        "date": str(day),
        "seller": _party(seller, rng),
        "buyer": _party(buyer, rng),
        "items": rng.sample(_ITEMS, rng.randint(1, 4)),
        "net": {"value": net / 100, "currency": currency},
        "total": {"value": (net + tax.hundredths) / 100, "currency": currency},
        "paid": rng.random() < _PAID,
    }
    if rng.random() < _DUE:
        record["due"] = str(day + timedelta(days=rng.choice(_DAYS)))
    return Text(_text(rng, record, tax), record)


def _party(name: str, rng: random.Random) -> dict[str, Any]:
    if rng.random() < _WITHOUT_VAT_ID:
        return {"name": name}
    return {"name": name, "vat_id": f"EU{rng.randint(10**8, 10**9 - 1)}"}


def _text(rng: random.Random, record: Mapping[str, Any], tax: _Tax) -> str:
    form, continental = rng.choice(_FORMS), rng.random() < _CONTINENTAL

    def amount(hundredths: int) -> str:
        return f"{record['net']['currency']} {_money(hundredths, continental)}"

    def day(name: str) -> str:
        return write_date(date.fromisoformat(record[name]), form)

    pieces = [(rng.randint(1, 12), item) for item in record["items"]]
    return rng.choice(_LAYOUTS).format(
        seller=_named(record["seller"]),
        buyer=_named(record["buyer"]),
        number=record["number"],
        date=day("date"),
        lines="\n".join(f"{count} x {item}" for count, item in pieces),
        list=", ".join(f"{item} ({count})" for count, item in pieces),
        net=amount(round(record["net"]["value"] * 100)),
        vat=amount(tax.hundredths),
        total=amount(round(record["total"]["value"] * 100)),
        rate=tax.rate,
        due=f"Please pay until {day('due')}. " if "due" in record else "",
        paid="Paid with thanks." if record["paid"] else "Not paid yet.",
    )


def _named(party: Mapping[str, Any]) -> str:
    return f"{party['name']} (VAT no. {party['vat_id']})" if "vat_id" in party else party["name"]


def _money(hundredths: int, continental: bool) -> str:
    """Write 1,234.50, or 1.234,50 as on the continent."""
    written = f"{hundredths // 100:,}.{hundredths % 100:02}"
    return written.translate(str.maketrans(",.", ".,")) if continental else written
