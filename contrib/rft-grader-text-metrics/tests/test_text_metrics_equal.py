"""Scores are those of the libraries, called directly."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest
from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import meteor_score
from rft_grader_text_metrics import BleuGrader, MeteorGrader, RougeGrader
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU

from rft_core.testing import grade_all, make_grader, make_sample

Pairs = Sequence[tuple[str, list[str]]]


class NoWordNet:
    def synsets(self, word: str) -> list[Any]:
        return []


def scores(grader: Any, pairs: Pairs) -> list[float | None]:
    samples = [make_sample(text, reference_answer=references) for text, references in pairs]
    return [grade.score for grade in grade_all(grader, samples)]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"lowercase": True},
        {"tokenize": "intl"},
        {"tokenize": "zh"},
        {"tokenize": "char", "max_ngram_order": 6},
        {"tokenize": "none"},
        {"smooth_method": "floor"},
        {"smooth_method": "add-k", "smooth_value": 0.5},
        {"smooth_method": "none", "max_ngram_order": 2},
    ],
    ids=str,
)
def test_bleu_is_sacrebleus(pairs: Pairs, config: dict[str, Any]) -> None:
    library = BLEU(effective_order=True, **config)
    expected = [min(library.sentence_score(t, refs).score / 100, 1.0) for t, refs in pairs]
    assert scores(make_grader(BleuGrader, **config), pairs) == pytest.approx(expected, abs=1e-12)
    assert len({round(score, 6) for score in expected}) > 50


@pytest.mark.parametrize("stem", [False, True])
@pytest.mark.parametrize("variant", ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"])
def test_rouge_is_googles(pairs: Pairs, variant: str, stem: bool) -> None:
    usable = [
        (text, [one for one in references if len(one.split()) > 7]) for text, references in pairs
    ]
    usable = [(text, references) for text, references in usable if references]
    assert len(usable) > 100
    library = RougeScorer([variant], use_stemmer=stem)
    expected = [library.score_multi(refs, text)[variant].fmeasure for text, refs in usable]
    config = {"variant": variant, "stem": stem}
    assert scores(make_grader(RougeGrader, **config), usable) == expected


@pytest.mark.parametrize("measure", ["precision", "recall"])
def test_rouge_takes_the_best_reference_by_its_measure(pairs: Pairs, measure: str) -> None:
    library = RougeScorer(["rougeL"])
    expected = [
        max(getattr(library.score(one, text)["rougeL"], measure) for one in references)
        for text, references in pairs
    ]
    assert scores(make_grader(RougeGrader, measure=measure), pairs) == expected


@pytest.mark.parametrize("config", [{}, {"alpha": 0.5, "beta": 1.0, "gamma": 0.25}], ids=str)
def test_meteor_is_nltks(pairs: Pairs, config: dict[str, float]) -> None:
    expected = [
        meteor_score(
            [one.split() for one in references],
            text.split(),
            stemmer=PorterStemmer(),
            wordnet=NoWordNet(),  # type: ignore[arg-type]
            **config,
        )
        for text, references in pairs
    ]
    options: dict[str, Any] = {"tokenize": "space", "rescale": False, **config}
    assert scores(make_grader(MeteorGrader, **options), pairs) == pytest.approx(expected)


def test_rescaled_meteor_times_what_the_reference_earns_is_nltks(pairs: Pairs) -> None:
    single = [(text, references[:1]) for text, references in pairs]
    raw = make_grader(MeteorGrader, rescale=False)
    own = scores(raw, [(references[0], references) for _, references in single])
    rescaled = scores(make_grader(MeteorGrader), single)
    products = [a * b for a, b in zip(rescaled, own, strict=True) if a is not None and b]
    assert products == pytest.approx(scores(raw, single))


def test_composed_and_decomposed_letters_are_the_same() -> None:
    text = unicodedata.normalize("NFD", "un \u00e9t\u00e9 na\u00eff \u00e0 la mer")
    for grader in (make_grader(BleuGrader), make_grader(RougeGrader, tokenize="unicode")):
        assert scores(grader, [(text, [unicodedata.normalize("NFC", text)])]) == [1.0]
