"""Builds expressions in one form, whatever notation they were read from."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from rft_grader_math.errors import UnreadableError
from rft_grader_math.nodes import Call, Group, Name, Node, Number, Quantity

ONE: Final = Number(Fraction(1))
TWO: Final = Number(Fraction(2))
ARITIES: Final = {
    "binomial": (2, 2), "mod": (2, 2), "log": (2, 2), "root": (2, 2),
    "gcd": (1, 20), "lcm": (1, 20), "max": (1, 20), "min": (1, 20),
}  # fmt: skip
NATURAL: Final = ((Call("e"),), (Name("E"),))
"""SymPy calls the base of the natural logarithm E."""


def negated(node: Node) -> Node:
    """Return minus the node."""
    if isinstance(node, Number):
        return Number(-node.value, node.places)
    if isinstance(node, Quantity):
        return Quantity(negated(node.value), node.unit)
    return Call("neg", (node,))


def joined(op: str, left: Node, right: Node) -> Node:
    """Return a product, quotient or remainder; products are kept flat, units stay outside."""
    if (
        op == "mul"
        and isinstance(right, Quantity)
        and right.unit != "°"
        and not isinstance(left, Quantity)
    ):
        return Quantity(joined(op, left, right.value), right.unit)
    if op == "mul":  # \{x + y\} z: braces that group
        left, right = _without_braces(left), _without_braces(right)
    if op == "mul" and isinstance(left, Call) and left.op == "mul":
        return Call("mul", (*left.args, right))
    return Call(op, (left, right))


def _without_braces(node: Node) -> Node:
    single = isinstance(node, Group) and node.kind == "set" and len(node.items) == 1
    return node.items[0] if single and isinstance(node, Group) else node


def flat(node: Node) -> Node:
    """Return a sum with the terms of the sum it begins with beside its own."""
    terms: list[Node] = []
    while isinstance(node, Call) and node.op == "add":
        terms.extend(reversed(node.args[1:]))
        node = node.args[0]
    return Call("add", (node, *reversed(terms))) if terms else node


def root(radicand: Node, degree: Node) -> Node:
    """Return a root; square roots are the usual case."""
    if degree == TWO:
        return Call("sqrt", (radicand,))
    return Call("root", (radicand, degree))


def named_call(op: str, args: tuple[Node, ...], base: Node | None) -> Node:
    """Return a function applied, logarithms in one form: natural, or with their base."""
    if op == "lg" and len(args) == 1:
        return Call("log", (*args, Number(Fraction(10))))
    if op in {"ln", "log"} and base is None and (len(args) == 1 or args[1:] in NATURAL):
        return Call("ln", args[:1])
    if op == "log" and base is not None and len(args) == 1:
        return Call("log", (args[0], base))
    if op == "exp" and base is None and len(args) == 1:
        return Call("pow", (Call("e"), args[0]))
    low, high = ARITIES.get(op, (1, 1))
    if not low <= len(args) <= high or base is not None:
        raise UnreadableError(f"{op} of {len(args)} arguments")
    return root(args[0], Number(Fraction(3))) if op == "cbrt" else Call(op, args)
