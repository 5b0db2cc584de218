"""Units: which words are some, under one name each, and what converts into what."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

CURRENCIES: Final = {
    "\\$": "$", "€": "€", "£": "£", "¥": "¥", "₹": "₹", "\\euro": "€", "\\pounds": "£",
}  # fmt: skip

_ALIASES: Final = {
    "%": "percent pct percentage percents",
    "°": "deg degree degrees",
    "$": "dollar dollars usd bucks",
    "€": "euro euros eur",
    "£": "pound_sterling gbp",
    "cent": "cents",
    "mm": "millimeter millimeters millimetre millimetres",
    "cm": "centimeter centimeters centimetre centimetres",
    "dm": "decimeter decimeters decimetre decimetres",
    "m": "meter meters metre metres",
    "km": "kilometer kilometers kilometre kilometres",
    "inch": "inches",
    "ft": "foot feet",
    "yd": "yard yards",
    "mile": "miles mi",
    "mg": "milligram milligrams",
    "g": "gram grams gm",
    "kg": "kilogram kilograms kgs",
    "oz": "ounce ounces",
    "lb": "pound pounds lbs",
    "s": "sec secs second seconds",
    "min": "minute minutes mins",
    "h": "hr hrs hour hours",
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years yr yrs",
    "ml": "milliliter milliliters millilitre millilitres",
    "l": "liter liters litre litres",
    "gallon": "gallons gal",
    "hz": "hertz",
    "n": "newton newtons",
    "j": "joule joules",
    "w": "watt watts",
    "v": "volt volts",
    "a": "ampere amperes amp amps",
    "pa": "pascal pascals",
    "kelvin": "kelvins",
    "mol": "mole moles",
    "rad": "radian radians",
    "mph": "miles_per_hour",
    "kph": "kmh",
    "am": "",
    "pm": "",
    "unit": "units",
}
CANONICAL: Final = {
    alias: name for name, aliases in _ALIASES.items() for alias in (name, *aliases.split())
}
_SYMPY: Final = {
    "mm": "millimeter", "cm": "centimeter", "dm": "decimeter", "m": "meter", "km": "kilometer",
    "inch": "inch", "ft": "foot", "yd": "yard", "mile": "mile", "mg": "milligram", "g": "gram",
    "kg": "kilogram", "lb": "pound", "s": "second", "min": "minute", "h": "hour", "day": "day",
    "week": None, "ml": "milliliter", "l": "liter", "hz": "hertz", "n": "newton", "j": "joule",
    "w": "watt", "v": "volt", "a": "ampere", "pa": "pascal", "kelvin": "kelvin", "mol": "mole",
    "rad": "radian", "°": "degree",
}  # fmt: skip
SCALES: Final = {
    "hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "dozen": 12, "k": 1_000,
}  # fmt: skip
"""Words behind a number that multiply it."""
_COMPOUND: Final = {"mph": (("h", -1), ("mile", 1)), "kph": (("h", -1), ("km", 1))}
_POWERS: Final = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_PART: Final = re.compile(r"([^\W\d_]+|[%°$€£¥₹])(?:\s*\^?\s*\{?(-?\d)\}?)?|(/|per\b)|(\d+)")


def is_unit(word: str) -> bool:
    """Whether a word of several letters is a unit that is known."""
    return len(word) > 1 and (word.lower() in CANONICAL or word in _POWERS)


@lru_cache(maxsize=4096)
def canonical(unit: str) -> tuple[tuple[str, int], ...]:
    """Return the factors of a unit with their exponents, sorted: `feet per s^2`: ft 1, s -2.

    Words that are no units count as factors, too, in the singular.
    """
    powers: dict[str, int] = {}
    side, raised = 1, 1
    for match in _PART.finditer(unit.replace("\\", " ")):
        word, exponent, slash, _ = match.groups()
        if slash or word == "per":
            side = -1
        elif word and word.lower() in _POWERS:
            raised = _POWERS[word.lower()]
        elif word and word.lower() not in {"of", "the", "a", "an", "in"}:
            name = _name(word)
            for part, power in _COMPOUND.get(name, ((name, 1),)):
                powers[part] = powers.get(part, 0) + power * side * int(exponent or 1) * raised
            raised = 1
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def _name(word: str) -> str:
    lower = word.lower()
    if lower in CANONICAL:
        return CANONICAL[lower]
    return lower[:-1] if len(lower) > 3 and lower.endswith("s") else lower  # noqa: PLR2004


def is_known(unit: str) -> bool:
    """Whether all factors of a unit are units and not just words."""
    factors = canonical(unit)
    return bool(factors) and all(name in _ALIASES for name, _ in factors)


@lru_cache(maxsize=4096)
def in_base_units(unit: str) -> tuple[Fraction, str] | None:
    """Return the factor to SI base units and the dimension; None if a factor is not known.

    Degrees are π/180 radians, which is no fraction, so they do not convert here.
    """
    from sympy.physics import units
    from sympy.physics.units.systems import SI

    scale, dimension = Fraction(1), SI.get_dimensional_expr(units.meter) ** 0
    for name, power in canonical(unit):
        quantity = getattr(units, _SYMPY.get(name) or "", None)
        if quantity is None or not quantity.scale_factor.is_Rational:
            return None
        factor = Fraction(int(quantity.scale_factor.p), int(quantity.scale_factor.q))
        scale *= factor**power
        dimension *= SI.get_dimensional_expr(quantity) ** power
    return scale, str(dimension)
