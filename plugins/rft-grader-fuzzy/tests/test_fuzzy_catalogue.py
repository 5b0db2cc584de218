"""The adversarial catalogue's classes F1 to F12: similar and not right, or right and odd."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable
from typing import Any, get_args

import pytest
from rapidfuzz import utils
from rft_grader_fuzzy import FuzzyGrader
from rft_grader_fuzzy.scorers import SCORERS, ScorerName

from rft_core.testing import grade_all, grade_one, make_grader, make_sample
from rft_core.types import Grade

NAMES: tuple[str, ...] = get_args(ScorerName)
ORDER_FREE = [name for name in NAMES if "token" in name or name == "WRatio"]
# To the others, what follows an insertion is not similar to begin with.
TOLERANT = [name for name in NAMES if name not in {"prefix", "postfix", "hamming"}]
FORGIVING = [name for name in NAMES if SCORERS[name].forgives_gaps]
SENTENCE = "The treaty was signed by twelve states in the old town hall of Maastricht"
SHORT = "Maastricht"
WORDS = SENTENCE.split()

every_scorer = pytest.mark.parametrize("scorer", NAMES)
forgiving = pytest.mark.parametrize("scorer", FORGIVING)


def grade(answer: str, reference: Any, *, prompt: str = "", **config: Any) -> Grade:
    """Grade through the runner."""
    grader = make_grader(FuzzyGrader, **config)
    return grade_one(grader, make_sample(answer, prompt=prompt, reference_answer=reference))


def grade_pairs(pairs: Iterable[tuple[str, str]], **config: Any) -> list[tuple[str, Grade]]:
    """Grade many answers, in one run; each comes with a label for messages."""
    samples = [make_sample(answer, reference_answer=right) for answer, right in pairs]
    grades = grade_all(make_grader(FuzzyGrader, **config), samples)
    labels = [f"{s.text!r} for {s.item.fields['reference_answer']!r}" for s in samples]
    return list(zip(labels, grades, strict=True))


def both_ways(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [pair for one, other in pairs for pair in ((one, other), (other, one))]


def naive(answer: str, reference: str, scorer: str) -> float:
    found = SCORERS[scorer]
    return found.function(utils.default_process(answer), utils.default_process(reference)) / (
        found.top
    )


def assert_zero(result: Grade, why: str) -> None:
    assert (result.outcome, result.score) == ("graded", 0.0), result
    assert why in str(result.reason)


EMPTY = ["", " ", "\n\t", "\u200b\u2060", "\0", "\ud800", "...", "?!", "\u00ad", "\ufe0f"]


@every_scorer
def test_f1_f2_an_empty_answer_is_never_right(scorer: str) -> None:
    for _, result in grade_pairs([(text, SENTENCE) for text in EMPTY], scorer=scorer):
        assert_zero(result, "empty")


@every_scorer
def test_f1_f2_an_empty_reference_is_an_error(scorer: str) -> None:
    for label, result in grade_pairs([(text, text) for text in EMPTY], scorer=scorer):
        assert result.outcome == "error", label
        assert "the reference" in str(result.error)


@forgiving
@pytest.mark.parametrize("word", ["treaty", "the", "maastricht", "The treaty"])
def test_f3_a_fragment_does_not_pay(scorer: str, word: str) -> None:
    assert_zero(grade(word, SENTENCE, scorer=scorer), "as long as")


@forgiving
@pytest.mark.parametrize("word", ["the", "states", "maastricht"])
def test_f3_one_word_among_others_pays_next_to_nothing(scorer: str, word: str) -> None:
    rng = random.Random(word)  # noqa: S311 - a fixed seed
    padding = ["".join(rng.choices("qxzjkvwy", k=6)) for _ in range(9)]
    result = grade(" ".join([word, *padding]), SENTENCE, scorer=scorer)
    assert result.score is not None
    assert result.score < 0.15


@forgiving
def test_f3_the_reference_in_a_long_text_does_not_pay(scorer: str) -> None:
    text = f"It could be anything, in any year, {SENTENCE}, or nothing at all, I do say, or else"
    assert_zero(grade(text, SENTENCE, scorer=scorer), "as long as")


@pytest.mark.parametrize("scorer", ORDER_FREE)
@pytest.mark.parametrize("seed", range(8))
def test_f4_shuffled_words_do_not_pay(scorer: str, seed: int) -> None:
    shuffled = " ".join(random.Random(seed).sample(WORDS, len(WORDS)))  # noqa: S311 - a fixed seed
    assert naive(shuffled, SENTENCE, scorer) > 0.9
    assert_zero(grade(shuffled, SENTENCE, scorer=scorer), "in order")


@pytest.mark.parametrize("scorer", ORDER_FREE)
@pytest.mark.parametrize(
    "answer", [" ".join(sorted(WORDS)), " ".join(reversed(WORDS)), " ".join(sorted(WORDS, key=len))]
)
def test_f4_sorted_and_reversed_words_do_not_pay(scorer: str, answer: str) -> None:
    assert_zero(grade(answer, SENTENCE, scorer=scorer), "in order")


@pytest.mark.parametrize("scorer", ["token_sort_ratio", "token_set_ratio", "token_ratio"])
@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("Smith, John", "John Smith"),
        ("García Márquez, Gabriel", "Gabriel García Márquez"),
        ("García Márquez, Gabriel José", "Gabriel José García Márquez"),
        ("van Beethoven, Ludwig", "Ludwig van Beethoven"),
        ("of Maastricht the treaty", "the treaty of Maastricht"),
        ("March 5, 2020", "5 March 2020"),
    ],
)
def test_f4_a_part_moved_as_a_whole_is_right(scorer: str, answer: str, reference: str) -> None:
    assert grade(answer, reference, scorer=scorer).score == 1.0


@every_scorer
@pytest.mark.parametrize("separator", [" ", ", ", "\n", ""])
def test_f5_repeating_the_answer_does_not_pay(scorer: str, separator: str) -> None:
    answers = [separator.join([SHORT] * times) for times in (3, 20, 200)]
    for label, result in grade_pairs([(text, SHORT) for text in answers], scorer=scorer):
        assert result.score == 0.0, label


@forgiving
@pytest.mark.parametrize("part", ["the treaty", "states Maastricht", "treaty signed by"])
def test_f5_repeating_a_part_up_to_the_length_does_not_pay(scorer: str, part: str) -> None:
    text = part
    while len(text) < len(SENTENCE) * 0.8:
        text = f"{text} {part}"
    result = grade(text, SENTENCE, scorer=scorer)
    assert result.score is not None
    assert result.score < 0.15


@forgiving
def test_f5_repeats_that_the_reference_has_are_no_repetition(scorer: str) -> None:
    reference = "Row, row, row your boat gently down the stream, row, row, row"
    typos = "Row, row, row yuor baot gently dwon the straem, row, row, row"
    assert (grade(typos, reference, scorer=scorer).score or 0) > 0.5


NEGATED = [
    ("was signed", "was not signed"),
    ("was signed", "wasn't signed"),
    ("was signed", "wasn\u2019t signed"),
    ("was signed", "wasnt signed"),
    ("was signed", "was never signed"),
    ("by twelve", "by none of twelve"),
    ("by twelve", "without twelve"),
    ("was signed", "was NOT signed"),
    ("was signed", "was n\u200bot signed"),
    ("was signed", "was \uff4e\uff4f\uff54 signed"),
]


@pytest.mark.parametrize("scorer", TOLERANT)
def test_f6_an_added_or_a_missing_negation_is_wrong(scorer: str) -> None:
    negated = [SENTENCE.replace(before, after) for before, after in NEGATED]
    for label, result in grade_pairs(both_ways((x, SENTENCE) for x in negated), scorer=scorer):
        assert result.score == 0.0, label
        if result.metrics["similarity"] > SCORERS[scorer].floor:
            assert "negating words" in str(result.reason), label


def test_f6_the_same_negation_in_other_words_is_right() -> None:
    full = "It is not safe, and it does not work"
    assert (grade("It isn't safe, and it doesn't work", full).score or 0) > 0.7
    assert (grade("It isn\u2019t safe, and it doesnt work", full).score or 0) > 0.7


@pytest.mark.parametrize("numero", ["No. 5", "no.5", "\u2116 5", "\u21165", "No.\u00a05"])
def test_f6_the_abbreviation_of_number_negates_nothing(numero: str) -> None:
    right = "They met at {} Downing Street"
    pairs = both_ways([(right.format(numero), right.format("#5"))])
    for label, result in grade_pairs(pairs):
        assert (result.score or 0) > 0.8, label
    wrong = "They did not meet at {} Downing Street"
    for label, result in grade_pairs([(wrong.format(numero), right.format("#5"))]):
        assert result.score == 0.0, label


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("Regulation (EU) No. 85/2012 of 1 May", "Regulation (EU) No 85/2012 of 1 May"),
        ("Regulation (EU) Nº 85/2012 of 1 May", "Regulation (EU) No 85/2012 of 1 May"),
        ("Regulation (EU) Mo 85/2012 of 1 May", "Regulation (EU) No 85/2012 of 1 May"),
        ("Regulation (EU) 85/2012 of 1 May", "Regulation (EU) No 85/2012 of 1 May"),
        ("Chanel No.5", "Chanel No 5"),
        ("Nº 5", "No. 5"),
    ],
)
def test_f6_no_before_a_number_is_often_its_name(answer: str, reference: str) -> None:
    for label, result in grade_pairs(both_ways([(answer, reference)])):
        assert (result.score or 0) > 0.8, label


def test_f6_no_before_a_number_negates() -> None:
    assert_zero(grade("There is no 24-hour service", "There is 24-hour service"), "negating words")
    ended = grade("The answer is no. They met on day 5", "The answer is they met on day 5")
    assert_zero(ended, "negating words")


def test_f6_negating_words_can_be_chosen_or_left_out() -> None:
    german = {"answer": "Der Vertrag ist nicht gültig", "reference": "Der Vertrag ist gültig"}
    assert (grade(**german).score or 0) > 0.5
    assert_zero(grade(**german, negation_words=["nicht", "kein"]), "negating words")
    assert (grade("It is not safe", "It is safe", negation=False).score or 0) > 0.5
    assert (grade("It is not safe", "It is safe", negation_words=["nicht"]).score or 0) > 0.5


NUMBERS = [
    ("42", "24"),
    ("1992", "1993"),
    ("-5", "5"),
    ("\u22125", "5"),
    ("5%", "5"),
    ("3.14", "3.41"),
    ("10", "1.0"),
    ("B12", "B21"),
    ("1,000", "100"),
    ("1.000", "1000"),
    ("version 1.2.10", "version 1.2.1"),
    ("4 2", "42"),
    ("\u0664\u0662", "24"),
    ("\uff14\uff12", "24"),
    ("none", "42"),
    ("42 or 24", "42"),
]


@every_scorer
def test_f7_numbers_are_not_fuzzy(scorer: str) -> None:
    text = "The committee counted {} of them in the northern district"
    pairs = [(text.format(wrong), text.format(right)) for wrong, right in NUMBERS]
    for label, result in grade_pairs(both_ways(pairs), scorer=scorer, floor=0, negation=False):
        assert result.score == 0.0, label
        assert "numbers: " in str(result.reason) or not result.metrics["similarity"], label


SAME_NUMBERS = [
    ("1,000", "1000"),
    ("1,000", "1000.0"),
    ("1000.00", "1,000"),
    ("1\u202f000", "1000"),
    ("1\u00a0234\u00a0567", "1,234,567"),
    ("007", "7"),
    ("0.50", ".5"),
    ("\uff14\uff12", "42"),
    ("\u0664\u0662", "42"),
    ("4\u200b2", "42"),
    ("-0", "0"),
    ("50 %", "50%"),
    ("50 percent", "50%"),
    ("50 per cent", "50 percent"),
    ("\u22125", "-5"),
]


@every_scorer
def test_f7_spellings_of_one_number_are_the_same(scorer: str) -> None:
    text = "The committee counted {} in the northern district"
    pairs = [(text.format(one), text.format(other)) for one, other in SAME_NUMBERS]
    for label, result in grade_pairs(both_ways(pairs), scorer=scorer):
        assert result.score == 1.0, label


def test_f7_numbers_may_have_to_be_contained_or_in_order() -> None:
    reference = "built between 1990 and 1995 by the town"
    more = "built between 1990 and 1995 by the 12 towns"
    swapped = "built between 1995 and 1990 by the town"
    assert grade(more, reference).score == 0.0
    assert (grade(more, reference, numbers="contain").score or 0) > 0.8
    assert grade(reference, more, numbers="contain").score == 0.0
    assert (grade(swapped, reference).score or 0) > 0.8
    assert_zero(grade(swapped, reference, numbers="ordered"), "1995, 1990")
    assert grade(reference, reference, numbers="ordered").score == 1.0
    for off in ("off", False):
        assert (grade("42 cats and dogs", "24 cats and dogs", numbers=off).score or 0) > 0.7


def test_f7_repeated_numbers_count() -> None:
    assert_zero(grade("from 5 to 5 apples", "from 5 to apples"), "5, 5, and 5 in")
    assert grade("from 5 to 5 apples", "from 5 to 5 apples").score == 1.0


LETTERS = (
    "eeeeeeeeeeettttttttaaaaaaaaoooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddllllcccuuummwwffggyypb"
)


@every_scorer
@pytest.mark.parametrize("chars", [40, 100, 250])
def test_f8_letter_salad_earns_nothing(scorer: str, chars: int) -> None:
    rng = random.Random(chars)  # noqa: S311 - a fixed seed
    reference = " ".join(WORDS * 5)[:chars]
    scores = []
    for _ in range(60):
        words = ["".join(rng.choices(LETTERS, k=rng.randint(2, 9))) for _ in range(chars // 4)]
        scores.append(grade_salad(" ".join(words)[:chars], reference, scorer))
    assert sum(scores) / len(scores) < 0.02
    assert sum(score > 0 for score in scores) <= len(scores) * 0.15


def grade_salad(text: str, reference: str, scorer: str) -> float:
    config = {"scorer": scorer, "max_repetition": None, "min_word_order": None}
    (result,) = make_grader(FuzzyGrader, **config).grade_batch(
        [make_sample(text, reference_answer=reference)]
    )
    assert result.score is not None
    return result.score


@pytest.mark.parametrize("scorer", ["ratio", "levenshtein", "token_sort_ratio", "WRatio", "lcs"])
def test_f8_the_floor_is_no_higher_than_salad_reaches(scorer: str) -> None:
    rng = random.Random(0)  # noqa: S311 - a fixed seed
    salads = (" ".join("".join(rng.choices(LETTERS, k=5)) for _ in range(12)) for _ in range(200))
    best = max(naive(salad, SENTENCE, scorer) for salad in salads)
    assert best > SCORERS[scorer].floor


@every_scorer
@pytest.mark.parametrize("text", ["ab" * 500_000, "a " * 20_000, "\ufdfa" * 20_000, "1 " * 20_000])
def test_f9_a_long_answer_is_refused(scorer: str, text: str) -> None:
    lengths = {"min_length_ratio": None, "max_length_ratio": None}
    for config in ({}, lengths):
        assert_zero(grade(text, SENTENCE, scorer=scorer, **config), "longer than")


@every_scorer
def test_f9_the_bound_is_inclusive_and_processed_text_counts(scorer: str) -> None:
    assert grade("a" * 30, "a" * 30, scorer=scorer, max_chars=30).score == 1.0
    assert_zero(grade("a" * 31, "a" * 30, scorer=scorer, max_chars=30), "longer than 30")
    assert_zero(grade("\ufdfa" * 3, "a" * 30, scorer=scorer, max_chars=30), "longer than 30")
    assert grade("a" * 30, "a" * 31, scorer=scorer, max_chars=30).outcome == "error"
    assert grade("a" * 30, "\ufdfa" * 3, scorer=scorer, max_chars=30).outcome == "error"


@every_scorer
def test_f9_marks_without_end_are_refused(scorer: str) -> None:
    zalgo = "e" + "\u0327\u0301" * 200
    assert_zero(grade(zalgo, "e" * 500, scorer=scorer), "combining marks")
    assert grade("e", zalgo, scorer=scorer).outcome == "error"


@forgiving
@pytest.mark.parametrize(
    "answer",
    [
        "treaty signed states Maastricht",
        "treaty Maastricht states hall town old signed twelve the treaty hall",
        "Maastricht, treaty, EU, law, states, history, hall, twelve, politics, Europe, town",
        "twelve old signed hall treaty Maastricht states town, twelve hall, old treaty",
    ],
)
def test_f10_keywords_do_not_pay(scorer: str, answer: str) -> None:
    result = grade(answer, SENTENCE, scorer=scorer)
    assert result.score is not None
    assert result.score < 0.2


@every_scorer
def test_f10_a_list_of_candidates_does_not_pay(scorer: str) -> None:
    candidates = ["Amsterdam", "Rotterdam", SHORT, "Utrecht"]
    answers = [separator.join(candidates) for separator in (", ", " or ", " / ", "\n")]
    for label, result in grade_pairs([(text, SHORT) for text in answers], scorer=scorer):
        assert result.score == 0.0, label


NAME = "Johann Wolfgang von Goethe"
CANDIDATES = [
    f"{NAME} or George Eliot",
    f"George Eliot or {NAME}",
    f"Either {NAME} or George Eliot",
    f"{NAME}, or George Eliot",
    f"{NAME} OR Eliot",
    f"{NAME} o\u200br Eliot",
    f"{NAME} / George Eliot",
    f"{NAME} | George Eliot",
    f"{NAME}|Eliot",
    f"Schiller or {NAME} or Heine",
]


@pytest.mark.parametrize("scorer", ["ratio", "levenshtein", "token_sort_ratio", "indel", "WRatio"])
def test_f10_one_of_two_candidates_does_not_pay(scorer: str) -> None:
    for label, result in grade_pairs([(text, NAME) for text in CANDIDATES], scorer=scorer):
        assert result.score == 0.0, label
    assert_zero(grade(CANDIDATES[0], NAME), "alternatives")
    assert (grade(CANDIDATES[0], NAME, alternatives=False).score or 0) > 0.5


@every_scorer
def test_f10_many_alternatives_are_answered(scorer: str) -> None:
    text = ("a or " * 4_000)[: SCORERS[scorer].max_chars]
    lengths = {"min_length_ratio": None, "max_length_ratio": None}
    assert grade(text, SENTENCE, scorer=scorer, **lengths).outcome == "graded"


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("cats or dogs", "cats and dogs"),
        ("cats or dogs or birds", "cats, dogs or birds"),
        ("the speed is in km/h or in mph", "the speed is in km/h and in mph"),
        (
            "It is signed by the ministers or their deputies",
            "It is signed by ministers or deputies",
        ),
        ("Pay in cash and/or by card", "Pay in cash or by card"),
    ],
)
def test_f10_alternatives_that_belong_to_the_answer_are_right(answer: str, reference: str) -> None:
    for label, result in grade_pairs(both_ways([(answer, reference)])):
        assert (result.score or 0) > 0.5, label
        assert grade(reference, reference).score == 1.0


@pytest.mark.parametrize("scorer", TOLERANT)
def test_f6_an_answer_called_wrong_does_not_pay(scorer: str) -> None:
    answers = [
        f"{NAME} (this is wrong)",
        f"{NAME} is incorrect",
        f"{NAME}: false",
        f"Wrongly: {NAME}",
        f"It is untrue: {NAME}",
    ]
    for label, result in grade_pairs([(text, NAME) for text in answers], scorer=scorer):
        assert result.score == 0.0, label


def test_f6_words_for_wrong_are_worth_the_same() -> None:
    pairs = [
        ("The claim is incorrect", "The claim is not correct"),
        ("The stated claim is wrong", "The stated claim is false"),
    ]
    for label, result in grade_pairs(both_ways(pairs)):
        assert (result.score or 0) > 0.6, label


@every_scorer
@pytest.mark.parametrize("mark", ["?", " ?", "?)", "??\n", '?"', "?!", "\uff1f", "\u061f"])
def test_f6_a_question_is_no_answer(scorer: str, mark: str) -> None:
    answers = [f"Is it {NAME}{mark}", f"{NAME}{mark}"]
    for label, result in grade_pairs([(text, NAME) for text in answers], scorer=scorer):
        assert result.score == 0.0, label


def test_f6_a_question_that_the_reference_asks_is_right() -> None:
    for reference in ("Is it safe?", "who wrote Faust", "What is the capital of France?"):
        for answer in (reference, f"{reference.removesuffix('?')}?", reference.removesuffix("?")):
            assert grade(answer, reference).score == 1.0, (answer, reference)
    assert grade("Franz Kafka? Franz Kafka.", "Franz Kafka, Franz Kafka").score == 1.0
    assert grade(f"{NAME}?", NAME, questions=False).score == 1.0
    assert_zero(grade(f"{NAME}?", NAME), "a question")


PROMPT = f"Say in one sentence what happened, and where.\n\nContext: {SENTENCE}."


@every_scorer
@pytest.mark.parametrize("around", ["{}", "{} {}", "  {}\n", "Sure! {}", '"{}"'])
def test_f11_an_echo_of_the_prompt_does_not_pay(scorer: str, around: str) -> None:
    text = around.replace("{}", PROMPT)
    result = grade(text, SENTENCE, prompt=PROMPT, scorer=scorer, max_length_ratio=None, floor=0)
    assert result.score == 0.0


def test_f11_an_echo_says_so_and_may_be_allowed() -> None:
    assert_zero(grade(PROMPT.upper(), SENTENCE, prompt=PROMPT), "repeats the prompt")
    assert (grade(PROMPT, SENTENCE, prompt=PROMPT, reject_echo=False).score or 0) > 0.3


def test_f11_the_unchanged_input_of_a_correction_does_not_pay() -> None:
    wrong, right = "He go to school every single day.", "He goes to school every single day."
    assert_zero(grade(wrong, right, prompt=wrong), "repeats the prompt")
    assert grade(right, right, prompt=wrong).score == 1.0


def test_f11_a_reference_that_holds_the_prompt_asks_for_it() -> None:
    prompt = "Continue: the quick brown fox"
    reference = f"{prompt} jumps over the lazy dog"
    assert grade(reference, reference, prompt=prompt).score == 1.0


def test_f11_short_prompts_may_be_part_of_the_answer() -> None:
    assert grade("Capital of France: Paris", "Capital of France is Paris", prompt="France").score


ZERO_WIDTH = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\U000e0041", "\ufe0f"]


@every_scorer
def test_f12_invisible_characters_do_not_count(scorer: str) -> None:
    chars = [*ZERO_WIDTH, "\0", "\ud800", "\u034f", "\u3164"]
    pairs = both_ways((char.join(SENTENCE), SENTENCE) for char in chars)
    for label, result in grade_pairs(pairs, scorer=scorer):
        assert result.score == 1.0, label


@every_scorer
def test_f12_they_do_not_stretch_a_fragment(scorer: str) -> None:
    pairs = [("treaty" + char * 60, SENTENCE) for char in ZERO_WIDTH]
    for label, result in grade_pairs(pairs, scorer=scorer):
        assert result.score == 0.0, label


ACCENTED = "Café «Zoë», naïve façade in Zürich"
SAME_TEXT = [
    (ACCENTED, unicodedata.normalize("NFD", ACCENTED)),
    (ACCENTED, ACCENTED.upper()),
    ("It's here", "It\u2019s here"),
    ("It's here", "\u201cIts here.\u201d"),
    ("office", "o\ufb03ce"),
    ("Paris", "\uff30\uff41\uff52\uff49\uff53"),
    ("well-known facts", "well known\u00a0facts"),
    ("**Paris**, France", "Paris France"),
    ("Straße", "STRASSE"),
    ("a  b\n\tc", "a b c"),
    ("Paris.", "Paris"),
]


@every_scorer
def test_what_a_reader_takes_for_the_same_gets_full_marks(scorer: str) -> None:
    for label, result in grade_pairs(both_ways(SAME_TEXT), scorer=scorer):
        assert result.score == 1.0, label


@pytest.mark.parametrize("scorer", TOLERANT)
@pytest.mark.parametrize(
    "answer",
    [
        SENTENCE.replace("treaty", "traety"),
        SENTENCE.replace("town", "twon"),
        SENTENCE.replace("Maastricht", "Mastricht"),
        SENTENCE.replace("signed", "signd"),
    ],
)
def test_trivial_typos_cost_little(scorer: str, answer: str) -> None:
    score = grade(answer, SENTENCE, scorer=scorer).score
    assert score is not None
    assert score > 0.7


def test_letters_of_other_scripts_are_other_letters() -> None:
    result = grade("P\u0430ris", "Paris")
    assert 0 < (result.score or 0) < 1.0
