r"""What hostile completions do to the math comparison: deadlines, verdicts, memory, processes.

    python benchmarks/math_hostile.py [--count 10000] [--threads 4] [--asyncio] [--timeout 1]
    python benchmarks/math_hostile.py --only 1234

Completions made to hang, to crash or to fool a grader are compared with ordinary golds. All of
them are wrong by construction. Every 10th call has a right answer instead. It fails (exit code 1)
unless

* no call lasts longer than the deadline and 100 ms, and none raises anything but UndecidedError;
* no hostile completion is judged equal, each right one is;
* right answers take no more than twice their usual time, measured before (p50 and p99);
* none of the injected commands has left a file;
* memory stays under the limit, and no process more than before is left.

Each input is made from its number alone: `--only` shows and runs a single one again.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import faulthandler
import itertools
import os
import random
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from math_equivalence import FAMILIES, make_cases, percentile
from rft_grader_math import Policy, UndecidedError, compare

UNIQUE: Final = "".join("abcdefghij"[int(one)] for one in str(os.getpid()))
MARKERS: Final = Path(tempfile.gettempdir()) / f"math-hostile-{UNIQUE}"
"""Where the injected commands would leave their files; no digits, which might be a gold."""

GRACE: Final = 0.1
RIGHT_EVERY: Final = 10
SLOWEST: Final = 20
ODD: Final = "3579"
"""The digits that hostile completions are made of: with these alone no gold comes about."""

GOLDS: Final = (
    "42",
    "0.625",
    r"$\frac{1}{2}$",
    "$x^2+1$",
    r"$\sqrt{2}$",
    r"$\frac{\pi}{4}$",
    r"$\sum_{n=1}^{\infty} \frac{1}{n^2}$",
    r"$\sin(2x)$",
    "$e^{x}+1$",
    "$[0,1)$",
    r"$(-\infty, 2) \cup (4, \infty)$",
    r"$\{1, 2, 4\}$",
    "$(1, -2)$",
    r"$x \le 4$",
    "$y = 2x + 1$",
    r"$\begin{pmatrix} 1 & 2 \\ 0 & 4 \end{pmatrix}$",
)

Generator = Callable[[random.Random], str]


def size(rng: random.Random, low: int, high: int) -> int:
    """Return a number between the two; all orders of magnitude are alike."""
    return int(low * (high / low) ** rng.random())


def digits(rng: random.Random, low: int, high: int) -> str:
    return "".join(rng.choices(ODD, k=size(rng, low, high)))


def digit(rng: random.Random) -> str:
    return rng.choice(ODD)


def nested(rng: random.Random, opening: str, core: str, closing: str, high: int = 20_000) -> str:
    depth = size(rng, 50, high)
    return opening * depth + core + closing * depth


def boxed(rng: random.Random, answer: str) -> str:
    """Return the answer as completions have it."""
    form = rng.choice((r"\boxed{%s}", r"So $\boxed{%s}$.", "The answer is $%s$.", "$$%s$$", "%s"))
    return form.replace("%s", answer)


# ---- Numbers ------------------------------------------------------------------------------------


def towers(rng: random.Random) -> str:
    base, height = digit(rng), size(rng, 3, 2_000)
    forms = (
        f"{base}^{{" * height + base + "}" * height,
        "^".join([base] * height),
        "**".join([base] * height),
        f"{base}^{{-" * height + base + "}" * height,
        rf"\left({base}^{{{base}^{base}}}\right)^{{{base}^{{{digits(rng, 5, 30)}}}}}",
        rf"{base}^{{{digits(rng, 5, 30)}}} - {base}^{{{digits(rng, 5, 30)}}} - 7",
    )
    return boxed(rng, rng.choice(forms))


def factorials(rng: random.Random) -> str:
    number = digits(rng, 6, 40)
    many = "!" * size(rng, 2, 2_000)
    forms = (
        rf"(10^{{{digit(rng)}}}9)!",
        rf"\left(10^{{{digits(rng, 1, 4)}}}\right)!",
        f"{number}!",
        f"(((9!)!)!{many})",
        rf"\frac{{{number}!}}{{{digits(rng, 5, 30)}!}}",
        rf"\Gamma({number})",
    )
    return boxed(rng, rng.choice(forms))


def sums(rng: random.Random) -> str:
    top = rng.choice((f"10^{{{rng.randint(7, 99)}}}", digits(rng, 8, 30)))
    body = rng.choice(("i", "i^{7}", "i^{i}", "i!", r"\frac{1}{i}", r"\sqrt{i}", r"\sin(i)"))
    sign = rng.choice((r"\sum", r"\prod"))
    return boxed(rng, rf"{sign}_{{i=3}}^{{{top}}} {body}")


def nested_sums(rng: random.Random) -> str:
    depth = size(rng, 2, 60)
    body = "".join(rf"\sum_{{i_{{{n}}}=3}}^{{{digits(rng, 3, 9)}}} " for n in range(depth))
    return boxed(rng, body + rng.choice(("7", "i_{0}^{7}", r"\prod_{k=3}^{9999} k")))


def binomials(rng: random.Random) -> str:
    top, bottom = digits(rng, 9, 40), digits(rng, 8, 9)
    return boxed(rng, rng.choice((rf"\binom{{{top}}}{{{bottom}}}", rf"{{{top} \choose {bottom}}}")))


def many_digits(rng: random.Random) -> str:
    long = digits(rng, 1_000, 200_000)
    forms = (
        long,
        f"0.{long}",
        f"-{long}.{long}",
        rf"\frac{{{long}}}{{{long[:-3]}}}",
        rf"0.\overline{{{long}}}",
        ",".join(long[n : n + 3] for n in range(0, len(long), 3)),
        f"{long}^{{{long}}}",
        rf"\sqrt{{{long}}}",
    )
    return boxed(rng, rng.choice(forms))


def formats(rng: random.Random) -> str:
    exponent = digits(rng, 5, 30)
    forms = (
        f"{digit(rng)}e{exponent}",
        f"{digit(rng)}e-{exponent}",
        f"{digit(rng)}E+{exponent}",
        rf"{digit(rng)} \times 10^{{{exponent}}}",
        rf"{digit(rng)} \cdot 10^{{-{exponent}}}",
        "e".join(digits(rng, 2, 5) for _ in range(size(rng, 3, 2_000))),
        rng.choice(("inf", "nan", "-inf", r"-\infty")),
        "0x" + "f" * size(rng, 5, 9_000),
        "7" + rng.choice((r"\%", "%", "_7", ".7", ",7", "/7", " 7")) * size(rng, 50, 20_000),
        "-" * size(rng, 50, 20_000) + "7",
        "7" + "0" * size(rng, 50, 200_000),
    )
    return boxed(rng, rng.choice(forms))


def huge_arguments(rng: random.Random) -> str:
    name = rng.choice(("sin", "cos", "tan", "exp", "ln", "arctan", "sinh"))
    inner = rng.choice(
        (f"10^{{{rng.randint(50, 5_000)}}}", "e^{e^{e^{99}}}", digits(rng, 99, 9_999))
    )
    forms = (
        rf"\{name}({inner}) + 3",
        (rf"\{name}(" * 99) + inner + ")" * 99,
        rf"\{name}^{{{digits(rng, 4, 9)}}}(x + {inner})",
        rf"\log_{{{digits(rng, 30, 300)}}}({inner})",
    )
    return boxed(rng, rng.choice(forms))


def floors(rng: random.Random) -> str:
    tower = rng.choice(("9^{9^{9^{9}}}", "7^{7^{99999}}", "(9^9)!", digits(rng, 900, 90_000)))
    modulus = rng.choice(("7", "19", "37", "10^{9}+7", "3^{3^{33}}"))
    depth = size(rng, 1, 500)
    forms = (
        rf"{tower} \bmod {modulus}",
        rf"{tower} \mod {modulus}",
        rf"{tower} \pmod{{{modulus}}}",
        r"\lfloor " * depth + rf"\frac{{{tower}}}{{{modulus}}}" + r" \rfloor" * depth,
        rf"\left\lceil \sqrt{{{tower}}} \right\rceil + {tower}",
        rf"\gcd({tower}, {modulus}) + 99",
        rf"\lfloor \lfloor {tower} \rfloor \bmod \lceil {tower} + 7 \rceil \rfloor + 9999",
    )
    return boxed(rng, rng.choice(forms))


NUMBERS: Final = (
    "42",
    r"$\frac{1}{2}$",
    "$x^2+1$",
    r"$\sqrt{2}$",
    r"$\frac{\pi}{4}$",
    r"$\sin(2x)$",
)


def nearly(rng: random.Random, gold: str = "42") -> str:
    """Return the gold with a difference that is hard to see."""
    small = rng.choice(
        (
            f"10^{{-{rng.randint(10, 60)}}}",
            f"10^{{-{digits(rng, 3, 9)}}}",
            "9^{-9^{9}}",
            "9^{-9^{9^{9}}}",
            rf"\frac{{1}}{{{digits(rng, 30, 3_000)}}}",
            f"e^{{-{digits(rng, 2, 9)}}}",
        )
    )
    return boxed(rng, f"{gold.strip('$')} {rng.choice('+-')} {small}")


# ---- Expressions --------------------------------------------------------------------------------


def expansions(rng: random.Random) -> str:
    power = size(rng, 60, 99_999)
    forms = (
        f"(x+1)^{{{power}}}",
        f"(x+y+z+1)^{{{power}}}",
        f"((x+1)^{{{power}}}+7)^{{{power}}}",
        f"(x+1)^{{{power}}} - (x-1)^{{{power}}}",
        "".join(f"(x-{n})" for n in range(3, 3 + size(rng, 20, 3_000))),
        " + ".join(rf"\frac{{1}}{{x+{n}}}" for n in range(3, 3 + size(rng, 20, 1_000))),
        rf"\frac{{x^{{{power}}}-1}}{{x-1}}",
        f"x^{{{power}}}+x^{{{power}}}y^{{{power}}}+7",
        rf"\left(\frac{{x^{{7}}-3}}{{x-5}}\right)^{{{power}}}",
    )
    return boxed(rng, rng.choice(forms))


def nested_functions(rng: random.Random) -> str:
    name = rng.choice((r"\sin", r"\cos", r"\tan", r"\ln", r"\exp", r"\arcsin", "f", r"\mathrm{g}"))
    forms = (
        nested(rng, f"{name}(", "x", ")", 5_000),
        nested(rng, f"{name}{{", "x", "}", 5_000),
        f"{name}^{{" * 99 + "7" + "}(x)" * 99,
        rf"\sin^{{{size(rng, 20, 9_999)}}}(x) + \cos^{{{size(rng, 20, 9_999)}}}(x) + 7",
        r"\sin(" + "+".join(f"x_{{{n}}}" for n in range(size(rng, 9, 900))) + ")",
        rf"\sin({size(rng, 20, 99_999)}x) + \cos({size(rng, 20, 99_999)}x)",
    )
    return boxed(rng, rng.choice(forms))


def surd_sums(rng: random.Random) -> str:
    primes = [n for n in range(3, 2_000) if all(n % d for d in range(2, int(n**0.5) + 1))]
    some = primes[: size(rng, 8, len(primes))]
    rng.shuffle(some)
    terms = [rf"\sqrt{{{n}}}" for n in some]
    forms = (
        "+".join(terms),
        rf"\left({'+'.join(terms[:40])}\right)^{{{size(rng, 2, 99)}}}",
        rf"\frac{{7}}{{{'+'.join(terms[:60])}}}",
        "".join(rf"\sqrt{{{n}+" for n in some[:90]) + "7" + "}" * len(some[:90]),
        "+".join(rf"\sqrt[{rng.randint(3, 99)}]{{{n}}}" for n in some),
        " ".join(f"{rng.choice('+-')}{term}" for term in terms),
        rf"\sqrt{{5+2\sqrt{{6}}}} - \sqrt{{3}} - \sqrt{{2}} + {'+'.join(terms[:30])}",
    )
    return boxed(rng, rng.choice(forms))


def calculus(rng: random.Random) -> str:
    a, b = digit(rng), digits(rng, 1, 3)
    forms = (
        rf"\int_0^1 e^{{e^{{e^{{{a}x}}}}}} \sin(x^x) dx",
        rf"\int_0^{{\infty}} \frac{{\sin(x^{{{b}}})}}{{x^x+{a}}} dx",
        rf"\int \frac{{x^{{{b}}}+{a}}}{{\ln(x) \sqrt{{x^{{7}}+{a}}}}} dx",
        rf"\int_0^{{{b}}} \int_0^{{x}} \int_0^{{y}} e^{{-xyz^{{{a}}}}} dz dy dx",
        rf"\lim_{{x \to \infty}} x^{{x^{{x^{{{a}}}}}}} - {b}^{{{b}^{{x}}}}",
        rf"\lim_{{x \to 0}} \frac{{\sin(\tan({a}x))-\tan(\sin({a}x))}}{{x^{{{b}}}}}",
        rf"\lim_{{n \to \infty}} \left(1+\frac{{{a}}}{{n}}\right)^{{n^{{n}}}}",
        rf"\sum_{{n=1}}^{{\infty}} \frac{{\sin(n^{{{a}}})}}{{n^{{3/2}}}}",
        rf"\sum_{{n=1}}^{{\infty}} \frac{{n!}}{{n^{{n}}+{b}}}",
        rf"\prod_{{n=3}}^{{\infty}} \left(1-\frac{{{a}}}{{n^{{{b}}}+n!}}\right)",
        rf"\frac{{d^{{{b}}}}}{{dx^{{{b}}}}} \left(e^{{x^{{x}}}} \sin(x^{{{a}}})\right)",
        nested(rng, r"\int_0^1 ", "x^{x}", " dx", 300),
        nested(rng, rf"\lim_{{x \to {a}}} \frac{{1}}{{", "x^{x}", "}", 300),
    )
    return boxed(rng, rng.choice(forms))


def matrices(rng: random.Random) -> str:
    count = size(rng, 5, 120)
    rows = r" \\ ".join(" & ".join(digits(rng, 1, 3) for _ in range(count)) for _ in range(count))
    kind = rng.choice(("pmatrix", "bmatrix", "vmatrix", "array", "matrix", "cases"))
    small = rf"\begin{{{kind}}} 3 & x \\ 7 & 9 \end{{{kind}}}"
    depth = size(rng, 5, 2_000)
    forms = (
        rf"\begin{{{kind}}} {rows} \end{{{kind}}}",
        rf"\begin{{{kind}}} {rows} \end{{{kind}}}^{{-1}}",
        rf"{small}^{{{digits(rng, 3, 30)}}}",
        rf"\begin{{{kind}}}" * depth + "7" + rf"\end{{{kind}}}" * depth,
        small * depth,
        rf"\begin{{{kind}}}" + r"\\" * depth + rf"\end{{{kind}}}",
        rf"\begin{{{kind}}}" + "&" * depth + rf"\end{{{kind}}}",
        rf"\det {small}^{{99}} + 7^{{{size(rng, 20, 9_999)}}}",
    )
    return boxed(rng, rng.choice(forms))


# ---- Nesting and length -------------------------------------------------------------------------


def nesting(rng: random.Random) -> str:
    pairs = (
        ("(", ")"),
        ("{", "}"),
        ("[", "]"),
        (r"\left(", r"\right)"),
        (r"\left\{", r"\right\}"),
        ("|", "|"),
        (r"\left|", r"\right|"),
        (r"\{", r"\}"),
        ("-(", ")"),
        ("((", "))+7"),
        ("x^{", "}"),
        ("x_{", "}"),
        (r"\text{", "}"),
        (r"\mathrm{", "}"),
        (r"\overline{", "}"),
        ("$", "$"),
    )
    opening, closing = rng.choice(pairs)
    return boxed(rng, nested(rng, opening, f"7{digits(rng, 1, 9)}", closing))


def fractions(rng: random.Random) -> str:
    a, b = digit(rng), digits(rng, 1, 3)
    pairs = (
        (r"\frac{", rf"}}{{{b}}}"),
        (rf"\frac{{{a}}}{{{b}+", "}"),
        (rf"{a}+\cfrac{{{b}}}{{", "}"),
        (r"\frac" + a, ""),
        (r"\dfrac{x}{", "}"),
        (rf"\frac{{\frac{{{a}}}{{x}}}}{{{b}+", "}"),
        (f"{a}/(", ")"),
        (f"{a}/", ""),
    )
    opening, closing = rng.choice(pairs)
    return boxed(rng, nested(rng, opening, f"{b}77", closing))


def roots(rng: random.Random) -> str:
    a = digit(rng)
    pairs = (
        (r"\sqrt{", "}"),
        (rf"\sqrt{{{a}+", "}"),
        (rf"\sqrt[{a}]{{x+", "}"),
        (r"\sqrt[", "]{7}"),
        (r"\sqrt", ""),
        (rf"{a}\sqrt{{{a}-", "}"),
    )
    opening, closing = rng.choice(pairs)
    return boxed(rng, nested(rng, opening, f"{a}77", closing))


def boxes(rng: random.Random) -> str:
    count = size(rng, 100, 20_000)
    forms = (
        " ".join(rf"\boxed{{{rng.randint(1_000, 9_999)}}}" for _ in range(count)),
        r"\boxed{" * count + "77" + "}" * count,
        r"\boxed{" * count,
        r"\boxed" * count + "{77}",
        r"\boxed{}" * count,
        r"\boxed {77} \fbox{99} " * count,
        r"$\boxed{" * count + "77",
    )
    return rng.choice(forms)


def large_sets(rng: random.Random) -> str:
    forms: tuple[Generator, ...] = (
        lambda r: digits(r, 1, 9),
        lambda r: rf"\frac{{{digits(r, 1, 3)}}}{{{digits(r, 1, 3)}}}",
        lambda r: rf"\sqrt{{{digits(r, 1, 5)}}}",
        lambda r: f"({digits(r, 1, 3)}, {digits(r, 1, 3)})",
        lambda r: rf"x+\sin({digits(r, 1, 3)}x)",
        lambda r: rf"\{{{digits(r, 1, 3)}\}}",
    )
    member = rng.choice(forms)
    inside = ", ".join(member(rng) for _ in range(size(rng, 30, 3_000)))
    left, right = rng.choice(
        ((r"\{", r"\}"), ("(", ")"), ("[", "]"), (r"\left\{", r"\right\}"), "  ")
    )
    return boxed(rng, left + inside + right)


def large_unions(rng: random.Random) -> str:
    count = size(rng, 20, 3_000)
    parts = [f"[{7 * n}.3, {7 * n + 3}.5)" for n in range(9, 9 + count)]
    rng.shuffle(parts)
    sign = rng.choice((r" \cup ", r" \cap ", r" \setminus ", " or ", r" \times "))
    return boxed(rng, sign.join(parts))


def chains(rng: random.Random) -> str:
    sign = rng.choice(
        (" = ", " < ", r" \le ", r" \ge ", r" \neq ", r" \approx ", r" \Rightarrow x = ")
    )
    terms = [rng.choice(("x", "y", digits(rng, 1, 9))) for _ in range(size(rng, 20, 5_000))]
    ending = sign.join([*terms, "99977"])
    return boxed(rng, rng.choice((ending, f"x{sign}{ending}", ending.replace(sign, f" {sign},"))))


def many_names(rng: random.Random) -> str:
    count = size(rng, 20, 3_000)
    forms = (
        "+".join(f"a_{{{n}}}" for n in range(count)),
        "".join(f"b_{{{n}}}" for n in range(count)),
        "+".join("".join(rng.choices("abcdxyz", k=9)) for _ in range(count)),
        "".join(rng.choices("abcdxyz", k=count)),
        "*".join(rf"\{rng.choice(GREEK)}^{{{n}}}" for n in range(3, count)),
    )
    return boxed(rng, rng.choice(forms))


GREEK: Final = ("alpha", "beta", "gamma", "delta", "theta", "lambda", "mu", "pi", "phi", "omega")


def megabyte(rng: random.Random) -> str:
    words = ("so", "we", "get", "$x$", "is", "3,", "the", "answer", "=", "7.", "\n", r"\frac{7}{9}")
    text = " ".join(rng.choices(words, k=size(rng, 20_000, 250_000)))
    return text + boxed(rng, digits(rng, 2, 9))


# ---- Bait for extraction ------------------------------------------------------------------------


def repeated(rng: random.Random) -> str:
    """Return a run of something that regular expressions may walk through again and again."""
    pieces = (
        *(" ", "\\", "$", "$$", "\n", "\t", "{", "}", "-", ".", ",", "*", "_", "#", "\r\n", "\\ "),
        *("<think>", "</think>", "<think></think>", "<answer>", "</answer>", "```", "**", "~"),
        *(
            "the answer is ",
            "The final answer is: ",
            "Answer: ",
            "#### ",
            "\n#### ",
            "= ",
            "answer ",
        ),
        *(
            r"\boxed ",
            r"\[",
            r"\(",
            r"\]",
            "$ ",
            r"\$",
            r"\text{ and }",
            r"\quad ",
            r"\left",
            "\\,",
        ),
        *("1,", ",777", "7 ", "7.", "x=", "x=7,", "(", "((", "7^", "or ", "and ", "\u00a0", "."),
    )
    piece = rng.choice(pieces)
    run = piece * size(rng, 500, min(50_000, 1_000_000 // len(piece)))
    ending = rng.choice(("", "77", r"\boxed{77}", "77.", "$77$", "the answer is 77", "!", "\n"))
    return rng.choice(("", "So ", "$", "The answer is ", r"\boxed{", "<think>")) + run + ending


def several_runs(rng: random.Random) -> str:
    return (
        "".join(repeated(rng)[: size(rng, 100, 20_000)] for _ in range(rng.randint(2, 6))) + " 77"
    )


def unbalanced(rng: random.Random) -> str:
    tokens = ["{", "}", "(", ")", "[", "]", r"\left(", r"\right)", r"\left.", r"\right.", "$", "$$"]
    tokens += [r"\boxed{", r"\frac{", r"\sqrt[", r"\begin{pmatrix}", r"\end{pmatrix}", r"\{", r"\}"]
    tokens += [r"\[", r"\]", r"\(", r"\)", "|", r"\|", "^{", "_{", r"\begin{", r"\end{cases}", "77"]
    return boxed(rng, "".join(rng.choices(tokens, k=size(rng, 10, 5_000))))


def letters(*ranges: tuple[int, int]) -> list[str]:
    return [chr(n) for first, last in ranges for n in range(first, last + 1)]


LETTERS: Final = (
    letters((0x300, 0x36F)),  # combining marks
    letters((0x200B, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069), (0xFEFF, 0xFEFF)),  # bidi
    list("\u00b3\u2075\u2077\u2079\u207f\u2083\u2085\u2087\u2089"),  # raised, lowered
    list("\uff13\uff15\uff17\uff19\uff08\uff09\uff0b\uff0d\uff0f\uff0e\uff5b\uff5d\uff3e"),  # wide
    list("\u0663\u0665\u0667\u0669\u096d\u096f\u136b\u3282\u2166\u215e"),  # digits of others
    letters((0x2200, 0x22FF), (0x2308, 0x230B), (0xB0, 0xB1), (0xD7, 0xD7), (0x2032, 0x2033)),
    list("\x00\x07\x1b\x7f\x85\u2028\ud800\udfff\U0010ffff"),
    list("\U0001d7d1\U0001d7d3\U0001d7d5\U0001d7d7\U0001d7f5\U0001d7f7"),  # bold, mono
    [
        "\U0001f3b2",
        "\U0001f469\u200d\U0001f467",
        "\ufdfa",
        "\u1e9b\u0323",
        "\ufb01",
        "\u212a",
        "\u0130",
    ],
)


def unicode_junk(rng: random.Random) -> str:
    some = rng.choice((rng.choice(LETTERS), list(itertools.chain(*LETTERS))))
    junk = "".join(rng.choices([*some, *ODD], k=size(rng, 5, 20_000)))
    forms = (junk, "7" + junk, junk + "7", f"x^{{{junk}}}", rf"\frac{{{junk}}}", f"{junk},7,{junk}")
    return boxed(rng, rng.choice(forms))


def injections(rng: random.Random) -> str:
    marker = MARKERS / digits(rng, 9, 9)
    command = f"touch {marker}"
    codes = (
        f"__import__('os').system('{command}')",
        f'__import__("subprocess").call("{command}", shell=True)',
        f"open('{marker}', 'w').write('7')",
        f"exec(\"import os; os.system('{command}')\")",
        f'eval(\'__import__("os").system("{command}")\')',
        f"(lambda: __import__('os').system('{command}'))()",
        f"[c for c in ().__class__.__bases__[0].__subclasses__()][77]('{command}')",
        f"Symbol('x').__class__.__init__.__globals__['__builtins__']['open']('{marker}','w')",
        f"sympify(\"__import__('os').system('{command}')\")",
        rf"\write18{{{command}}}",
        rf"\immediate\openout7={marker}",
        r"\input{/etc/passwd}",
        rf"\def\a{{\a\a}}\a \newcommand{{\b}}{{\b\b}}\b {digits(rng, 2, 9)}",
        f"$({command})",
        f"`{command}`; {command} | {command} && {command}",
        "{0.__class__.__init__.__globals__}",
        f'f\'{{__import__("os").system("{command}")}}\'',
        "%s%n%d{}{0}{x!r}",
        f"x.__class__ = 7; import os; os.system('{command}')",
        f"raise SystemExit({digit(rng)})",
        "while True: pass",
        "().__reduce_ex__(7)",
    )
    code = rng.choice(codes)
    forms = (code, rf"\text{{{code}}}", rf"\operatorname{{{code}}}", f"7+{code}", f"f({code})")
    return boxed(rng, rng.choice(forms))


COMMANDS: Final = r"""
    x y z n e i dx + - * / = < > ^ _ ( ) [ ] { } | ! , . ; : ' & ~ $ (x) {3} {x} ^{7} _{n}
    \frac \dfrac \tfrac \cfrac \over \sqrt \binom \choose \sum \prod \int \lim \limits \to \infty
    \sin \cos \log \ln \cdot \times \pm \pi \theta \circ \% \$ \\ \{ \} \, \; \! \quad \dots
    \cup \cap \in \setminus \emptyset \mid \forall \exists \le \ge \neq \lfloor \rfloor \bmod
    \left \right \begin \end {pmatrix} \text \mathrm \mathbb \operatorname \boxed
    \overline \bar \hat \vec
