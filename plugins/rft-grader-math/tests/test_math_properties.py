"""Properties: the same value in any rendering is equal, any other is not."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from rft_grader_math import Policy, equivalent, read

POLICY = Policy(require_simplified=False, timeout=120)
SETTINGS = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

numbers = st.fractions(min_value=-500, max_value=500, max_denominator=60)
integers = st.integers(min_value=-9, max_value=9)
variables = st.sampled_from("xyz")

# An expression is a nested tuple: ("num", 3), ("var", "x"), ("+", a, b), ("*", a, b), ("/", a, b),
# ("^", a, 2), ("sqrt", a), ("sin", a).
leaves = st.one_of(
    st.tuples(st.just("num"), st.integers(min_value=1, max_value=20)),
    st.tuples(st.just("var"), variables),
)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["+", "*", "-", "/"]), inner, inner),
        st.tuples(st.just("^"), inner, st.integers(min_value=2, max_value=3)),
        st.tuples(st.sampled_from(["sqrt", "sin"]), inner),
    ),
    max_leaves=6,
)
STYLES = ["latex", "tight", "plain", "swapped"]


def render(tree: tuple[object, ...], style: str) -> str:
    op, *args = tree
    if op in {"num", "var"}:
        return str(args[0])
    parts = [render(arg, style) if isinstance(arg, tuple) else str(arg) for arg in args]
    plain = style == "plain"
    match op:
        case "sqrt" | "sin":
            if plain:
                return f"{op}({parts[0]})"
            return rf"\sqrt{{{parts[0]}}}" if op == "sqrt" else rf"\sin\left({parts[0]}\right)"
        case "^":
            return (
                f"({parts[0]})**{parts[1]}" if plain else rf"\left({parts[0]}\right)^{{{parts[1]}}}"
            )
        case "/":
            return f"({parts[0]})/({parts[1]})" if plain else rf"\dfrac{{{parts[0]}}}{{{parts[1]}}}"
        case "-":
            return f"({parts[0]}) - ({parts[1]})"
    if style == "swapped":
        parts.reverse()
    if op == "+":
        return f"({parts[0]})+({parts[1]})"
    sign = {"latex": r" \cdot ", "tight": "", "plain": "*", "swapped": r"\times "}[style]
    return f"({parts[0]}){sign}({parts[1]})"


def is_defined(tree: tuple[object, ...]) -> bool:
    """Leave out what divides by zero or is zero everywhere, whose renderings have no value."""
    try:
        read(render(tree, "plain"))
    except ValueError:
        return False
    text = render(tree, "plain")
    return "/((" not in text or "-" not in text


@SETTINGS
@given(expressions, st.sampled_from(STYLES), st.sampled_from(STYLES))
def test_renderings_of_one_expression_are_equal(
    tree: tuple[object, ...], one: str, other: str
) -> None:
    assume(is_defined(tree))
    assert equivalent(f"${render(tree, one)}$", rf"\boxed{{{render(tree, other)}}}", POLICY)


@SETTINGS
@given(expressions, integers.filter(bool), st.sampled_from(STYLES))
def test_a_perturbed_expression_is_not_equal(
    tree: tuple[object, ...], change: int, style: str
) -> None:
    assume(is_defined(tree))
    text = render(tree, style)
    assert not equivalent(f"${text}$", rf"\boxed{{{text} + {change}}}", POLICY)
    assert not equivalent(f"${text} + {change}$", rf"\boxed{{{text}}}", POLICY)


@SETTINGS
@given(expressions, expressions, st.sampled_from(STYLES), st.sampled_from(STYLES))
def test_comparison_is_symmetric(
    first: tuple[object, ...], second: tuple[object, ...], one: str, other: str
) -> None:
    assume(is_defined(first) and is_defined(second))
    texts = f"${render(first, one)}$", f"${render(second, other)}$"
    assert equivalent(*texts, POLICY) == equivalent(*reversed(texts), POLICY)


def written(value: Fraction) -> list[str]:
    """Return ways to write a rational number."""
    sign, size = ("-" if value < 0 else ""), abs(value)
    top, bottom = size.numerator, size.denominator
    forms = [
        rf"{sign}\frac{{{top}}}{{{bottom}}}",
        f"{sign}{top}/{bottom}",
        rf"\dfrac{{{sign}{3 * top}}}{{{3 * bottom}}}",
        rf"{sign}\tfrac {{{top}}} {{{bottom}}}",
        f"−{top}/{bottom}" if sign else f"+{top}/{bottom}",
    ]
    if top > bottom > 1 and top % bottom:
        forms.append(rf"{sign}{top // bottom}\frac{{{top % bottom}}}{{{bottom}}}")
        forms.append(f"{sign}{top // bottom} {top % bottom}/{bottom}")
    if (10**6 * size).denominator == 1:
        decimal = f"{int(size)}.{int(10**6 * (size - int(size))):06d}"
        forms += [sign + decimal, sign + decimal.rstrip("0"), f"{sign}{decimal}0"]
        forms.append(rf"{sign}{int(10**6 * size)} \times 10^{{-6}}")
        forms.append(f"{sign}{int(10**6 * size)}e-6")
    if bottom == 1:
        forms += [f"{sign}{top}", f"{sign}{top}.0", f"{sign}{top:,}"]
    return forms


@SETTINGS
@given(numbers, st.data())
def test_writings_of_one_number_are_equal(value: Fraction, data: st.DataObject) -> None:
    one, other = (data.draw(st.sampled_from(written(value))) for _ in range(2))
    assert equivalent(one, other)
    assert equivalent(f"${one}$", f"The answer is {other}.")


@SETTINGS
@given(numbers, numbers, st.data())
def test_different_numbers_are_not_equal(
    first: Fraction, second: Fraction, data: st.DataObject
) -> None:
    assume(first != second)
    one, other = (
        data.draw(st.sampled_from(written(first))),
        data.draw(st.sampled_from(written(second))),
    )
    assert not equivalent(one, other)
    assert not equivalent(other, rf"\boxed{{{one}}}")


@SETTINGS
@given(st.lists(numbers, min_size=2, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_order_matters_in_tuples_only(values: list[Fraction], random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    texts = [written(value)[0] for value in values]
    others = [written(value)[1] for value in shuffled]
    assert equivalent(", ".join(texts), ",  ".join(others))
    assert equivalent(rf"\{{{', '.join(texts)}\}}", rf"\left\{{{', '.join(others)}\right\}}")
    assert equivalent(f"({', '.join(texts)})", f"({', '.join(others)})") == (values == shuffled)
    assert not equivalent(", ".join(texts), ", ".join(others[:-1]))


@SETTINGS
@given(numbers, numbers, st.booleans(), st.booleans())
def test_intervals_in_three_notations(
    low: Fraction, high: Fraction, left: bool, right: bool
) -> None:
    assume(low < high)
    a, b = written(low)[0], written(high)[1]
    interval = f"{'(' if left else '['}{a}, {b}{')' if right else ']'}"
    lower, upper = "<" if left else r"\le", "<" if right else r"\leq"
    chain = f"{a} {lower} x {upper} {b}"
    assert equivalent(interval, chain)
    assert equivalent(interval, rf"x \in {interval}")
    flipped = f"{'[' if left else '('}{a}, {b}{')' if right else ']'}"
    assert not equivalent(interval, flipped)


@SETTINGS
@given(
    st.lists(integers, min_size=2, max_size=4),
    st.integers(0, 3),
    integers.filter(bool),
    st.booleans(),
)
def test_polynomials_in_any_order_and_with_a_coefficient_changed(
    coefficients: list[int], index: int, change: int, expand: bool
) -> None:
    def polynomial(values: list[int], *, reverse: bool) -> str:
        terms = [f"({value})x^{{{power}}}" for power, value in enumerate(values)]
        return " + ".join(reversed(terms) if reverse else terms)

    gold = polynomial(coefficients, reverse=False)
    assert equivalent(f"${gold}$", f"${polynomial(coefficients, reverse=True)}$", POLICY)
    changed = list(coefficients)
    changed[index % len(changed)] += change
    assert not equivalent(f"${gold}$", f"${polynomial(changed, reverse=expand)}$", POLICY)


@SETTINGS
@given(st.text(max_size=60))
def test_any_text_gets_a_verdict_and_equals_itself_only_if_it_is_an_answer(text: str) -> None:
    assert not equivalent("42", f"{text} no answer here, sorry")
    equivalent("42", text)
