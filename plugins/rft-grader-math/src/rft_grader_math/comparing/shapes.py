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
    """Whether a node only names what is asked for: `x`, `f(x)`, `|AB|`, `(p, q)`, `cos θ`."""
    match node:
        case Name() | Apply() | Text():
            return True
        case Call(op="mul", args=args):  # a segment: AB
            return all(isinstance(a, Name) and a.text[0].isupper() for a in args)
        case Call(op="derivative"):
            return True
        case (
            Call(op="union" | "intersection" | "difference" | "div", args=args) | Ratio(parts=args)
        ):
            return all(map(is_label, args))
        case Call(op=op, args=(inner,)) if op not in {"neg", "factorial", "sqrt"}:
            return is_label(inner)
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

    What follows `≈` is left out, unless nothing but a label stands before it, or an integer or
    decimal, which needs no approximation. Without a value, as in `x = y`, there is no label.
    """
    members = list(relation.members)
    exact = (
        relation.operators.index("approx") + 1 if "approx" in relation.operators else len(members)
    )
    if exact == 1 and is_label(members[0]):
        return members[0], tuple(members[1:2])
    if exact < len(members) and not _is_literal(members[exact - 1]):
        members = members[:exact]
    labels = [is_label(member) for member in members]
    if len(members) > 1 and labels[0] and not any(labels[1:]):
        return members[0], tuple(members[1:])
    if len(members) == 2 and labels[1] and not labels[0]:  # noqa: PLR2004 - `5 = x`
        return members[1], tuple(members[:1])
    return None, tuple(members)


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
        return Group(
            "listing", tuple(replace(node, members=(*node.members[:-1], i)) for i in items)
        )
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

    Reads `(a, b)`, `[a, b]`, unions, `a < x <= b`, `x > a`, `x ≠ a`, and lists of these.
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
            if len({subject(part) for part in parts}) > 1:
                return None
            found = [intervals(part) for part in parts]
            return None if None in found else [i for part in found if part for i in part]
        case Call(op="numbers_R"):
            return [_everything()]
        case Relation():
            return _solved(node)
    return None


def _everything() -> Interval:
    return Interval(MINUS_INFINITY, INFINITY, low_open=True, high_open=True)


def subject(node: Node) -> Node | None:
    """Return the variable that a set of numbers is about, `x` for `x > 1`; None for none."""
    match node:
        case Relation(members=members):
            about = [member for member in members if "name" in member.facts]
            single = len(about) == 1 and isinstance(about[0], Name | Apply)
            return about[0] if single else None
        case Group(kind="list", items=items) | Call(op="union" | "intersection", args=items):
            return next((found for item in items if (found := subject(item)) is not None), None)
    return None


def _solved(relation: Relation) -> list[Interval] | None:
    """Return the intervals of `a < x < b`, `x > a` or `x ≠ a`, with the variable by itself."""
    match relation:
        case Relation(operators=("in",), members=(label, numbers)):
            return intervals(numbers) if is_label(label) else None
        case Relation(operators=("!=",), members=(Name(), value)):
            return [
                replace(_everything(), high=value),
                replace(_everything(), low=value),
            ]
    if not is_inequality(relation):
        return None
    members, operators = relation.members, relation.operators
    if operators[0] in {">", ">="}:
        members = members[::-1]
        operators = tuple(ORDERS[op] for op in reversed(operators))
    if any(op not in {"<", "<="} for op in operators) or subject(relation) is None:
        return None
    match members:
        case (low, Name() | Apply(), high):
            return [
                Interval(low, high, low_open=operators[0] == "<", high_open=operators[1] == "<")
            ]
        case (Name() | Apply(), high):
            return [replace(_everything(), high=high, high_open=operators[0] == "<")]
        case (low, Name() | Apply()):
            return [replace(_everything(), low=low, low_open=operators[0] == "<")]
    return None


def ascending(relation: Relation) -> Relation:
    """Return `c > b > a` as `a < b < c`, and other relations as they are."""
    if not set(relation.operators) <= {">", ">="}:
        return relation
    operators = tuple(ORDERS[op] for op in reversed(relation.operators))
    return Relation(relation.members[::-1], operators)


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
    """Whether work is left to do: plain numbers added or multiplied, a remainder, a sum sign ….

    A product with 0 is one, too: it is 0 whatever the letters in it say.
    """
    for part in walk(node):
        if isinstance(part, Call) and (part.op in UNEVALUATED or _is_open_sum(part)):
            return True
    return False


def _is_open_sum(call: Call) -> bool:
    if call.op not in {"add", "mul"}:
        return False
    if call.op == "mul" and any(map(_is_zero, call.args)):
        return True
    return sum(map(_is_literal, call.args)) > 1


def _is_zero(node: Node) -> bool:
    return isinstance(node, Number) and node.value == 0


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


def without_membership(node: Node) -> Node:
    """Return `x ∈ {1, 2}` as the values 1 and 2, in any order; other nodes as they are."""
    match node:
        case Relation(
            operators=("in",), members=(label, Group(kind="set" | "braces", items=items))
        ):
            return Group("listing", items) if is_label(label) else node
    return node


def without_domain(node: Node) -> Node:
    """Return `k = 2n, n ∈ ℤ` without the numbers that a variable is taken from."""
    if not (isinstance(node, Group) and node.kind == "list"):
        return node
    items = tuple(item for item in node.items if not _is_domain(item))
    if not items or len(items) == len(node.items):
        return node
    return items[0] if len(items) == 1 else Group("list", items)


def _is_domain(node: Node) -> bool:
    match node:
        case Relation(operators=("in",), members=(_, Call(op=op))):
            return op.startswith("numbers_")
    return False


def conjunction(node: Node) -> Node:
    """Return `x > 0 and y > 0` as a list, as with a comma; other nodes as they are."""
    if (
        isinstance(node, Call)
        and node.op == "intersection"
        and len(set(map(subject, node.args))) > 1
    ):
        return Group("list", node.args)
    return node


def spread(node: Node) -> Node:
    """Return `(x, y) = (1, 2)` as `x = 1, y = 2`; other nodes as they are."""
    match node:
        case Relation(
            operators=("=",), members=(Group(kind="paren", items=a), Group(kind="paren", items=b))
        ):
            if len(a) == len(b):
                pairs = zip(a, b, strict=True)
                return Group("list", tuple(Relation(pair, ("=",)) for pair in pairs))
    return node
