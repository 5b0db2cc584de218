r"""Pairs per second and verdicts: math-verify and our `compare`, on the same pairs in one run.

    python benchmarks/math_equivalence.py [--pairs 300] [--family integers] [--readers]

Five families of generated problems, each with a gold and two completions; about half of them are
right by construction, the others wrong. No gold and no completion occurs twice, and each is timed
once, after a warm-up on other problems, so that neither side answers from memory. Completions are
judged in blocks of 100, as the batches of a step are; the contenders take turns in being first.

* math-verify: `parse(gold)`, `parse(completion)`, `verify`, with its default timeouts;
* ours, anew: `compare(gold, completion)` on the first completion, the gold not seen before;
* ours, cached: the same on the second completion, the gold seen once;
* math-verify, parsed: `parse(completion)` and `verify` alone, on the second completion.

Verdicts are compared pair by pair, each disagreement is shown with the expected one.

`--readers` measures readers of LaTeX instead: how many formulas each reads, and the time for one.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

from rft_grader_math import GoldError, UndecidedError, compare, read

LATEX_PAIRS: Final = Path(__file__).parents[2] / "shared" / "data" / "math" / "latex_pairs.jsonl"
WARM_UP: Final = 20
BLOCK: Final = 100
SLOW: Final = frozenset({"expressions"})
SQUAREFREE: Final = (2, 3, 5, 6, 7, 10, 11, 13, 14, 15)
OPENINGS: Final = (
    "Let us work it out step by step.",
    "We go through 3 cases, and only one of them remains.",
    "With $a = 7$ both sides become simple.",
    "First 12 of the terms cancel, then 5 more.",
    "Note that the condition rules out the other candidate.",
    "After collecting like terms little is left.",
)
FORMULA: Final = (
    r"Therefore the result is \boxed{%s}.",
    r"So we get $\boxed{%s}$.",
    "The answer is $%s$.",
    "The final answer is $%s$. I hope it is correct.",
    "Hence we end up with $%s$.",
    "**Final answer:** $%s$",
)
PLAIN: Final = (
    "The answer is %s.",
    "So the final answer is %s.",
    r"The result is \boxed{%s}.",
    "In the end that makes\n\nAnswer: %s",
)


class Problem(NamedTuple):
    """Ways to write one thing, and things that are something else."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A gold, two completions for it, the answers in them, and whether they are right."""

    gold: str
    completions: tuple[str, str]
    answers: tuple[str, str]
    equal: bool


class Call(NamedTuple):
    """One comparison: `after_gold` are its seconds without reading the gold, if known."""

    seconds: float
    after_gold: float
    outcome: bool | str


class Row(NamedTuple):
    """One completion as both have judged it."""

    gold: str
    completion: str
    equal: bool
    theirs: Call
    ours: Call


# ---- (1) integers, (2) decimals and fractions ---------------------------------------------------


def integers(rng: random.Random) -> Problem:
    number = rng.randrange(10, 10 ** rng.randint(2, 8)) * rng.choice((1, 1, 1, -1))
    unit = rng.choice(("apples", "hours", "meters", "students"))
    grouped = f"{number:,}"
    right = (str(number), grouped, f"{number}.0", f"{number} {unit}", grouped.replace(",", "{,}"))
    others = (number + 1, number - 10, number * 10, -number, number + 100)
    return Problem(right, (*map(str, others), f"{number + 2:,}", f"{number - 1} {unit}"))


def decimal(value: Fraction) -> str:
    """Return the decimal notation of a fraction that has a finite one."""
    digits = next(n for n in range(20) if (value * 10**n).denominator == 1)
    return f"{float(value):.{digits}f}"


