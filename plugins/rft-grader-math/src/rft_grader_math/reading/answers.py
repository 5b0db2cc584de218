"""From tokens to answers: lists, relations, collections, intervals, matrices, quantities, text."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from rft_grader_math.bounds import MAX_ITEMS
from rft_grader_math.errors import TooLargeError, UnreadableError
from rft_grader_math.nodes import (
    Call,
    Group,
    GroupKind,
    Interval,
    Matrix,
    Node,
    Number,
    Quantity,
    Ratio,
    Relation,
    Text,
)
from rft_grader_math.reading import vocabulary
from rft_grader_math.reading.expressions import CLOSERS, ExpressionParser
from rft_grader_math.reading.lexer import Token
from rft_grader_math.reading.matrices import determinant
from rft_grader_math.reading.units import SCALES

SET_OPERATORS: Final = {
    "\\cup": "union", "\\bigcup": "union", "\\cap": "intersection", "\\setminus": "difference",
    "\\backslash": "difference",
}  # fmt: skip
CONNECTIVES: Final = frozenset({"and", "or", "und", "&", ", and", ", or", "and ", ","})
GROUPS: Final[dict[str, GroupKind]] = {
    "(": "paren",
    "[": "bracket",
    "\\lbrack": "bracket",
    "\\{": "set",
    "\\lbrace": "set",
    "{": "braces",
    "\\langle": "angle",
}


_LOGIC: Final = frozenset({"\\land", "\\wedge", "\\lor", "\\vee"})
_ORS: Final = frozenset({"or", ", or", "or ", "\\lor", "\\vee"})
_ANNOUNCES: Final = re.compile(r"(?:\bis|\bare|:|=)\s*\Z")
"""Words that only lead to an answer: `The answer is`."""
_UNIT_SIGNS: Final = frozenset({"/", "-", ".", "(", ")", "'", "*", "%", "\\%", "\\cdot", "\\times"})
_UNIT_TEXT: Final = re.compile(r"[^\d+=<>]*(?:[a-zA-Z]\s*\^?\s*\{?-?\d\}?[^\d+=<>]*)*")
_APPROXIMATION: Final = re.compile(
    r"\(?\s*(?:or )?(?:approximately|approx\.?|about|roughly|\\approx)\s*-?[\d.,]+\s*\)?"
)


class AnswerParser(ExpressionParser):
    """Reads a whole answer."""

    braces: GroupKind = "braces"
    """What `{1, 2}` is: a set in plain text; in LaTeX the braces do not show."""

    def answer(self) -> Node:
        """Read everything; raise `UnreadableError` if something is left over."""
        node = self._items(until=())
        if self.token.kind != "eof":
            raise UnreadableError(f"{self.token.text[:20]!r} is not understood")
        return node

    def _items(self, until: tuple[str, ...]) -> Node:
        items = [self._statement()]
        kind: GroupKind = "listing"
        separated = False
        connectives: set[str] = set()
        while (separator := self._separator()) is not None:
            separated = True
            connectives.add(separator)
            if separator != ";":
                kind = "list"
            if self.token.kind == "eof" or self.at(*until):
                if separator in {"and", "or"} or until:
                    raise UnreadableError("nothing behind the last connective")
                break
            items.append(self._statement())
            _check_count(len(items))
        if not separated or len(items) == 1:
            return items[0]
        if connectives & {"and", "or"} and all(map(_is_condition, items)):
            return Call("union" if "or" in connectives else "intersection", tuple(items))
        return Group(kind, tuple(items))

    def _separator(self) -> str | None:
        r"""Take what separates elements, `, \\quad and` for instance; None if nothing does."""
        found: str | None = None
        while True:
            token = self.token
            if token.text in {",", ";"} and token.kind == "sign":
                if found in {",", ";"}:
                    raise UnreadableError("two separators with nothing between them")
                found = found or token.text
            elif _connects(token):
                found = "or" if token.text.lower() in _ORS else "and"
            elif not (token.text in vocabulary.SEPARATING_SPACES and token.kind == "command"):
                return found
            elif not self._is_separating_space():
                self.take()
                continue
            else:
                found = found or ","
            self.take()

    def _is_separating_space(self) -> bool:
        """Whether a wide space stands between two elements, not at an end or before a sign."""
        return (
            self.following.kind in {"word", "number", "command", "begin"}
            or self.following.text == "("
        )

    # --- relations ---

    def _statement(self) -> Node:
        self.deeper()
        if self.token.text in vocabulary.SYMPY_SETS and self.following.text in {"(", "."}:
            self.depth -= 1
            return self._sympy_set()
        if self.token.text in vocabulary.SYMPY_RELATIONS and self.following.text == "(":
            self.depth -= 1
            return self._sympy_relation(vocabulary.SYMPY_RELATIONS[self.take().text])
        members, operators = [self._side()], []
        while self.token.kind in {"sign", "command"} and self.token.text in vocabulary.RELATIONS:
            operators.append(vocabulary.RELATIONS[self.take().text])
            members.append(self._side())
            _check_count(len(members))
        self.depth -= 1
        if not operators:
            return members[0]
        relation = Relation(tuple(members), tuple(operators))
        if self.accept("\\pmod"):
            return Call("congruence", (relation, self.argument()))
        return relation

    def _sympy_set(self) -> Node:
        """Read `Interval.open(0, 1)`, `Union(…)`, `Matrix([[1, 2], [3, 4]])` and their like."""
        name = self.take().text
        if name == "Reals":
            return Call("numbers_R")
        side = ""
        if self.accept("."):
            side = self.take().text
        inner = self.bracketed()
        items = inner.items if isinstance(inner, Group) and inner.kind == "paren" else (inner,)
        if name == "Matrix":
            return _sympy_matrix(items[0])
        if name == "FiniteSet":
            return Group("set", items)
        if name == "Union":
            return Call("union", items)
        if len(items) != 2:  # noqa: PLR2004 - an interval has two ends
            raise UnreadableError("an interval has two ends")
        opens = (side in {"open", "Lopen"}, side in {"open", "Ropen"})
        return Interval(items[0], items[1], low_open=opens[0], high_open=opens[1])

    def _sympy_relation(self, operator: str) -> Relation:
        """Read `Eq(a, b)` and its like."""
        sides = self.bracketed()
        if not isinstance(sides, Group) or len(sides.items) != 2:  # noqa: PLR2004
            raise UnreadableError("a relation has two sides")
        return Relation(sides.items, (operator,))

    def _side(self) -> Node:
        if self.token.kind == "text" and _ANNOUNCES.search(self.token.text):
            self.take()
        if self._is_text(self.token):
            return self._text()
        node = self._ratio()
        while self.token.kind == "command" and self.token.text in SET_OPERATORS:
            op = SET_OPERATORS[self.take().text]
            node = Call(op, (node, self._ratio()))
        return node

    def set_expression(self) -> Node:
        """Read a side of a relation: an expression, text, sets."""
        return self._side()

    def _ratio(self) -> Node:
        parts = [self._quantity()]
        while self.accept(":"):
            parts.append(self._quantity())
        return Ratio(tuple(parts)) if len(parts) > 1 else parts[0]

    def _quantity(self) -> Node:
        node = self.expression()
        if not self._is_text(self.token) or _is_approximation(self.token):
            while _is_approximation(self.token):
                self.take()
            return node
        return measured(node, self._unit())

    def _unit(self) -> str:
        """Take words, slashes and exponents behind a value; anything else is no unit."""
        parts: list[str] = []
        while not self._ends_words():
            token = self.take()
            raised = token.text == "^"
            if token.kind == "text" and not _UNIT_TEXT.fullmatch(token.text):
                raise UnreadableError(f"{token.text[:40]!r} behind a value")
            if token.kind not in {"word", "text"} and not raised and token.text not in _UNIT_SIGNS:
                raise UnreadableError(f"{token.text[:20]!r} behind a unit")
            parts.append(_spelled(token))
            if raised:
                parts.append(str(self._exponent()))
        return " ".join("".join(parts).replace("per cent", "percent").split())

    def _exponent(self) -> int:
        braces = self.accept("{")
        sign = -1 if self.accept("-") else 1
        token = self.take()
        if braces:
            self.expect("}")
        if token.kind != "number" or not token.text.isdecimal():
            raise UnreadableError("a unit to a power that is no integer")
        return sign * int(token.text)

    def _is_text(self, token: Token) -> bool:
        if token.kind == "text":
            return not _connects(token)
        if self.integrals and self.at_differential():
            return False
        return token.kind == "word" and self.stops(token) and not _connects(token)

    def _text(self) -> Node:
        words = self._words()
        if not any(char.isalnum() for char in words):
            raise UnreadableError("no answer, only signs")
        return Call("numbers_R") if words.lower() in vocabulary.ALL_REALS else Text(words)

    def _words(self) -> str:
        """Take everything up to a separator, a relation or a closing bracket as words."""
        parts: list[str] = []
        while not self._ends_words():
            parts.append(_spelled(self.take()))
        return " ".join("".join(parts).split())

    def _ends_words(self) -> bool:
        token = self.token
        if token.kind == "eof" or _connects(token):
            return True
        if token.kind in {"sign", "command"}:
            return (
                token.text in {",", ";", ")", "]", "}", "\\}", ":", "&", "\\\\"}
                or token.text in vocabulary.RELATIONS
                or token.text in vocabulary.SEPARATING_SPACES
            )
        return token.kind in {"begin", "end"}

    # --- brackets ---

    def bracketed(self) -> Node:
        """Read a group, a collection, an interval or a matrix."""
        self.deeper()
        outer_bars, self.bars = self.bars, 0
        node = self._matrix() if self.token.kind == "begin" else self._collection()
        self.bars = outer_bars
        self.depth -= 1
        return node

    def group(self) -> Node:
        """Read the braces of a command or an exponent; several elements make a collection."""
        outer, self.braces = self.braces, "braces"
        node = self.bracketed()
        self.braces = outer
        return node

    def _collection(self) -> Node:
        start = self.position
        opening = self.take().text
        if opening not in GROUPS:
            raise UnreadableError(f"{opening[:20]!r} where a bracket is expected")
        closers = (")", "]") if opening in {"(", "["} else CLOSERS[opening]
        kind = GROUPS[opening] if opening != "{" else self.braces
        if kind == "set" and self.following.text in _BUILDER_BARS:
            return self._set_builder(closers)
        if self.accept(*closers):
            if kind == "set":
                return Call("emptyset")
            raise UnreadableError("empty brackets")
        inner = self._inside_braces(closers) if opening == "{" else self._items(until=closers)
        closing = self.token.text
        self.expect(*closers)
        listed = isinstance(inner, Group) and inner.kind in {"list", "listing"}
        items = inner.items if listed and isinstance(inner, Group) else (inner,)
        if kind in {"paren", "bracket"}:
            if kind == "bracket" and len(items) == 1 and self._is_all(start) and not inner.facts:
                return Group(kind, items)  # a list of one element
            return _bracket(kind, items, opened=opening == "(", closed=closing == ")")
        if opening != "{" and kind in {"set", "angle"}:
            return Group(kind, items)
        return Group(kind, items) if len(items) > 1 else inner

    def _is_all(self, start: int) -> bool:
        """Whether the brackets that opened at `start` are all of the answer."""
        return start == 0 and self.token.kind == "eof"

    def _inside_braces(self, closers: tuple[str, ...]) -> Node:
        r"""Read elements, or TeX's `n \\choose k` and `a \\over b`; an integrand may end here."""
        inner = self._items(until=closers)
        if self.integrals and self.at_differential():
            self.take_differential()
        for command, op in _INFIX_COMMANDS.items():
            if self.accept(command):
                return Call(op, (inner, self.expression()))
        return inner

    def _set_builder(self, closers: tuple[str, ...]) -> Node:
        r"""Read `\\{x | x > 1\\}` as its condition."""
        self.take()
        self.take()
        condition = self._items(until=closers)
        self.expect(*closers)
        if not isinstance(condition, Relation | Call):
            raise UnreadableError("a set without a condition")
        return condition

    def _at_end(self) -> bool:
        """Whether an environment ends here."""
        return self.token.kind == "end"

    def _cases(self) -> Node:
        """Read equations in braces below each other as a list."""
        items = [self._statement()]
        while not self._at_end():
            self.expect("\\\\")
            if not self._at_end():
                items.append(self._statement())
            _check_count(len(items))
        self.take()
        return Group("list", tuple(items)) if len(items) > 1 else items[0]

    def _matrix(self) -> Node:
        name = self.take().text
        if name in vocabulary.CASES:
            return self._cases()
        if name not in vocabulary.MATRICES:
            raise UnreadableError(f"the environment {name} is not known")
        rows: list[tuple[Node, ...]] = []
        entries: list[Node] = []
        while not self._at_end():
            entries.append(self._quantity())
            _check_count(len(rows) * len(entries))
            if self.at("\\\\") or self._at_end():
                rows.append(tuple(entries))
                entries = []
                self.accept("\\\\")
                while self.accept("\\hline"):
                    pass
            else:
                self.expect("&")
        self.take()
        matrix = _matrix_of(rows)
        return determinant(matrix) if name == "vmatrix" else matrix


