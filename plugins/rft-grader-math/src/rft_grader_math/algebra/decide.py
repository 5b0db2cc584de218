"""What SymPy decides, in the worker: sums, integrals, limits, and sets of solutions."""

from __future__ import annotations

from typing import Any, Final

import sympy

from rft_grader_math.algebra.convert import expression, solutions
from rft_grader_math.nodes import Node

_DIGITS: Final = 50
_NOISE: Final = 1e-40


class SympyAlgebra:
    """Decides by simplification; what SymPy cannot show to be equal is not equal."""

    def equal(self, gold: Node, answer: Node) -> bool:
        """Whether the difference of two expressions, carried out, is zero."""
        difference = expression(gold).doit() - expression(answer).doit()
        if difference == 0:
            return True
        if not difference.free_symbols:
            return _vanishes(difference)
        return bool(sympy.simplify(difference) == 0)

    def same_solutions(self, gold: Node, answer: Node) -> bool:
        """Whether two sets of real numbers have no element that only one of them has."""
        first, second = solutions(gold), solutions(answer)
        if first == second:
            return True
        return bool(sympy.SymmetricDifference(first, second).simplify() == sympy.S.EmptySet)


def _vanishes(constant: Any) -> bool:
    """Whether a constant is zero, by its value; by simplification where it has none."""
    value = constant.evalf(_DIGITS, chop=False)
    if value.is_number and value.is_finite and value.is_Float | value.is_Rational:
        return bool(abs(value) < _NOISE)
    return bool(sympy.simplify(constant) == 0)
