"""Compares sets of real numbers: intervals, unions, inequalities."""

from __future__ import annotations

from collections.abc import Sequence

from rft_grader_math.comparing import shapes
from rft_grader_math.comparing.base import Base
from rft_grader_math.comparing.points import ratio
from rft_grader_math.nodes import Call, Group, Interval, Node, Relation, is_expression, names


class Regions(Base):
    """Intervals by their ends, inequalities as multiples of each other, the rest by algebra."""

    def _as_intervals(self, gold: Node, answer: Node) -> bool | None:
        """Compare as sets of numbers if both can be and one of them surely is; else None."""
        if not (_is_region(gold) or _is_region(answer)):
            return None
        subjects = {shapes.subject(gold), shapes.subject(answer)} - {None}
        if len(subjects) > 1:
            return False if _is_set_like(gold) and _is_set_like(answer) else None
        first, second = shapes.intervals(gold), shapes.intervals(answer)
        if first is None or second is None:
            return self._unsolved(gold, answer)
        if len(first) == len(second) and self._matches_intervals(first, second):
            return True
        if len(first) == len(second) == 1:
            return False
        return self._solutions(gold, answer)

    def _unsolved(self, gold: Node, answer: Node) -> bool | None:
        """Compare where a side is an inequality that has still to be solved, or a set operation."""
        if not (_is_set_like(gold) and _is_set_like(answer)):
            return None
        if shapes.is_inequality(gold) and shapes.is_inequality(answer):
            if self._same_inequality(gold, answer):
                return True
            if not len(names(gold) | names(answer)) == len(names(gold)) == 1:
                return False
        return self._solutions(gold, answer)

    def _matches_intervals(self, first: Sequence[Interval], second: Sequence[Interval]) -> bool:
        left = list(second)
        for interval in first:
            index = next(
                (i for i, other in enumerate(left) if self._same_interval(interval, other)), None
            )
            if index is None:
                return False
            del left[index]
        return True

    def _same_interval(self, first: Interval, second: Interval) -> bool:
        opens = [
            (i.low_open or is_infinite(i.low), i.high_open or is_infinite(i.high))
            for i in (first, second)
        ]
        return opens[0] == opens[1] and self._same_items(
            (first.low, first.high), (second.low, second.high)
        )

    def _same_members(self, gold: Node, answer: Node) -> bool:
        """Whether two relations have the same signs and members in the same order, or reverse."""
        if not (isinstance(gold, Relation) and isinstance(answer, Relation)):
            return False
        gold, answer = shapes.ascending(gold), shapes.ascending(answer)
        if gold.operators != answer.operators:
            return False
        return self._same_items(gold.members, answer.members) or (
            set(gold.operators) == {"!="} and self._same_items(gold.members, answer.members[::-1])
        )

    def _same_inequality(self, gold: Node, answer: Node) -> bool:
        first, second = difference(gold), difference(answer)
        if first is None or second is None:
            return self._same_members(gold, answer)
        if _is_strict(gold) != _is_strict(answer):
            return False
        self.tier = "numeric"
        factor = ratio(first, second, self._steps)
        return factor is not None and factor > 0


def is_infinite(node: Node) -> bool:
    """Whether a node is plus or minus infinity."""
    return node in {shapes.INFINITY, shapes.MINUS_INFINITY}


def _is_region(node: Node) -> bool:
    """Whether a node is surely a set of numbers and not, as `(1, 2)` may be, a point."""
    match node:
        case Interval() | Call(op="numbers_R"):
            return True
        case Call(op="union", args=args):
            return len({shapes.subject(arg) for arg in args}) == 1
        case Relation(operators=("in",)):
            return True
        case Relation(operators=("!=",)):
            return shapes.subject(node) is not None
        case Group(kind="list", items=items):
            subjects = {shapes.subject(item) for item in items}
            return len(subjects) == 1 and all(shapes.is_inequality(item) for item in items)
    return shapes.is_inequality(node)


def _is_set_like(node: Node) -> bool:
    """Whether a node may be a set of numbers."""
    match node:
        case (
            Interval() | Call(op="union" | "intersection" | "difference" | "emptyset" | "numbers_R")
        ):
            return True
        case Group(kind="paren" | "bracket" | "set", items=items):
            return all(map(is_expression, items))
    return _is_region(node)


def _is_strict(node: Node) -> bool:
    return isinstance(node, Relation) and node.operators[0] in {"<", ">"}


def difference(node: Node) -> Node | None:
    """Return the left side minus the right of a relation of two expressions; `>` turned round."""
    if not isinstance(node, Relation) or len(node.members) != 2 or "in" in node.operators:  # noqa: PLR2004
        return None
    left, right = node.members
    if not is_expression(left) or not is_expression(right):
        return None
    if node.operators[0] in {">", ">="}:
        left, right = right, left
    return Call("add", (left, Call("neg", (right,))))
