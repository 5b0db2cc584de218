"""Attacks on graders of final answers that are out to hang them, or to be executed."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from rft_core.testing.adversarial.attack import Changes
from rft_core.testing.adversarial.families.targets import Target, answering

_DEEP: Final = 3_000
_MANY: Final = 20_000
_MEGABYTE: Final = 1_000_000
_BOUNDLESS: Final[Mapping[str, str]] = {
    "a tower of powers": "9^{9^{9^{9}}}",
    "a tower in Python": "9**9**9**9",
    "a factorial": "(10^9)!",
    "a long sum": r"\sum_{i=1}^{10^9} i^i",
    "a power to expand": "(x+1)^{5000}",
    "nested parentheses": "(" * _DEEP + "1" + ")" * _DEEP,
    "nested roots": r"\sqrt{" * _DEEP + "2" + "}" * _DEEP,
    "a large set": r"\{" + ",".join(map(str, range(_DEEP))) + r"\}",
    "many digits": "7" * (10 * _MANY),
    "a large exponent": "1e999999999",
}


def _boundless(target: Target, _: Random) -> Changes:
    """M14."""
    yield from _BOUNDLESS.items()
    yield "a megabyte", "x" * _MEGABYTE
    yield "the answer many times", f"{target.slot.answer} " * _MANY
    yield "many boxes", rf"\boxed{{{target.slot.answer}}} " * _MANY
    yield "a megabyte of spaces", " " * _MEGABYTE + target.slot.answer


def _code(target: Target, _: Random) -> Changes:
    """M15: code that is the right answer for whoever executes it, and harmless."""
    number, text = target.value.whole, target.value.text
    if target.value.kind == "number" and number is not None:
        yield "a call", f"int('{number:b}', 2)"
        yield "an import", f"__import__('operator').add({number + 5}, -5)"
        yield "a function", f"(lambda n: n - 5)({number + 5})"
        yield "an evaluation", f"eval('{number + 5} - 5')"
    elif target.value.kind == "text":
        yield "a call", f"''.join(['{text[:1]}', '{text[1:]}'])"
        yield "a slice", f"'{text[::-1]}'[::-1]"


CLASSES: Final = (
    answering("M14", "Answers without bounds", _boundless, "survive"),
    answering("M15", "Code in place of an answer", _code),
)
