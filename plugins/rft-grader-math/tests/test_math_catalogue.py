"""The classes of completions that fool, hang or crash math graders, each with variants."""

import itertools
from pathlib import Path

import pytest
from rft_grader_math import GoldError, Policy, check_gold, compare, equivalent

WRAPPERS = (
    "{}",
    "${}$",
    r"\boxed{{{}}}",
    r"So we get $\boxed{{{}}}$.",
    "The answer is ${}$.",
    "**Answer:** ${}$",
    "#### {}",
)


def wrapped(*answers: str) -> list[str]:
    return [wrapper.format(answer) for answer in answers for wrapper in WRAPPERS]


def accepted(gold: str, completions: list[str], policy: Policy | None = None) -> list[str]:
    policy = policy or Policy()
    return [text for text in completions if equivalent(gold, text, policy)]


def test_m1_chained_equalities() -> None:
    chains = ["7 = 42", "1=2=42", "x=41=42", "41=x=42", "42 = 41 = 42", "0 = 42", "x = 41 = 42"]
    assert accepted("42", wrapped(*chains)) == []
    assert accepted("42", wrapped(r"6\cdot 7 = 42", "x = 42", r"x = 6\cdot 7 = 42")) != []


def test_m2_negation() -> None:
    said = [
        r"\boxed{42 \text{ is wrong}}",
        r"\boxed{\text{not } 42}",
        r"The answer is not \boxed{42}",
        r"$\boxed{42}$ is not the answer.",
        r"\boxed{42} is wrong.",
    ]
    values, verbs = ("42", "$42$", "**42**"), ("is not", "isn't", "is never")
    said += [f"The answer {verb} {value}." for value, verb in itertools.product(values, verbs)]
    for ending in (" is wrong", " is incorrect", " is not the answer", " isn't right"):
        said.append(f"42{ending}.")
    assert accepted("42", said) == []


def test_m2_a_label_that_denies() -> None:
    for gold, value in [("3", "x = 3"), ("x=3", "x = 3"), ("[1,2]", r"x \in [1,2]")]:
        for words in ("not ", "anything but ", "maybe ", "never "):
            assert accepted(gold, [rf"\boxed{{\text{{{words}}} {value}}}"]) == [], words
        assert equivalent(gold, rf"\boxed{{{value}}}")
    assert equivalent("3", r"\boxed{\text{the number of points } = 3}")
    assert equivalent("3", r"\boxed{\text{No. of apples} = 3}")


def test_m3_hedging_and_two_finals() -> None:
    hedged = [
        "final answer is 42? No idea.",
        r"\boxed{41}. Actually the final answer is 42.",
        "Maybe 42",
        "Perhaps the answer is 42.",
        "I guess the answer is 42.",
        "It might be 42.",
        "Is it 42?",
        "The answer is 42, but I am not sure.",
        "The answer is 42 or so.",
        "The answer is possibly 42.",
        r"\boxed{42}?",
        "The answer is less than 42.",
        "It is at least 42",
    ]
    assert accepted("42", hedged) == []
    assert len(accepted("42", hedged, Policy(hedged="accept"))) > len(hedged) / 2


STATEMENTS = (
    "The sum is 42.\n{}",
    "The sum is 42. {}",
    "The answer is 42. {}",
    "#### 42\n{}",
    "We get $42$. {}",
    r"Hence \boxed{{42}}. {}",
)
CLOSINGS = [
    "That is my final answer.",
    "This is correct.",
    "Hope this helps!",
    "I hope this is clear.",
    "That's my answer.",
    "That's it.",
    "We are done.",
    "Thus we are done.",
    "So this is the answer.",
    "This is the final result.",
    "This completes the solution.",
    "Thank you!",
    "I am sure.",
    "I am sure that this is right.",
    "I'm confident about that.",
    "It is definitely correct.",
    "Let me know if that is clear.",
    "QED",
    "Done!",
    "This is the answer to your question. Hope this is helpful!",
    "That is all. You are welcome!",
]
RETRACTIONS = [
    "That is wrong.",
    "No idea.",
    "I have no idea.",
    "That's incorrect.",
    "This was a mistake.",
    "This is not right.",
    "It isn't correct.",
    "I am not sure.",
    "I'm not really sure about that.",
    "I don't know.",
    "Just a guess.",
    "I guessed.",
    "But it may be wrong.",
    "Actually, that is not the answer.",
    "Wait, no.",
    "No.",
    "Never mind.",
    "I made a mistake.",
    "I could be wrong.",
    "Maybe.",
    "Or is it?",
    "My answer is probably wrong.",
    "I doubt it.",
    "Hope this helps! No idea, though.",
    "That is my final answer. It is wrong.",
]


