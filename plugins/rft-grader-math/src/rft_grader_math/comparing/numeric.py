"""High-precision evaluation at random points.

Two expressions that differ at one point are different; that is a proof. Two that agree to 50
digits at several random points are equal but for a chance that does not occur. Precision grows with
the digits of the operands, so that no difference is too small to be seen.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from mpmath import MPContext
from mpmath.libmp import NoConvergence

from rft_grader_math.bounds import MAX_EXPONENT_10, MAX_FACTORIAL, MAX_STEPS
from rft_grader_math.errors import BeyondError, TooLargeError, UnreadableError
from rft_grader_math.nodes import BINDING, Apply, Call, Name, Node, Number, Quantity, walk

GUARD_DIGITS: Final = 50
_MAX_LOG2: Final = int(MAX_EXPONENT_10 * 3.33)
_MAX_ARGUMENT: Final = MAX_FACTORIAL
"""The largest argument of gamma-like functions, which take long for large ones."""
_MAX_DIGITS_OF_GAMMA: Final = 300


class Undefined(ArithmeticError):  # noqa: N818 - a mathematical outcome, not an error
    """The expression has no real value at this point, or none at all."""


class Steps:
    """Counts operations over one comparison."""

    def __init__(self, limit: int = MAX_STEPS) -> None:
        self.left = limit

    def take(self, count: int = 1) -> None:
        """Count operations; raise `TooLargeError` if none is left."""
        self.left -= count
        if self.left < 0:
            raise TooLargeError("takes too many steps to evaluate")


_local = threading.local()


def context(digits: int) -> Any:
    """Return this thread's mpmath context, set to a precision in digits."""
    found = getattr(_local, "context", None)
    if found is None:
        found = _local.context = MPContext()
    found.dps = digits
    return found


