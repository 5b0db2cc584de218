"""Options: what is refused, where references are found, and METEOR's synonyms."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rft_grader_text_metrics import BleuGrader, MeteorGrader, RougeGrader
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from rft_core.grader import Grader
from rft_core.plugins import plugin_manager
from rft_core.testing import grade_one, make_grader, make_sample


@pytest.mark.parametrize(
    ("cls", "config", "said"),
    [
        (BleuGrader, {"tokenize": "flores200"}, "13a"),
        (BleuGrader, {"smooth_value": 0.5}, "smooth_value is for floor and add-k, not for exp"),
        (BleuGrader, {"max_ngram_order": 0}, "greater than or equal to 1"),
        (BleuGrader, {"reference": "$.["}, "is not a JSONPath"),
        (RougeGrader, {"variant": "rougeW"}, "rougeLsum"),
        (RougeGrader, {"lowercase": False}, "lowercase: false needs tokenize"),
        (RougeGrader, {"tokenize": "char", "stem": True}, "stem: true needs words"),
        (RougeGrader, {"max_words": 5001}, "less than or equal to 5000"),
        (MeteorGrader, {"gamma": 1.0}, "less than 1"),
        (MeteorGrader, {"synonyms": "nowhere"}, "has no corpora/wordnet/lexnames"),
        (MeteorGrader, {"wordnet": "x"}, "Extra inputs"),
    ],
)
def test_wrong_options_are_refused(
    cls: type[Grader[Any]], config: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        make_grader(cls, **config)


@pytest.mark.parametrize("cls", [BleuGrader, RougeGrader, MeteorGrader])
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("summary", {"summary": "a red house"}),
        ("$.gold.texts", {"gold": {"texts": ["another thing", "a red house"]}}),
        ("$.gold[*].text", {"gold": [{"text": "a red house"}, {"text": "another thing"}]}),
    ],
)
def test_references_are_found_by_path_and_the_best_counts(
    cls: type[Grader[Any]], path: str, fields: dict[str, Any]
) -> None:
    grader = make_grader(cls, reference=path)
    assert grade_one(grader, make_sample("a red house", **fields)).score == 1.0


def test_more_than_20_references_are_refused() -> None:
    item = make_sample("", reference_answer=["a b"] * 21).item
    with pytest.raises(ValueError, match="21 references; at most 20"):
        make_grader(RougeGrader).check_item(item)


@pytest.mark.parametrize(("variant", "words"), [("rouge2", 2), ("rouge3", 3)])
def test_a_reference_too_short_for_its_variant_is_refused(variant: str, words: int) -> None:
    grader = make_grader(RougeGrader, variant=variant)
    short = " ".join(["word"] * (words - 1))
    with pytest.raises(ValueError, match=f"{variant} needs references of {words} words"):
        grader.check_item(make_sample("", reference_answer=short).item)
    grader.check_item(make_sample("", reference_answer=f"{short} word").item)


@pytest.mark.parametrize(
    ("cls", "config", "said"),
    [
        (BleuGrader, {"max_ngram_order": 1}, "order of words"),
        (BleuGrader, {"smooth_method": "none"}, "nothing to learn from"),
        (RougeGrader, {"measure": "precision"}, "one safe word"),
        (MeteorGrader, {"gamma": 0.0}, "order of words"),
        (MeteorGrader, {"alpha": 1.0}, "long completions win"),
        (MeteorGrader, {"rescale": False}, "0.5 for one word, 0.94 for two"),
    ],
)
def test_suspicious_options_are_told(
    cls: type[Grader[Any]], config: dict[str, Any], said: str
) -> None:
    (warning,) = make_grader(cls, **config).warnings()
    assert said in warning


def test_synonyms_match_where_a_wordnet_is_named(nltk_data: Path) -> None:
    grader = make_grader(MeteorGrader, base_dir=nltk_data.parent, synonyms=nltk_data.name)
    sample = make_sample("the auto stopped", reference_answer="the car stopped")
    assert grade_one(grader, sample).score == 1.0
    without = grade_one(make_grader(MeteorGrader), sample).score
    assert without is not None
    assert 0.0 < without < 0.7


def test_a_damaged_wordnet_is_an_error_of_the_configuration(nltk_data: Path) -> None:
    broken = nltk_data.parent / "broken" / "corpora" / "wordnet"
    broken.mkdir(parents=True)
    (broken / "lexnames").write_text("")
    with pytest.raises(ValueError, match="is not WordNet as NLTK has it"):
        make_grader(MeteorGrader, synonyms=str(broken.parent.parent))


def test_sacrebleus_memory_of_texts_is_bounded() -> None:
    grader = make_grader(BleuGrader)
    for number in range(1500):
        grader.grade(make_sample(f"completion {number}", reference_answer="a house"))
    assert Tokenizer13a.__call__.cache_info().currsize <= 256  # type: ignore[attr-defined]


def test_the_graders_are_registered() -> None:
    graders = plugin_manager().graders
    assert {"bleu", "rouge", "meteor"} <= set(graders)


def test_registering_imports_no_metric_library() -> None:
    code = (
        "import sys, rft_grader_text_metrics.plugin as plugin; plugin.rft_register_graders();"
        "print([name for name in ('nltk', 'sacrebleu', 'rouge_score') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