@pytest.mark.parametrize("closing", CLOSINGS)
def test_m3_a_sentence_without_a_value_leaves_the_answer_before_it(closing: str) -> None:
    completions = [statement.format(closing) for statement in STATEMENTS]
    assert accepted("42", completions) == completions
    assert accepted("43", completions) == []


@pytest.mark.parametrize("retraction", RETRACTIONS)
def test_m3_a_sentence_behind_the_answer_takes_it_back(retraction: str) -> None:
    assert accepted("42", [statement.format(retraction) for statement in STATEMENTS]) == []


@pytest.mark.parametrize(
    "text",
    [
        "The answer is 42. That is not wrong in any base, as the other values are.",
        "The answer is 42. No further cases are left.",
        "The answer is 42. The other options are wrong.",
        "The answer is 42. It is wrong to add 1 here.",
        "First I had 41. That is wrong. The answer is 42.",
        "I get 41. No, that is wrong. It is 42.",
    ],
)
def test_m3_what_is_denied_elsewhere_takes_nothing_back(text: str) -> None:
    assert equivalent("42", text)


def test_m3_a_closing_sentence_may_be_the_answer() -> None:
    assert equivalent("Friday", "5 days have gone by. It is Friday.")
    assert equivalent("correct", "The claim is correct.")


def test_m3_a_choice_that_is_questioned() -> None:
    doubted = [r"\boxed{\text{(B)}?}", r"\boxed{\text{B}?}", "Answer: (B)?", r"\boxed{(B) ?}"]
    assert accepted("B", doubted) == []
    assert equivalent("B", r"\boxed{\text{(B) So what?}}")


def test_m3_the_last_box_counts() -> None:
    text = r"First \boxed{41}. That was wrong, I forgot one case, so it has to be \boxed{42}."
    assert equivalent("42", text)
    assert not equivalent("41", text)


def test_m4_reasoning_does_not_count() -> None:
    hidden = [
        r"<think>\boxed{42}</think> I refuse",
        r"<think>\boxed{42}</think>",
        r"<think>The answer is 42.",
        r"The answer is 42.</think> No.",
        r"<think>a</think><think>\boxed{42}</think>",
        r"<think>The answer is \boxed{42}</think> Here: \boxed{43}.",
    ]
    assert accepted("42", hidden) == []
    assert equivalent("42", hidden[0], Policy(reasoning_tag=None))
    assert equivalent("42", r"<think>\boxed{41}</think> \boxed{42}")
    assert equivalent("42", "<think>41?</think>\n<answer>42</answer>")
    assert equivalent("42", r"<answer>41</answer> <answer>$\boxed{42}$</answer> and 43")
    assert not equivalent("42", r"\boxed{42} <answer>41</answer>")


def test_m5_what_is_not_carried_out() -> None:
    forms = [
        r"42 \mod 43",
        r"42 \bmod 43",
        r"\sum_{i=1}^{42} 1",
        r"6\cdot 7",
        "6*7",
        "40+2",
        "43-1",
        r"\prod_{i=42}^{42} i",
        r"\int_0^{42} 1 dx",
        r"\lim_{x \to 42} x",
        r"2\cdot 3\cdot 7",
        r"\frac{6\cdot 14}{2}",
    ]
    assert accepted("42", wrapped(*forms)) == []
    assert accepted("42", wrapped(r"41 \to 42"), Policy(require_simplified=False)) == []
    carried_out = accepted(
        "42", [rf"\boxed{{{form}}}" for form in forms], Policy(require_simplified=False)
    )
    assert len(carried_out) == len(forms)


def test_m5_forms_that_are_results() -> None:
    for gold, form in [
        ("1500", r"1.5\times 10^3"),
        ("3/2", r"1\frac12"),
        ("2", r"\sqrt{4}"),
        ("0", "x-x"),
    ]:
        assert equivalent(gold, form), form


