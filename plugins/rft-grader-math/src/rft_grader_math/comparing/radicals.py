"""Exact comparison of single terms with roots, such as `3√2` and `√18`, without evaluation."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final, NamedTuple

from rft_grader_math.bounds import MAX_DIGITS
from rft_grader_math.comparing.exact import exact
from rft_grader_math.nodes import Call, Node

_MAX_DEGREE: Final = 60
_MAX_BITS: Final = 4 * MAX_DIGITS


class Radical(NamedTuple):
    """The number `sign · power^(1/degree)`, with a positive rational power."""

    sign: int
    power: Fraction
    degree: int


def radical(node: Node) -> Radical | None:
    """Return a product or quotient of rational numbers and their roots; None for anything else."""
    value = exact(node)
    if value is not None:
        return Radical(1 if value > 0 else -1, abs(value), 1) if value else None
    if not isinstance(node, Call):
        return None
    match node.op, node.args:
        case "neg", (inner,):
            found = radical(inner)
            return None if found is None else found._replace(sign=-found.sign)
        case "mul", factors:
            return _product(factors)
        case "div", (top, bottom):
            first, second = radical(top), radical(bottom)
            return None if first is None or second is None else _times(first, _inverse(second))
        case "sqrt", (inner,):
            return _root(radical(inner), 2)
        case "root", (inner, degree):
            return _root(radical(inner), _small(exact(degree)))
        case "pow", (inner, exponent):
            return _power(radical(inner), exact(exponent))
    return None


def same_radical(first: Radical, second: Radical) -> bool:
    """Whether two are the same number."""
    degree = math.lcm(first.degree, second.degree)
    powers = [each.power ** (degree // each.degree) for each in (first, second)]
    return first.sign == second.sign and powers[0] == powers[1]


def _product(factors: tuple[Node, ...]) -> Radical | None:
    product = Radical(1, Fraction(1), 1)
    for factor in factors:
        found = radical(factor)
        multiplied = None if found is None else _times(product, found)
        if multiplied is None:
            return None
        product = multiplied
    return product


def _times(first: Radical, second: Radical) -> Radical | None:
    degree = math.lcm(first.degree, second.degree)
    powers = [each.power ** (degree // each.degree) for each in (first, second)]
    return _bounded(Radical(first.sign * second.sign, powers[0] * powers[1], degree))


def _inverse(number: Radical) -> Radical:
    return number._replace(power=1 / number.power)


def _root(number: Radical | None, degree: int | None) -> Radical | None:
    """Return the real root; none of even degree of a negative number."""
    if number is None or degree is None or (number.sign < 0 and degree % 2 == 0):
        return None
    return _bounded(number._replace(degree=number.degree * degree))


def _power(number: Radical | None, exponent: Fraction | None) -> Radical | None:
    """Return a power of a positive number."""
    if number is None or exponent is None or number.sign < 0:
        return None
    top, degree = abs(exponent.numerator), exponent.denominator
    bits = number.power.numerator.bit_length() + number.power.denominator.bit_length()
    if bits * top > _MAX_BITS:
        return None
    power = number.power**top
    return _bounded(Radical(1, power if exponent > 0 else 1 / power, number.degree * degree))


def _small(value: Fraction | None) -> int | None:
    if value is None or value.denominator != 1 or not 1 <= value <= _MAX_DEGREE:
        return None
    return int(value)


def _bounded(number: Radical) -> Radical | None:
    bits = number.power.numerator.bit_length() + number.power.denominator.bit_length()
    return number if number.degree <= _MAX_DEGREE and bits <= _MAX_BITS else None
