"""What SymPy decides, in the worker: sums, integrals, limits, and sets of solutions."""

from __future__ import annotations

from typing import Any, Final

import sympy

from rft_grader_math.algebra.convert import expression, solutions
from rft_grader_math.nodes import Node

_DIGITS: Final = 50
_RELATIVE: Final = sympy.Float(10) ** -40


class SympyAlgebra:
    """Decides by simplification; what SymPy cannot show to be equal is not equal."""

    def equal(self, gold: Node, answer: Node) -> bool:
        """Whether two expressions, carried out, are the same."""
        first, second = expression(gold).doit(), expression(answer).doit()
        difference = first - second
        if difference == 0:
            return True
        if difference.is_Rational:
            return False
        if not difference.free_symbols:
            return _same_constant(first, second)
        return bool(sympy.simplify(difference) == 0)

    def same_solutions(self, gold: Node, answer: Node) -> bool:
        """Whether two sets of real numbers have no element that only one of them has."""
        first, second = solutions(gold), solutions(answer)
        if first == second:
            return True
        return bool(sympy.SymmetricDifference(first, second).simplify() == sympy.S.EmptySet)


def _same_constant(first: Any, second: Any) -> bool:
    """Whether two constants agree to many digits; by simplification where they have no value."""
    values = [constant.evalf(_DIGITS) for constant in (first, second)]
    if all(value.is_comparable or value.is_number for value in values):
        size = max(abs(value) for value in values)
        if size.is_comparable and size > 0:
            return bool(abs(values[0] - values[1]) < size * _RELATIVE)
    return bool(sympy.simplify(first - second) == 0)