def decimals(rng: random.Random) -> Problem:
    bottom = rng.choice((2, 4, 5, 8, 16, 20, 25, 40, 50, 125))
    top = rng.choice([n for n in range(1, 9 * bottom) if n % bottom]) * rng.choice((1, 1, -1))
    value, factor = Fraction(top, bottom), rng.randint(2, 9)
    right = (
        f"{top}/{bottom}",
        f"{top * factor}/{bottom * factor}",
        decimal(value),
        decimal(value) + "0",
        rf"\frac{{{top}}}{{{bottom}}}",
        rf"\dfrac{{{top * factor}}}{{{bottom * factor}}}",
        rf"{decimal(value * 100)} \times 10^{{-2}}",
        rf"{'-' * (top < 0)}\frac{{{abs(top)}}}{{{bottom}}}",
    )
    wrong = (
        decimal(value + Fraction(1, bottom)),
        decimal(value * 10),
        decimal(-value),
        rf"\frac{{{bottom}}}{{{top}}}",
        rf"\frac{{{top + 1}}}{{{bottom}}}",
        f"{top}/{bottom + 1}",
    )
    return Problem(right, wrong)


# ---- (3) fractions and surds --------------------------------------------------------------------


def surds(rng: random.Random) -> Problem:
    makers = (root, root_over, conjugate, nested_root, part_of_pi, cube_root)
    factor, under, bottom = rng.randint(2, 40), rng.choice(SQUAREFREE), rng.randint(2, 40)
    return rng.choice(makers)(factor, under, bottom)


def root(k: int, r: int, _: int) -> Problem:
    right = (
        rf"{k}\sqrt{{{r}}}",
        rf"\sqrt{{{k * k * r}}}",
        rf"\frac{{{k * r}}}{{\sqrt{{{r}}}}}",
        rf"\sqrt{{{r}}} \cdot {k}",
        rf"{k} \cdot {r}^{{\frac{{1}}{{2}}}}",
    )
    wrong = (
        rf"{k}\sqrt{{{r + 1}}}",
        rf"\sqrt{{{k * r}}}",
        rf"-{k}\sqrt{{{r}}}",
        rf"{k + 1}\sqrt{{{r}}}",
    )
    return Problem(right, wrong)


def root_over(p: int, r: int, q: int) -> Problem:
    right = (
        rf"\frac{{{p}\sqrt{{{r}}}}}{{{q}}}",
        rf"\frac{{{p * r}}}{{{q}\sqrt{{{r}}}}}",
        rf"\dfrac{{\sqrt{{{p * p * r}}}}}{{{q}}}",
        rf"\frac{{{p}}}{{{q}}}\sqrt{{{r}}}",
        rf"{p}\sqrt{{{r}}}/{q}",
    )
    wrong = (
        rf"\frac{{{p}\sqrt{{{r}}}}}{{{q + 1}}}",
        rf"\frac{{{p}}}{{{q}\sqrt{{{r}}}}}",
        rf"\frac{{{p + 1}\sqrt{{{r}}}}}{{{q}}}",
        rf"-\frac{{{p}\sqrt{{{r}}}}}{{{q}}}",
    )
    return Problem(right, wrong)


def conjugate(a: int, r: int, _: int) -> Problem:
    a += 3
    d = a * a - r
    right = (
        rf"\frac{{1}}{{{a}-\sqrt{{{r}}}}}",
        rf"\frac{{{a}+\sqrt{{{r}}}}}{{{d}}}",
        rf"\frac{{{a}}}{{{d}}}+\frac{{\sqrt{{{r}}}}}{{{d}}}",
        rf"\frac{{2}}{{{2 * a}-2\sqrt{{{r}}}}}",
    )
    wrong = (
        rf"\frac{{{a}-\sqrt{{{r}}}}}{{{d}}}",
        rf"\frac{{1}}{{{a}+\sqrt{{{r}}}}}",
        rf"\frac{{{a}+\sqrt{{{r}}}}}{{{d + 1}}}",
    )
    return Problem(right, wrong)


def nested_root(a: int, r: int, _: int) -> Problem:
    right = (
        rf"{a}+\sqrt{{{r}}}",
        rf"\sqrt{{{r}}} + {a}",
        rf"\sqrt{{{a * a + r}+{2 * a}\sqrt{{{r}}}}}",
    )
    wrong = (
        rf"{a}-\sqrt{{{r}}}",
        rf"\sqrt{{{a * a + r + 1}+{2 * a}\sqrt{{{r}}}}}",
        rf"\sqrt{{{a * a + r}}}+\sqrt{{{r}}}",
    )
    return Problem(right, wrong)