def test_m6_units_and_percent() -> None:
    for gold, text in [
        ("50", r"50\%"),
        (r"50\%", "50"),
        ("12,000", r"12,000\%"),
        ("1,234,000", r"1,234,000\%"),
        ("42", r"42^\circ"),
        ("42", "42°"),
        ("5 feet", "5 meters"),
        (r"5\text{ m}", r"5\text{ cm}"),
        ("5 hours", "5 minutes"),
        (r"\$5", "€5"),
        ("5 cm", r"5\text{ cm}^2"),
        ("5 km/h", "5 m/s"),
    ]:
        assert accepted(gold, wrapped(text)) == [], (gold, text)


def test_m6_units_that_are_right() -> None:
    for gold, text in [
        (r"50\%", "0.5"),
        (r"90^\circ", "90"),
        (r"90^\circ", r"90\text{ degrees}"),
        ("5 feet", "5 ft"),
        ("5 feet", "5"),
        ("5", "5 feet"),
        ("42", r"42\text{ apples}"),
        (r"\$5", "5 dollars"),
        (r"12\text{ cm}^2", "12 square centimeters"),
    ]:
        assert len(accepted(gold, wrapped(text))) == len(WRAPPERS), (gold, text)


def test_m7_tolerance() -> None:
    for gold, text in [
        ("2^{-98}", "2^{-99}"),
        ("1/2004!", "1/2006!"),
        ("0.0000014", "0.000001"),
        ("1/3", "0.333333"),
        (r"\pi", "3.141593"),
        (r"\pi", "22/7"),
        (r"\sqrt{2}", "1.41421356"),
        ("1000000", "1000001"),
        ("10^{20}", "10^{20}+1"),
        (r"\sqrt{2}", r"\sqrt{2}+10^{-60}"),
        ("x", "x + 10^{-200}"),
        ("1", r"\cos(10^{-40})"),
        ("e^{-100}", "0"),
        ("5", "5.001"),
    ]:
        assert accepted(gold, wrapped(text)) == [], (gold, text)
    assert equivalent("1/3", "0.3333", Policy(tolerance=0.001))
    assert not equivalent("1/3", "0.33", Policy(tolerance=0.001))
    assert equivalent("1/3", "0.33", Policy(rounded="accept"))
    assert not equivalent("1/3", "0.34", Policy(rounded="accept"))


def test_m8_letters_are_not_multiplied() -> None:
    for gold, text in [
        ("yes", "sey"),
        ("Paris", "Siarp"),
        ("no", "on"),
        ("odd", "ddo"),
        ("true", "ture"),
    ]:
        assert accepted(gold, wrapped(text, rf"\text{{{text}}}")) == [], gold


DENYING = ("not", "no", "nor", "non", "nope", "none", "nay", "isnt", "Not", "or", "if", "is")
BEFORE_ZERO = (*DENYING, "and", "than", "one", "two", "ten", "the", "its", "in", "we", "but", "a")


@pytest.mark.parametrize("word", BEFORE_ZERO)
def test_m8_a_word_before_zero_is_no_product(word: str) -> None:
    forms = ["{} 0", "{}0", "{}(0)", r"{}\cdot 0", r"{}\, 0", "0{}", r"\text{{{}}} 0", "{} $0$"]
    answers = [form.format(word) for form in forms if word != "a" or form != "0{}"]
    boxes = [wrapper.format(x) for x in answers for wrapper in (r"\boxed{{{}}}", "#### {}")]
    boxes = [box for box in boxes if r"\text{is}" not in box]  # which only announces
    units = {rf"\boxed{{0{word}}}", f"#### 0{word}"} if word in UNITS else set()
    assert set(accepted("0", boxes)) <= units


UNITS = {"the", "its", "in", "we"}
"""What stands behind a value is taken for a unit unless it says something about the value."""


def test_m8_a_word_before_zero_is_judged_as_before_any_other_number() -> None:
    for word in (*DENYING, "dont", "wasnt", "near", "lie"):
        for form in ("The answer is {} {}.", "{} {}", "#### {} {}", r"\boxed{{{} {}}}"):
            paid = {n for n in ("0", "42") if equivalent(n, form.format(word, n))}
            assert paid in ({"0", "42"}, set()), (word, form)
    for word in ("not", "no", "nor", "nope", "isnt", "wasnt"):
        said = [f"The answer is {word} 0.", f"{word} 0", f"It is {word} 0", f"5 {word} 0"]
        assert accepted("0", said) == [], word