def _is_condition(node: Node) -> bool:
    """Whether a node is an inequality, so that `and` and `or` mean different things."""
    return isinstance(node, Relation) and not set(node.operators) & {"=", "approx"}


_INFIX_COMMANDS: Final = {"\\choose": "binomial", "\\over": "div"}
_BUILDER_BARS: Final = frozenset({"|", "\\mid", ":"})


def _sympy_matrix(node: Node) -> Matrix:
    if not isinstance(node, Group):
        raise UnreadableError("a matrix without rows")
    return _matrix_of([i.items if isinstance(i, Group) else (i,) for i in node.items])


def _matrix_of(rows: list[tuple[Node, ...]]) -> Matrix:
    if len({len(row) for row in rows}) != 1:
        raise UnreadableError("a matrix whose rows differ in length")
    return Matrix(tuple(rows))


def _spelled(token: Token) -> str:
    """Return the text of a token with the space before it."""
    return (" " if token.spaced or token.kind == "text" else "") + token.text


def measured(node: Node, unit: str) -> Node:
    """Return a value with its unit; words such as `million` multiply it."""
    words = unit.split()
    while words and words[0].lower() in SCALES and words[0] != "K":
        scale = Number(Fraction(SCALES[words[0].lower()]))
        if isinstance(node, Quantity):
            node = Quantity(_scaled(node.value, scale), node.unit)
        else:
            node = _scaled(node, scale)
        del words[0]
    return Quantity(node, " ".join(words)) if words else node


def _scaled(node: Node, scale: Number) -> Node:
    if isinstance(node, Number):
        return Number(node.value * scale.value)
    return Call("mul", (node, scale))


def _is_approximation(token: Token) -> bool:
    """Whether words only repeat a value as a decimal: `(approximately 1.414)`."""
    return token.kind == "text" and _APPROXIMATION.fullmatch(token.text) is not None


def _connects(token: Token) -> bool:
    if token.kind == "command":
        return token.text in _LOGIC
    return token.kind in {"word", "text"} and token.text.lower().strip() in CONNECTIVES


def _check_count(count: int) -> None:
    if count > MAX_ITEMS:
        raise TooLargeError(f"more than {MAX_ITEMS} elements")


def _bracket(kind: GroupKind, items: tuple[Node, ...], *, opened: bool, closed: bool) -> Node:
    """Return what round and square brackets hold: a group, a tuple, a list or an interval."""
    if opened == closed:
        return items[0] if len(items) == 1 else Group(kind, items)
    if len(items) != 2:  # noqa: PLR2004 - an interval has two ends
        raise UnreadableError("brackets that do not match")
    return Interval(items[0], items[1], low_open=opened, high_open=closed)