def part_of_pi(p: int, r: int, q: int) -> Problem:
    right = (
        rf"\frac{{{p}\pi}}{{{q}}}",
        rf"\frac{{{p}}}{{{q}}}\pi",
        rf"{p}\pi/{q}",
        rf"\frac{{{p * r}\pi}}{{{q * r}}}",
    )
    wrong = (rf"\frac{{{p}}}{{{q}}}", rf"\frac{{{p}\pi}}{{{q + 1}}}", rf"-\frac{{{p}\pi}}{{{q}}}")
    return Problem(right, wrong)


def cube_root(k: int, r: int, _: int) -> Problem:
    right = (
        rf"{k}\sqrt[3]{{{r}}}",
        rf"\sqrt[3]{{{k**3 * r}}}",
        rf"{k} \cdot {r}^{{1/3}}",
        rf"\sqrt[3]{{{r}}} \cdot {k}",
    )
    return Problem(right, (rf"{k}\sqrt{{{r}}}", rf"\sqrt[3]{{{k * r}}}", rf"-{k}\sqrt[3]{{{r}}}"))


# ---- (4) expressions ----------------------------------------------------------------------------


def expressions(rng: random.Random) -> Problem:
    makers = (polynomial, rational, cancelled, trigonometry, logarithms, powers, reordered)
    return rng.choice(makers)(rng)


def times(factor: int, what: str) -> str:
    """Return the product as one writes it: `x`, `-x`, `3x`."""
    return {1: what, -1: f"-{what}"}.get(factor, f"{factor}{what}")


def total(terms: Sequence[str]) -> str:
    """Return the sum of the terms as one writes it."""
    joined = " + ".join(term for term in terms if term)
    return joined.replace("+ -", "- ")


def powers_of_x(coefficients: Sequence[int]) -> list[str]:
    """Return the terms of a polynomial, that of the highest power first."""
    degree = len(coefficients) - 1
    names = [f"x^{{{n}}}" if n > 1 else "x" for n in range(degree, 0, -1)]
    terms = [times(c, name) for c, name in zip(coefficients, names, strict=False) if c]
    return terms + [str(coefficients[-1])] * (coefficients[-1] != 0)


def expand(roots: Sequence[int]) -> list[int]:
    """Return the coefficients of the monic polynomial with these roots."""
    result = [1]
    for one in roots:
        shifted = [0, *(-one * c for c in result)]
        result = [a + b for a, b in zip([*result, 0], shifted, strict=True)]
    return result


def factored(roots: Sequence[int]) -> str:
    return "".join(f"(x{-one:+d})" for one in roots)


def nonzero(rng: random.Random, limit: int) -> int:
    return rng.choice((-1, 1)) * rng.randint(1, limit)


def polynomial(rng: random.Random) -> Problem:
    roots = [nonzero(rng, 9) for _ in range(rng.randint(2, 4))]
    coefficients, lead = expand(roots), rng.randint(2, 9)
    terms = powers_of_x([lead * c for c in coefficients])
    off = [lead * c for c in coefficients]
    changed = [*off[:-1], off[-1] + 1], [*off[:-2], off[-2] - lead, off[-1]]
    right = (
        f"{lead}{factored(roots)}",
        total(terms),
        total(rng.sample(terms, len(terms))),
        f"{lead}(x{-roots[0]:+d})({total(powers_of_x(expand(roots[1:])))})",
    )
    wrong = (*(total(powers_of_x(one)) for one in changed), f"{lead + 1}{factored(roots)}")
    return Problem(right, wrong)


