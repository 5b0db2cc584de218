"""Whether two expressions have the same value wherever both are defined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from rft_grader_math.comparing.numeric import (
    GUARD_DIGITS,
    Evaluator,
    Steps,
    Undefined,
    context,
    digits_needed,
    hashed,
)
from rft_grader_math.errors import BeyondError, TooLargeError, UnreadableError
from rft_grader_math.nodes import Node

_SCALES: Final = ((1, 1), (3, -1), (12, 0), (90, 1), (1_200, -1), (1_500, 1), (1 / 128, 0))
_USUAL: Final = 3
"""Sizes and signs of the points that are always tried: bends and steps may be anywhere."""
_ALWAYS: Final = len(_SCALES) + 2
_MAX_OPTIONAL_DIGITS: Final = 250
_TRIALS: Final = 14
_NEEDED: Final = 4
"""Points at which two expressions have to agree, at least where they are defined there."""
_SLACK: Final = 20
"""Digits that rounding may cost."""


class NeedsAlgebra(Exception):  # noqa: N818 - a request, not an error
    """Evaluation does not decide; the algebra worker has to."""


def agree(gold: Node, answer: Node, steps: Steps, *, tolerance: float = 0.0) -> bool:
    """Whether two expressions agree; raises `NeedsAlgebra` and `TooLargeError`."""
    pair = _Pair(gold, answer, steps)
    found = False
    for place in pair.places():
        values = pair.values(place)
        if values is None:
            continue
        if not pair.close(values, tolerance) and not pair.is_noise(values, place):
            return _differ(gold, answer)
        found = True
    if not found:
        raise NeedsAlgebra
    return True


def ratio(gold: Node, answer: Node, steps: Steps) -> float | None:
    """Return c if gold = c · answer everywhere, with c real and not zero; else None."""
    pair = _Pair(gold, answer, steps)
    quotient: Any = None
    for place in pair.places():
        values = pair.values(place)
        if values is None:
            continue
        if not any(values):  # a common zero says nothing
            continue
        if not all(values):
            return None
        current = values[0] / values[1]
        if quotient is not None and not pair.close((quotient, current)):
            return None
        quotient = current
    if quotient is None:
        raise NeedsAlgebra
    return None if quotient.imag else float(quotient.real)


def real_value(node: Node, steps: Steps) -> Any | None:
    """Return the value of a constant if it is real; else None. Names are not defined."""
    mp = context(digits_needed(node))
    try:
        return Evaluator(mp, _no_point, steps, real=True).value(node)
    except (Undefined, UnreadableError):
        return None


def _differ(gold: Node, answer: Node) -> bool:
    """Two expressions that differ by what they are made of may still have the same value."""
    if "binding" in gold.facts or "binding" in answer.facts:
        raise NeedsAlgebra
    return False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to evaluate: `point` gives each variable a value.

    `real`: within the reals. `optional`: left out where values are too large to be evaluated.
    """

    real: bool
    point: Callable[[Any, str], Any]
    optional: bool = False


