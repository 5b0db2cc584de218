"""From nodes to SymPy objects, built directly: no text reaches a parser of SymPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import sympy

from rft_grader_math.comparing import shapes
from rft_grader_math.errors import UnreadableError
from rft_grader_math.nodes import (
    Apply,
    Call,
    Group,
    Interval,
    Name,
    Node,
    Number,
    Quantity,
    Relation,
)

_RELATIONS: Final = {
    "<": sympy.Lt,
    "<=": sympy.Le,
    ">": sympy.Gt,
    ">=": sympy.Ge,
}


def expression(node: Node) -> Any:
    """Return an expression; variables are real. Raises `UnreadableError` for what is none."""
    match node:
        case Number(value=value):
            return sympy.Rational(value.numerator, value.denominator)
        case Name(text=text):
            return symbol(text)
        case Apply(function=function, args=args):
            return sympy.Function(function)(*map(expression, args))
        case Quantity(value=value, unit="%"):
            return expression(value) / 100
        case Quantity(value=value, unit="°"):
            return expression(value) * sympy.pi / 180
        case Call(op=op, args=args) if op in _OPERATIONS:
            return _OPERATIONS[op](*map(expression, args))
        case Call(op=op, args=args) if op in _BINDING:
            return _bound(op, args)
    raise UnreadableError("a value that is no number")


def symbol(name: str) -> Any:
    """Return the variable of a name."""
    return sympy.Symbol(name, real=True)


def _bound(op: str, args: tuple[Node, ...]) -> Any:
    body, variable = expression(args[0]), expression(args[1])
    rest = [arg for arg in args[2:] if not (isinstance(arg, Name) and arg.text in {"+", "-", "+-"})]
    bounds = [expression(arg) for arg in rest]
    if op == "limit":
        direction = next((a.text for a in args[3:] if isinstance(a, Name)), "+-")
        return sympy.Limit(body, variable, bounds[0], direction)
    if op == "derivative":
        return sympy.Derivative(_depending(body, variable), variable)
    return _BINDING[op](body, (variable, *bounds) if bounds else variable)


def _depending(body: Any, variable: Any) -> Any:
    """Return `y` as y(x) in dy/dx, whose derivative is not known and not zero."""
    if variable in body.free_symbols:
        return body
    return body.subs({s: sympy.Function(s.name)(variable) for s in body.free_symbols})


def solutions(node: Node) -> Any:
    """Return the set of real numbers that intervals, a list of numbers or inequalities describe."""
    found = shapes.intervals(node)
    if found is not None:
        return sympy.Union(*map(_interval, found))
    match node:
        case Group(kind="set" | "braces", items=items):
            return sympy.FiniteSet(*map(expression, items))
        case Group(kind="list", items=items):
            return sympy.Union(*map(solutions, items))
        case Call(op="emptyset"):
            return sympy.S.EmptySet
        case Call(op="union", args=(first, second)):
            return sympy.Union(solutions(first), solutions(second))
        case Call(op="intersection", args=(first, second)):
            return sympy.Intersection(solutions(first), solutions(second))
        case Call(op="difference", args=(first, second)):
            return sympy.Complement(solutions(first), solutions(second))
        case Relation():
            return _solved(node)
    raise UnreadableError("no set of numbers")


def _interval(interval: Interval) -> Any:
    low, high = expression(interval.low), expression(interval.high)
    return sympy.Interval(low, high, interval.low_open, interval.high_open)


def _solved(relation: Relation) -> Any:
    """Return the solutions of a chain of inequalities, or of an equation, in one variable."""
    members = [expression(member) for member in relation.members]
    variables = set().union(*(member.free_symbols for member in members))
    if len(variables) != 1:
        raise UnreadableError("an inequality in several variables")
    (variable,) = variables
    parts: list[Any] = []
    for left, operator, right in zip(members, relation.operators, members[1:], strict=False):
        if operator in _RELATIONS:
            statement = _RELATIONS[operator](left, right)
            parts.append(sympy.solveset(statement, variable, sympy.S.Reals))
        elif operator in {"=", "!="}:
            roots = sympy.solveset(sympy.Eq(left, right), variable, sympy.S.Reals)
            parts.append(roots if operator == "=" else sympy.Complement(sympy.S.Reals, roots))
        else:
            raise UnreadableError(f"the relation {operator}")
    return sympy.Intersection(*parts)


_BINDING: Final[dict[str, Callable[..., Any]]] = {
    "integral": sympy.Integral,
    "sum": sympy.Sum,
    "product": sympy.Product,
    "limit": sympy.Limit,
    "derivative": sympy.Derivative,
}
_OPERATIONS: Final[dict[str, Callable[..., Any]]] = {
    "neg": lambda x: -x,
    "add": sympy.Add,
    "mul": sympy.Mul,
    "div": lambda x, y: x / y,
    "pow": sympy.Pow,
    "sqrt": sympy.sqrt,
    "root": sympy.root,
    "ln": sympy.log,
    "log": sympy.log,
    "abs": sympy.Abs,
    "factorial": sympy.factorial,
    "binomial": sympy.binomial,
    "gamma": sympy.gamma,
    "zeta": sympy.zeta,
    "erf": sympy.erf,
    "floor": sympy.floor,
    "ceil": sympy.ceiling,
    "mod": sympy.Mod,
    "gcd": sympy.gcd,
    "lcm": sympy.lcm,
    "max": sympy.Max,
    "min": sympy.Min,
    "sign": sympy.sign,
    "re": sympy.re,
    "im": sympy.im,
    "arg": sympy.arg,
    "conjugate": sympy.conjugate,
    "pi": lambda: sympy.pi,
    "e": lambda: sympy.E,
    "i": lambda: sympy.I,
    "infinity": lambda: sympy.oo,
    **{
        name: getattr(sympy, name)
        for name in (
            "sin", "cos", "tan", "cot", "sec", "csc",
            "sinh", "cosh", "tanh", "coth", "sech", "csch",
            "asin", "acos", "atan", "acot", "asec", "acsc", "asinh", "acosh", "atanh",
        )
    },
}  # fmt: skip
