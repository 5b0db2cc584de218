"""Compares quantities with units, and numerals in a base."""

from __future__ import annotations

from fractions import Fraction

from rft_grader_math.comparing.base import Base
from rft_grader_math.nodes import Call, Name, Node, Number, Numeral, Quantity, is_expression
from rft_grader_math.reading import units


class Measures(Base):
    """Units, percent, degrees and bases, as the policy has it."""

    def _same_quantity(self, gold: Node, answer: Node) -> bool:
        gold, answer = self._measured(gold, answer), self._measured(answer, gold)
        first, second = _unit(gold), _unit(answer)
        value, other = _value(gold), _value(answer)
        if self._policy.units == "convert" and first and second and first != second:
            return self._converted(value, other, first, second)
        return self._units_fit(first, second) and self.same(value, other)

    def _measured(self, node: Node, other: Node) -> Node:
        """Return a node with percent, and degrees if they are to be converted, as factors.

        Beside a quantity, `5m` is one, too, if the letter is a unit.
        """
        if not isinstance(node, Quantity):
            return _with_letter_unit(node) if isinstance(other, Quantity) else node
        name = units.canonical(node.unit)
        if name == (("%", 1),):
            divided = Call("div", (node.value, Number(Fraction(100))))
            return (
                divided
                if self._policy.percent == "value" and is_expression(node.value)
                else node.value
            )
        if name == (("°", 1),) and self._policy.degrees == "convert":
            factor = Call("div", (Call("pi"), Number(Fraction(180))))
            return Call("mul", (node.value, factor))
        return node

    def _units_fit(self, gold: str, answer: str) -> bool:
        if self._policy.units == "ignore":
            return True
        first, second = units.canonical(gold), units.canonical(answer)
        if first == second:
            return True
        if not second:
            return self._policy.units != "require"
        if not first:
            degrees = second == (("°", 1),) and self._policy.degrees == "forgive"
            return self._policy.units != "require" and not degrees
        known = units.is_known(gold) and units.is_known(answer)
        return not known and _one_within_other(first, second)

    def _converted(self, gold: Node, answer: Node, first: str, second: str) -> bool:
        scales = units.in_base_units(first), units.in_base_units(second)
        if scales[0] is None or scales[1] is None or scales[0][1] != scales[1][1]:
            return self._units_fit(first, second) and self.same(gold, answer)
        return self.same(
            Call("mul", (Number(scales[0][0]), gold)), Call("mul", (Number(scales[1][0]), answer))
        )

    def _same_numeral(self, gold: Node, answer: Node) -> bool:
        policy = self._policy.base
        if isinstance(gold, Numeral) and isinstance(answer, Numeral) and policy != "ignore":
            return int(gold.digits, gold.base) == int(answer.digits, answer.base) and (
                policy == "value" or gold.base == answer.base
            )
        if policy == "numeral":
            return False
        as_numbers = [
            Number(Fraction(int(n.digits, n.base if policy == "value" else 10)))
            if isinstance(n, Numeral)
            else n
            for n in (gold, answer)
        ]
        return self.same(*as_numbers)


def _with_letter_unit(node: Node) -> Node:
    match node:
        case Call(op="mul", args=(*factors, Name(text=letter))) if units.is_known(letter):
            return Quantity(
                factors[0] if len(factors) == 1 else Call("mul", tuple(factors)), letter
            )
    return node


def _unit(node: Node) -> str:
    return node.unit if isinstance(node, Quantity) else ""


def _value(node: Node) -> Node:
    return node.value if isinstance(node, Quantity) else node


def _one_within_other(
    first: tuple[tuple[str, int], ...], second: tuple[tuple[str, int], ...]
) -> bool:
    """Whether one of two descriptions, `red apples` and `apples`, is part of the other."""
    return set(first) <= set(second) or set(second) <= set(first)