def rational(rng: random.Random) -> Problem:
    a, b = rng.sample([n for n in range(-9, 10) if n], 2)
    p, q = rng.randint(1, 9), rng.randint(1, 9)
    top, bottom = powers_of_x([p + q, -p * b - q * a]), total(powers_of_x(expand([a, b])))
    right = (
        rf"\frac{{{p}}}{{x{-a:+d}}} + \frac{{{q}}}{{x{-b:+d}}}",
        rf"\frac{{{total(top)}}}{{{factored([a, b])}}}",
        rf"\frac{{{total(top)}}}{{{bottom}}}",
    )
    wrong = (
        rf"\frac{{{p}}}{{x{-a:+d}}} - \frac{{{q}}}{{x{-b:+d}}}",
        rf"\frac{{{total([*top, '1'])}}}{{{factored([a, b])}}}",
        rf"\frac{{{p + q}}}{{{bottom}}}",
    )
    return Problem(right, wrong)


def cancelled(rng: random.Random) -> Problem:
    a, b, c = (nonzero(rng, 12) for _ in range(3))
    top = total(powers_of_x(expand([a, b, c])))
    right = (
        rf"\frac{{{top}}}{{x{-a:+d}}}",
        factored([b, c]),
        total(powers_of_x(expand([b, c]))),
    )
    wrong = (
        factored([b, c]) + " + 1",
        total(powers_of_x(expand([b, c + 13]))),
        rf"\frac{{{top}}}{{x{-a + 13:+d}}}",
    )
    return Problem(right, wrong)


def trigonometry(rng: random.Random) -> Problem:
    """Return an identity in a multiple of the variable, scaled and shifted."""
    name, k = rng.choice(("x", r"\theta", "t")), rng.randint(1, 4)
    scale, shift = rng.randint(2, 9), rng.randint(1, 20)
    one, two = times(k, name), times(2 * k, name)
    right, wrong = rng.choice(IDENTITIES)

    def dress(form: str) -> str:
        body = form.replace("TWO", two).replace("ONE", one)
        return rf"{scale}\left({body}\right) + {shift}"

    return Problem(tuple(map(dress, right)), tuple(map(dress, wrong)))


IDENTITIES: Final = (
    (
        (r"\sin(TWO)", r"2\sin(ONE)\cos(ONE)", r"\frac{2\tan(ONE)}{1+\tan^2(ONE)}"),
        (r"\sin(ONE)\cos(ONE)", r"2\sin(ONE)", r"2\sin(ONE)\cos(TWO)"),
    ),
    (
        (r"\cos(TWO)", r"1-2\sin^2(ONE)", r"2\cos^2(ONE)-1", r"\cos^2(ONE)-\sin^2(ONE)"),
        (r"2\sin^2(ONE)-1", r"1+2\sin^2(ONE)", r"\cos^2(ONE)"),
    ),
    (
        (r"\sin^2(ONE)", r"1-\cos^2(ONE)", r"\frac{1-\cos(TWO)}{2}"),
        (r"\frac{1+\cos(TWO)}{2}", r"1-\cos(ONE)", r"\sin(TWO)"),
    ),
    (
        (r"\tan(ONE)", r"\frac{\sin(ONE)}{\cos(ONE)}", r"\frac{\sin(TWO)}{1+\cos(TWO)}"),
        (r"\cot(ONE)", r"\frac{\cos(ONE)}{\sin(ONE)}", r"\tan(TWO)"),
    ),
    (
        (r"\sin(ONE+\frac{\pi}{2})", r"\cos(ONE)", r"\cos(-ONE)", r"\sin(\frac{\pi}{2}-ONE)"),
        (r"-\cos(ONE)", r"\sin(ONE)", r"\sin(ONE-\frac{\pi}{2})"),
    ),
    (
        (r"(\sin(ONE)+\cos(ONE))^2", r"1+\sin(TWO)", r"1+2\sin(ONE)\cos(ONE)"),
        ("1", r"1+\sin(ONE)", r"(\sin(ONE)-\cos(ONE))^2"),
    ),
)


