"""Formulas over grades: `2 * precision * recall / max(precision + recall, 1e-9)`.

The operators and functions of OpenAI's `calculate_output` (`^` is the power, right-associative;
`log` is the natural logarithm; `min` and `max` take one or more arguments), and besides them
comparisons (1 or 0) and `clip(x, low, high)`. A formula is parsed once into an allow-listed syntax
tree and evaluated over floats only, so it can neither run code nor compute for long.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from rft_core.errors import FormulaError
from rft_core.suggest import did_you_mean

MAX_CHARS: Final = 10_000
MAX_NODES: Final = 1_000

Values: TypeAlias = Mapping[str, float]
Evaluate: TypeAlias = Callable[[Values], float]


def _clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


_MANY: Final = None
_FUNCTIONS: Final[dict[str, tuple[Callable[..., float], int | None]]] = {
    # name: (function, number of arguments or _MANY)
    "min": (lambda *xs: min(xs), _MANY),
    "max": (lambda *xs: max(xs), _MANY),
    "abs": (abs, 1),
    "floor": (lambda x: float(math.floor(x)), 1),
    "ceil": (lambda x: float(math.ceil(x)), 1),
    "exp": (math.exp, 1),
    "sqrt": (math.sqrt, 1),
    "log": (math.log, 1),
    "clip": (_clip, 3),
}

_OPERATORS: Final[dict[type[ast.AST], Callable[..., Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,  # refuses complex results, where ** returns them
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

FUNCTION_NAMES: Final = frozenset(_FUNCTIONS)


@dataclass(frozen=True)
class Formula:
    """A parsed formula; `names` are the graders that it reads."""

    text: str
    names: frozenset[str]
    _evaluate: Evaluate

    def __call__(self, values: Values) -> float:
        """Return the formula's value, a finite number.

        Raises `ArithmeticError` or `ValueError` where there is none: a division by zero, the
        logarithm of 0, an overflow.
        """
        result = self._evaluate(values)
        if not math.isfinite(result):
            raise ArithmeticError(f"the formula gives {result}")
        return result


def parse_formula(text: str, known: frozenset[str]) -> Formula:
    """Parse a formula over the names in `known`.

    Raises `FormulaError` for a syntax error, an unknown name or function, or anything else that is
    no arithmetic.
    """
    if len(text) > MAX_CHARS:
        raise FormulaError(f"the formula is longer than {MAX_CHARS} characters")
    one_line = " ".join(text.split())
    names: set[str] = set()
    evaluate = _Compiler(one_line, known, names).compile(_syntax_tree(one_line).body)
    return Formula(text, frozenset(names), evaluate)


def _syntax_tree(text: str) -> ast.Expression:
    if "**" in text:
        raise FormulaError("the power is written ^ in a formula, not **")
    try:
        tree = ast.parse(text.replace("^", "**"), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        detail = getattr(error, "msg", None) or str(error)
        raise FormulaError(f"the formula {text[:200]!r} does not parse: {detail}") from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise FormulaError(f"the formula has more than {MAX_NODES} terms")
    return tree


class _Compiler:
    """Turns an allow-listed syntax tree into nested closures over floats."""

    def __init__(self, text: str, known: frozenset[str], names: set[str]) -> None:
        self.text = text
        self.known = known
        self.names = names

    def compile(self, node: ast.AST) -> Evaluate:
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._constant(value)
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                return _apply(_OPERATORS[type(op)], self.compile(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _apply(_OPERATORS[type(op)], self.compile(left), self.compile(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
                compare = _apply(_OPERATORS[type(op)], self.compile(left), self.compile(right))
                return lambda values: float(compare(values))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
        source = ast.get_source_segment(self.text.replace("^", "**"), node) or ""
        raise self._error(f"{source[:60]!r} is not allowed in a formula")

    def _constant(self, value: float) -> Evaluate:
        try:
            number = float(value)
        except OverflowError:
            raise self._error("a number in the formula is too large") from None
        return lambda _: number

    def _name(self, name: str) -> Evaluate:
        if name not in self.known:
            raise self._error(
                f"the formula reads {name!r}, but no grader has this name",
                did_you_mean(name, self.known),
            )
        self.names.add(name)
        return lambda values: 0.0 + values[name]  # refuses None, which == would compare

    def _call(self, name: str, arguments: list[ast.expr]) -> Evaluate:
        if name not in _FUNCTIONS:
            raise self._error(
                f"the formula calls {name!r}, which is no function of formulas",
                did_you_mean(name, _FUNCTIONS),
            )
        function, arity = _FUNCTIONS[name]
        if len(arguments) != arity if arity is not _MANY else not arguments:
            wanted = "at least one argument" if arity is _MANY else f"{arity} argument(s)"
            raise self._error(f"{name} takes {wanted}, not {len(arguments)}")
        return _apply(function, *(self.compile(argument) for argument in arguments))

    def _error(self, message: str, hint: str | None = None) -> FormulaError:
        return FormulaError(f"{message} (in {self.text[:200]!r})", hint=hint)


def _apply(function: Callable[..., float], *arguments: Evaluate) -> Evaluate:
    if len(arguments) == 1:
        (only,) = arguments
        return lambda values: function(only(values))
    if len(arguments) == 2:  # noqa: PLR2004 - the common case, spared an argument tuple
        left, right = arguments
        return lambda values: function(left(values), right(values))
    return lambda values: function(*[argument(values) for argument in arguments])
