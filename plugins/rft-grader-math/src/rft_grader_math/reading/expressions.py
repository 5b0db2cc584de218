"""From tokens to expressions: precedence climbing with implicit multiplication."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Final

from rft_grader_math.errors import UnreadableError
from rft_grader_math.nodes import Apply, Call, Group, Name, Node, Number, Numeral, Quantity
from rft_grader_math.reading import vocabulary
from rft_grader_math.reading.building import ONE, TWO, flat, joined, named_call, negated, root
from rft_grader_math.reading.characters import GREEK
from rft_grader_math.reading.lexer import Token, number_token
from rft_grader_math.reading.names import INFIX_WORDS, Words
from rft_grader_math.reading.units import CURRENCIES

ADDITIVE: Final = {"+": "add", "-": "sub", "\\pm": "pm", "\\mp": "mp"}
MULTIPLICATIVE: Final = {
    "*": "mul", "\\cdot": "mul", "\\times": "mul", "\\ast": "mul", "/": "div", "\\div": "div",
    "\\bmod": "mod", "\\mod": "mod",
}  # fmt: skip
FRACTIONS: Final = frozenset({"\\frac", "\\dfrac", "\\tfrac", "\\cfrac"})
BINOMIALS: Final = frozenset({"\\binom", "\\dbinom", "\\tbinom"})
BIG: Final = {"\\sum": "sum", "\\prod": "product"}
INTEGRALS: Final = frozenset({"\\int", "\\smallint"})
CONJUGATES: Final = frozenset({"\\overline", "\\bar"})
DECORATIONS: Final = frozenset({"\\vec", "\\hat", "\\tilde", "\\overrightarrow", "\\widehat"})
FIGURES: Final = frozenset({"\\angle", "\\triangle", "\\measuredangle"})
CLOSERS: Final = {
    "(": (")",), "[": ("]",), "\\{": ("\\}",), "{": ("}",), "\\lbrace": ("\\rbrace",),
    "\\lfloor": ("\\rfloor",), "\\lceil": ("\\rceil",), "\\langle": ("\\rangle",),
    "\\lvert": ("\\rvert",), "\\lVert": ("\\rVert",), "\\|": ("\\|",), "\\Vert": ("\\Vert",),
    "\\vert": ("\\vert",), "\\lbrack": ("\\rbrack",),
}  # fmt: skip
ROUNDERS: Final = {"\\lfloor": "floor", "\\lceil": "ceil"}
BARS: Final = frozenset({"\\lvert", "\\lVert", "\\|", "\\Vert", "\\vert"})
EITHER_BARS: Final = frozenset({"\\vert", "\\|", "\\Vert"})
"""Bars that open and close by the same command."""
LETTERS: Final = frozenset({"partial", "nabla", "hbar", "ell"})
ELLIPSES: Final = frozenset({"\\ldots", "\\dots", "\\cdots", "\\dotsb", "\\dotsc"})


class ExpressionParser(Words):
    """Reads expressions; what stands in brackets is left to the subclass."""

    def __init__(self, tokens: list[Token], *, nested_bars: bool = False) -> None:
        super().__init__(tokens)
        self.nested_bars = nested_bars
        """How `||x||y||` is read: its second pair of bars opens where this is set."""
        self.bars = 0

    @abstractmethod
    def set_expression(self) -> Node:
        """Read an expression, or sets joined by set operations."""

    # --- sums and products ---

    def expression(self) -> Node:
        """Read terms joined by plus and minus."""
        self.deeper()
        node = self.term()
        while self.token.text in ADDITIVE and self.token.kind in {"sign", "command"}:
            op = ADDITIVE[self.take().text]
            right = self.term()
            node = Call("add", (node, negated(right))) if op == "sub" else Call(op, (node, right))
        self.depth -= 1
        return flat(node)

    def term(self) -> Node:
        """Read factors; division binds as multiplication does, from the left."""
        sign = self.token.text if self.token.kind in {"sign", "command"} else ""
        if sign in ADDITIVE:
            self.take()
            self.deeper()
            inner = self.term()
            self.depth -= 1
            if sign == "+":
                return inner
            return (
                negated(inner) if sign == "-" else Call("pm" if sign == "\\pm" else "mp", (inner,))
            )
        node = self.factor()
        while True:
            token = self.token
            if token.kind in {"sign", "command"} and token.text in MULTIPLICATIVE:
                self.take()
                node = joined(MULTIPLICATIVE[token.text], node, self._signed_factor())
            elif token.text in INFIX_WORDS and token.kind == "word":
                self.take()
                node = Call(INFIX_WORDS[token.text], (node, self._signed_factor()))
            elif self.starts_factor():
                node = self._juxtaposed(node)
            else:
                return node

    def _signed_factor(self) -> Node:
        if self.at("-"):
            self.take()
            self.deeper()
            inner = self._signed_factor()
            self.depth -= 1
            return negated(inner)
        if self.at("+"):
            self.take()
        return self.factor()

    def _juxtaposed(self, left: Node) -> Node:
        """Read a factor that stands behind another without a sign between them."""
        fraction = self.at(*FRACTIONS)
        plain_before = self.tokens[self.position - 1].kind == "number"
        digit = self.token.kind == "number"
        right = self.factor()
        if isinstance(left, Number) and plain_before and (fraction or digit):
            mixed = self._mixed(left, right, digit=digit)
            if mixed is not None:
                return mixed
            if digit:
                raise UnreadableError("two numbers with nothing between them")
        return joined("mul", left, right)

    def _mixed(self, whole: Node, right: Node, *, digit: bool) -> Number | None:
        r"""Return `1 1/2` and `1\\frac{1}{2}` as one and a half."""
        part: Node = right
        if digit and self.accept("/"):
            part = Call("div", (right, self.factor()))
        match (whole, part):
            case (
                Number(value=w, places=None),
                Call(op="div", args=(Number(value=t), Number(value=b))),
            ):
                if w.denominator == t.denominator == b.denominator == 1 and 0 < t < b:
                    return Number(w + t / b)
        if digit and part is not right:
            raise UnreadableError("two numbers with nothing between them")
        return None

    # --- factors ---

    def starts_factor(self) -> bool:
        """Whether the next token can begin a factor that is multiplied without a sign."""
        token = self.token
        if token.kind in {"number", "begin"}:
            return True
        if token.kind == "word":
            return not self.stops(token)
        if token.kind == "sign":
            if token.text == "|":
                return self._bar_opens()
            return token.text in {"(", "[", "{"}
        return token.kind == "command" and self._command_starts(token.text)

    def _command_starts(self, command: str) -> bool:
        name = command[1:]
        return (
            command in _READERS
            or command in FIGURES
            or command in {"\\prime", "\\partial", "\\nabla", "\\hbar"}
            or (command in CLOSERS and not (command in EITHER_BARS and self.bars))
            or name in vocabulary.FUNCTIONS
            or name in vocabulary.CONSTANTS
            or name in GREEK
            or command.startswith(("\\mathbb", "\\var"))
        )

    def factor(self) -> Node:
        """Read an operand with its exponents, factorials, percent and degree signs."""
        self.deeper()
        node = self.operand()
        node = self._postfixes(node)
        self.depth -= 1
        return node

    def _postfixes(self, node: Node) -> Node:
        while True:
            if self.at("^", "**"):
                self.take()
                node = self._raised(node)
            elif self.accept("!"):
                node = Call("factorial", (node,))
            elif self.at("%", "\\%"):
                self.take()
                node = Quantity(node, "%")
            elif self.token.text in CURRENCIES and self.following.kind not in {"number", "word"}:
                node = Quantity(node, CURRENCIES[self.take().text])
            elif self.at("'", "\\prime"):
                raise UnreadableError("a prime behind what is no name")
            else:
                return node

    def _raised(self, base: Node) -> Node:
        if self.accept("\\circ") or self.accept("\\degree"):
            return Quantity(base, "°")
        if self.at("{") and self.following.text == "\\circ":
            self.take()
            self.take()
            self.expect("}")
            return Quantity(base, "°")
        exponent = self.script()
        return Call("pow", (base, self._tower(exponent)))

    def _tower(self, exponent: Node) -> Node:
        """Read the rest of `a^b^c`, which is a^(b^c)."""
        if not self.at("^", "**") or self.following.text == "\\circ":
            return exponent
        self.take()
        self.deeper()
        node = Call("pow", (exponent, self._tower(self.script())))
        self.depth -= 1
        return node

    def script(self) -> Node:
        """Read an exponent or a subscript: a group, or the one thing that follows."""
        if self.at("{"):
            return self.group()
        if self.token.kind == "number":  # no numeral: a subscript behind it belongs to the base
            token = self.take()
            return Number(token.value, token.places)
        if self.token.kind == "word" and len(self.token.text) == 1 and self.following.text == "_":
            letter = self.take().text  # the subscript belongs to what the script belongs to
            return Name(letter) if letter not in vocabulary.CONSTANTS else Call(letter)
        if self.at("-", "+"):
            sign = self.take().text
            inner = self.factor() if self.at("\\frac", "(") else self.operand()
            return negated(inner) if sign == "-" else inner
        if self.token.kind == "word" and len(self.token.text) > 1 and not self._is_known():
            self.split_word()
        return self.operand()

    def _is_known(self) -> bool:
        word = self.token.text
        return word in vocabulary.FUNCTIONS or word in vocabulary.CONSTANTS or word in GREEK

    @abstractmethod
    def group(self) -> Node:
        """Read an expression in braces."""

    def argument(self) -> Node:
        """Read the argument of a command: a group, or one digit or letter, as TeX does."""
        if self.at("{"):
            return self.group()
        token = self.token
        if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            self.replace([number_token(token.text[0]), number_token(token.text[1:])])
        elif token.kind == "word" and len(token.text) > 1:
            self.split_word()
        if self.token.kind == "word" and self.token.text not in vocabulary.CONSTANTS:
            return Name(self.take().text)  # without its subscript, which TeX leaves outside
        return self.operand()

    # --- operands ---

    def operand(self) -> Node:
        """Read one number, name, function or bracket."""
        token = self.token
        if token.kind == "number":
            return self.number()
        if token.kind == "word":
            return self.word()
        if token.kind == "command":
            return self._command()
        if token.text == "|":
            return self._absolute()
        if token.text in CURRENCIES:
            self.take()
            return Quantity(self.factor(), CURRENCIES[token.text])
        if token.text in {"(", "[", "{"} or token.kind == "begin":
            return self.bracketed()
        raise UnreadableError(f"{token.text[:20]!r} where a value is expected")

    def number(self) -> Node:
        """Read a number, or a numeral in a base."""
        token = self.take()
        if self.at("_") and token.places is None:
            return self._numeral(token)
        return Number(token.value, token.places)

    def _numeral(self, token: Token) -> Node:
        self.take()
        base = self.script()
        if not isinstance(base, Number) or not token.text.isdigit():
            raise UnreadableError("a subscript that is no base")
        if not 2 <= base.value <= 36 or max(map(int, token.text)) >= base.value:  # noqa: PLR2004
            raise UnreadableError(f"{token.text} is no number in base {base.value}")
        return Numeral(token.text.lstrip("0") or "0", int(base.value))

    def _command(self) -> Node:
        command = self.take().text
        read = _READERS.get(command)
        if read is not None:
            return read(self)
        if command in FIGURES:
            return self._figure(command[1:])
        if command in CLOSERS:
            self.position -= 1
            return self._enclosed(command)
        return self._letter_command(command, command[1:])

    def _figure(self, name: str) -> Node:
        if self.token.kind == "word":  # the order of its letters matters
            return Apply(name, (Name(self.take().text),))
        return Apply(name, (self.scope(),))

    def _conjugate(self) -> Node:
        inner = self.argument()
        if isinstance(inner, Number):
            raise UnreadableError("a line over a number")
        return Call("conjugate", (inner,))

    def _letter_command(self, command: str, name: str) -> Node:
        if command in ELLIPSES:
            return Name("...")
        is_letter = name in GREEK and (name == "gamma" or not self.at("("))
        if name in vocabulary.FUNCTIONS and not is_letter:
            return self.function(vocabulary.FUNCTIONS[name])
        if command.startswith("\\var") and name[3:] in GREEK and name not in GREEK:
            return self.named(name[3:])
        if name in vocabulary.CONSTANTS or name in GREEK or name in LETTERS:
            return self.constant_or_name(name)
        if command.startswith("\\mathbb"):
            return Call("numbers_" + command[-1])
        if command in {"\\$", "\\pounds", "\\euro"}:
            return Quantity(self.factor(), CURRENCIES[command])
        raise UnreadableError(f"{command[:20]} is not known")

    def _enclosed(self, command: str) -> Node:
        if command in ROUNDERS or command in BARS:
            self.take()
            self.bars += command in BARS
            node = self.expression()
            self.bars -= command in BARS
            self.expect(*CLOSERS[command])
            return Call(ROUNDERS.get(command, "abs"), (node,))
        return self.bracketed()

    def _bar_opens(self) -> bool:
        if not self.bars:
            return True
        return self.nested_bars and (
            self.following.kind in {"number", "word"} or self.following.text in {"(", "\\frac"}
        )

    def _absolute(self) -> Node:
        self.take()
        self.bars += 1
        self.deeper()
        node = self.set_expression()
        self.depth -= 1
        self.bars -= 1
        self.expect("|")
        return Call("abs", (node,))

    # --- fractions, roots and functions ---

    def fraction(self) -> Node:
        """Read a fraction, or a derivative that is written as one."""
        if self.at("{") and self.following.text in {"d", "\\partial"} | self.differential_words():
            derivative = self.derivative()
            if derivative is not None:
                return derivative
        top = self.argument()
        return Call("div", (top, self.argument()))

    def _root(self) -> Node:
        degree: Node = TWO
        if self.accept("["):
            degree = self.expression()
            self.expect("]")
        if self.at("("):
            radicand: Node = self.bracketed()
        else:
            radicand = self.argument()
        return root(radicand, degree)

    def function(self, op: str) -> Node:
        """Read exponent, base and argument of a function that was named."""
        base: Node | None = None
        exponent: Node | None = None
        while self.at("_", "^"):
            if self.take().text == "_":
                base = self.script()
            else:
                exponent = self.script()
        if op in vocabulary.INVERSES and exponent == negated(ONE):
            op, exponent = vocabulary.INVERSES[op], None
        args = self._function_arguments()
        node = named_call(op, args, base)
        return node if exponent is None else Call("pow", (node, exponent))

    def _function_arguments(self) -> tuple[Node, ...]:
        if self.at("(", "\\{"):
            inner = self.bracketed()
            if isinstance(inner, Group) and inner.kind in {"paren", "set"}:
                return inner.items
            return (inner,)
        if self.at("{"):
            return (self.group(),)
        return (self.scope(),)

    def scope(self) -> Node:
        """Read what a function without brackets applies to: factors up to the next function."""
        self.deeper()
        node = self._signed_factor() if self.at("-", "+") else self.factor()
        while self._continues_scope():
            node = joined("mul", node, self.factor())
        self.depth -= 1
        return node

    def _continues_scope(self) -> bool:
        if self.token.text.lstrip("\\") in vocabulary.FUNCTIONS or self.at("(", "["):
            return False
        if self.integrals and self.at_differential():
            return False
        return self.starts_factor()


_READERS: Final[dict[str, Callable[[ExpressionParser], Node]]] = {
    **dict.fromkeys(FRACTIONS, ExpressionParser.fraction),
    **dict.fromkeys(BINOMIALS, lambda p: Call("binomial", (p.argument(), p.argument()))),
    **dict.fromkeys(INTEGRALS, ExpressionParser.integral),
    **dict.fromkeys(CONJUGATES, ExpressionParser._conjugate),  # noqa: SLF001 - the class above
    **dict.fromkeys(DECORATIONS, ExpressionParser.argument),
    **{command: partial(ExpressionParser.big, op=op) for command, op in BIG.items()},
    "\\sqrt": ExpressionParser._root,  # noqa: SLF001
    "\\lim": ExpressionParser.limit,
}
"""What reads the rest of each command."""