def test_m8_a_product_with_zero_is_not_carried_out() -> None:
    assert accepted("0", wrapped("0x", r"0 \cdot abc", "0ab")) == []
    assert equivalent("0", r"\boxed{0x}", Policy(require_simplified=False))
    assert accepted("0", [r"\boxed{5 or 0}", "5 or 0", "The answer is 0 or 5."]) == []
    assert accepted("0", wrapped("0")) == wrapped("0")


def test_m8_letters_side_by_side_are_products() -> None:
    for gold, text in [
        ("2abc", "2bca"),
        ("3xyz", "3 x z y"),
        ("ax+by", "by+ax"),
        ("at+b", "b+ta"),
        (r"\frac{ab}{no}", r"\frac{ba}{on}"),
        ("e^{it}", "e^{ti}"),
    ]:
        assert equivalent(gold, rf"\boxed{{{text}}}"), (gold, text)


def test_m9_kinds_of_collections() -> None:
    kinds = ["(1,2)", r"\{1,2\}", "[1,2]", "1,2"]
    for gold, text in itertools.permutations(kinds, 2):
        assert accepted(gold, wrapped(text)) == [], (gold, text)
        assert accepted(gold, wrapped(text), Policy(collections="loose")), (gold, text)
    for kind in kinds:
        assert len(accepted(kind, wrapped(kind))) == len(WRAPPERS)


def test_m10_candidate_lists() -> None:
    lists = [
        "41 or 42",
        "42 or 41",
        r"41 \text{ or } 42",
        "40, 41, 42",
        "{1,...,100}",
        r"\{41, 42\}",
        "either 41 or 42",
        " ".join(rf"\boxed{{{n}}}" for n in range(40, 43)),
        r"\boxed{41} or \boxed{42}",
        "A) 41 B) 42",
        "(A) 41 (B) 42",
    ]
    assert accepted("42", lists) == []
    choices = ["A or B", "A, B, C, D", "(A) (B) (C) (D)", r"\boxed{A} \boxed{B}", "A B C D"]
    assert accepted("A", choices) == []
    assert accepted("B", choices) == []


def test_m11_other_kinds_of_statements() -> None:
    assert accepted("42", wrapped(r"x \ge 42", "x > 42", "[0,100]", r"\pm 42", r"x \ne 42")) == []
    assert accepted(r"\pm 42", wrapped("42", "-42")) == []
    assert accepted(r"x \ge 42", wrapped("42", "x > 42", r"x \le 42")) == []


def test_m12_nothing_to_grade() -> None:
    nothing = [
        "",
        "   ",
        "\n",
        r"\boxed{}",
        r"\boxed{ }",
        r"\boxed{42",
        r"$\boxed$",
        "....",
        "$$$$",
    ]
    nothing += [
        "What is 6 times 7?",
        "I refuse.",
        "Thought process:",
        "Solution",
        "The answer is",
        "####",
    ]
    assert accepted("42", nothing) == []


def test_m13_substrings() -> None:
    assert (
        accepted(
            "42", wrapped("142", "420", "4 2", "42 43 44 45", "45 44 43 42", "4.2", "0.42", "-42")
        )
        == []
    )
    assert accepted("x+1", wrapped("x+11", "2x+1", "x+1+1", "(x+1")) == []


def test_m15_code_is_never_executed(tmp_path: Path) -> None:
    target = tmp_path / "executed"
    code = [
        f"__import__('os').system('touch {target}')",
        f"open('{target}', 'w')",
        f"exec(\"open('{target}','w')\")",
        f"().__class__.__base__.__subclasses__()[0]('{target}')",
        f"lambda: open('{target}', 'w')",
        rf"\write18{{touch {target}}}",
        rf"\input{{{target}}}",
    ]
    assert accepted("42", wrapped(*code)) == []
    assert not target.exists()


FACTORIALS = [
    f"{lead}10!{end}"
    for lead in ("The answer is ", "It is ", "Answer: ", "There are in all ")
    for end in (".", ". ", ".\n", ". That is it.")
] + ["The answer is 10!, since there are ten.", "There are 10!, as it should be."]


@pytest.mark.parametrize("text", FACTORIALS)
def test_m16_a_full_stop_or_comma_tells_a_factorial(text: str) -> None:
    assert equivalent("10!", text)
    assert equivalent("3628800", text)
    assert not equivalent("10", text)