def logarithms(rng: random.Random) -> Problem:
    a, b = rng.sample(range(2, 30), 2)
    n, shift = rng.randint(2, 5), rng.randint(2, 9)
    kinds = (
        Problem(
            (
                rf"\ln({a})+\ln({b})",
                rf"\ln({a * b})",
                rf"\ln {b} + \ln {a}",
                rf"2\ln(\sqrt{{{a * b}}})",
            ),
            (rf"\ln({a * b + 1})", rf"\ln({a})\ln({b})", rf"\ln({a})-\ln({b})"),
        ),
        Problem(
            (
                rf"{n}\ln({a})-\ln({b})",
                rf"\ln({a**n})-\ln({b})",
                rf"\ln\left(\frac{{{a**n}}}{{{b}}}\right)",
            ),
            (rf"\ln({a**n * b})", rf"\frac{{\ln({a**n})}}{{\ln({b})}}", rf"{n}\ln({a})+\ln({b})"),
        ),
        Problem(
            (
                rf"\ln(x^2+{shift})+\ln({a})",
                rf"\ln({a}x^2+{a * shift})",
                rf"\ln({a}(x^2+{shift}))",
            ),
            (rf"\ln(x^2+{a * shift})", rf"\ln({a}x^2+{shift})", rf"{a}\ln(x^2+{shift})"),
        ),
        Problem(
            (
                rf"\log_{{{a}}}({a**n * b})",
                rf"{n}+\log_{{{a}}}({b})",
                rf"{n}+\frac{{\ln({b})}}{{\ln({a})}}",
            ),
            (
                rf"{n}-\log_{{{a}}}({b})",
                rf"{n + 1}+\log_{{{a}}}({b})",
                rf"{n}+\frac{{\ln({a})}}{{\ln({b})}}",
            ),
        ),
    )
    return rng.choice(kinds)


def powers(rng: random.Random) -> Problem:
    base, n, a = rng.randint(2, 9), rng.randint(2, 4), rng.randint(2, 30)
    right = (
        rf"{a} \cdot {base}^{{x+{n}}}",
        rf"{a * base**n} \cdot {base}^{{x}}",
        rf"{a} \cdot {base}^{{{n}}} \cdot {base}^{{x}}",
    )
    wrong = (
        rf"{a} \cdot {base}^{{{n}x}}",
        rf"{a * base**n + 1} \cdot {base}^{{x}}",
        rf"{a} \cdot {base}^{{x}} + {base**n}",
    )
    return Problem(right, wrong)


def reordered(rng: random.Random) -> Problem:
    whats = ["x^{2}y", r"\sqrt{x}", r"\sin(x)", "xy", "e^{y}", r"\ln(y)", r"\frac{x}{y}", "y^{3}"]
    pairs = [(nonzero(rng, 9), what) for what in rng.sample(whats, 4)]
    terms, changed = [times(*pair) for pair in pairs], list(pairs)
    place = rng.randrange(4)
    changed[place] = (pairs[place][0] + 10, pairs[place][1])
    wrong = [times(*pair) for pair in changed]
    return Problem(
        tuple(total(rng.sample(terms, 4)) for _ in range(4)),
        (total(wrong), total(rng.sample(wrong, 4)), total(terms[1:])),
    )


# ---- (5) sets, intervals, tuples ----------------------------------------------------------------


def collections(rng: random.Random) -> Problem:
    return rng.choice((finite_set, interval, union, coordinates))(rng)


def written(value: Fraction, rng: random.Random) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    fraction = rf"\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    return rng.choice((("-" * (value < 0)) + fraction, str(value), decimal(value)))


def some_values(rng: random.Random, count: int) -> list[Fraction]:
    return [Fraction(n, 4) for n in rng.sample(range(-60, 60), count)]


def listing(values: Sequence[Fraction], rng: random.Random) -> str:
    return rng.choice((",", ", ")).join(written(value, rng) for value in values)


