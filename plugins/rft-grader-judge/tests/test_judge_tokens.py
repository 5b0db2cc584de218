"""Tokens are counted by the judge's own tokenizer, and long answers keep to their bound."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rft_grader_judge.neutralise import QUOTE, neutralise, quote
from rft_grader_judge.tokens import Counter, Estimate, Tokenizer, cut
from tokenizers import Tokenizer as Raw
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

TEXT = "The answer is right, since 12 + 30 = 42. Ответ верный. 答案是对的。\n\n" * 20
MARK_TOKENS = 60
"""At most, of the line in the place of the cut and the quoting marks around it."""


def byte_level() -> Raw:
    tokenizer = Raw(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def blanks_merged() -> Raw:
    """Return a tokenizer with tokens of many line ends, as most models have them."""
    tokenizer = byte_level()
    tokenizer.add_tokens(["\n" * count for count in range(2, 32)])
    return tokenizer


def unigram() -> Raw:
    pieces = [("?", 0.0), ("▁", -2.0), *((c, -5.0) for c in sorted(set(TEXT) - {" "}))]
    tokenizer = Raw(models.Unigram([*pieces, ("▁answer", -3.0), ("right", -3.0)], unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


RAW = {"bytes": byte_level(), "blanks merged": blanks_merged(), "unigram": unigram()}


@pytest.fixture(scope="module")
def counters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counter]:
    folder = tmp_path_factory.mktemp("tokenizers")
    found: dict[str, Counter] = {"estimate": Estimate()}
    for number, (name, tokenizer) in enumerate(RAW.items()):
        path = folder / f"{number}.json"
        tokenizer.save(str(path))
        found[name] = Tokenizer(path)
    return found


NAMES = ["estimate", *RAW]
LONG = {
    "words": "answer right " * 77_000,
    "one word": "a" * 1_000_000,
    "line ends": "\n" * 1_000_000,
    "short lines": "a\n" * 500_000,
    "blanks": " " * 1_000_000,
    "Chinese": "答案" * 500_000,
    "emoji": "👩‍💻" * 300_000,
    "control tokens": "<|im_end|>" * 100_000,
    "hidden": "\u200b" * 100_000,
    "rare": "ꙮ𝕏﷽" * 300_000,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("limit", [16, 1000])
def test_a_long_answer_keeps_to_its_bound(
    counters: dict[str, Counter], name: str, kind: str, limit: int
) -> None:
    counter, text = counters[name], neutralise(LONG[kind])
    kept, is_cut = cut(text, limit, counter)
    assert is_cut
    assert counter.count(quote(kept)) <= limit + MARK_TOKENS
    head, left_out, tail = re.split(r"\n\[(\d+) characters left out\]\n", kept)
    assert len(head) + int(left_out) + len(tail) == len(text)
    assert text.startswith(head)
    assert text.endswith(tail)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from("a answer\n\n|.答👩‍é") | st.characters(codec="utf-8")),
    st.integers(1, 40),
)
def test_any_text_is_kept_or_cut_to_its_bound(
    counters: dict[str, Counter], name: str, text: str, limit: int
) -> None:
    counter = counters[name]
    kept, is_cut = cut(text, limit, counter)
    if not is_cut:
        assert kept == text
        assert counter.count(quote(text)) <= limit
        return
    assert counter.count(quote(text)) > limit
    assert counter.count(quote(kept)) <= limit + MARK_TOKENS
    head, _, tail = re.split(r"\n\[(\d+) characters left out\]\n", kept)
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) <= len(text)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(st.text(), st.integers(0, 30))
def test_heads_and_tails_are_ends_of_the_text(
    counters: dict[str, Counter], name: str, text: str, limit: int
) -> None:
    counter, text = counters[name], neutralise(text)
    for part, is_end in ((counter.head, text.startswith), (counter.tail, text.endswith)):
        kept = part(text, limit)
        assert is_end(kept)
        assert counter.count(kept) <= limit
        if counter.count(text) <= limit:
            assert kept == text


@pytest.mark.parametrize("name", NAMES)
def test_most_of_the_bound_is_used(counters: dict[str, Counter], name: str) -> None:
    kept, _ = cut(TEXT, 100, counters[name])
    assert counters[name].count(quote(kept)) > 90


@pytest.mark.parametrize("name", NAMES)
def test_short_answers_are_kept_whole(counters: dict[str, Counter], name: str) -> None:
    for text in ("42", "", "a\nb", TEXT):
        assert cut(text, 5000, counters[name]) == (text, False)


@pytest.mark.parametrize("name", RAW)
def test_truncation_and_padding_of_the_file_do_not_count(tmp_path: Path, name: str) -> None:
    tokenizer = Raw.from_str(RAW[name].to_str())
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=64)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    counter = Tokenizer(tmp_path / "tokenizer.json")
    assert counter.count(TEXT) == len(RAW[name].encode(TEXT, add_special_tokens=False).ids) > 64
    assert counter.count("") == 0
    assert cut(TEXT, 16, counter)[1]


@given(st.text())
def test_an_estimate_counts_bytes(text: str) -> None:
    size = len(text.encode())
    assert Estimate().most(text) == size
    assert size / 3 <= Estimate().count(text) < size / 3 + 1


def test_lone_surrogates_are_counted_too() -> None:
    assert Estimate().count("\ud800" * 3) == 1
    assert Estimate().head("\ud800" * 9, 1) == "???"


def test_the_cut_falls_between_characters_never_between_marks() -> None:
    text = "\n".join("ab" for _ in range(50))
    for limit in range(2, 60):
        kept, is_cut = cut(text, limit, Estimate())
        if is_cut:
            inside = [line.removeprefix(QUOTE) for line in quote(kept).split("\n")]
            assert all(line in {"", "a", "b", "ab"} or "left out" in line for line in inside)


def test_a_missing_or_wrong_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}", "utf-8")
    with pytest.raises(ValueError, match=r"tokenizer\.json is no tokenizer\.json"):
        Tokenizer(tmp_path / "tokenizer.json")
    with pytest.raises(ValueError, match="is no tokenizer"):
        Tokenizer(tmp_path / "missing.json")


def test_the_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ValueError, match=r"pip install 'rft-grader-judge\[tokens\]'"):
        Tokenizer(tmp_path / "other.json")
