"""What an answer is read as: immutable trees.

Expressions are `Number`, `Name`, `Call` and `Apply`; around them stand collections, intervals,
matrices, relations, quantities and plain text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar, Final, Literal, TypeAlias

from rft_grader_math.bounds import MAX_HEIGHT
from rft_grader_math.errors import TooLargeError

Fact: TypeAlias = Literal[
    "name", "sign", "bars", "complex", "binding", "unit", "matrix", "structure"
]
"""What stands somewhere in a node, noted when it is made, since it is asked for often.

`name`: a variable; `sign`: ±; `bars`: |…| around a variable;
`complex`: a conjugate, a real part …; `binding`: a sum, an integral …;
`unit`: a quantity; `matrix`; `structure`: anything that is no expression.
"""

NO_FACTS: Final[frozenset[Fact]] = frozenset()
BINDING: Final = frozenset({"sum", "product", "integral", "limit", "derivative"})
_OF_OPERATIONS: Final[dict[str, frozenset[Fact]]] = {
    "pm": frozenset({"sign"}),
    "mp": frozenset({"sign"}),
    **dict.fromkeys(("conjugate", "re", "im", "arg"), frozenset({"complex"})),
    **dict.fromkeys(BINDING, frozenset({"binding"})),
}
_STRUCTURE: Final[frozenset[Fact]] = frozenset({"structure"})
_NAME: Final[frozenset[Fact]] = frozenset({"name"})
_MATRIX: Final[frozenset[Fact]] = frozenset({"structure", "matrix"})
_FACTORS: Final[frozenset[Fact]] = frozenset({"unit"})
_UNIT: Final[frozenset[Fact]] = frozenset({"unit", "structure"})

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

    facts: ClassVar[frozenset[Fact]] = NO_FACTS
    height: ClassVar[int] = 0
    value: Fraction
    places: int | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, with its subscript and primes: `x`, `x_1`, `f'`."""

    facts: ClassVar[frozenset[Fact]] = _NAME
    height: ClassVar[int] = 0
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operation or a known function: `add`, `pow`, `sin`, `integral`, `pi` (no arguments) …."""

    op: str
    args: tuple[Node, ...] = ()
    facts: frozenset[Fact] = field(init=False, repr=False, compare=False)
    height: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _note(self, self.args, _OF_OPERATIONS.get(self.op, NO_FACTS))


@dataclass(frozen=True, slots=True)
class Apply:
    """A function that is not known: `f(x)`."""

    function: str
    args: tuple[Node, ...]
    facts: frozenset[Fact] = field(init=False, repr=False, compare=False)
    height: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _note(self, self.args, NO_FACTS)


@dataclass(frozen=True, slots=True)
class Group:
    """A collection."""

    kind: GroupKind
    items: tuple[Node, ...]
    facts: frozenset[Fact] = field(init=False, repr=False, compare=False)
    height: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _note(self, self.items, _STRUCTURE)


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open interval, or any that was read from inequalities."""

    low: Node
    high: Node
    low_open: bool
    high_open: bool
    facts: frozenset[Fact] = field(init=False, repr=False, compare=False)
    height: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _note(self, (self.low, self.high), _STRUCTURE)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of equal length."""

    rows: tuple[tuple[Node, ...], ...]
    facts: frozenset[Fact] = field(init=False, repr=False, compare=False)
    height: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _note(self, children(self), _MATRIX)


@dataclass(frozen=True, slots=True)
class Ratio:
    """`a : b`, also a time of day."""

    parts: tuple[Node, ...]
    facts: frozenset[Fact] = field(init=False, repr=False, compare=False)
    height: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _note(self, self.parts, _STRUCTURE)


@dataclass(frozen=True, slots=True)
class Relation:
    """A chain such as `a = b` or `1 < x <= 2`; one operator fewer than members.

    Operators: `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `approx`, `to`.
    """

    members: tuple[Node, ...]
    operators: tuple[str, ...]
    facts: frozenset[Fact] = field(init=False, repr=False, compare=False)
    height: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _note(self, self.members, _STRUCTURE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with a unit, a currency or words behind it."""

    value: Node
    unit: str
    facts: frozenset[Fact] = field(init=False, repr=False, compare=False)
    height: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _note(self, (self.value,), _FACTORS if self.unit in {"%", "°"} else _UNIT)


@dataclass(frozen=True, slots=True)
class Numeral:
    """Digits in a base: `204_5`."""

    facts: ClassVar[frozenset[Fact]] = _STRUCTURE
    height: ClassVar[int] = 0
    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Text:
    """Words; compared as words, without regard to case and white space."""

    facts: ClassVar[frozenset[Fact]] = _STRUCTURE
    height: ClassVar[int] = 0
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


def _note(node: Node, below: tuple[Node, ...], facts: frozenset[Fact]) -> None:
    """Note facts and height of a node that is being made; raise `TooLargeError` at the bound."""
    height = 0
    for child in below:
        if child.facts and child.facts is not facts:
            facts |= child.facts
        height = max(height, child.height)
    if height >= MAX_HEIGHT:
        raise TooLargeError(f"more than {MAX_HEIGHT} operations inside of each other")
    if isinstance(node, Call) and node.op == "abs" and "name" in facts:
        facts |= {"bars"}
    object.__setattr__(node, "facts", facts)
    object.__setattr__(node, "height", height + 1)


def children(node: Node) -> tuple[Node, ...]:
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
    return "structure" not in node.facts