def finite_set(rng: random.Random) -> Problem:
    values = some_values(rng, rng.randint(2, 5))

    def show(members: Sequence[Fraction]) -> str:
        left, right = rng.choice(((r"\{", r"\}"), (r"\left\{", r"\right\}"), (r"\{ ", r" \}")))
        return left + listing(rng.sample(members, len(members)), rng) + right

    changed = [values[0] + 31, *values[1:]]
    wrong = (changed, values[1:], [*values, values[0] + 31], [-values[0] - 31, *values[1:]])
    return Problem(tuple(show(values) for _ in range(4)), tuple(map(show, wrong)))


def span(ends: str, low: str, high: str, rng: random.Random) -> str:
    space = rng.choice((",", ", "))
    if rng.random() < 0.5:
        return rf"\left{ends[0]}{low}{space}{high}\right{ends[1]}"
    return f"{ends[0]}{low}{space}{high}{ends[1]}"


def interval(rng: random.Random) -> Problem:
    low, high = sorted(some_values(rng, 2))
    ends = rng.choice(("[)", "(]", "[]"))

    def show(with_ends: str, a: Fraction, b: Fraction) -> str:
        return span(with_ends, written(a, rng), written(b, rng), rng)

    other = rng.choice([one for one in ("[)", "(]", "[]") if one != ends])
    wrong = (show(other, low, high), show(ends, low, high + 1), show(ends, low - 1, high))
    return Problem(tuple(show(ends, low, high) for _ in range(4)), wrong)


def union(rng: random.Random) -> Problem:
    low, high = sorted(some_values(rng, 2))
    left, right = rng.choice("(["), rng.choice(")]")

    def show(a: Fraction, b: Fraction, ends: str) -> str:
        parts = [
            span("(" + ends[0], r"-\infty", written(a, rng), rng),
            span(ends[1] + ")", written(b, rng), r"\infty", rng),
        ]
        return r" \cup ".join(rng.sample(parts, 2))

    ends = right + left
    other = "])"[right == "]"] + left
    wrong = (show(low, high, other), show(low - 1, high, ends), show(low, high + 1, ends))
    return Problem(tuple(show(low, high, ends) for _ in range(4)), wrong)


def coordinates(rng: random.Random) -> Problem:
    values = some_values(rng, rng.randint(2, 4))

    def show(members: Sequence[Fraction]) -> str:
        left, right = rng.choice((("(", ")"), (r"\left(", r"\right)")))
        return left + listing(members, rng) + right

    wrong = (values[::-1], [values[0] + 31, *values[1:]], [*values[:-1], values[-1] - 31])
    return Problem(tuple(show(values) for _ in range(4)), tuple(map(show, wrong)))


FAMILIES: Final[dict[str, Callable[[random.Random], Problem]]] = {
    "integers": integers,
    "decimals": decimals,
    "surds": surds,
    "expressions": expressions,
    "collections": collections,
}


# ---- Pairs --------------------------------------------------------------------------------------


def is_plain(answer: str) -> bool:
    return not set(answer) & set("\\^{}")


def has_words(answer: str) -> bool:
    return answer[-1].isalpha() and " " in answer and is_plain(answer)


def share_as_text(answer: str) -> float:
    """Return how often the answer stands in prose: numbers mostly, expressions seldom."""
    if not is_plain(answer):
        return 0.0
    if set(answer) <= set("0123456789,./-"):
        return 0.7
    return 1.0 if has_words(answer) else 0.1


def complete(answer: str, rng: random.Random) -> str:
    """Return short prose that ends in the answer."""
    endings = PLAIN if rng.random() < share_as_text(answer) else FORMULA
    return f"{rng.choice(OPENINGS)} {rng.choice(endings) % answer}"


def make_case(family: str, rng: random.Random, *, equal: bool) -> Case:
    problem = FAMILIES[family](rng)
    gold = rng.choice([form for form in problem.right if not has_words(form)])
    others = [form for form in problem.right if form != gold] or [gold]
    pool = others if equal else problem.wrong
    first, second = rng.choice(pool), rng.choice(pool)
    as_text = rng.random() < share_as_text(gold) == 0.7
    text = gold if as_text else f"${gold}$"
    return Case(text, (complete(first, rng), complete(second, rng)), (first, second), equal)


