"""Bounds: what exceeds one is wrong, at once, and the same everywhere; what hangs is an error."""

import contextlib
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rft_grader_math import Policy, TooLargeError, UndecidedError, compare, read
from rft_grader_math.algebra import pool

GOLDS = [
    "42",
    r"\frac{1}{2}",
    "x^2+1",
    r"\sqrt{2}",
    "[0,1)",
    r"\{1,2\}",
    "x > 1",
    r"\begin{pmatrix}1\\2\end{pmatrix}",
]

HOSTILE = {
    "tower": "9^{9^{9^{9}}}",
    "tower of decimals": "9.5^{9.5^{9.5^{9.5}}}",
    "factorial": "(10^9)!",
    "factorials": "9!!!!!!!!!!",
    "power": "(x+1)^{5000}",
    "exponent": "1e999999999",
    "power of ten": "10^{10^{10}}",
    "parentheses": "(" * 3000 + "42" + ")" * 3000,
    "braces": r"\sqrt{" * 3000 + "42" + "}" * 3000,
    "fractions": r"\frac{1}{" * 1000 + "2" + "}" * 1000,
    "bars": "|" * 3001,
    "minus": "-" * 3000 + "42",
    "percent": "42" + "%" * 3000,
    "primes": "f" + "'" * 3000,
    "division": "/".join(["5"] * 2000),
    "boxes": r"\boxed{42}" * 20_000,
    "open boxes": r"\boxed{" * 20_000 + "41",
    "set": r"\{" + ",".join(map(str, range(3000))) + r"\}",
    "digits": "4" * 200_000,
    "megabyte": "x" * 1_000_000,
    "spaces": " " * 900_000 + "41",
    "dollars": "$" * 100_000,
    "backslashes": "\\" * 100_000,
    "markers": "the answer is " * 50_000,
    "hashes": "#### " * 100_000,
    "tags": "<think>" * 100_000,
    "closing tags": "</think>" * 100_000,
    "signs": r"\pm 1" * 200,
    "matrices": r"\begin{pmatrix}1&x\\y&4\end{pmatrix}" * 30,
    "binomial": r"\binom{10^9}{5\cdot 10^8}",
    "remainder": r"9^{9^9} \mod 7",
    "sum": "+".join(rf"\sqrt{{{n}}}" for n in range(2, 400)),
    "nested roots": r"\sqrt{2+" * 35 + "1" + "}" * 35,
    "functions": r"\sin(" * 300 + "x" + ")" * 300,
    "exponentials": r"e^{e^{e^{e^{e^{x}}}}}",
    "gamma": r"\gamma(10^9)",
    "relations": "<".join(map(str, range(2000))),
    "equalities": "So " + "x=" * 2200,
    "statements": "So it is " + "is x " * 900,
    "combining": "4" + "\u0301\u0316" * 3000 + "2",
    "commands": r"\left" * 3000,
    "text": r"\text{" * 2000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_completions_are_wrong_without_delay(name: str) -> None:
    text = HOSTILE[name]
    for gold in GOLDS:
        for completion in (text, rf"\boxed{{{text}}}", f"The answer is ${text}$."):
            # The bound is in steps; that none of them takes long shows in the test's own timeout.
            assert not compare(gold, completion, Policy(timeout=20)).equal, gold


@pytest.mark.parametrize(
    "text",
    [r"\sum_{i=1}^{10^9} i^i", r"\prod_{n=1}^{\infty} n^{n^n}", r"\int_0^1 e^{e^{e^x}}\sin(x^x)dx"],
)
def test_what_hangs_is_an_error_and_never_a_verdict(text: str) -> None:
    start = time.monotonic()
    with pytest.raises(UndecidedError):
        compare(r"\sqrt{2}", rf"\boxed{{{text}}}", Policy(timeout=1.0))
    assert time.monotonic() - start < 30  # it ended, however busy the machine is


def test_a_dead_worker_costs_one_comparison() -> None:
    text = (r"\frac{\pi^2}{6}", r"\boxed{\sum_{n=1}^{\infty} \frac{1}{n^2}}")
    patient = Policy(timeout=120)
    assert compare(*text, patient).tier == "symbolic"
    for worker in list(pool._pool()._idle):
        worker._process.kill()
        worker._process.wait()
    with pytest.raises(UndecidedError, match="died"):
        compare(*text, patient)
    for _ in range(pool.WORKERS):  # the other one was killed, too
        try:
            assert compare(*text, patient).equal
        except UndecidedError:
            continue
    assert compare(*text, patient).equal


def test_bounds_are_told() -> None:
    for text in (
        "1" * 2000,
        "(" * 100 + "1" + ")" * 100,
        ",".join("1" * 400),
        "1e5000",
        "x" * 6000,
    ):
        with pytest.raises(TooLargeError):
            read(text)
    verdict = compare("42", rf"\boxed{{{'(' * 100}42{')' * 100}}}")
    assert "nested deeper" in verdict.reason
    assert "beyond" in compare("42", r"\boxed{\pi^{9^{9^9}}}").reason


def test_random_soup_never_raises() -> None:
    rng = random.Random(7)  # noqa: S311 - the same soup each time
    pieces = [
        r"\frac",
        r"\sqrt",
        r"{",
        r"}",
        r"(",
        r")",
        r"[",
        r"]",
        r"\{",
        r"\}",
        r"|",
        r"^",
        r"_",
        r"+",
        r"-",
        r"*",
        r"/",
        r"=",
        r"<",
        r"\le",
        r",",
        r";",
        r":",
        r"!",
        r"'",
        r"%",
        r"$",
        r"1",
        r"42",
        r"0.5",
        r"1,000",
        r"x",
        r"y",
        r"e",
        r"i",
        r"dx",
        r"\pi",
        r"\sin",
        r"\log",
        r"\int",
        r"\sum",
        r"\lim",
        r"\to",
        r"\infty",
        r"\pm",
        r"\cdot",
        r"\text{a}",
        r"\boxed{",
        r"\left",
        r"\right",
        r"\begin{pmatrix}",
        r"\end{pmatrix}",
        r"&",
        r"\\",
        r"\cup",
        r"\in",
        r"\mathbb{R}",
        r"\overline",
        r"\binom",
        r"\circ",
        r"^\circ",
        r"f(",
        r"sin(",
        r"answer",
        r"is",
        r"and",
        r"or",
        r"not",
        r"####",
        r"<think>",
        r"</think>",
        r"́",
        r"½",
        r"²",
        r"√",
        r"−",
    ]
    for _ in range(4000):
        text = "".join(
            rng.choice(pieces) + " " * rng.randrange(2) for _ in range(rng.randrange(1, 14))
        )
        with contextlib.suppress(UndecidedError):
            compare(rng.choice(GOLDS), text, Policy(timeout=60))


def test_the_worker_imports_nothing_from_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "sympy.py").write_text("open('imported', 'w')")
    code = (
        "from rft_grader_math import Policy, equivalent\n"
        r"pair = r'\frac{\pi^2}{6}', r'\sum_{n=1}^{\infty} \frac{1}{n^2}'"
        "\nprint(equivalent(*pair, Policy(timeout=120)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
    assert not (tmp_path / "imported").exists()