@pytest.mark.parametrize("lead", ["The answer is ", "It is ", "Answer: "])
def test_m16_a_mark_at_the_end_is_an_exclamation(lead: str) -> None:
    for end in ("!", "! ", "!\n", "! Done."):
        assert equivalent("10", f"{lead}10{end}")
        assert not equivalent("10!", f"{lead}10{end}")


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("1000", "1e3"),
        ("42", r"\fbox{42}"),
        ("42", "４２"),
        ("-42", "−42"),
        ("14-i", "14.0 - 1.0i"),
        ("42", "#### 42"),
        ("42", "The answer is 42."),
        ("-1", "i^2"),
        ("(1,2)", "1<x<2"),
        ("[1,2)", r"1 \le x < 2"),
        ("1000", "1\u2009000"),
        ("1000", "1\u202f000"),
        ("1000", "1,000"),
        ("1000", r"1{,}000"),
        ("1000", r"1\,000"),
        ("1/2", "½"),
        (r"\sqrt{2}", "√2"),
        (r"2\pi", "2π"),
        ("x^2+1", "x² + 1"),
        (r"x \le 5", "x ≤ 5"),
        (r"(-\infty, 2)", "(−∞, 2)"),
        ("3", "٣"),
        ("42", "4\u200b2"),
        ("1/2", "1⁄2"),
        ("5", "⁠5"),
    ],
)
def test_m16_must_pass(gold: str, text: str) -> None:
    assert accepted(gold, [text]) == [text]


def test_m17_declared_policies() -> None:
    constant = Policy(constant_of_integration="optional")
    assert equivalent("x^2+C", "x^2+C")
    assert equivalent("x^2+C", "x^2+K")
    assert not equivalent("x^2+C", "x^2")
    assert equivalent("x^2+C", "x^2", constant)
    assert not equivalent("x^2+C", "x^3+C", constant)

    assert equivalent("204_5", "204_{5}")
    assert not equivalent("204_5", "204")
    assert not equivalent("204_5", "54")
    assert equivalent("204_5", "54", Policy(base="value"))
    assert equivalent("204_5", "204", Policy(base="ignore"))

    assert equivalent("1.5", "1,5")
    assert not equivalent("1.5", "1,5", Policy(decimal_comma="never"))
    assert equivalent("1234.5", "1.234,5", Policy(decimal_comma="always"))

    assert not equivalent("(1,2)", "[1,2]")
    assert not equivalent("[1,2)", "(1,2]")

    assert not equivalent(r"180^\circ", r"\pi")
    assert equivalent(r"180^\circ", r"\pi", Policy(degrees="convert"))
    assert equivalent("42", r"42^\circ", Policy(degrees="ignore"))

    assert equivalent("100 cm", "1 m", Policy(units="convert"))
    assert not equivalent("100 cm", "1 m")
    assert not equivalent("5 ft", "5", Policy(units="require"))
    assert equivalent("5 ft", "5 m", Policy(units="ignore"))
    assert equivalent("50", r"50\%", Policy(percent="ignore"))


def test_m18_golds_that_are_text_or_bare_latex() -> None:
    for gold in ["A", "yes", "Paris", r"\frac12", "x+1", "(1,2)"]:
        check_gold(gold)
        assert equivalent(gold, gold)
        assert not equivalent(gold, "something else")
    assert equivalent("A", "(A)")
    assert equivalent("yes", "Yes.")
    assert equivalent(r"\frac12", "0.5")


@pytest.mark.parametrize(
    "gold", ["", "  ", r"\frac{1}{", "1 +", "))", "42 43", r"\foo{3}", "{1,...,9"]
)
def test_m18_a_gold_that_cannot_be_read_is_an_error(gold: str) -> None:
    with pytest.raises(GoldError):
        check_gold(gold)
    with pytest.raises(GoldError):
        compare(gold, r"\boxed{42}")


@pytest.mark.parametrize("said", ["The product is 41 = 42.", "It is 41 = 42"])
def test_m1_two_bare_numbers_that_are_equated_in_prose_are_no_answer(said: str) -> None:
    assert not compare("42", f"I multiply both.\n{said}").equal
    assert compare("42", f"I multiply both.\n{said.replace('41', '6 * 7')}").equal
