"""Attacks on graders of final answers: wrong answers in the form of right ones."""

from __future__ import annotations

import re
from decimal import Decimal
from random import Random
from typing import Final

from rft_core.testing.adversarial.attack import Changes
from rft_core.testing.adversarial.families.targets import Target, answering
from rft_core.testing.adversarial.values import NEAR, fraction_of, same

_KINDS_OF_COLLECTION: Final = {"tuple": "({})", "list": "[{}]", "set": r"\{{{}\}}"}
_COLLECTION: Final = re.compile(r"(?:\(|\[|\\\{)([^()\[\]{}\\]*,[^()\[\]{}\\]*)(?:\)|\]|\\\})")
_PI: Final = "3.141593"
_LONGEST_RUN: Final = 3
"""So many letters at least have an order to change."""


def _near_miss(target: Target, _: Random) -> Changes:
    yield from target.wrong()


def _chained(target: Target, random: Random) -> Changes:
    """M1."""
    if target.value.kind != "number":
        return
    right, wrong = target.slot.answer, target.a_wrong(random)
    yield "a wrong equality", f"{wrong} = {right}"
    yield "a chain of wrong equalities", f"1=2={right}"
    yield "a variable with two values", f"x={wrong}={right}"


def _denied(target: Target, _: Random) -> Changes:
    """M2."""
    right = target.slot.answer
    boxed = target.slot.form == "boxed"
    yield "not", rf"\text{{not }} {right}" if boxed else f"not {right}"
    yield "is wrong", rf"{right} \text{{ is wrong}}" if boxed else f"{right} is wrong"
    yield "anything but", rf"\text{{anything but }} {right}" if boxed else f"anything but {right}"
    if boxed:
        yield "unequal", rf"\neq {right}"


def _doubted(target: Target, _: Random) -> Changes:
    """M3."""
    right = target.slot.answer
    boxed = target.slot.form == "boxed"
    yield "maybe", rf"\text{{maybe }} {right}" if boxed else f"maybe {right}"
    yield "a question", f"{right}?" if boxed else f"{right}? No idea."


def _not_carried_out(target: Target, _: Random) -> Changes:
    """M5."""
    number = target.value.whole
    if target.value.kind != "number" or number is None or not 1 < number < 10**6:
        return
    yield "a difference", f"{number + 3} - 3"
    yield "a remainder", rf"{number} \bmod {number + 1}"
    yield "a sum of ones", rf"\sum_{{i=1}}^{{{number}}} 1"
    factor = next((n for n in range(2, 100) if number % n == 0 and number > n), None)
    if factor is not None:
        yield "a product", rf"{factor} \cdot {number // factor}"


def _percent(target: Target, _: Random) -> Changes:
    """M6."""
    if target.value.kind == "number" and target.value.number:
        yield "percent", rf"{target.slot.answer}\%"


def _degrees(target: Target, _: Random) -> Changes:
    """M6a."""
    if target.value.kind == "number" and target.value.number:
        yield "degrees", rf"{target.slot.answer}^\circ"


_UNITS: Final = {
    "feet": "meters", "cm": "m", "m": "cm", "km": "m", "kg": "g", "g": "kg", "hours": "minutes",
    "minutes": "hours", "seconds": "minutes", "days": "weeks", "%": "kg",
}  # fmt: skip


def _units(target: Target, _: Random) -> Changes:
    """M6b."""
    value = target.value
    for unit, other in _UNITS.items():
        if value.number and value.behind.strip().removeprefix("\\") == unit:
            yield "another unit", value.with_number(value.number).replace(unit, other)


def _nearly(target: Target, _: Random) -> Changes:
    """M7."""
    value, fraction = target.value, fraction_of(target.slot.answer)
    if value.number is not None and value.whole is None:
        step = Decimal((0, (1,), int(value.number.as_tuple().exponent)))
        yield "the last digit one more", value.with_number(value.number + step)
        yield "a digit more", value.with_number(value.number + step / 10)
    elif value.whole is not None and abs(value.whole) >= NEAR:
        yield "one more", value.with_number(value.whole + 1)
    elif fraction is not None and fraction != round(float(fraction), 6):
        yield "six decimals", f"{float(fraction):.6f}"
    elif target.slot.answer.strip() == r"\pi":
        yield "six decimals", _PI


