"""Whether an answer is the gold answer: the structure of both is followed, cheap tests first."""

from __future__ import annotations

from typing import Final

from rft_grader_math.comparing import shapes
from rft_grader_math.comparing.groups import Groups, are_labelled
from rft_grader_math.comparing.measures import Measures
from rft_grader_math.comparing.statements import Statements
from rft_grader_math.comparing.values import Values
from rft_grader_math.comparing.words import same_words
from rft_grader_math.nodes import (
    Call,
    Group,
    Matrix,
    Node,
    Number,
    Numeral,
    Quantity,
    Ratio,
    Relation,
    Text,
    is_expression,
    names,
)

_SETS: Final = frozenset({"union", "intersection", "difference"})


class Comparison(Values, Groups, Statements, Measures):
    """Sends each pair of nodes to what compares their kind."""

    def same(self, gold: Node, answer: Node) -> bool:
        """Whether the answer is right; raises `UnreadableError` for one that contradicts itself."""
        if gold == answer:
            return True
        gold, answer = self._prepared(gold), self._prepared(answer)
        if isinstance(gold, Text) or isinstance(answer, Text):
            return same_words(gold, answer)
        if isinstance(gold, Group) and are_labelled(gold):
            answer = shapes.spread(answer)
        elif isinstance(answer, Group) and are_labelled(answer):
            gold = shapes.spread(gold)
        regions = self._as_intervals(gold, answer)
        if regions is not None:
            return regions
        if _is_choice(gold, answer):
            return all(self.same(gold, item) for item in answer.items)  # type: ignore[union-attr]
        if isinstance(gold, Relation) or isinstance(answer, Relation):
            return self._same_relation(gold, answer)
        if isinstance(gold, Numeral) or isinstance(answer, Numeral):
            return self._same_numeral(gold, answer)
        if isinstance(gold, Quantity) or isinstance(answer, Quantity):
            return self._same_quantity(gold, answer)
        return self._same_value(gold, answer)

    def _prepared(self, node: Node) -> Node:
        node = shapes.without_domain(shapes.signs_written_out(node))
        return shapes.conjunction(shapes.without_membership(node))

    def _same_value(self, gold: Node, answer: Node) -> bool:
        match gold, answer:
            case Number(), Number():
                return self._same_number(gold, answer, gold.value, answer.value)
            case Group(), Group():
                return self._same_group(gold, answer)
            case Matrix(), Matrix():
                return self._same_matrix(gold, answer)
            case Ratio(parts=first), Ratio(parts=second):
                return self._same_items(first, second) or self._proportional(first, second)
            case Call(op="congruence", args=first), Call(op="congruence", args=second):
                return self._same_items(first, second) or self._same_congruence(first, second)
            case Call(op=op), Call(op=other) if op in _SETS and other in _SETS:
                return self._same_sets(gold, answer)
        vectors = shapes.vector(gold), shapes.vector(answer)
        if vectors[0] is not None and vectors[1] is not None:
            return self._same_items(vectors[0], vectors[1])
        if is_expression(gold) and is_expression(answer):
            return self._same_expression(gold, answer)
        return False

    def _same_matrix(self, gold: Matrix, answer: Matrix) -> bool:
        shapes_fit = [(len(m.rows), len(m.rows[0])) for m in (gold, answer)]
        entries = [[entry for row in m.rows for entry in row] for m in (gold, answer)]
        return shapes_fit[0] == shapes_fit[1] and self._same_items(*entries)

    def _same_sets(self, gold: Call, answer: Call) -> bool:
        """Compare unions, intersections and differences, by their parts or by algebra."""
        if gold.op == answer.op and len(gold.args) == len(answer.args):
            compare = self._same_items if gold.op == "difference" else self._matches
            if compare(gold.args, answer.args):
                return True
        if len(names(gold) | names(answer)) > 1:  # sets of something else than numbers
            return False
        return self._solutions(gold, answer)


def _is_choice(gold: Node, answer: Node) -> bool:
    """Whether the answer writes one value in several ways, `1/2 or 0.5`."""
    single = not isinstance(gold, Group | Relation)
    return single and isinstance(answer, Group) and answer.kind == "list"
