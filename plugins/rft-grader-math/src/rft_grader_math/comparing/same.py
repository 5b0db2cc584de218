"""Whether an answer is the gold answer: the structure of both is followed, cheap tests first."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Protocol

from rft_grader_math.comparing import shapes
from rft_grader_math.comparing.exact import exact
from rft_grader_math.comparing.numeric import Steps
from rft_grader_math.comparing.points import NeedsAlgebra, agree, ratio, real_value
from rft_grader_math.comparing.radicals import radical, same_radical
from rft_grader_math.comparing.words import same_words
from rft_grader_math.errors import UnreadableError
from rft_grader_math.nodes import (
    Call,
    Group,
    GroupKind,
    Interval,
    Matrix,
    Name,
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
from rft_grader_math.policy import Policy
from rft_grader_math.reading import units

COLLECTIONS: Final = frozenset({"list", "listing", "set", "braces", "paren", "bracket", "angle"})
ORDERED: Final = frozenset({"paren", "bracket", "angle"})
CONSTANTS_OF_INTEGRATION: Final = frozenset({"C", "c", "K", "k"})
_STRUCTURED_CALLS: Final = frozenset({"union", "intersection", "difference", "congruence"})


class Algebra(Protocol):
    """What decides where evaluation does not; lives in the worker."""

    def equal(self, gold: Node, answer: Node) -> bool:
        """Whether two expressions are equal."""

    def same_solutions(self, gold: Node, answer: Node) -> bool:
        """Whether two sets of numbers, given by intervals or inequalities, are equal."""


class Contradiction(UnreadableError):  # noqa: N818 - a finding about an answer
    """A chain such as `7 = 42`, whose members are not equal."""


class Comparison:
    """One comparison under a policy; counts its steps.

    Without `algebra`, raises `NeedsAlgebra` where evaluation does not decide.
    """

    def __init__(self, policy: Policy, algebra: Algebra | None = None) -> None:
        self._policy = policy
        self._algebra = algebra
        self._steps = Steps()
        self._depth = 0
        self.tier = "structure"

    def same(self, gold: Node, answer: Node) -> bool:
        """Whether the answer is right; raises `UnreadableError` for one that contradicts itself."""
        if gold == answer:
            return True
        gold, answer = self._prepared(gold), self._prepared(answer)
        if isinstance(gold, Text) or isinstance(answer, Text):
            return same_words(gold, answer)
        if isinstance(gold, Group) and _are_labelled(gold):
            answer = shapes.spread(answer)
        elif isinstance(answer, Group) and _are_labelled(answer):
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
        if isinstance(gold, Number) and isinstance(answer, Number):
            return self._same_number(gold, answer, gold.value, answer.value)
        vectors = shapes.vector(gold), shapes.vector(answer)
        if vectors[0] is not None and vectors[1] is not None and type(gold) is not type(answer):
            return self._same_items(vectors[0], vectors[1])
        match gold, answer:
            case Group(), Group():
                return self._same_group(gold, answer)
            case Matrix(rows=first), Matrix(rows=second):
                same_shape = (len(first), len(first[0])) == (len(second), len(second[0]))
                flat = [[entry for row in rows for entry in row] for rows in (first, second)]
                return same_shape and self._same_items(*flat)
            case Ratio(parts=first), Ratio(parts=second):
                return self._same_items(first, second) or self._proportional(first, second)
            case Call(op=op, args=first), Call(op=other, args=second) if op in _STRUCTURED_CALLS:
                if op == other and len(first) == len(second) and self._matches(first, second):
                    return True
                if "name" in gold.facts and len(names(gold) | names(answer)) > 1:
                    return False
                if op == "congruence":
                    return self._same_congruence(first, second)
                return self._solutions(gold, answer)
        if is_expression(gold) and is_expression(answer):
            return self._same_expression(gold, answer)
        return False

    def _same_congruence(self, gold: Sequence[Node], answer: Sequence[Node]) -> bool:
        """Compare `x ≡ 3 (mod 5)` with `x ≡ 8 (mod 5)`: residues may differ by the modulus."""
        relations, moduli = zip(gold, answer, strict=True)
        modulus = exact(moduli[0])
        if not all(isinstance(r, Relation) and len(r.members) == 2 for r in relations):  # noqa: PLR2004
            return False
        (left, first), (other, second) = (r.members for r in relations)
        residues = exact(first), exact(second)
        if modulus is None or modulus != exact(moduli[1]) or not modulus or None in residues:
            return False
        return left == other and (residues[0] - residues[1]) % modulus == 0  # type: ignore[operator]

    # --- numbers and expressions ---

    def _same_expression(self, gold: Node, answer: Node) -> bool:
        first, second = exact(gold), exact(answer)
        if first is not None and second is not None:
            return self._same_number(gold, answer, first, second)
        radicals = self._same_radical(gold, answer)
        if radicals is not None:
            return radicals or self._is_rounded(gold, answer)
        self.tier = "numeric"
        if self._without_constant(gold) != (None, gold):
            return self._same_antiderivative(gold, answer)
        infinite = (_is_infinite(gold), _is_infinite(answer))
        if any(infinite):
            return all(infinite) and gold == answer
        try:
            if agree(gold, answer, self._steps, tolerance=self._policy.tolerance):
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
        if not isinstance(answer, Number) or not answer.places or abs(answer.value) < Fraction(1, 10):
            return False
        if isinstance(gold, Number) and gold.places is not None:
            return False
        digits = len(str(abs(answer.value.numerator * 10**answer.places // answer.value.denominator)))
        value = exact(gold)
        if value is None:
            value = real_value(gold, self._steps)
        if value is None or digits < 2:  # noqa: PLR2004 - 0.3 is hardly one third
            return False
        scaled = answer.value * 10**answer.places
        return bool(abs(value * 10**answer.places - int(scaled)) * 2 <= 1)

    def _without_constant(self, node: Node) -> tuple[Name | None, Node]:
        """Return a sum's constant of integration and the rest."""
        if isinstance(node, Call) and node.op == "add":
            for index, term in enumerate(node.args):
                if isinstance(term, Name) and term.text in CONSTANTS_OF_INTEGRATION:
                    rest = node.args[:index] + node.args[index + 1 :]
                    return term, rest[0] if len(rest) == 1 else Call("add", rest)
        return None, node

    def _same_antiderivative(self, gold: Node, answer: Node) -> bool:
        """Compare sums with a constant of integration, by whatever letter it goes."""
        _, first = self._without_constant(gold)
        constant, second = self._without_constant(answer)
        if constant is None and self._policy.constant_of_integration == "required":
            return False
        if constant is not None and _uses(first, constant):
            return agree(gold, answer, self._steps)
        return self._same_expression(first, second)

    # --- collections ---

    def _same_group(self, gold: Group, answer: Group) -> bool:
        label, gold = _unlabelled(shapes.flattened(gold))
        other, answer = _unlabelled(shapes.flattened(answer))
        if label is not None and other is not None and label != other:
            return False
        if _are_labelled(gold) != _are_labelled(answer) and gold.kind == answer.kind == "list":
            return self._same_items(gold.items, answer.items)
        if not self._kinds_fit(gold.kind, answer.kind):
            return False
        if gold.kind in ORDERED or answer.kind in ORDERED or self._policy.collections == "loose":
            return self._same_items(gold.items, answer.items)
        if "set" in {gold.kind, answer.kind}:
            return self._covers(gold.items, answer.items) and self._covers(answer.items, gold.items)
        return self._same_elements(gold.items, answer.items)

    def _same_elements(self, gold: Sequence[Node], answer: Sequence[Node]) -> bool:
        """Compare in any order; the answer may repeat itself if the gold does not."""
        if len(gold) == len(answer):
            return self._matches(gold, answer)
        distinct = list(dict.fromkeys(answer))
        return len(distinct) == len(gold) < len(answer) and self._matches(gold, distinct)

    def _kinds_fit(self, gold: GroupKind, answer: GroupKind) -> bool:
        if gold == answer or self._policy.collections == "loose":
            return True
        kinds = {gold, answer}
        if "braces" in kinds:
            return "bracket" not in kinds and "angle" not in kinds
        return "listing" in kinds and kinds <= {"listing", "list", "set"}

    def _same_items(self, first: Sequence[Node], second: Sequence[Node]) -> bool:
        if len(first) != len(second):
            return False
        self._depth += 1
        try:
            return all(self.same(a, b) for a, b in zip(first, second, strict=True))
        finally:
            self._depth -= 1

    def _matches(self, first: Sequence[Node], second: Sequence[Node]) -> bool:
        """Whether elements can be paired, in any order."""
        left = list(second)
        self._depth += 1
        try:
            for item in first:
                index = self._find(item, left)
                if index is None:
                    return False
                del left[index]
        finally:
            self._depth -= 1
        return True

    def _covers(self, first: Sequence[Node], second: Sequence[Node]) -> bool:
        self._depth += 1
        try:
            return all(self._find(item, second) is not None for item in first)
        finally:
            self._depth -= 1

    def _find(self, item: Node, among: Sequence[Node]) -> int | None:
        for index, other in enumerate(among):
            self._steps.take()
            if item == other:
                return index
        return next((i for i, other in enumerate(among) if self.same(item, other)), None)

    def _proportional(self, first: Sequence[Node], second: Sequence[Node]) -> bool:
        """Whether `7:32` and `14:64` are the same ratio; times of day and zeros are not scaled."""
        values = [[exact(part) for part in parts] for parts in (first, second)]
        if len(first) != len(second) or not all(value for row in values for value in row):
            return False
        quotients = {a / b for a, b in zip(*values, strict=True) if a is not None and b}
        return len(quotients) == 1

    # --- intervals and inequalities ---

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
            index = next((i for i, other in enumerate(left) if self._same_interval(interval, other)), None)
            if index is None:
                return False
            del left[index]
        return True

    def _same_interval(self, first: Interval, second: Interval) -> bool:
        opens = [
            (i.low_open or _is_infinite(i.low), i.high_open or _is_infinite(i.high))
            for i in (first, second)
        ]
        return opens[0] == opens[1] and self._same_items((first.low, first.high), (second.low, second.high))

    def _solutions(self, gold: Node, answer: Node) -> bool:
        if self._algebra is None:
            raise NeedsAlgebra
        self.tier = "symbolic"
        return self._algebra.same_solutions(gold, answer)

    # --- relations ---

    def _same_relation(self, gold: Node, answer: Node) -> bool:
        if shapes.is_inequality(gold) and shapes.is_inequality(answer):
            return self._same_inequality(gold, answer)
        is_equation = [not isinstance(n, Relation) or shapes.is_equation(n) for n in (gold, answer)]
        if not all(is_equation):
            return _same_operators(gold, answer) and self._same_items(gold.members, answer.members)  # type: ignore[union-attr]
        label, value, equation = self._resolved(gold, lenient=True)
        other_label, other_value, other_equation = self._resolved(
            answer, lenient=isinstance(gold, Relation) and len(gold.members) > 2  # noqa: PLR2004
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
        first, second = _difference(gold), _difference(answer)
        if first is None or second is None or "name" not in first.facts or "name" not in second.facts:
            return False
        self.tier = "numeric"
        return ratio(first, second, self._steps) is not None

    def _same_inequality(self, gold: Node, answer: Node) -> bool:
        first, second = _difference(gold), _difference(answer)
        if first is None or second is None:
            return _same_operators(gold, answer) and self._same_items(gold.members, answer.members)  # type: ignore[union-attr]
        if _is_strict(gold) != _is_strict(answer):
            return False
        self.tier = "numeric"
        factor = ratio(first, second, self._steps)
        return factor is not None and factor > 0

    # --- units and bases ---

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
            return divided if self._policy.percent == "value" and is_expression(node.value) else node.value
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


def _uses(node: Node, name: Name) -> bool:
    return name.text in names(node)


def _is_infinite(node: Node) -> bool:
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
        case Relation(operators=("!=",), members=(Name(), _)):
            return True
        case Group(kind="list", items=items):
            subjects = {shapes.subject(item) for item in items}
            return len(subjects) == 1 and all(shapes.is_inequality(item) for item in items)
    return shapes.is_inequality(node)


def _is_set_like(node: Node) -> bool:
    """Whether a node may be a set of numbers."""
    match node:
        case Interval() | Call(op="union" | "intersection" | "difference" | "emptyset" | "numbers_R"):
            return True
        case Group(kind="paren" | "bracket" | "set", items=items):
            return all(map(is_expression, items))
    return _is_region(node)


def _same_operators(gold: Node, answer: Node) -> bool:
    return (
        isinstance(gold, Relation)
        and isinstance(answer, Relation)
        and gold.operators == answer.operators
    )


def _is_strict(node: Node) -> bool:
    return isinstance(node, Relation) and node.operators[0] in {"<", ">"}


def _difference(node: Node) -> Node | None:
    """Return the left side minus the right of a relation of two expressions; `>` turned round."""
    if not isinstance(node, Relation) or len(node.members) != 2 or "in" in node.operators:  # noqa: PLR2004
        return None
    left, right = node.members
    if not is_expression(left) or not is_expression(right):
        return None
    if node.operators[0] in {">", ">="}:
        left, right = right, left
    return Call("add", (left, Call("neg", (right,))))


def _is_choice(gold: Node, answer: Node) -> bool:
    """Whether the answer writes one value in several ways, `1/2 or 0.5`."""
    single = not isinstance(gold, Group | Relation)
    return single and isinstance(answer, Group) and answer.kind == "list"


def _unlabelled(group: Group) -> tuple[Node | None, Group]:
    """Return `n = 2, 3, 4` as n and `2, 3, 4`."""
    first, *rest = group.items
    if _are_labelled(group):
        (label, _), *others = (item.members for item in group.items)  # type: ignore[union-attr]
        if all(members[0] == label for members in others) and shapes.is_label(label):
            return label, Group(group.kind, tuple(item.members[1] for item in group.items))  # type: ignore[union-attr]
        return None, group
    if (
        group.kind == "list"
        and isinstance(first, Relation)
        and first.operators == ("=",)
        and shapes.is_label(first.members[0])
        and not any(isinstance(item, Relation) for item in rest)
    ):
        return first.members[0], Group(group.kind, (first.members[1], *rest))
    return None, group


def _are_labelled(group: Group) -> bool:
    """Whether every element says what it is the value of: `x = 1, y = 2`."""
    return all(isinstance(item, Relation) and item.operators == ("=",) for item in group.items)


def _with_letter_unit(node: Node) -> Node:
    match node:
        case Call(op="mul", args=(*factors, Name(text=letter))) if units.is_known(letter):
            return Quantity(factors[0] if len(factors) == 1 else Call("mul", tuple(factors)), letter)
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
