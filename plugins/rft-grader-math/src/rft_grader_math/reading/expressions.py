"""From tokens to expressions: precedence climbing with implicit multiplication."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from rft_grader_math.errors import UnreadableError
from rft_grader_math.nodes import (
    Apply,
    Call,
    Group,
    Name,
    Node,
    Number,
    Numeral,
    Quantity,
)
from rft_grader_math.reading import vocabulary
from rft_grader_math.reading.characters import GREEK
from rft_grader_math.reading.lexer import Token, number_token
from rft_grader_math.reading.stream import TokenStream
from rft_grader_math.reading.units import CURRENCIES, is_known, is_unit

ONE: Final = Number(Fraction(1))
TWO: Final = Number(Fraction(2))
ADDITIVE: Final = {"+": "add", "-": "sub", "\\pm": "pm", "\\mp": "mp"}
MULTIPLICATIVE: Final = {
    "*": "mul", "\\cdot": "mul", "\\times": "mul", "\\ast": "mul", "/": "div", "\\div": "div",
    "\\bmod": "mod", "\\mod": "mod",
}  # fmt: skip
FRACTIONS: Final = frozenset({"\\frac", "\\dfrac", "\\tfrac", "\\cfrac"})
INFIX_WORDS: Final = {"mod": "mod", "choose": "binomial"}
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
FUNCTION_LETTERS: Final = frozenset("fghFGHP")
ELLIPSES: Final = frozenset({"\\ldots", "\\dots", "\\cdots", "\\dotsb", "\\dotsc"})
CHOICES: Final = frozenset({"C"})
MAX_SPLIT: Final = 4
"""Longer words are not products of letters."""


class ExpressionParser(TokenStream):
    """Reads expressions; what stands in brackets is left to the subclass."""

    def __init__(self, tokens: list[Token], *, nested_bars: bool = False) -> None:
        super().__init__(tokens)
        self.nested_bars = nested_bars
        """How `||x||y||` is read: its second pair of bars opens where this is set."""
        self.bars = 0
        self.differential: str | None = None
        """The variable of the integral that is being read, once its `dx` was met."""
        self.integrals = 0
        self.bound: list[str] = []
        """Index variables of sums and products, which are no constants even if called i or e."""

    # --- brackets, which the subclass reads ---

    def bracketed(self) -> Node:
        """Read what starts with an opening bracket."""
        raise NotImplementedError

    def set_expression(self) -> Node:
        """Read an expression, or sets joined by set operations."""
        raise NotImplementedError

    # --- sums and products ---

    def expression(self) -> Node:
        """Read terms joined by plus and minus."""
        self.deeper()
        node = self._term()
        while self.token.text in ADDITIVE and self.token.kind in {"sign", "command"}:
            op = ADDITIVE[self.take().text]
            right = self._term()
            node = Call("add", (node, negated(right))) if op == "sub" else Call(op, (node, right))
        self.depth -= 1
        return flat(node)

    def _term(self) -> Node:
        """Read factors; division binds as multiplication does, from the left."""
        sign = self.token.text if self.token.kind in {"sign", "command"} else ""
        if sign in ADDITIVE:
            self.take()
            self.deeper()
            inner = self._term()
            self.depth -= 1
            if sign == "+":
                return inner
            return negated(inner) if sign == "-" else Call("pm" if sign == "\\pm" else "mp", (inner,))
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
        """Return `1 1/2` and `1\\frac{1}{2}` as one and a half."""
        part: Node = right
        if digit and self.accept("/"):
            part = Call("div", (right, self.factor()))
        match (whole, part):
            case (Number(value=w, places=None), Call(op="div", args=(Number(value=t), Number(value=b)))):
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
            return not self._stops(token)
        if token.kind == "sign":
            if token.text == "|":
                return self._bar_opens()
            return token.text in {"(", "[", "{"}
        return token.kind == "command" and self._command_starts(token.text)

    def _stops(self, token: Token) -> bool:
        """Whether a word ends an expression: a connective, a unit, or any longer word."""
        word = token.text
        if word in {"and", "or"} or word in INFIX_WORDS:
            return True
        if self.integrals and self._at_differential():
            return True
        if self._at_compound_unit():
            return True
        known = word in vocabulary.FUNCTIONS or word in vocabulary.CONSTANTS or word in GREEK
        if known or len(word) == 1 or word in vocabulary.SYMPY_CALLS:
            return False
        return len(word) > MAX_SPLIT or is_unit(word) or (token.spaced and len(word) > 2)  # noqa: PLR2004

    def _at_compound_unit(self) -> bool:
        """Whether `m/s` follows a number, and no variables."""
        behind = self.tokens[min(self.position + 2, len(self.tokens) - 1)]
        return (
            self.token.spaced
            and self.following.text == "/"
            and behind.kind == "word"
            and is_known(self.token.text)
            and is_known(behind.text)
            and self.tokens[self.position - 1].kind == "number"
        )

    def _command_starts(self, command: str) -> bool:
        name = command[1:]
        return (
            command in FRACTIONS
            or command in BINOMIALS
            or command in BIG
            or command in INTEGRALS
            or command in CONJUGATES
            or command in DECORATIONS
            or command in FIGURES
            or command in {"\\sqrt", "\\lim", "\\{", "\\prime", "\\partial", "\\nabla", "\\hbar"}
            or (command in CLOSERS and command not in {"\\vert", "\\|", "\\Vert"})
            or (command in {"\\vert", "\\|", "\\Vert"} and not self.bars)
            or name in vocabulary.FUNCTIONS
            or name in vocabulary.CONSTANTS
            or name in GREEK
            or command.startswith(("\\mathbb", "\\var"))
        )

    def factor(self) -> Node:
        """Read an operand with its exponents, factorials, percent and degree signs."""
        self.deeper()
        node = self._operand()
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
        if not self.at("^", "**") or self.following.text in {"\\circ", "{\\circ}"}:
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
        if self.at("-", "+"):
            sign = self.take().text
            inner = self.factor() if self.at("\\frac", "(") else self._operand()
            return negated(inner) if sign == "-" else inner
        if self.token.kind == "word" and len(self.token.text) > 1 and not self._is_function():
            if self.token.text not in vocabulary.CONSTANTS and self.token.text not in GREEK:
                self.split_word()
        return self._operand()

    def _is_function(self) -> bool:
        return self.token.text in vocabulary.FUNCTIONS

    def group(self) -> Node:
        """Read an expression in braces."""
        self.expect("{")
        node = self.expression()
        self.expect("}")
        return node

    def argument(self) -> Node:
        """Read the argument of a command: a group, or one digit or letter, as TeX does."""
        if self.at("{"):
            return self.group()
        token = self.token
        if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            self.replace([number_token(token.text[0]), number_token(token.text[1:])])
        elif token.kind == "word" and len(token.text) > 1:
            self.split_word()
        return self._operand()

    # --- operands ---

    def _operand(self) -> Node:
        token = self.token
        if token.kind == "number":
            return self._number()
        if token.kind == "word":
            return self._word()
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

    def _number(self) -> Node:
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

    def _word(self) -> Node:
        word = self.token.text
        if self.integrals and word[0] == "d" and self._at_differential():
            return self._differential()
        if word in vocabulary.FUNCTIONS and self._calls(word):
            self.take()
            return self._function(vocabulary.FUNCTIONS[word])
        if word in vocabulary.SYMPY_CALLS and self.following.text == "(":
            self.take()
            return self._sympy_call(vocabulary.SYMPY_CALLS[word])
        if word in vocabulary.CONSTANTS and word not in self.bound:
            self.take()
            return Call(vocabulary.CONSTANTS[word])
        if len(word) > 1 and word not in GREEK:
            return self._letters(word)
        self.take()
        return self._named(word)

    def _calls(self, word: str) -> bool:
        """Whether a word is a function here: short ones need brackets, as `lg` and `re` do."""
        return self.following.text in {"(", "{", "^", "_", "|"} or (
            word not in {"arg", "max", "min", "sign", "Re", "Im", "det"}
            and self.following.kind in {"number", "word", "command"}
        )

    def _letters(self, word: str) -> Node:
        """Read a word as a product of letters, or as one name if it is long."""
        if len(word) <= MAX_SPLIT or self.integrals:
            self.split_word()
            return self._word()
        raise UnreadableError(f"{word[:20]!r} is no value")

    def _named(self, letter: str) -> Node:
        """Read the subscript, primes and arguments of a name."""
        name = letter + self._marks()
        if name in CHOICES and self.at("(") and not self.token.spaced:
            return self._choices()
        applied = letter in FUNCTION_LETTERS or name.endswith("'")
        if self.at("(") and not self.token.spaced and (applied or self._looks_applied(letter)):
            return Apply(name, self._arguments())
        return Name(name)

    def _choices(self) -> Node:
        """Read `C(n, k)`, a binomial, and `P(A)`, a probability."""
        inner = self.bracketed()
        if isinstance(inner, Group) and len(inner.items) == 2 and self.tokens:  # noqa: PLR2004
            return Call("binomial", inner.items)
        return joined("mul", Name("C"), inner)

    def _marks(self) -> str:
        """Return subscript and primes in one order, `f_1''`, however they are written."""
        primes, subscript = 0, ""
        while True:
            if self.accept("'", "\\prime"):
                primes += 1
            elif self.at("^") and self.following.text in {"\\prime", "'"}:
                self.take()
            elif self.at("_") and not subscript:
                self.take()
                subscript = "_" + self._subscript()
            else:
                return subscript + "'" * primes

    def _subscript(self) -> str:
        if not self.accept("{"):
            return self.take().text.lstrip("\\")
        parts: list[str] = []
        while not self.at("}"):
            if self.token.kind == "eof":
                raise UnreadableError("a brace is not closed")
            parts.append(self.take().text.lstrip("\\"))
        self.take()
        return "".join(parts)

    def _looks_applied(self, letter: str) -> bool:
        """Whether `θ(x)` or `f(x)` is meant: one plain variable in the brackets of a Greek letter."""
        return letter in GREEK and self.tokens[self.position + 2].text == ")" and self.following.kind == "word"

    def _arguments(self) -> tuple[Node, ...]:
        inner = self.bracketed()
        return inner.items if isinstance(inner, Group) and inner.kind == "paren" else (inner,)

    def _command(self) -> Node:  # noqa: PLR0911 - one line per kind of command
        command = self.take().text
        name = command[1:]
        if command in FRACTIONS:
            return self._fraction()
        if command in BINOMIALS:
            return Call("binomial", (self.argument(), self.argument()))
        if command == "\\sqrt":
            return self._root()
        if command in BIG:
            return self._big(BIG[command])
        if command in INTEGRALS:
            return self._integral()
        if command == "\\lim":
            return self._limit()
        if command in CONJUGATES:
            inner = self.argument()
            if isinstance(inner, Number):
                raise UnreadableError("a line over a number")
            return Call("conjugate", (inner,))
        if command in DECORATIONS:
            return self.argument()
        if command in FIGURES:
            if self.token.kind == "word":  # the order of its letters matters
                return Apply(name, (Name(self.take().text),))
            return Apply(name, (self._scope(),))
        if command in CLOSERS:
            self.position -= 1
            return self._enclosed(command)
        return self._letter_command(command, name)

    def _letter_command(self, command: str, name: str) -> Node:
        if command in ELLIPSES:
            return Name("...")
        if name in GREEK and (name == "gamma" or not self.at("(")):
            return self._constant_or_name(name)
        if name in vocabulary.FUNCTIONS:
            return self._function(vocabulary.FUNCTIONS[name])
        if name in vocabulary.CONSTANTS and name not in self.bound:
            return Call(vocabulary.CONSTANTS[name])
        if command.startswith("\\var") and name[3:] in GREEK:
            return self._named(name[3:])
        if name in GREEK or name in {"partial", "nabla", "hbar", "ell"}:
            return self._named(name)
        if command.startswith("\\mathbb"):
            return Call("numbers_" + command[-1])
        if command in {"\\$", "\\pounds", "\\euro"}:
            return Quantity(self.factor(), CURRENCIES[command])
        raise UnreadableError(f"{command[:20]} is not known")

    def _constant_or_name(self, name: str) -> Node:
        if name in vocabulary.CONSTANTS and name not in self.bound:
            return Call(vocabulary.CONSTANTS[name])
        return self._named(name)

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

    def _fraction(self) -> Node:
        if self.at("{") and self.following.text in {"d", "\\partial"} | self._differential_words():
            derivative = self._derivative()
            if derivative is not None:
                return derivative
        top = self.argument()
        return Call("div", (top, self.argument()))

    def _differential_words(self) -> set[str]:
        word = self.following.text
        return {word} if self.following.kind == "word" and word[0] == "d" and len(word) == 2 else set()  # noqa: PLR2004

    def _derivative(self) -> Node | None:
        """Read `\\frac{d}{dx} f`, `\\frac{df}{dx}`; None, having read nothing, if it is neither."""
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
            variable = self._operand()
            self.expect("}")
            if not isinstance(variable, Name):
                raise UnreadableError("no derivative")  # noqa: TRY301, TRY004
        except UnreadableError:
            self.position, self.tokens = start, tokens
            return None
        return Call("derivative", (inner if inner is not None else self._scope(), variable))

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

    def _function(self, op: str) -> Node:
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
        return (self._scope(),)

    def _scope(self) -> Node:
        """Read what a function without brackets applies to: factors up to the next function."""
        self.deeper()
        if self.at("-", "+"):
            node = self._signed_factor()
        else:
            node = self.factor()
        while self._continues_scope():
            node = joined("mul", node, self.factor())
        self.depth -= 1
        return node

    def _continues_scope(self) -> bool:
        if self.token.text.lstrip("\\") in vocabulary.FUNCTIONS or self.at("(", "["):
            return False
        if self.integrals and self._at_differential():
            return False
        return self.starts_factor()

    # --- sums, integrals, limits ---

    def _big(self, op: str) -> Node:
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
        node = self._term()
        self.depth -= 1
        return node

    def _integral(self) -> Node:
        bounds: dict[str, Node] = {}
        while self.at("_", "^"):
            side = self.take().text
            bounds[side] = self.script()
        outer, self.differential = self.differential, None
        self.integrals += 1
        body = ONE if self._at_differential() else self.expression()
        if self.differential is None and self._at_differential():
            self._differential()
        self.integrals -= 1
        variable = Name(self.differential or "x")
        self.differential = outer
        if not bounds:
            return Call("integral", (body, variable))
        return Call("integral", (body, variable, bounds["_"], bounds["^"])) if len(bounds) > 1 else _half(bounds)

    def _at_differential(self) -> bool:
        """Whether `dx` follows, as one word or as two."""
        token = self.token
        if token.kind != "word" or token.text[0] != "d" or self.differential is not None:
            return False
        if len(token.text) > 1:
            return len(token.text) == 2 or token.text[1:] in GREEK  # noqa: PLR2004 - d and a letter
        follower = self.following
        return follower.kind == "word" or follower.text[1:] in GREEK

    def _differential(self) -> Node:
        if len(self.token.text) > 1:
            self.differential = self.take().text[1:]
        else:
            self.take()
            self.differential = self.take().text.lstrip("\\")
        return ONE

    def _limit(self) -> Node:
        self.expect("_")
        self.expect("{")
        variable = self.factor()
        if not self.accept("\\to", "\\rightarrow", "\\longrightarrow", "->"):
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
            return self._number()
        if self.token.kind == "word" and self.following.text == "^" and len(self.token.text) == 1:
            return self._word()
        return self.expression()

    # --- SymPy's own notation ---

    def _sympy_call(self, op: str) -> Node:
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


def negated(node: Node) -> Node:
    """Return minus the node."""
    if isinstance(node, Number):
        return Number(-node.value, node.places)
    if isinstance(node, Quantity):
        return Quantity(negated(node.value), node.unit)
    return Call("neg", (node,))


def joined(op: str, left: Node, right: Node) -> Node:
    """Return a product, quotient or remainder; products are kept flat, units stay outside."""
    if op == "mul" and isinstance(right, Quantity) and right.unit != "°" and not isinstance(left, Quantity):
        return Quantity(joined(op, left, right.value), right.unit)
    if op == "mul" and isinstance(left, Call) and left.op == "mul":
        return Call("mul", (*left.args, right))
    return Call(op, (left, right))


def flat(node: Node) -> Node:
    """Return a sum with the terms of the sum it begins with beside its own."""
    terms: list[Node] = []
    while isinstance(node, Call) and node.op == "add":
        terms.append(node.args[1])
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
    low, high = ARITIES.get(op, (1, 1))
    if not low <= len(args) <= high or base is not None:
        raise UnreadableError(f"{op} of {len(args)} arguments")
    return root(args[0], Number(Fraction(3))) if op == "cbrt" else Call(op, args)


ARITIES: Final = {
    "binomial": (2, 2), "mod": (2, 2), "log": (2, 2), "root": (2, 2),
    "gcd": (1, 20), "lcm": (1, 20), "max": (1, 20), "min": (1, 20),
}  # fmt: skip
NATURAL: Final = ((Call("e"),), (Name("E"),))
"""SymPy calls the base of the natural logarithm E."""
