"""What an answer is read as: immutable trees.

Expressions are `Number`, `Name`, `Call` and `Apply`; around them stand collections, intervals,
matrices, relations, quantities and plain text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

GroupKind: TypeAlias = Literal["list", "listing", "set", "braces", "paren", "bracket", "angle"]
"""How a collection is written.

`list`: `1, 2`, without brackets; `listing`: several values that are known to have no order, as
`1; 2` or `±1`; `set`: `\\{1, 2\\}`; `braces`: `{1, 2}` in LaTeX, where the braces do not show, so
the kind is not known; `paren`: `(1, 2)`, a tuple or an open interval; `bracket`: `[1, 2]`, a list
or a closed interval; `angle`: a vector.
"""


@dataclass(frozen=True, slots=True)
class Number:
    """A rational number; `places` counts the decimals it was written with, None for none."""

    value: Fraction
    places: int | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, with its subscript and primes: `x`, `x_1`, `f'`."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operation or a known function: `add`, `pow`, `sin`, `integral`, `pi` (no arguments) …"""

    op: str
    args: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Apply:
    """A function that is not known: `f(x)`."""

    function: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A collection."""

    kind: GroupKind
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open interval, or any that was read from inequalities."""

    low: Node
    high: Node
    low_open: bool
    high_open: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of equal length."""

    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """`a : b`, also a time of day."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A chain such as `a = b` or `1 < x <= 2`; one operator fewer than members.

    Operators: `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `approx`, `to`.
    """

    members: tuple[Node, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with a unit, a currency or words behind it."""

    value: Node
    unit: str


@dataclass(frozen=True, slots=True)
class Numeral:
    """Digits in a base: `204_5`."""

    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Text:
    """Words; compared as words, without regard to case and white space."""

    words: str


Node: TypeAlias = (
    Number
    | Name
    | Call
    | Apply
    | Group
    | Interval
    | Matrix
    | Ratio
    | Relation
    | Quantity
    | Numeral
    | Text
)
Expression: TypeAlias = Number | Name | Call | Apply

EXPRESSIONS = (Number, Name, Call, Apply)


def children(node: Node) -> tuple[Node, ...]:  # noqa: PLR0911 - one line per class
    """Return the nodes directly below."""
    match node:
        case Call(args=args) | Apply(args=args) | Group(items=args) | Ratio(parts=args):
            return args
        case Relation(members=members):
            return members
        case Interval(low=low, high=high):
            return (low, high)
        case Matrix(rows=rows):
            return tuple(entry for row in rows for entry in row)
        case Quantity(value=value):
            return (value,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all below it."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(children(current))


def names(node: Node) -> frozenset[str]:
    """Return the variables in a node."""
    return frozenset(part.text for part in walk(node) if isinstance(part, Name))


def is_expression(node: Node) -> bool:
    """Whether the node is a number or built of numbers and variables only.

    Percent and degree signs inside of an expression are factors; units are not.
    """
    return all(
        isinstance(part, EXPRESSIONS) or (isinstance(part, Quantity) and part.unit in {"%", "°"})
        for part in walk(node)
    )