def make_cases(
    family: str, count: int, seed: object, *, equal: bool | None = None
) -> Iterator[Case]:
    """Yield cases, no text twice; `equal` says of which label, without it they take turns."""
    rng = random.Random(f"{family}/{seed}")
    seen: set[str] = set()
    made = 0
    while made < count:
        case = make_case(family, rng, equal=made % 2 == 0 if equal is None else equal)
        texts = {case.gold, *case.completions}
        if len(texts) == 3 and not texts & seen:
            seen |= texts
            made += 1
            yield case


# ---- Measurement --------------------------------------------------------------------------------


def call_theirs(gold: str, completion: str) -> Call:
    from math_verify import parse, verify

    start = time.perf_counter()
    parsed = parse(gold)
    between = time.perf_counter()
    outcome = verify(parsed, parse(completion))
    end = time.perf_counter()
    return Call(end - start, end - between, outcome)


def call_ours(gold: str, completion: str) -> Call:
    start = time.perf_counter()
    try:
        outcome: bool | str = compare(gold, completion).equal
    except UndecidedError:
        outcome = "undecided"
    except GoldError:
        outcome = "gold unread"
    except Exception as error:  # noqa: BLE001 - a finding, and no reason to measure no further
        outcome = f"raised {type(error).__name__}"
    elapsed = time.perf_counter() - start
    return Call(elapsed, elapsed, outcome)


def judge(cases: Sequence[Case], turn: int, *, ours_first: bool) -> list[Row]:
    """Let one contender judge a block of completions, then the other, as a batch is graded."""
    contenders = (call_ours, call_theirs) if ours_first else (call_theirs, call_ours)
    calls = {
        contender: [contender(case.gold, case.completions[turn]) for case in cases]
        for contender in contenders
    }
    return [
        Row(case.gold, case.completions[turn], case.equal, theirs, ours)
        for case, theirs, ours in zip(cases, calls[call_theirs], calls[call_ours], strict=True)
    ]


def run_family(family: str, count: int) -> list[tuple[Row, Row]]:
    judge(list(make_cases(family, WARM_UP, "warm-up")), 0, ours_first=True)
    cases = list(make_cases(family, count, 0))
    rows: list[tuple[Row, Row]] = []
    for start in range(0, count, BLOCK):
        block = cases[start : start + BLOCK]
        ours_first = start % (2 * BLOCK) == 0
        first, second = (judge(block, turn, ours_first=ours_first) for turn in (0, 1))
        rows.extend(zip(first, second, strict=True))
    return rows