class _Pair:
    """Two expressions, evaluated side by side."""

    def __init__(self, gold: Node, answer: Node, steps: Steps) -> None:
        self._nodes = (gold, answer)
        self._steps = steps
        self._digits = digits_needed(gold, answer)
        self._constant = "name" not in gold.facts and "name" not in answer.facts
        # |x| says that the domain matters; otherwise a smaller one is no difference.
        self._same_domain = ("bars" in gold.facts) != ("bars" in answer.facts)
        self._defined = 0
        self._beyond = False

    def places(self) -> Iterator[_Place]:
        """Yield places until the expressions were both defined at enough of them."""
        if self._constant:
            yield _Place(False, _nowhere)
            return
        complex_too = "complex" in self._nodes[0].facts or "complex" in self._nodes[1].facts
        for number, place in enumerate(_places(complex_too=complex_too)):
            if number >= _ALWAYS + complex_too and (
                self._defined >= _NEEDED or (self._defined and not place.real)
            ):
                return
            yield place
        if not self._defined and self._beyond:
            raise TooLargeError("a value too large to be evaluated at every point")

    def values(self, place: _Place) -> tuple[Any, Any] | None:
        """Return both values; None if one of them is not defined there."""
        values = self._evaluated(place, self._digits)
        self._defined += values is not None
        return values

    def _evaluated(self, place: _Place, digits: int) -> tuple[Any, Any] | None:
        """Evaluate, again with more digits where operands were too far apart for these."""
        (first, second), spread = self._both(place, digits)
        needed = GUARD_DIGITS + spread * 3 // 10
        if needed > digits and place.optional and needed > _MAX_OPTIONAL_DIGITS:
            return None
        if needed > digits:
            self._digits = max(self._digits, needed)
            (first, second), _ = self._both(place, needed)
        mp = context(self._digits)
        if first is not None and second is not None:
            return first, second
        if first is not second and self._same_domain and place.real:
            return mp.mpf(0), mp.mpf(1)
        return None

    def _both(self, place: _Place, digits: int) -> tuple[list[Any], int]:
        mp = context(digits)
        point = _remembered(mp, place.point)
        values: list[Any] = []
        spread = 0
        for node in self._nodes:
            evaluator = Evaluator(mp, point, self._steps, real=place.real)
            try:
                values.append(evaluator.value(node))
            except Undefined:
                values.append(None)
            except BeyondError:
                if self._constant:
                    raise
                values.append(None)
                self._beyond = True
            spread = max(spread, evaluator.spread)
        return values, spread

    def close(self, values: tuple[Any, Any], tolerance: float = 0.0) -> bool:
        """Whether two values are equal but for rounding, or within the tolerance of the first."""
        first, second = values
        difference = abs(first - second)
        size = abs(first) if tolerance else max(abs(first), abs(second))
        limit = tolerance or context(self._digits).mpf(10) ** (_SLACK - self._digits)
        return not difference or bool(difference <= limit * size)

    def is_noise(self, values: tuple[Any, Any], place: _Place) -> bool:
        """Whether two values differ by rounding of larger terms: with more digits, by less."""
        again = self._evaluated(place, 3 * self._digits)
        if again is None:
            return False
        before, now = abs(values[0] - values[1]), abs(again[0] - again[1])
        return bool(now <= before * context(3 * self._digits).mpf(10) ** (-self._digits // 2))


def _places(*, complex_too: bool) -> Iterator[_Place]:
    """Yield the places that always count, then others for where those are not defined."""
    if complex_too:
        yield _Place(False, _complex_point(0))
    for scale, sign in _SCALES:
        yield _Place(True, _real_point(scale, sign), optional=scale > _USUAL)
    for trial in range(2):
        yield _Place(True, _integer_point(trial))
    for trial in range(_TRIALS):
        yield _Place(True, _real_point(1 + trial % 3, 0, trial))
    for trial in range(2, 2 + _NEEDED):
        yield _Place(True, _integer_point(trial))
    for trial in range(_NEEDED):
        yield _Place(False, _complex_point(trial))


def _real_point(scale: float, sign: int, trial: int = 0) -> Callable[[Any, str], Any]:
    """Return points of about the size `scale`, of one sign or (0) of one each."""

    def value(mp: Any, name: str) -> Any:
        size = hashed(mp, f"{trial}:{scale}:{name}") * scale
        either = -1 if int(hashed(mp, f"sign {trial}:{name}") * 1000) % 2 else 1
        return size * (sign or either)

    return value


def _integer_point(trial: int) -> Callable[[Any, str], Any]:
    """Return integers that go up by one from trial to trial, so that both parities occur."""
    return lambda mp, name: mp.mpf(2 + trial + int(hashed(mp, f"int {name}") * 8))


def _complex_point(trial: int) -> Callable[[Any, str], Any]:
    return lambda mp, name: mp.mpc(
        hashed(mp, f"re {trial}:{name}"), hashed(mp, f"im {trial}:{name}")
    )


def _remembered(mp: Any, point: Callable[[Any, str], Any]) -> Callable[[str], Any]:
    known: dict[str, Any] = {}

    def value(name: str) -> Any:
        if name not in known:
            known[name] = point(mp, name)
        return known[name]

    return value


def _nowhere(_mp: Any, _name: str) -> Any:
    raise Undefined


def _no_point(_name: str) -> Any:
    raise Undefined
