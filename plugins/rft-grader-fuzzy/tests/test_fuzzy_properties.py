"""Properties that hold for any texts."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rft_grader_fuzzy import FuzzyGrader
from rft_grader_fuzzy.numbers import _NUMBER, numbers_in
from rft_grader_fuzzy.processing import STANDARD, Processor, Step, UnusableTextError, words_of
from rft_grader_fuzzy.scorers import MANY, SCORERS, ScorerName

from rft_core.testing import make_grader, make_sample
from rft_core.types import Grade, Sample

NAMES: tuple[str, ...] = get_args(ScorerName)
GRADERS = {name: make_grader(FuzzyGrader, scorer=name) for name in NAMES}
OFF = {
    "min_length_ratio": None,
    "max_length_ratio": None,
    "numbers": "off",
    "negation": False,
    "min_word_order": None,
    "min_shared_words": None,
    "max_repetition": None,
}
UNGUARDED = {name: make_grader(FuzzyGrader, scorer=name, **OFF) for name in NAMES}

any_text = st.text(st.characters(), max_size=60)  # surrogates and NUL included
WORDS = "the treaty not was signed by 12 12.0 1,2 -3 states n't B12 no"
words = st.sampled_from(WORDS.split(" "))
sentences = st.lists(words, min_size=1, max_size=12).map(" ".join)
texts = any_text | sentences
references = texts.filter(lambda text: bool(words_of(text)))
names = st.sampled_from(NAMES)


def grade(answer: str, reference: Any, grader: FuzzyGrader, prompt: str = "") -> Grade:
    sample = make_sample(answer, prompt=prompt, reference_answer=reference)
    (result,) = grader.grade_batch([sample])
    return result


def score(answer: str, reference: Any, grader: FuzzyGrader) -> float:
    value = grade(answer, reference, grader).score
    assert value is not None
    return value


@given(texts, references, texts, names)
def test_any_answer_has_a_score_and_a_reason(
    answer: str, reference: str, prompt: str, name: str
) -> None:
    for grader in (GRADERS[name], UNGUARDED[name]):
        result = grade(answer, reference, grader, prompt)
        assert 0.0 <= (result.score if result.score is not None else -1) <= 1.0
        assert 0.0 <= result.metrics["similarity"] <= 1.0
        assert str(result.reason).isprintable()
        json.dumps(result.reason).encode()


@given(references, names, texts)
def test_the_reference_itself_gets_full_marks(reference: str, name: str, prompt: str) -> None:
    assert grade(reference, reference, GRADERS[name], prompt).score == 1.0


@given(references, names)
def test_case_and_marks_around_it_do_not_matter(reference: str, name: str) -> None:
    assume(not any(char.isdigit() for char in reference))
    assume(reference.upper().casefold() == reference.casefold())
    assert score(f"\u201c{reference.upper()}\u201d.\u200b", reference, GRADERS[name]) == 1.0


@given(texts, references, names)
def test_grading_is_deterministic_and_memory_does_not_matter(
    answer: str, reference: str, name: str
) -> None:
    sample = make_sample(answer, reference_answer=reference)
    fresh = make_grader(FuzzyGrader, scorer=name)
    assert fresh.grade_batch([sample]) == GRADERS[name].grade_batch([sample, sample])[:1]


@pytest.mark.parametrize(
    "name", ["ratio", "levenshtein", "token_sort_ratio", "indel", "jaro", "lcs"]
)
@given(one=references, other=references)
def test_answer_and_reference_may_change_places(name: str, one: str, other: str) -> None:
    for grader in (GRADERS[name], UNGUARDED[name]):
        here, there = grade(one, other, grader), grade(other, one, grader)
        assert here.metrics["similarity"] == pytest.approx(there.metrics["similarity"], abs=1e-3)
    assert score(one, other, UNGUARDED[name]) == pytest.approx(score(other, one, UNGUARDED[name]))


@given(texts, references, names)
def test_guards_never_raise_a_score(answer: str, reference: str, name: str) -> None:
    guarded, free = (
        score(answer, reference, GRADERS[name]),
        score(answer, reference, UNGUARDED[name]),
    )
    assert guarded in {0.0, free}


@given(texts, st.lists(references, min_size=1, max_size=4), names)
def test_several_references_give_the_best_of_their_scores(
    answer: str, many: list[str], name: str
) -> None:
    best = max(score(answer, one, GRADERS[name]) for one in many)
    assert score(answer, many, GRADERS[name]) == best


@given(texts, references, names, st.floats(0.01, 1.0))
def test_a_weight_scales_the_score(answer: str, reference: str, name: str, weight: float) -> None:
    paths = [{"path": "gold"}, {"path": "alias", "weight": weight}]
    grader = make_grader(FuzzyGrader, scorer=name, reference=paths)
    sample = make_sample(answer, gold="zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", alias=reference)
    (result,) = grader.grade_batch([sample])
    assert result.score is not None
    assert result.score >= weight * score(answer, reference, GRADERS[name]) - 1e-9


@given(any_text, st.sets(st.sampled_from(STANDARD)))
def test_processing_goes_the_same_way_for_ascii_and_other_text(text: str, steps: set[Step]) -> None:
    process = Processor(steps)
    ascii_only = text.encode("ascii", "ignore").decode()
    # A letter of another script, alone at the end, sends the whole text the other way.
    assert process(f"{ascii_only} \u0436") == (process(f"{ascii_only} x")[:-1] + "\u0436")


@given(any_text)
def test_processing_twice_changes_nothing(text: str) -> None:
    assume(not any(char.isnumeric() for char in text))  # 1.05 becomes 1 05, two numbers
    process = Processor(STANDARD)
    assert process(process(text)) == process(text)


@given(sentences, sentences, names)
def test_the_similarity_is_rapidfuzz_s_own(answer: str, reference: str, name: str) -> None:
    scorer, process = SCORERS[name], Processor(STANDARD)
    expected = scorer.function(process(answer), process(reference)) / scorer.top
    found = grade(answer, reference, UNGUARDED[name]).metrics["similarity"]
    assert found == pytest.approx(expected, abs=6e-4)


@given(texts, references, names)
def test_fields_of_one_are_the_grader_itself(answer: str, reference: str, name: str) -> None:
    field = {"answer": "$.a", "reference": "$.reference_answer", "scorer": name}
    grader = make_grader(FuzzyGrader, fields={"a": field})
    alone = make_grader(FuzzyGrader, answer="$.a", scorer=name)
    text = json.dumps({"a": answer})
    assert grade(text, reference, grader).score == grade(text, reference, alone).score


@given(st.lists(texts, max_size=12))
def test_texts_prepared_together_are_as_prepared_alone(many: list[str]) -> None:
    process = Processor(STANDARD)
    together = process.prepare_all(many)
    for one, text in zip(together, many, strict=True):
        assert not isinstance(one, UnusableTextError)
        shown, said, spelling = process.prepare(text)
        assert one[:2] == (shown, said)
        assert one[2] in {spelling, text}
        assert bool(one[2]) or not numbers_in(text)


@given(st.lists(texts, min_size=MANY, max_size=12), texts, names)
def test_a_reference_prepared_once_gives_the_same_similarities(
    many: list[str], reference: str, name: str
) -> None:
    scorer = SCORERS[name]
    together = list(scorer.similarities(many, reference))
    assert together == [scorer.function(text, reference) for text in many]


@given(st.lists(texts, max_size=12), st.lists(references, min_size=1, max_size=3), names)
def test_company_does_not_matter(many: list[str], right: list[str], name: str) -> None:
    item = make_sample("", reference_answer=right).item
    samples = [Sample(item, text) for text in many]
    grader = GRADERS[name]
    assert grader.grade_batch(samples) == [grader.grade_batch([one])[0] for one in samples]


@given(st.text("0123456789 -.,%$ab)\u0663 percent", max_size=20))
def test_a_number_begins_with_a_digit_a_dot_or_a_minus(text: str) -> None:
    without_hint = re.compile(_NUMBER.pattern.removeprefix(r"(?=[-.\d])"), _NUMBER.flags)
    assert without_hint.pattern != _NUMBER.pattern
    assert without_hint.findall(text) == _NUMBER.findall(text)