def digits_needed(*nodes: Node) -> int:
    """Return decimal digits of precision that leave `GUARD_DIGITS` beyond those of the operands."""
    longest = 0
    for node in nodes:
        for part in walk(node):
            if isinstance(part, Number):
                value = part.value
                longest = max(
                    longest, value.numerator.bit_length() + value.denominator.bit_length()
                )
    return GUARD_DIGITS + min(longest * 3 // 10, MAX_EXPONENT_10)


class Evaluator:
    """Evaluates expressions at one point; `real`: only where every part has a real value."""

    def __init__(self, mp: Any, point: Callable[[str], Any], steps: Steps, *, real: bool) -> None:
        self.mp = mp
        self.point = point
        self.steps = steps
        self.real = real
        self.bound: Mapping[str, Any] = {}
        self.spread = 0
        """How many bits apart the operands of an operation were, at most: those of the smaller one
        that many bits below are lost unless the precision exceeds this."""
        self._cost = 1 + (mp.dps // 100) ** 2

    def value(self, node: Node) -> Any:
        """Return the value; raise `Undefined`, `TooLargeError`, or `UnreadableError` for none."""
        self.steps.take(self._cost)
        try:
            return self._checked(self._value(node))
        except (ZeroDivisionError, OverflowError, NoConvergence):
            raise Undefined from None
        except ValueError as error:
            if isinstance(error, UnreadableError):
                raise
            raise Undefined from None

    def _value(self, node: Node) -> Any:
        match node:
            case Number(value=value):
                return self.mp.mpf(value.numerator) / value.denominator
            case Name(text=text):
                return self.bound[text] if text in self.bound else self.point(text)
            case Apply(function=function, args=args):
                return self._opaque(function, [self.value(arg) for arg in args])
            case Quantity(value=value, unit="%"):
                return self.value(value) / 100
            case Quantity(value=value, unit="°"):
                return self.value(value) * self.mp.pi / 180
            case Call(op="pow", args=(Call(op="e"), exponent)):
                argument = self.value(exponent)
                self._widen("exp", [argument])
                return _exp(self, argument)
            case Call(op=op, args=args) if op in BINDING:
                return self._unevaluated(op, args)
            case Call(op=op, args=args) if op in _FUNCTIONS:
                values = [self.value(arg) for arg in args]
                self._widen(op, values)
                return _FUNCTIONS[op](self, *values)
        raise UnreadableError("a value that is no number")

    def _widen(self, op: str, values: list[Any]) -> None:
        """Note the spread of the operands: of terms, and of arguments from 1."""
        if op in {"neg", "mul", "div"}:
            return
        sizes = [self.mp.mag(value) for value in values if value]
        if not sizes:
            return
        if op == "add":
            spread = max(sizes) - min(sizes)
        else:
            spread = 2 * max(abs(size) for size in sizes)
            if op in {"tanh", "coth", "erf", "exp", "sinh", "cosh"}:
                spread += int(3 * min(max(abs(value) for value in values), _MAX_LOG2))
        self.spread = max(self.spread, spread)

    def _checked(self, value: Any) -> Any:
        if isinstance(value, self.mp.mpc) and not value.imag:
            value = value.real
        if isinstance(value, self.mp.mpc):
            if self.real:
                raise Undefined
            sizes = [self.mp.mag(part) for part in (value.real, value.imag) if part]
        else:
            if not self.mp.isfinite(value):
                raise Undefined
            sizes = [self.mp.mag(value)] if value else []
        if any(not abs(size) < _MAX_LOG2 for size in sizes):
            raise BeyondError(f"a value beyond 10^{MAX_EXPONENT_10}")
        return value

    def _unevaluated(self, op: str, args: tuple[Node, ...]) -> Any:
        """Return a number that depends on what a sum, an integral … is made of, on nothing else.

        The variable it binds is given a value of its own, so its name does not matter.
        """
        body, variable, *rest = args
        if not isinstance(variable, Name):
            raise UnreadableError(f"{op} over what is no variable")
        side = [
            part.text for part in rest if isinstance(part, Name) and part.text in {"+", "-", "+-"}
        ]
        bounds = [part for part in rest if not (isinstance(part, Name) and part.text in side)]
        values = [
            hashed(self.mp, "infinity") if part == Call("infinity") else self.value(part)
            for part in bounds
        ]
        if op == "derivative":
            return self._opaque(op, [self.value(body), self.point(variable.text)])
        outer = self.bound
        inner: list[Any] = []
        for trial in range(2):
            value = hashed(self.mp, f"bound {len(outer)}.{trial}")
            self.bound = {**outer, variable.text: value}
            inner.append(self.value(body))
        self.bound = outer
        # An indefinite integral depends on its variable from outside, too.
        free = [self.point(variable.text)] if op == "integral" and not bounds else []
        return self._opaque(op + "".join(side), [*inner, *values, *free])

    def _opaque(self, name: str, values: list[Any]) -> Any:
        """Return a pseudo-random number for a function that is not known, at these arguments."""
        text = name + "|".join(self.mp.nstr(value, self.mp.dps - 20) for value in values)
        return hashed(self.mp, text)


def hashed(mp: Any, text: str) -> Any:
    """Return a number between 1/4 and 5/4 that a text determines."""
    digest = hashlib.sha256(text.encode()).digest()
    return mp.mpf(int.from_bytes(digest[:24], "big")) / 2**192 + mp.mpf(1) / 4


def _power(e: Evaluator, base: Any, exponent: Any) -> Any:
    if not base:
        if e.mp.re(exponent) > 0:
            return e.mp.mpf(0)
        if exponent:
            raise Undefined
        return e.mp.mpf(1)
    size = abs(exponent) * abs(e.mp.log(abs(base), 2))
    if size > _MAX_LOG2:
        raise BeyondError(f"a power beyond 10^{MAX_EXPONENT_10}")
    return base**exponent


def _root(e: Evaluator, radicand: Any, degree: Any = 2) -> Any:
    """Return the principal root; odd roots of negative numbers are real."""
    odd = not isinstance(degree, int) and e.mp.isint(degree) and int(degree) % 2
    if odd and e.mp.im(radicand) == 0 and radicand < 0:
        return -((-radicand) ** (1 / degree))
    return e.mp.sqrt(radicand) if degree == 2 else _power(e, radicand, 1 / degree)  # noqa: PLR2004


def _exp(e: Evaluator, x: Any) -> Any:
    if abs(x) > _MAX_LOG2:
        raise BeyondError(f"a power beyond 10^{MAX_EXPONENT_10}")
    return e.mp.exp(x)


def _bounded(name: str) -> Callable[..., Any]:
    """Return a function of mpmath for arguments of moderate size."""

    def apply(e: Evaluator, *args: Any) -> Any:
        if any(abs(arg) > _MAX_ARGUMENT for arg in args):
            raise BeyondError(f"{name} of a large argument")
        if e.mp.dps > _MAX_DIGITS_OF_GAMMA:
            raise BeyondError(f"{name} to more than {_MAX_DIGITS_OF_GAMMA} digits")
        return getattr(e.mp, name)(*args)

    return apply


def _plain(name: str) -> Callable[..., Any]:
    return lambda e, x: getattr(e.mp, name)(x)


def _real(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is defined for real arguments only."""

    def apply(e: Evaluator, *args: Any) -> Any:
        if any(e.mp.im(arg) for arg in args):
            raise Undefined
        return function(e.mp, *args)

    return apply


def _log(e: Evaluator, x: Any, base: Any = None) -> Any:
    if not x:
        raise Undefined
    if base is None:
        return e.mp.log(x)
    return e.mp.log(x) / e.mp.log(base)


def _product(e: Evaluator, *factors: Any) -> Any:
    product = factors[0]
    for factor in factors[1:]:
        product = e._checked(product * factor)  # noqa: SLF001 - the same module
    return product


def _quotient(_: Evaluator, x: Any, y: Any) -> Any:
    if not y:
        raise Undefined
    return x / y


def _modulo(mp: Any, x: Any, y: Any) -> Any:
    return x - y * mp.floor(x / y)


def _constant(name: str) -> Callable[[Evaluator], Any]:
    return lambda e: +getattr(e.mp, name)


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "neg": lambda _, x: -x,
    "add": lambda e, *terms: e.mp.fsum(terms),
    "mul": _product,
    "div": _quotient,
    "pow": _power,
    "sqrt": _root,
    "root": _root,
    "ln": _log,
    "log": _log,
    "abs": lambda _, x: abs(x),
    "factorial": _bounded("factorial"),
    "binomial": _bounded("binomial"),
    "gamma": _bounded("gamma"),
    "zeta": _bounded("zeta"),
    "erf": _bounded("erf"),
    "sinh": _bounded("sinh"),
    "cosh": _bounded("cosh"),
    "floor": _real(lambda mp, x: mp.floor(x)),
    "ceil": _real(lambda mp, x: mp.ceil(x)),
    "mod": _real(_modulo),
    "max": _real(lambda _, *args: max(args)),
    "min": _real(lambda _, *args: min(args)),
    "sign": _plain("sign"),
    "re": _plain("re"),
    "im": _plain("im"),
    "arg": _plain("arg"),
    "conjugate": _plain("conj"),
    "pi": _constant("pi"),
    "e": _constant("e"),
    "i": lambda e: e.mp.mpc(0, 1),
    **{
        name: _plain(name)
        for name in (
            "sin", "cos", "tan", "cot", "sec", "csc", "tanh", "coth", "sech", "csch",
            "asin", "acos", "atan", "acot", "asec", "acsc", "asinh", "acosh", "atanh",
        )
    },
}  # fmt: skip
