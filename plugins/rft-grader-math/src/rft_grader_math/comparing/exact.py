"""Exact arithmetic of rational numbers, bounded before it is carried out."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Final

from rft_grader_math.bounds import MAX_DIGITS, MAX_FACTORIAL
from rft_grader_math.nodes import Call, Node, Number, Quantity

_MAX_BITS: Final = int(MAX_DIGITS * 3.33)
_MAX_BINOMIAL: Final = 5 * MAX_FACTORIAL


def exact(node: Node) -> Fraction | None:
    """Return the value of a node that is rational by arithmetic alone; else None.

    None also where the result would be too long, or is not defined.
    """
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Quantity):
        value = exact(node.value) if node.unit == "%" else None
        return None if value is None else value / 100
    if not isinstance(node, Call) or not node.args:
        return None
    operation = _OPERATIONS.get(node.op)
    if operation is None:
        return None
    values: list[Fraction] = []
    for arg in node.args:
        value = exact(arg)
        if value is None:
            return None
        values.append(value)
    result = operation(values)
    return None if result is None or _bits(result) > _MAX_BITS else result


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _product(values: list[Fraction]) -> Fraction | None:
    if sum(map(_bits, values)) > 4 * _MAX_BITS:
        return None
    return math.prod(values, start=Fraction(1))


def _sum(values: list[Fraction]) -> Fraction | None:
    if sum(value.denominator.bit_length() for value in values) > 4 * _MAX_BITS:
        return None
    return sum(values, Fraction(0))


def _quotient(values: list[Fraction]) -> Fraction | None:
    return values[0] / values[1] if values[1] else None


def _power(values: list[Fraction]) -> Fraction | None:
    base, exponent = values
    if exponent.denominator != 1:
        return _fractional_power(base, exponent)
    if not base:
        return Fraction(1) if not exponent else Fraction(0) if exponent > 0 else None
    if base not in {1, -1} and _bits(base) * abs(exponent) > 2 * _MAX_BITS:
        return None
    return base ** int(exponent if base not in {1, -1} else exponent % 2)


def _fractional_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    rooted = _nth_root(base, exponent.denominator) if base > 0 else None
    return None if rooted is None else _power([rooted, Fraction(exponent.numerator)])


def _nth_root(base: Fraction, degree: int) -> Fraction | None:
    """Return the root of a positive number if it is rational."""
    if degree > _MAX_BITS:
        return None
    top, bottom = _integer_root(base.numerator, degree), _integer_root(base.denominator, degree)
    return None if top is None or bottom is None else Fraction(top, bottom)


def _integer_root(value: int, degree: int) -> int | None:
    if degree == 2:  # noqa: PLR2004
        found = math.isqrt(value)
    else:
        found = round(value ** (1 / degree)) if value.bit_length() < 1_000 else 0  # noqa: PLR2004 - a double's range
    return found if found**degree == value else None


def _root(values: list[Fraction]) -> Fraction | None:
    radicand, degree = values if len(values) > 1 else (values[0], Fraction(2))
    if degree.denominator != 1 or degree < 1:
        return None
    if radicand < 0:
        rooted = _nth_root(-radicand, int(degree)) if degree % 2 else None
        return None if rooted is None else -rooted
    return _nth_root(radicand, int(degree)) if radicand else Fraction(0)


def _factorial(values: list[Fraction]) -> Fraction | None:
    (n,) = values
    if n.denominator != 1 or not 0 <= n <= MAX_FACTORIAL:
        return None
    return Fraction(math.factorial(int(n)))


def _binomial(values: list[Fraction]) -> Fraction | None:
    n, k = values
    if n.denominator != 1 or k.denominator != 1 or not 0 <= n <= _MAX_BINOMIAL or k < 0:
        return None
    return Fraction(math.comb(int(n), int(min(k, n + 1))))


def _remainder(values: list[Fraction]) -> Fraction | None:
    return values[0] % values[1] if values[1] else None


def _integers(function: Callable[..., int]) -> Callable[[list[Fraction]], Fraction | None]:
    def apply(values: list[Fraction]) -> Fraction | None:
        if any(value.denominator != 1 for value in values):
            return None
        return Fraction(reduce(function, map(int, values)))

    return apply


_OPERATIONS: Final[dict[str, Callable[[list[Fraction]], Fraction | None]]] = {
    "neg": lambda values: -values[0],
    "add": _sum,
    "mul": _product,
    "div": _quotient,
    "pow": _power,
    "sqrt": _root,
    "root": _root,
    "abs": lambda values: abs(values[0]),
    "floor": lambda values: Fraction(math.floor(values[0])),
    "ceil": lambda values: Fraction(math.ceil(values[0])),
    "factorial": _factorial,
    "binomial": _binomial,
    "mod": _remainder,
    "gcd": _integers(math.gcd),
    "lcm": _integers(math.lcm),
    "max": max,
    "min": min,
}
