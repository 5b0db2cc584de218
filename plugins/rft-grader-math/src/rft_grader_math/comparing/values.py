"""Compares numbers and expressions."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import Final

from rft_grader_math.comparing.base import Base
from rft_grader_math.comparing.exact import exact
from rft_grader_math.comparing.points import NeedsAlgebra, agree, real_value
from rft_grader_math.comparing.radicals import radical, same_radical
from rft_grader_math.comparing.regions import is_infinite
from rft_grader_math.nodes import Call, Name, Node, Number, Relation, names

CONSTANTS_OF_INTEGRATION: Final = frozenset({"C", "K"})
"""What may stand in a gold answer; the answer may use small letters, too."""


class Values(Base):
    """Numbers exactly, expressions by their values, with the policy's leniency."""

    def _same_expression(self, gold: Node, answer: Node) -> bool:
        first, second = exact(gold), exact(answer)
        if first is not None and second is not None:
            return self._same_number(gold, answer, first, second)
        radicals = self._same_radical(gold, answer)
        if radicals is not None:
            return radicals or self._is_rounded(gold, answer)
        self.tier = "numeric"
        infinite = (is_infinite(gold), is_infinite(answer))
        if any(infinite):
            return all(infinite) and gold == answer
        try:
            if agree(gold, answer, self._steps, tolerance=self._policy.tolerance):
                return True
            if "name" in gold.facts and self._same_antiderivative(gold, answer):
                return True
        except NeedsAlgebra:
            if self._algebra is None:
                raise
            self.tier = "symbolic"
            return self._algebra.equal(gold, answer)
        return self._is_rounded(gold, answer)

    def _same_radical(self, gold: Node, answer: Node) -> bool | None:
        """Compare two constants with roots exactly; None if they are more than one term."""
        if self._policy.tolerance or "name" in gold.facts or "name" in answer.facts:
            return None
        first = radical(gold)
        second = radical(answer) if first is not None else None
        if first is None or second is None:
            return None
        self.tier = "exact"
        return same_radical(first, second)

    def _same_number(self, gold: Node, answer: Node, first: Fraction, second: Fraction) -> bool:
        self.tier = "exact"
        if first == second:
            return True
        if self._policy.tolerance and abs(first - second) <= self._policy.tolerance * abs(first):
            return True
        return self._is_rounded(gold, answer)

    def _is_rounded(self, gold: Node, answer: Node) -> bool:
        """Whether the answer is a decimal to which the gold value rounds, where that is allowed."""
        allowed = self._policy.rounded
        if allowed == "reject" or (allowed == "in_collections" and not self._depth):
            return False
        if (
            not isinstance(answer, Number)
            or not answer.places
            or abs(answer.value) < Fraction(1, 10)
        ):
            return False
        if isinstance(gold, Number) and gold.places is not None:
            return False
        value = exact(gold)
        if value is None:
            value = real_value(gold, self._steps)
        scaled = int(answer.value * 10**answer.places)
        if value is None or abs(scaled) < 10:  # noqa: PLR2004 - 0.3 is hardly one third
            return False
        return bool(abs(value * 10**answer.places - scaled) * 2 <= 1)

    def _same_antiderivative(self, gold: Node, answer: Node) -> bool:
        """Compare sums with a constant of integration, by whatever letter it goes."""
        constant, first = _without_constant(gold, CONSTANTS_OF_INTEGRATION)
        if constant is None:
            return False
        other, second = _without_constant(answer, {"C", "c", "K", "k"} - names(first))
        if other is None and self._policy.constant_of_integration == "required":
            return False
        return agree(first, second, self._steps)

    def _same_congruence(self, gold: Sequence[Node], answer: Sequence[Node]) -> bool:
        """Compare `x ≡ 3 (mod 5)` with `x ≡ 8 (mod 5)`: residues may differ by the modulus."""
        match gold, answer:
            case (
                (Relation(members=(left, first)), modulus),
                (Relation(members=(other, second)), same_modulus),
            ):
                numbers = [exact(node) for node in (first, second, modulus, same_modulus)]
            case _:
                return False
        a, b, m, n = numbers
        if a is None or b is None or m is None or not m:
            return False
        return left == other and m == n and (a - b) % m == 0


def _without_constant(node: Node, letters: AbstractSet[str]) -> tuple[Name | None, Node]:
    """Return a sum's constant of integration and the rest."""
    if isinstance(node, Call) and node.op == "add":
        for index, term in enumerate(node.args):
            if isinstance(term, Name) and term.text in letters:
                rest = node.args[:index] + node.args[index + 1 :]
                return term, rest[0] if len(rest) == 1 else Call("add", rest)
    return None, node