"""
SOUP: Final = (*ODD, *COMMANDS.split())


def soup(rng: random.Random) -> str:
    joint = rng.choice(("", " "))
    return boxed(rng, joint.join(rng.choices(SOUP, k=size(rng, 5, 3_000))))


CLASSES: Final[tuple[Generator, ...]] = (
    *(towers, factorials, sums, nested_sums, binomials, many_digits, formats, huge_arguments),
    *(floors, nearly, expansions, nested_functions, surd_sums, calculus, matrices, nesting),
    *(fractions, roots, boxes, large_sets, large_unions, chains, many_names, megabyte),
    *(repeated, several_runs, unbalanced, unicode_junk, injections, soup),
)


# ---- Inputs -------------------------------------------------------------------------------------


class Hostile(NamedTuple):
    """One hostile input."""

    kind: str
    gold: str
    completion: str


def hostile(number: int, seed: int) -> Hostile:
    """Return the input of this number: each class in turn, about every 4th one mutated."""
    rng = random.Random(f"{seed}/{number}")
    make = CLASSES[number % len(CLASSES)]
    if make is nearly:
        gold = rng.choice(NUMBERS)
        return Hostile("nearly", gold, nearly(rng, gold))
    text, kind, gold = make(rng), make.__name__, rng.choice(GOLDS)
    if rng.random() < 0.25:
        return Hostile(f"{kind}, mutated", gold, mutate(text, rng))
    return Hostile(kind, gold, text)


def mutate(text: str, rng: random.Random) -> str:
    """Return the text with pieces cut, doubled, moved or put in."""
    for _ in range(rng.randint(1, 8)):
        start, stop = sorted(rng.randint(0, len(text)) for _ in range(2))
        stop = min(stop, start + rng.choice((1, 3, 30, 3_000)))
        piece = text[start:stop]
        change = rng.choice(("", piece * 2, piece[::-1], rng.choice(SOUP), soup(rng)[:99]))
        text = text[:start] + change + text[stop:]
    return text


def right_cases(count: int, seed: str) -> list[tuple[str, str]]:
    """Return golds and completions that are right, of all families in turn."""
    each = -(-count // len(FAMILIES))
    families = [make_cases(family, each, seed, equal=True) for family in FAMILIES]
    cases = itertools.chain.from_iterable(zip(*families, strict=True))
    return [(case.gold, case.completions[0]) for case in itertools.islice(cases, count)]


# ---- Calls --------------------------------------------------------------------------------------


class Result(NamedTuple):
    """How one call went; `number` is that of the hostile input, or of the right answer."""

    number: int
    seconds: float
    outcome: str


@dataclass
class Bench:
    """Makes the calls, and takes down how they went."""

    policy: Policy
    seed: int
    timeout: float
    journal: int
    hostile: list[Result] = field(default_factory=list)
    right: list[Result] = field(default_factory=list)
    armed: float = 0.0

    def call(self, number: int, gold: str, completion: str) -> Result:
        """Compare, and say how that went."""
        os.pwrite(self.journal, f"{number:15}\n".encode(), 16 * (threading.get_native_id() % 64))
        self.arm()
        start = time.perf_counter()
        try:
            outcome = "equal" if compare(gold, completion, self.policy).equal else "not equal"
        except UndecidedError:
            outcome = "undecided"
        except Exception as error:  # noqa: BLE001 - nothing else may be raised, this is a finding
            outcome = f"raised {type(error).__name__}: {error}"[:200]
        return Result(number, time.perf_counter() - start, outcome)

    def arm(self) -> None:
        """Let the process end with a traceback if no call comes back for long."""
        if time.monotonic() - self.armed > 1:
            self.armed = time.monotonic()
            faulthandler.dump_traceback_later(20 * self.timeout + 60, exit=True)

    def call_hostile(self, number: int) -> None:
        """Compare the hostile input of this number; making it is not timed."""
        one = hostile(number, self.seed)
        self.hostile.append(self.call(number, one.gold, one.completion))

    def call_right(self, number: int, case: tuple[str, str]) -> None:
        """Compare a right answer."""
        self.right.append(self.call(number, *case))


Job = Callable[[], object]


def hostile_jobs(bench: Bench, count: int, cases: Sequence[tuple[str, str]]) -> Iterator[Job]:
    """Yield the calls: one in ten has a right answer."""
    rest = iter(enumerate(cases))
    for number in range(count):
        yield partial(bench.call_hostile, number)
        if number % (RIGHT_EVERY - 1) == RIGHT_EVERY - 2:
            yield partial(bench.call_right, *next(rest))


def usual_jobs(bench: Bench, cases: Sequence[tuple[str, str]]) -> Iterator[Job]:
    """Yield calls with right answers; hostile inputs are made between them, but not compared."""
    for number, case in enumerate(cases):
        for other in range(RIGHT_EVERY - 1):
            yield partial(hostile, number * (RIGHT_EVERY - 1) + other, bench.seed)
        yield partial(bench.call_right, number, case)


def in_one_thread(jobs: Iterator[Job], _: int) -> None:
    for job in jobs:
        job()


def in_threads(jobs: Iterator[Job], threads: int) -> None:
    """Let the threads take the jobs in turn, as they are free."""
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                job = next(jobs, None)
            if job is None:
                return
            job()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def in_event_loop(jobs: Iterator[Job], threads: int) -> None:
    """Do the jobs through `asyncio.to_thread`; print how long the loop stood still at most."""

    async def work() -> None:
        for job in jobs:
            await asyncio.to_thread(job)

    async def beat() -> None:
        longest = 0.0
        try:
            while True:
                start = time.perf_counter()
                await asyncio.sleep(0.01)
                longest = max(longest, time.perf_counter() - start - 0.01)
        finally:
            print(f"the event loop stood still for {1e3 * longest:.0f} ms at most")

    async def drive() -> None:
        heart = asyncio.create_task(beat())
        await asyncio.gather(*(work() for _ in range(threads)))
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)

    asyncio.run(drive())


# ---- Processes and memory -----------------------------------------------------------------------


def children() -> dict[int, str]:
    """Return the processes that descend from this one, with their state."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        parents[int(path.parent.name)] = (int(parent), state)
    family, found = {os.getpid()}, {}
    while new := {pid for pid, (parent, _) in parents.items() if parent in family} - family:
        family |= new
        found |= {pid: parents[pid][1] for pid in new}
    return found


