"""What an answer amounts to: its label taken off, ± written out, steps reduced to their result."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Final

from rft_grader_math.bounds import MAX_ITEMS
from rft_grader_math.errors import TooLargeError
from rft_grader_math.nodes import (
    Apply,
    Call,
    Group,
    Interval,
    Matrix,
    Name,
    Node,
    Number,
    Quantity,
    Ratio,
    Relation,
    Text,
    children,
    walk,
)

ORDERS: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
INFINITY: Final = Call("infinity")
MINUS_INFINITY: Final = Call("neg", (INFINITY,))
UNEVALUATED: Final = frozenset({"mod", "sum", "product", "integral", "limit", "derivative", "det"})
_MAX_SIGNS: Final = 3


def is_label(node: Node) -> bool:
    """Whether a node only names what is asked for: `x`, `f(x)`, `|AB|`, `A:B`, `(p, q)`."""
    match node:
        case Name() | Apply() | Text():
            return True
        case Call(op="abs", args=(inner,)) | Call(op="conjugate", args=(inner,)):
            return is_label(inner)
        case Call(op="mul", args=args):  # a segment: AB
            return all(isinstance(a, Name) and a.text[0].isupper() for a in args)
        case Call(op="div", args=args) | Ratio(parts=args):
            return all(map(is_label, args))
        case Call(op="derivative"):
            return True
        case Group(kind="paren", items=items):
            return all(map(is_label, items))
    return False


def is_equation(node: Node) -> bool:
    """Whether a node is a chain of equalities, exact or approximate."""
    return isinstance(node, Relation) and set(node.operators) <= {"=", "approx", "in"}


def is_inequality(node: Node) -> bool:
    """Whether a node is a chain of `<`, `<=`, `>` and `>=`."""
    return isinstance(node, Relation) and set(node.operators) <= set(ORDERS)


def split(relation: Relation) -> tuple[Node | None, tuple[Node, ...]]:
    """Return the label of a chain of equalities, and the values it is said to have.

    What follows `≈` is left out, unless nothing but a label stands before it.
    """
    members = list(relation.members)
    exact = relation.operators.index("approx") + 1 if "approx" in relation.operators else len(members)
    label: Node | None = None
    if exact == 1 and is_label(members[0]):
        label, members = members[0], members[1:2]
    else:
        members = members[:exact]
        if len(members) > 1 and is_label(members[0]):
            label, members = members[0], members[1:]
        elif len(members) == 2 and is_label(members[1]):  # noqa: PLR2004 - `5 = x`
            label, members = members[1], members[:1]
    return label, tuple(members)


def signs_written_out(node: Node) -> Node:
    """Return `a ± b` as the two values it stands for, in a listing; other nodes as they are."""
    if "sign" not in node.facts:
        return node
    signs = sum(isinstance(part, Call) and part.op in {"pm", "mp"} for part in walk(node))
    if signs > _MAX_SIGNS:
        raise TooLargeError(f"more than {_MAX_SIGNS} signs ±")
    if isinstance(node, Relation) and is_equation(node):
        last = signs_written_out(node.members[-1])
        items = last.items if isinstance(last, Group) else (last,)
        return Group("listing", tuple(replace(node, members=(*node.members[:-1], i)) for i in items))
    if isinstance(node, Group):
        return flattened(Group(node.kind, tuple(map(signs_written_out, node.items))))
    return Group("listing", tuple(_with_sign(node, plus=plus) for plus in (True, False)))


def flattened(group: Group) -> Group:
    """Return a list with the elements of the listings in it as its own."""
    if group.kind not in {"list", "listing", "set", "braces"}:
        return group
    parts = (
        item.items if isinstance(item, Group) and item.kind == "listing" else (item,)
        for item in group.items
    )
    items = tuple(chain.from_iterable(parts))
    if len(items) > MAX_ITEMS:
        raise TooLargeError(f"more than {MAX_ITEMS} elements")
    return Group(group.kind, items)


def _with_sign(node: Node, *, plus: bool) -> Node:
    """Return the node with each ± read as plus, or as minus; ∓ the other way."""
    match node:
        case Call(op="pm" | "mp" as op, args=args):
            *before, last = (_with_sign(arg, plus=plus) for arg in args)
            signed = last if plus == (op == "pm") else Call("neg", (last,))
            return Call("add", (*before, signed)) if before else signed
        case Call(args=args):
            return Call(node.op, tuple(_with_sign(arg, plus=plus) for arg in args))
        case Quantity(value=value):
            return Quantity(_with_sign(value, plus=plus), node.unit)
        case Group(items=items):
            return Group(node.kind, tuple(_with_sign(item, plus=plus) for item in items))
    return node


def intervals(node: Node) -> list[Interval] | None:
    """Return the intervals that a node is the union of; None if it is none.

    Reads `(a, b)`, `[a, b]`, unions, `a < x <= b`, `x > a`, and lists of such inequalities.
    """
    match node:
        case Interval():
            return [node]
        case Group(kind="paren" | "bracket" as kind, items=(low, high)):
            opened = kind == "paren"
            return [Interval(low, high, low_open=opened, high_open=opened)]
        case Call(op="union", args=parts) | Group(kind="list", items=parts):
            if isinstance(node, Group) and not all(isinstance(part, Relation) for part in parts):
                return None
            found = [intervals(part) for part in parts]
            return None if None in found else [i for part in found if part for i in part]
        case Call(op="numbers_R"):
            return [Interval(MINUS_INFINITY, INFINITY, low_open=True, high_open=True)]
        case Relation():
            return _solved(node)
    return None


def _solved(relation: Relation) -> list[Interval] | None:
    """Return the interval of `a < x < b` or `x > a`, with the variable by itself."""
    if relation.operators == ("in",):
        return intervals(relation.members[1]) if is_label(relation.members[0]) else None
    if not is_inequality(relation):
        return None
    members, operators = relation.members, relation.operators
    if operators[0] in {">", ">="}:
        members = members[::-1]
        operators = tuple(ORDERS[op] for op in reversed(operators))
    if any(op not in {"<", "<="} for op in operators):
        return None
    match members:
        case (low, Name() | Apply(), high):
            opens = [op == "<" for op in operators]
            return [Interval(low, high, low_open=opens[0], high_open=opens[1])]
        case (Name() | Apply(), high):
            return [Interval(MINUS_INFINITY, high, low_open=True, high_open=operators[0] == "<")]
        case (low, Name() | Apply()):
            return [Interval(low, INFINITY, low_open=operators[0] == "<", high_open=True)]
    return None


def is_plain(node: Node) -> bool:
    """Whether a node is a number as one writes a result: an integer, a decimal, a fraction."""
    match node:
        case Number():
            return True
        case Call(op="neg", args=(inner,)) | Quantity(value=inner):
            return is_plain(inner)
        case Call(op="div", args=(Number(places=None), Number(places=None))):
            return True
    return False


def is_unsimplified(node: Node) -> bool:
    """Whether work is left to do: plain numbers added or multiplied, a remainder, a sum sign …"""
    for part in walk(node):
        if isinstance(part, Call) and (part.op in UNEVALUATED or _is_open_sum(part)):
            return True
    return False


def _is_open_sum(call: Call) -> bool:
    if call.op not in {"add", "mul"}:
        return False
    return sum(map(_is_literal, call.args)) > 1


def _is_literal(node: Node) -> bool:
    return isinstance(node, Number) or (
        isinstance(node, Call) and node.op == "neg" and isinstance(node.args[0], Number)
    )


def vector(node: Node) -> tuple[Node, ...] | None:
    """Return the entries of a vector: in angle brackets, or a matrix of one row or column."""
    match node:
        case Group(kind="angle", items=items):
            return items
        case Matrix(rows=rows) if len(rows) == 1 or len(rows[0]) == 1:
            return children(node)
    return None
