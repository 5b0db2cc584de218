"""Reads sums, integrals, limits and derivatives, in LaTeX and in SymPy's notation."""

from __future__ import annotations

from abc import abstractmethod

from rft_grader_math.errors import UnreadableError
from rft_grader_math.nodes import Call, Group, Name, Node
from rft_grader_math.reading.building import ONE
from rft_grader_math.reading.characters import GREEK
from rft_grader_math.reading.lexer import Token
from rft_grader_math.reading.stream import TokenStream


class Calculus(TokenStream):
    """What binds a variable. What it is made of is read by the subclasses."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self.differential: str | None = None
        """The variable of the integral that is being read, once its `dx` was met."""
        self.integrals = 0
        self.bound: list[str] = []
        """Index variables of sums and products, which are no constants even if called i or e."""

    @abstractmethod
    def expression(self) -> Node:
        """Read terms joined by plus and minus."""

    @abstractmethod
    def term(self) -> Node:
        """Read factors."""

    @abstractmethod
    def factor(self) -> Node:
        """Read an operand with its exponents and signs behind it."""

    @abstractmethod
    def operand(self) -> Node:
        """Read one number, name, function or bracket."""

    @abstractmethod
    def number(self) -> Node:
        """Read a number, or a numeral in a base."""

    @abstractmethod
    def word(self) -> Node:
        """Read a word: a function, a constant, a variable, letters."""

    @abstractmethod
    def script(self) -> Node:
        """Read an exponent or a subscript."""

    @abstractmethod
    def scope(self) -> Node:
        """Read what a function without brackets applies to."""

    @abstractmethod
    def bracketed(self) -> Node:
        """Read what starts with an opening bracket."""

    def derivative(self) -> Node | None:
        r"""Read `\frac{d}{dx} f` or `\frac{df}{dx}`; None, with nothing read, if it is neither."""
        start, tokens = self.position, list(self.tokens)
        try:
            self.expect("{")
            if self.token.kind == "word" and len(self.token.text) > 1:
                self.split_word()
            self.take()
            inner = None if self.at("}") else self.expression()
            self.expect("}")
            self.expect("{")
            if self.token.kind == "word" and len(self.token.text) > 1:
                self.split_word()
            if self.take().text not in {"d", "\\partial"}:
                raise UnreadableError("no derivative")  # noqa: TRY301 - it ends the attempt
            variable = self.operand()
            self.expect("}")
            if not isinstance(variable, Name):
                raise UnreadableError("no derivative")  # noqa: TRY301
        except UnreadableError:
            self.position, self.tokens = start, tokens
            return None
        return Call("derivative", (inner if inner is not None else self.scope(), variable))

    def differential_words(self) -> set[str]:
        """Return the next word if it is a differential such as `dx`."""
        word = self.following.text
        starts = self.following.kind == "word" and word[0] == "d"
        return {word} if starts and len(word) == 2 else set()  # noqa: PLR2004 - d and a letter

    def big(self, op: str) -> Node:
        """Read a sum or a product with its bounds."""
        lower, upper = None, None
        variable = ""
        while self.at("_", "^"):
            if self.take().text == "_":
                variable, lower = self._index()
            else:
                upper = self.script()
        if not variable or lower is None or upper is None:
            raise UnreadableError("a sum or product without bounds")
        self.bound.append(variable)
        body = self._body()
        self.bound.pop()
        return Call(op, (body, Name(variable), lower, upper))

    def _index(self) -> tuple[str, Node]:
        self.expect("{")
        variable = self.take().text.lstrip("\\")
        self.expect("=")
        start = self.expression()
        self.expect("}")
        return variable, start

    def _body(self) -> Node:
        """Read the factors that a sum applies to."""
        self.deeper()
        node = self.term()
        self.depth -= 1
        return node

    def integral(self) -> Node:
        """Read bounds, integrand and differential."""
        bounds: dict[str, Node] = {}
        while self.at("_", "^"):
            side = self.take().text
            bounds[side] = self.script()
        outer, self.differential = self.differential, None
        self.integrals += 1
        body = ONE if self.at_differential() else self.expression()
        if self.differential is None and self.at_differential():
            self.take_differential()
        self.integrals -= 1
        variable = Name(self.differential or "x")
        self.differential = outer
        if not bounds:
            return Call("integral", (body, variable))
        return (
            Call("integral", (body, variable, bounds["_"], bounds["^"]))
            if len(bounds) > 1
            else _half(bounds)
        )

    def at_differential(self) -> bool:
        """Whether `dx` follows, as one word or as two."""
        token = self.token
        if token.kind != "word" or token.text[0] != "d" or self.differential is not None:
            return False
        if len(token.text) > 1:
            return len(token.text) == 2 or token.text[1:] in GREEK  # noqa: PLR2004 - d and a letter
        follower = self.following
        return follower.kind == "word" or follower.text[1:] in GREEK

    def take_differential(self) -> Node:
        """Read `dx`, the end of an integrand, and note its variable."""
        if len(self.token.text) > 1:
            self.differential = self.take().text[1:]
        else:
            self.take()
            self.differential = self.take().text.lstrip("\\")
        return ONE

    def limit(self) -> Node:
        """Read a limit with its target and side."""
        self.expect("_")
        self.expect("{")
        variable = self.factor()
        if not self.accept(
            "\\to", "\\rightarrow", "\\longrightarrow", "\\Rightarrow", "\\Longrightarrow", "->"
        ):
            raise UnreadableError("a limit without an arrow")
        target = self._limit_target()
        direction = "+-"
        if self.accept("^"):
            braces = self.accept("{")
            direction = self.take().text
            if braces:
                self.expect("}")
        self.expect("}")
        if target == Call("infinity"):
            direction = "-"
        return Call("limit", (self._body(), variable, target, Name(direction)))

    def _limit_target(self) -> Node:
        """Read up to `^+` or `^-`, which give the side and are no exponents."""
        if self.token.kind == "number" and self.following.text == "^":
            return self.number()
        if self.token.kind == "word" and self.following.text == "^" and len(self.token.text) == 1:
            return self.word()
        return self.expression()

    def sympy_call(self, op: str) -> Node:
        """Read `Integral(x, (x, a, b))`, `Limit(a, x, 3, dir='-')` and their like."""
        self.expect("(")
        parts: list[Node] = [self.expression()]
        while self.accept(","):
            if self.token.kind == "text" and self.token.text.startswith("dir"):
                parts.append(Name(self.take().text[3:]))
                continue
            item = self.bracketed() if self.at("(") else self.expression()
            parts.extend(item.items if isinstance(item, Group) else (item,))
        self.expect(")")
        return Call(op, tuple(parts))


def _half(bounds: dict[str, Node]) -> Node:
    raise UnreadableError(f"an integral with one bound, {next(iter(bounds))}")
