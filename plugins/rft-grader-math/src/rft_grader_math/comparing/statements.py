"""Compares equations, and answers that say what they are the value of."""

from __future__ import annotations

from rft_grader_math.comparing import shapes
from rft_grader_math.comparing.base import Contradiction
from rft_grader_math.comparing.exact import exact
from rft_grader_math.comparing.points import ratio
from rft_grader_math.comparing.regions import Regions, difference
from rft_grader_math.nodes import Node, Relation


class Statements(Regions):
    """Labels are taken off, steps of a calculation checked, equations compared as a whole."""

    def _same_relation(self, gold: Node, answer: Node) -> bool:
        if shapes.is_inequality(gold) and shapes.is_inequality(answer):
            return self._same_inequality(gold, answer)
        is_equation = [not isinstance(n, Relation) or shapes.is_equation(n) for n in (gold, answer)]
        if not all(is_equation):
            return self._same_members(gold, answer)
        label, value, equation = self._resolved(gold, lenient=True)
        other_label, other_value, other_equation = self._resolved(
            answer,
            lenient=isinstance(gold, Relation) and len(gold.members) > 2,  # noqa: PLR2004
        )
        if equation is not None or other_equation is not None:
            return self._same_equation(gold, answer)
        if label is not None and other_label is not None and label != other_label:
            return self._same_equation(gold, answer)
        return self.same(value, other_value) or (
            label is not None and other_label is not None and self._same_equation(gold, answer)
        )

    def _resolved(self, node: Node, *, lenient: bool) -> tuple[Node | None, Node, Relation | None]:
        """Return label and value of a node; or the equation that it is.

        The members of a chain have to be equal, unless `lenient`: a gold answer may show its steps.
        """
        if not isinstance(node, Relation):
            return None, node, None
        label, values = shapes.split(node)
        if len(values) == 1:
            return label, values[0], None
        if label is None and len(values) == 2:  # noqa: PLR2004 - an equation has two sides
            return self._two_sides(node, values)
        if any("name" in value.facts for value in values[:-1]) or any(map(shapes.is_label, values)):
            return None, node, node
        if not lenient and not all(map(self.same, values, values[1:])):
            raise Contradiction("a chain of equalities that do not hold")
        return label, values[-1], None

    def _two_sides(
        self, node: Relation, values: tuple[Node, ...]
    ) -> tuple[Node | None, Node, Relation | None]:
        if not any(map(shapes.is_label, values)) and self.same(*values):
            return None, values[-1], None
        if all(exact(value) is not None for value in values):
            raise Contradiction("an equality that does not hold")
        return None, values[-1], node

    def _same_equation(self, gold: Node, answer: Node) -> bool:
        """Whether two equations have the same solutions since one is a multiple of the other."""
        first, second = difference(gold), difference(answer)
        if (
            first is None
            or second is None
            or "name" not in first.facts
            or "name" not in second.facts
        ):
            return False
        self.tier = "numeric"
        return ratio(first, second, self._steps) is not None