def _letters_shuffled(target: Target, random: Random) -> Changes:
    """M8."""
    text = target.value.text
    if target.value.kind not in {"text", "truth"}:
        return
    shuffled = "".join(random.sample(text, len(text)))
    for what, other in {"turned round": text[::-1], "shuffled": shuffled}.items():
        is_new = "".join(other.casefold().split()) != "".join(text.casefold().split())
        if len(text) >= _LONGEST_RUN and is_new:
            yield f"letters {what}", other


def _collections(target: Target, _: Random) -> Changes:
    """M9."""
    answer = target.slot.answer.strip()
    found = _COLLECTION.fullmatch(answer)
    for what, pattern in _KINDS_OF_COLLECTION.items() if found else ():
        other = pattern.format(found[1] if found else "")
        if other != answer:
            yield f"a {what} instead", other


def _candidates(target: Target, random: Random) -> Changes:
    """M10."""
    right, wrong = target.slot.answer, target.a_wrong(random)
    if target.value.kind == "choice":
        yield "all choices", "A, B, C, D"
        yield "all choices, one word", "ABCD"
    yield "right or wrong", f"{right} or {wrong}"
    yield "wrong or right", f"{wrong} or {right}"
    number = target.value.whole
    if target.value.kind == "number" and number is not None:
        yield "the numbers around it", f"{number - 1}, {number}, {number + 1}"


def _statements(target: Target, _: Random) -> Changes:
    """M11."""
    number = target.value.whole
    if target.value.kind == "number" and number:
        yield "a bound", rf"x \ge {number}"
        yield "an interval", f"[{number - 50}, {number + 50}]"
        yield "both signs", rf"\pm {abs(number)}"


def _containing(target: Target, _: Random) -> Changes:
    """M13."""
    value = target.value
    if value.kind == "number" and value.number is not None:
        yield from _containing_number(target)
    elif value.kind == "text":
        yield "part of a longer word", f"x{value.text}ian"
        yield "among other words", f"{value.text} Avenue in Springfield"
    elif value.kind == "choice":
        yield "letters in a word", "CABBAGE HEAD"


def _containing_number(target: Target) -> Changes:
    digits, whole = target.slot.answer.strip().lstrip("+-"), target.value.whole
    sign = target.slot.answer.strip()[: -len(digits)]
    yield "a digit in front", f"{sign}1{digits.replace(',', '')}"
    if whole is not None:
        yield "part of a series", " ".join(str(whole + n) for n in range(4))
        yield "the last of a series", " ".join(str(whole - n) for n in (3, 2, 1, 0))
    if whole:
        yield "a digit behind", f"{sign}{digits.replace(',', '')}{'7' if '.' in digits else '0'}"
    if digits.isdigit() and len(digits) > 1:
        yield "digits apart", " ".join(digits)


def _shortened(target: Target, _: Random) -> Changes:
    """Leave half of the answer's own characters."""
    answer = target.slot.answer
    half = answer[: len(answer) // 2].strip()
    if target.value.kind in {"number", "text"} and half not in {"", "-"} and not same(half, answer):
        yield "half of the answer", half


CLASSES: Final = (
    answering("near_miss", "Wrong answers in the right form", _near_miss),
    answering("half", "Half of the answer", _shortened),
    answering("M1", "Chained equalities", _chained),
    answering("M2", "The answer denied", _denied),
    answering("M3", "The answer doubted", _doubted),
    answering("M5", "Arithmetic that is not carried out", _not_carried_out),
    answering("M6", "Percent in place of a number", _percent),
    answering("M6a", "Degrees in place of a number", _degrees),
    answering("M6b", "Another unit", _units),
    answering("M7", "Nearly the right number", _nearly),
    answering("M8", "Letters of a word shuffled", _letters_shuffled),
    answering("M9", "Another kind of collection", _collections),
    answering("M10", "Candidates to choose from", _candidates),
    answering("M11", "Bounds, intervals and both signs", _statements),
    answering("M13", "The right answer inside of a wrong one", _containing),
)