def percentile(times: Sequence[float], share: float) -> float:
    """Return the smallest time that this share of the times does not exceed."""
    return sorted(times)[max(0, -int(-share * len(times) // 1) - 1)]


def show_times(label: str, times: Sequence[float]) -> None:
    middle, slow = (1e3 * percentile(times, share) for share in (0.5, 0.99))
    rate = len(times) / sum(times)
    print(f"  {label:24}{rate:12,.1f}{middle:12.3f}{slow:12.3f}{1e3 * max(times):12.3f}")


def show_ratios(label: str, theirs: Sequence[float], ours: Sequence[float]) -> None:
    below = percentile(ours, 0.99) < percentile(theirs, 0.5)
    print(
        f"  {label}: {sum(theirs) / sum(ours):.1f} times the pairs/s of math-verify;"
        f" our p99 {'is' if below else 'is NOT'} below its p50"
    )


def show_family(family: str, cases: Sequence[tuple[Row, Row]]) -> None:
    first, second = ([case[turn] for case in cases] for turn in (0, 1))
    print(f"\n{family}: {len(cases)} golds, {2 * len(cases)} pairs")
    print(f"  {'':24}{'pairs/s':>12}{'p50 ms':>12}{'p99 ms':>12}{'max ms':>12}")
    whole = [row.theirs.seconds for row in first]
    parsed = [row.theirs.after_gold for row in second]
    anew, cached = ([row.ours.seconds for row in rows] for rows in (first, second))
    show_times("math-verify", whole)
    show_times("ours, anew", anew)
    show_times("math-verify, parsed gold", parsed)
    show_times("ours, cached gold", cached)
    show_ratios("gold anew", whole, anew)
    show_ratios("gold known to both", parsed, cached)
    show_verdicts([*first, *second])


def show_verdicts(rows: Sequence[Row]) -> None:
    agreed = sum(row.theirs.outcome == row.ours.outcome for row in rows)
    ours = sum(row.ours.outcome == row.equal for row in rows)
    theirs = sum(row.theirs.outcome == row.equal for row in rows)
    print(f"  verdicts: {agreed} of {len(rows)} agree; as expected: ours {ours}, ", end="")
    print(f"math-verify {theirs}")
    for row in rows:
        if {row.theirs.outcome, row.ours.outcome} != {row.equal}:
            print(f"    expected {row.equal}, ours {row.ours.outcome}, ", end="")
            print(f"math-verify {row.theirs.outcome}: {row.gold!r} and {row.completion!r}")


# ---- Readers ------------------------------------------------------------------------------------


def with_lark(text: str) -> Any:
    from sympy import Basic
    from sympy.parsing.latex import parse_latex

    result = parse_latex(text, backend="lark")
    if not isinstance(result, Basic):
        raise TypeError(text)
    return result


def with_latex2sympy(text: str) -> Any:
    from latex2sympy2_extended import latex2sympy

    return latex2sympy(text)


READERS: Final[dict[str, Callable[[str], Any]]] = {
    "latex2sympy2_extended": with_latex2sympy,
    "SymPy's lark": with_lark,
    "ours": read,
}


def formulas(count: int) -> dict[str, list[str]]:
    """Return the formulas to read, by where they come from."""
    result = {}
    if LATEX_PAIRS.exists():
        lines = LATEX_PAIRS.read_text(encoding="utf-8").splitlines()
        result[LATEX_PAIRS.name] = [json.loads(line)["pred"] for line in lines]
    else:
        print(f"{LATEX_PAIRS} is not there: left out")
    for family in FAMILIES:
        answers = [case.answers[0] for case in make_cases(family, 3 * count, "readers")]
        result[family] = [one for one in dict.fromkeys(answers) if not is_plain(one)][:count]
    return result


def read_all(reader: Callable[[str], Any], texts: Sequence[str]) -> tuple[int, list[float]]:
    """Return how many of the texts were read, and the seconds for each that was."""
    times = []
    for text in texts:
        start = time.perf_counter()
        try:
            reader(text)
        except Exception:  # noqa: BLE001, S112 - whatever it raises, it has not read it
            continue
        times.append(time.perf_counter() - start)
    return len(times), times


def compare_readers(count: int) -> None:
    print(f"{'':20}{'formulas':>10}  {'reader':24}{'read':>8}{'median µs':>12}{'mean µs':>12}")
    for origin, texts in formulas(count).items():
        for name, reader in READERS.items():
            read_all(reader, [r"\frac{3}{7} + x", r"\sqrt{19}", "y^{5}"])
            done, times = read_all(reader, texts)
            middle, mean = (
                1e6 * statistic(times or [0.0])
                for statistic in (statistics.median, statistics.mean)
            )
            print(f"{origin:20}{len(texts):10}  {name:24}{done:8}{middle:12,.0f}{mean:12,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=300, help="golds for a fast family")
    parser.add_argument("--family", choices=FAMILIES, help="this one alone")
    parser.add_argument("--readers", action="store_true", help="measure readers of LaTeX instead")
    options = parser.parse_args()
    logging.disable(logging.ERROR)  # math-verify logs each timeout
    versions = (f"{name} {version(name)}" for name in ("math-verify", "sympy"))
    print(f"Python {platform.python_version()}, {', '.join(versions)}")
    if options.readers:
        compare_readers(options.pairs // 3)
        return
    for family in [options.family] if options.family else FAMILIES:
        count = max(60, options.pairs // 2) if family in SLOW else options.pairs
        show_family(family, run_family(family, count))


if __name__ == "__main__":
    main()
