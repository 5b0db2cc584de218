"""Formulas: values, and everything that is refused."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft_core.errors import FormulaError
from rft_core.reward.formula import FUNCTION_NAMES, parse_formula

NAMES = frozenset({"a", "b", "precision", "recall"})
VALUES = {"a": 0.5, "b": -2.0, "precision": 0.25, "recall": 0.75}


def value(text: str) -> float:
    return parse_formula(text, NAMES)(VALUES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 * precision * recall / max(precision + recall, 1e-9)", 0.375),
        ("1", 1.0),
        ("1_000", 1000.0),
        (".5", 0.5),
        ("+a", 0.5),
        ("--a", 0.5),
        ("a - b - 1", 1.5),
        ("8 / 4 / 2", 1.0),
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("(2 ^ 3) ^ 2", 64.0),
        ("-2 ^ 2", -4.0),
        ("(-2) ^ 2", 4.0),
        ("2 ^ -1", 0.5),
        ("2 * 3 ^ 2", 18.0),
        ("b ^ 2", 4.0),
        ("0 ^ 0", 1.0),
        ("min(a, b, 3)", -2.0),
        ("max(a, b, 3)", 3.0),
        ("min(a)", 0.5),
        ("max(b)", -2.0),
        ("abs(b)", 2.0),
        ("floor(a)", 0.0),
        ("floor(-a)", -1.0),
        ("ceil(a)", 1.0),
        ("sqrt(4)", 2.0),
        ("log(exp(2))", 2.0),
        ("clip(5, 0, 1)", 1.0),
        ("clip(b, 0, 1)", 0.0),
        ("clip(a, 0, 1)", 0.5),
        ("a < 1", 1.0),
        ("a > 1", 0.0),
        ("a <= 0.5", 1.0),
        ("a >= 0.5", 1.0),
        ("a == 0.5", 1.0),
        ("a != 0.5", 0.0),
        ("(a > 0) * (b < 0)", 1.0),
        ("1 + (a > 0)", 2.0),
        ("  a\t", 0.5),
    ],
)
def test_values(text: str, expected: float) -> None:
    result = value(text)
    assert result == pytest.approx(expected)
    assert type(result) is float


@pytest.mark.parametrize("text", ["a\n+ b", "(a\n+ b)", "a +\n  b\n"])
def test_a_formula_may_go_over_lines_as_yaml_blocks_do(text: str) -> None:
    assert value(text) == -1.5


NUMBERS = st.floats(-4, 4, allow_nan=False).map(lambda x: round(x, 3))
UNARY: dict[str, Callable[[float], float]] = {
    "-": operator.neg, "+": operator.pos, "abs": abs, "exp": math.exp,
    "floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt, "log": math.log,
}  # fmt: skip
BINARY: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "^": math.pow, "<": operator.lt, ">=": operator.ge, "==": operator.eq,
}  # fmt: skip

Expression = tuple[str, Callable[[], float]]


def _leaf(number: float) -> Expression:
    return f"({number!r})", lambda: number


def _unary(operation: str, inner: Expression) -> Expression:
    text, compute = inner
    return f"({operation}({text}))", lambda: float(UNARY[operation](compute()))


def _binary(left: Expression, operation: str, right: Expression) -> Expression:
    text = f"({left[0]} {operation} {right[0]})"
    return text, lambda: float(BINARY[operation](left[1](), right[1]()))


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.builds(_leaf, NUMBERS),
    lambda inner: (
        st.builds(_unary, st.sampled_from(sorted(UNARY)), inner)
        | st.builds(_binary, inner, st.sampled_from(sorted(BINARY)), inner)
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_generated_expressions_have_the_values_of_python(expression: Expression) -> None:
    text, compute = expression
    try:
        expected = compute()
    except (ArithmeticError, ValueError):
        expected = math.nan
    if math.isfinite(expected):
        assert value(text) == expected
    else:
        with pytest.raises((ArithmeticError, ValueError)):
            value(text)


OPERATORS = st.sampled_from(["+", "-", "*", "/", "^"])


FLOATS = st.sampled_from(["1.0", "2.0", "3.0"])  # Python's integers would grow without bounds


@given(st.lists(st.tuples(FLOATS, OPERATORS), max_size=5), FLOATS)
def test_precedence_and_associativity_are_pythons(head: list[tuple[str, str]], last: str) -> None:
    text = "".join(f"{number} {sign} " for number, sign in head) + last
    try:
        expected = float(eval(text.replace("^", "**")))  # noqa: S307 - digits and operators
    except ArithmeticError:
        with pytest.raises(ArithmeticError):
            value(text)
    else:
        assert value(text) == pytest.approx(expected)


def test_names_are_the_graders_that_it_reads() -> None:
    assert parse_formula("a + max(a, recall) * 0", NAMES).names == {"a", "recall"}
    assert parse_formula("1", NAMES).names == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "1 / 0",
        "a / (precision - 0.25)",
        "0 ^ -1",
        "log(0)",
        "log(-1)",
        "sqrt(b)",
        "b ^ 0.5",
        "exp(1000)",
        "10 ^ 1000",
        "2 ^ 3 ^ 4 ^ 5",
        "1e308 * 10",
        "1e308 + 1e308",
        "1e999",
        "1e999 - 1e999",
        "floor(1e999)",
        "ceil(1e999 - 1e999)",
    ],
)
def test_what_has_no_finite_real_value_is_an_error(text: str) -> None:
    formula = parse_formula(text, NAMES)
    with pytest.raises((ArithmeticError, ValueError)):
        formula(VALUES)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "a.real",
        "a.__class__",
        "(1).real",
        "'text'",
        "f'{a}'",
        "b'1'",
        "lambda: 1",
        "(lambda: 1)()",
        "[a]",
        "(a, b)",
        "{a}",
        "{1: a}",
        "[x for x in a]",
        "min(x for x in a)",
        "a[0]",
        "a if b else 1",
        "a and b",
        "a or b",
        "not a",
        "~a",
        "a in b",
        "a is b",
        "a // b",
        "a % b",
        "a @ b",
        "a | b",
        "a & b",
        "a << 2",
        "0 < a < 1",
        "True",
        "False",
        "None",
        "...",
        "1j",
        "min(*a)",
        "min(a, key=b)",
        "max(a, default=1)",
        "min(**a)",
        "max()",
        "abs()",
        "abs(a, b)",
        "clip(a, 0)",
        "log(a, 2)",
        "open(a)",
        "eval(a)",
        "pow(a, 2)",
        "a()",
        "abs(a)(b)",
        "(x := 1)",
        "await a",
        "yield",
        "a = 1",
        "a; b",
        "import os",
        "a b",
        "a +",
        "(a",
        "a)",
        "",
        "   ",
        "#",
        "a ** 2",
        "a^^2",
        "a\x00",
        "\ud800",
        "min",
        "abs",
    ],
)
def test_what_is_no_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        parse_formula(text, NAMES)


def test_the_error_shows_the_formula_and_what_is_wrong_in_it() -> None:
    with pytest.raises(FormulaError, match=r"'a\.real' is not allowed in a formula \(in '1 \+ a"):
        parse_formula("1 + a.real", NAMES)


def test_the_power_is_explained() -> None:
    with pytest.raises(FormulaError, match=r"the power is written \^"):
        parse_formula("a ** 2", NAMES)


def test_an_unknown_name_comes_with_the_closest() -> None:
    with pytest.raises(FormulaError, match="no grader has this name") as caught:
        parse_formula("2 * precison", NAMES)
    assert caught.value.hint == "Did you mean 'precision'?"


def test_an_unknown_function_comes_with_the_closest() -> None:
    with pytest.raises(FormulaError, match="is no function of formulas") as caught:
        parse_formula("maximum(a, b)", NAMES)
    assert caught.value.hint is not None
    assert "max" in caught.value.hint


def test_a_wrong_number_of_arguments_is_told() -> None:
    with pytest.raises(FormulaError, match=r"clip takes 3 argument\(s\), not 2"):
        parse_formula("clip(a, 0)", NAMES)
    with pytest.raises(FormulaError, match="max takes at least one argument, not 0"):
        parse_formula("max()", NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 20_000,
        "a + " * 5_000 + "a",
        "a + " * 1_000 + "a",
        "(" * 3_000 + "a" + ")" * 3_000,
        "-" * 9_000 + "a",
        "not " * 2_000 + "a",
        "a" + ".b" * 400,
        "a" + "[a]" * 300,
        "a" + "()" * 300,
        "a ^ " * 2_000 + "a",
        "9" * 5_000,
        "9" * 400,
        "1e" + "9" * 9_000 + "+ unknown",
        "abs(" * 300 + "a" + ")" * 300,
    ],
    ids=lambda text: f"{text[:12]}... ({len(text)})",
)
def test_formulas_that_are_too_large_are_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        parse_formula(text, NAMES)


@pytest.mark.parametrize("text", ["-" * 400 + "a", "(" * 90 + "a" + ")" * 90, "a + " * 200 + "a"])
def test_formulas_below_the_bounds_evaluate(text: str) -> None:
    assert math.isfinite(value(text))


@pytest.mark.parametrize(
    "text", ["a", "a + 1", "a == 1", "a != 1", "a < 1", "max(a)", "clip(a, 0, 1)"]
)
def test_a_missing_value_is_never_read_as_a_number(text: str) -> None:
    with pytest.raises(TypeError):
        parse_formula(text, NAMES)({"a": None})  # type: ignore[dict-item]


def test_function_names_are_those_that_may_be_called() -> None:
    assert frozenset({"min", "max", "abs", "floor", "ceil", "exp", "sqrt", "log", "clip"}) == (
        FUNCTION_NAMES
    )
