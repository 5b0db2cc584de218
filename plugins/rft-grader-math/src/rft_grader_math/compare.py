"""The public functions: from two texts to a verdict."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rft_grader_math.comparing import shapes
from rft_grader_math.comparing.base import Algebra
from rft_grader_math.comparing.points import NeedsAlgebra
from rft_grader_math.comparing.same import Comparison
from rft_grader_math.comparing.words import hedge
from rft_grader_math.errors import GoldError, TooLargeError, UndecidedError, UnreadableError
from rft_grader_math.extraction import Extraction, extract, extract_gold
from rft_grader_math.nodes import Node, Number, Relation
from rft_grader_math.policy import DEFAULT, Policy
from rft_grader_math.reading import CommaStyle, read
from rft_grader_math.reading.numerals import rational, with_decimal_comma
from rft_grader_math.reading.read import trimmed
from rft_grader_math.reading.units import CANONICAL, SCALES
from rft_grader_math.reading.vocabulary import HEDGES

_GROUPS: Final = re.compile(r"\A(?!.*,0\d\d(?!\d)).*\d,\d{3}(?!\d)", re.DOTALL)
"""Groups of three digits that may be elements of a list; nobody writes the element `000`."""
_DECIMAL: Final = re.compile(r"[-+]?\d+,\d+(?:\s*(?:\\?%|[a-z]+))?")
_SIZES: Final = re.compile(r"\\left\b|\\right\b|\\displaystyle|\\[,;:!]|\$")
_SPACES: Final = re.compile(r"(?<![0-9A-Za-z])\s+|\s+(?![0-9A-Za-z])")


@dataclass(slots=True)  # not frozen, as `Extraction`
class Verdict:
    """Whether an answer is right, how that was found out, and what was compared.

    `tier`: `extraction` (nothing to compare), `text`, `exact`, `structure`, `numeric`, `symbolic`.
    """

    equal: bool
    tier: str
    reason: str
    gold: str
    extraction: Extraction

    def __bool__(self) -> bool:
        return self.equal


@dataclass(slots=True)
class Gold:
    """A gold answer, read once, and not before its nodes are needed.

    `ratio` is numerator and denominator, where it is a plain number.
    """

    text: str
    bare: str
    style: CommaStyle = "thousands"
    ratio: tuple[int, int] | None = None
    problem: str = ""
    _node: Node | None = None

    @property
    def node(self) -> Node | None:
        """What the answer says; None, with a `problem`, if only identical text can match it."""
        if self._node is None and not self.problem:
            try:
                self._node = read(self.text, self.style)
            except UnreadableError as error:
                self.problem = str(error) or "unreadable"
        return self._node


def equivalent(gold: str, answer: str, policy: Policy = DEFAULT) -> bool:
    """Return whether a completion or bare answer gives the gold answer.

    Works in any thread and process. Raises `GoldError` for a gold that cannot be read, and
    `UndecidedError` if the comparison was given up at `policy.timeout`.
    """
    return compare(gold, answer, policy).equal


def compare(gold: str, answer: str, policy: Policy = DEFAULT) -> Verdict:
    """Return the verdict on a completion or bare answer; raises as `equivalent` does."""
    return compare_read(read_gold(gold, policy.decimal_comma), answer, policy)


def compare_read(gold: Gold, answer: str, policy: Policy) -> Verdict:
    """Compare with a gold answer that is read already."""
    started = time.monotonic()
    return compare_found(gold, _found(gold, answer, policy), policy, started=started)


def compare_found(
    gold: Gold,
    found: Extraction,
    policy: Policy,
    *,
    algebra: Algebra | None = None,
    started: float | None = None,
) -> Verdict:
    """Compare what was extracted with a gold answer that is read already.

    With `algebra`, everything happens here; without, the algebra worker is asked where needed, and
    the deadline counts from `started`.
    """
    if found.problem or found.answer is None:
        return Verdict(False, "extraction", found.problem, gold.text, found)
    verdict = _numbers_compared(gold, found, found.answer, policy)
    if verdict is not None:
        return verdict
    if bare(found.answer) == gold.bare:
        return Verdict(True, "text", "the same text", gold.text, found)
    if gold.node is None:
        raise GoldError(f"the gold answer {gold.text[:80]!r} cannot be read: {gold.problem}")
    try:
        return _compared(gold, found, policy, algebra)
    except NeedsAlgebra:
        from rft_grader_math.algebra.pool import ask

        begin = time.monotonic() if started is None else started
        return ask(gold, found, policy, deadline=begin + policy.timeout)
    except UnreadableError as error:
        return Verdict(False, "structure", str(error), gold.text, found)
    except RecursionError:
        raise UndecidedError("the caller's stack is nearly used up") from None


def _numbers_compared(gold: Gold, found: Extraction, answer: str, policy: Policy) -> Verdict | None:
    """Compare two plain numbers at once, as most are; None if it takes more."""
    if gold.ratio is None or policy.tolerance or policy.rounded == "accept":
        return None
    text = trimmed(answer)
    number = rational(text)
    if number is None:
        return None
    if "," in text and policy.decimal_comma == "always":
        return None
    numerator, denominator, unit = number
    if unit and (
        policy.units != "forgive"
        or unit in HEDGES
        or unit in SCALES
        or CANONICAL.get(unit) in {"%", "°"}
    ):
        return None
    gold_numerator, gold_denominator = gold.ratio
    equal = numerator * gold_denominator == gold_numerator * denominator
    if not equal and "," in text and policy.decimal_comma == "auto":
        decimal = with_decimal_comma(text)
        equal = decimal is not None and decimal[0] * gold_denominator == gold_numerator * decimal[1]
    return Verdict(equal, "exact", "equal" if equal else "not equal", gold.text, found)


def _found(gold: Gold, answer: str, policy: Policy) -> Extraction:
    """Return the answer of a completion; one that repeats the gold text word for word is one."""
    if (
        len(answer) <= 2 * len(gold.text)
        and "whole" in policy.extract
        and bare(answer) == gold.bare
    ):
        return Extraction(answer, "whole")
    return extract(answer, policy)


@lru_cache(maxsize=65_536)
def read_gold(text: str, decimal_comma: str = "auto") -> Gold:
    """Return the gold answer in a text; never raises, since identical text can always match."""
    plain = trimmed(text)
    number = rational(plain) if decimal_comma != "always" else None
    if number is not None and not number[2]:  # at once, since most are
        return Gold(plain, plain, ratio=number[:2])
    answer = extract_gold(text)
    gold = Gold(answer, bare(answer), "decimal" if decimal_comma == "always" else "thousands")
    if isinstance(gold.node, Number):
        gold.ratio = gold.node.value.as_integer_ratio()
    return gold


def check_gold(text: str, policy: Policy = DEFAULT) -> None:
    """Raise `GoldError` if only identical text could match a gold answer, or nothing at all."""
    gold = read_gold(text, policy.decimal_comma)
    if gold.node is None:
        raise GoldError(
            f"{gold.text[:80]!r} cannot be read as a mathematical answer: {gold.problem}"
        )


def bare(text: str) -> str:
    """Return a text without spaces, dollar signs and marks of size, to compare it literally."""
    if text.isalnum():
        return text
    text = _SPACES.sub("", _SIZES.sub(" ", text))
    return text[:-1] if text.endswith(".") and not text.endswith("..") else text


def _compared(gold: Gold, found: Extraction, policy: Policy, algebra: Algebra | None) -> Verdict:
    if gold.node is None or found.answer is None:
        raise GoldError(gold.problem)
    tier, reason = "structure", ""
    for gold_style, style in _styles(gold.text, found.answer, policy):
        try:
            gold_node = gold.node if gold_style is None else read(gold.text, gold_style)
            node = read(found.answer, style)
        except UnreadableError as error:
            reason = reason or str(error)
            continue
        comparison = Comparison(policy, algebra)
        problem = _problem(gold_node, node, policy)
        if not problem and _same(comparison, gold_node, node, found):
            return Verdict(True, comparison.tier, "equal", gold.text, found)
        tier, reason = comparison.tier, reason or problem or "not equal"
    return Verdict(False, tier, reason, gold.text, found)


def _same(comparison: Comparison, gold: Node, node: Node, found: Extraction) -> bool:
    """Compare; of a formula in running text, which may be a calculation, the result counts, too."""
    if not (found.in_prose and isinstance(node, Relation) and len(node.members) > 1):
        return comparison.same(gold, node)
    try:
        if comparison.same(gold, node):
            return True
    except TooLargeError:
        raise
    except UnreadableError:
        pass
    return node.operators[-1] == "=" and comparison.same(gold, node.members[-1])


def _styles(gold: str, answer: str, policy: Policy) -> list[tuple[CommaStyle | None, CommaStyle]]:
    """Return the ways in which commas between digits may be meant; None: the gold as it is read."""
    if policy.decimal_comma == "always":
        return [(None, "decimal")]
    styles: list[tuple[CommaStyle | None, CommaStyle]] = [(None, "thousands")]
    if "," not in gold and "," not in answer:
        return styles
    if _GROUPS.match(answer):
        styles.append((None, "separator"))
    if _GROUPS.match(gold):
        styles.append(("separator", "separator"))
    if policy.decimal_comma == "auto":
        if _DECIMAL.fullmatch(trimmed(answer)):
            styles.append((None, "decimal"))
        if _DECIMAL.fullmatch(trimmed(gold)):
            styles.append(("decimal", "thousands"))
    return styles


def _problem(gold: Node, node: Node, policy: Policy) -> str:
    """Return why a readable answer is not accepted whatever its value; "" if nothing speaks so."""
    if isinstance(node, Number):
        return ""
    said = hedge(node) if policy.hedged == "reject" else None
    if said is not None and hedge(gold) is None:
        return f"{said!r} is said of the value"
    if (
        policy.require_simplified
        and shapes.is_plain(gold)
        and shapes.is_unsimplified(_value_of(node))
        and not shapes.is_unsimplified(gold)
    ):
        return "not carried out (require_simplified)"
    return ""


def _value_of(node: Node) -> Node:
    """Return the last member of `x = 6·7 = 42`: what it says the value is."""
    if isinstance(node, Relation) and set(node.operators) <= {"=", "approx"}:
        _label, values = shapes.split(node)
        return values[-1] if values else node
    return node