def peak_mib(pid: int) -> float:
    """Return the most memory that a process had resident, 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


@dataclass
class Watch:
    """What was seen of the child processes."""

    peak: float = 0.0
    most: int = 0
    pids: set[int] = field(default_factory=set)

    def look(self) -> None:
        """Take down which processes there are, and how large they have become."""
        alive = children()
        self.pids |= set(alive)
        self.most = max(self.most, len(alive))
        self.peak = max([self.peak, *map(peak_mib, alive)])


@contextmanager
def watched() -> Iterator[Watch]:
    watch, done = Watch(), threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            watch.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield watch
    done.set()
    thread.join()


# ---- Report -------------------------------------------------------------------------------------


@dataclass
class Checks:
    """Prints checks, and remembers whether one failed."""

    failed: bool = False

    def check(self, claim: str, *, holds: bool) -> None:
        """Print the claim, and whether it holds."""
        self.failed |= not holds
        print(f"  {'ok    ' if holds else 'FAILED'}  {claim}")


def shorten(text: str) -> str:
    shown = ascii(text)
    return shown if len(shown) <= 90 else f"{shown[:55]} ... {shown[-20:]} ({len(text)} characters)"


def show_classes(bench: Bench) -> None:
    kinds: dict[str, list[Result]] = collections.defaultdict(list)
    for result in bench.hostile:
        kinds[CLASSES[result.number % len(CLASSES)].__name__].append(result)
    print(f"  {'':20}{'calls':>7}{'undecided':>11}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}")
    for kind, results in kinds.items():
        times = [result.seconds for result in results]
        undecided = sum(result.outcome == "undecided" for result in results)
        line = "".join(f"{1e3 * value:10.2f}" for value in (*quantiles(times), max(times)))
        print(f"  {kind:20}{len(results):7}{undecided:11}{line}")


def quantiles(times: Sequence[float]) -> tuple[float, float]:
    return percentile(times, 0.5), percentile(times, 0.99)


def show_hostile(results: Sequence[Result], seed: int) -> None:
    for result in results:
        one = hostile(result.number, seed)
        print(
            f"    {1e3 * result.seconds:9.1f} ms, {result.outcome}, number {result.number}, "
            f"{one.kind}: {one.gold} and {shorten(one.completion)}"
        )


def check_hostile(bench: Bench, checks: Checks) -> None:
    outcomes = collections.Counter(result.outcome.partition(":")[0] for result in bench.hostile)
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common())
    print(f"\n{len(bench.hostile):,} hostile completions: {counts}")
    show_classes(bench)
    slowest = sorted(bench.hostile, key=lambda result: -result.seconds)[:SLOWEST]
    print(f"  the {len(slowest)} slowest:")
    show_hostile(slowest, bench.seed)
    longest, limit = slowest[0].seconds, bench.timeout + GRACE
    checks.check(f"the longest call took {longest:.3f} s of {limit:g}", holds=longest <= limit)
    fooled = [result for result in bench.hostile if result.outcome == "equal"]
    checks.check(f"{len(fooled)} judged equal", holds=not fooled)
    show_hostile(fooled, bench.seed)
    raised = [result for result in bench.hostile if result.outcome.startswith("raised")]
    checks.check(f"{len(raised)} raised something else than UndecidedError", holds=not raised)
    show_hostile(raised[:50], bench.seed)


def check_right(
    usual: Sequence[Result], bench: Bench, cases: Sequence[tuple[str, str]], checks: Checks
) -> None:
    failed = [result for result in bench.right if result.outcome != "equal"]
    before = sum(result.outcome != "equal" for result in usual)
    print(f"\n{len(bench.right)} right answers between them ({len(usual)} before, {before} failed)")
    checks.check(f"{len(failed)} were not judged equal", holds=not failed)
    for result in failed[:50]:
        gold, completion = cases[result.number]
        print(f"    {result.outcome}, {result.seconds:.3f} s: {gold!r} and {completion!r}")
    pairs = zip(
        ("p50", "p99"),
        quantiles([result.seconds for result in usual]),
        quantiles([result.seconds for result in bench.right]),
        strict=True,
    )
    for name, old, new in pairs:
        claim = f"{name}: {1e3 * new:.3f} ms, before {1e3 * old:.3f} ms, {new / old:.2f} times"
        checks.check(claim, holds=new <= 2 * old)


def check_processes(
    watch: Watch, before: int, threads: int, rss_limit: int, checks: Checks
) -> None:
    alive = children()
    own, reaped = (
        resource.getrusage(whose).ru_maxrss / 1024
        for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    peak = max(watch.peak, reaped)
    print(f"\nchild processes: {len(watch.pids)} seen, {watch.most} at once, {before} before")
    zombies = sum(state == "Z" for state in alive.values())
    most = max(before, threads + 2)
    checks.check(f"{len(alive)} alive at the end, {most} allowed", holds=len(alive) <= most)
    checks.check(f"{zombies} of them are zombies", holds=not zombies)
    checks.check(f"peak of this process {own:,.0f} MiB", holds=own <= rss_limit)
    checks.check(f"peak of a child {peak:,.0f} MiB", holds=peak <= rss_limit)
    files = list(MARKERS.iterdir())
    checks.check(f"{len(files)} files left by injected commands {files[:3]}", holds=not files)


# ---- Running ------------------------------------------------------------------------------------


def run_one(number: int, bench: Bench) -> int:
    one = hostile(number, bench.seed)
    print(
        f"{one.kind}, gold {one.gold}, {len(one.completion)} characters: {shorten(one.completion)}"
    )
    print(bench.call(number, one.gold, one.completion))
    return 0


def run_all(options: argparse.Namespace, bench: Bench) -> int:
    drive, threads = in_one_thread, 1
    if options.asyncio or options.threads > 1:
        drive, threads = in_event_loop if options.asyncio else in_threads, options.threads
    count, checks = options.count // (RIGHT_EVERY - 1), Checks()
    usual = Bench(bench.policy, bench.seed, bench.timeout, bench.journal)
    for name, calls in (("warm-up", 100), ("before", max(count, 100))):
        usual.right.clear()
        drive(usual_jobs(usual, right_cases(calls, f"{options.seed}/{name}")), threads)
    before, cases = len(children()), right_cases(count, f"{options.seed}/between")
    start = time.perf_counter()
    with watched() as watch:
        drive(hostile_jobs(bench, options.count, cases), threads)
    faulthandler.cancel_dump_traceback_later()
    print(f"{drive.__name__}, {threads}: {time.perf_counter() - start:.0f} s")
    check_hostile(bench, checks)
    check_right(usual.right, bench, cases, checks)
    check_processes(watch, before, threads, options.rss_mib, checks)
    return int(checks.failed)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=10_000, help="hostile completions")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--asyncio", action="store_true", help="threads of an event loop")
    parser.add_argument("--timeout", type=float, default=1.0, help="deadline of a call, in seconds")
    parser.add_argument("--rss-mib", type=int, default=1024, help="limit for each process")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="run the hostile input of this number alone")
    options = parser.parse_args()
    if options.asyncio and options.threads == 1:
        options.threads = 4
    return options


def main() -> int:
    options = read_options()
    MARKERS.mkdir()
    with tempfile.NamedTemporaryFile(prefix="math-hostile-", suffix=".txt") as journal:
        policy = Policy(timeout=options.timeout)
        bench = Bench(policy, options.seed, options.timeout, journal.fileno())
        try:
            if options.only is not None:
                return run_one(options.only, bench)
            print(f"numbers of the calls in progress: {journal.name}")
            return run_all(options, bench)
        finally:
            shutil.rmtree(MARKERS)


if __name__ == "__main__":
    sys.exit(main())
