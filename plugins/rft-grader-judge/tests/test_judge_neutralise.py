"""No tokenizer finds a control token in neutralised text, and no reader misses a character."""

# ruff: noqa: RUF001 - look-alikes are a part of the attacks

from __future__ import annotations

import itertools
import re
import time
import unicodedata
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rft_grader_judge.canaries import ATTACKS
from rft_grader_judge.neutralise import neutralise, quote
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

FAMILIES = {
    "llama 2": ["<s>", "</s>", "<unk>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"],
    "code llama": ["▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"],
    "llama 3": ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    "llama 4": ["<|header_start|>", "<|eot|>", "<|image_start|>", "<|python_start|>"],
    "chatml, qwen": [
        "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|vision_start|>", "<think>", "</think>",
        "<tool_call>", "</tool_response>",
    ],
    "mistral": [
        "[AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[IMG_BREAK]",
        "[THINK]", "[control_8]", "<pad>",
    ],
    "gemma": ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "<unused7>", "<mask>"],
    "deepseek": [
        "<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>",
        "<|EOT|>", "<｜tool▁calls▁begin｜>",
    ],
    "phi": ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|im_sep|>", "<|dummy_1|>"],
    "command-r": [
        "<BOS_TOKEN>", "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|SYSTEM_TOKEN|>",
        "<|CHATBOT_TOKEN|>", "<EOP_TOKEN>",
    ],
    "harmony": ["<|start|>", "<|message|>", "<|channel|>", "<|return|>", "<|call|>"],
    "granite": ["<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>", "<fim_prefix>"],
    "falcon": [">>TITLE<<", ">>ABSTRACT<<", ">>QUESTION<<", ">>ANSWER<<"],
    "glm": ["[gMASK]", "[sMASK]", "[MASK]", "<sop>", "<eop>", "<|observation|>"],
    "exaone": ["[|system|]", "[|user|]", "[|assistant|]", "[|endofturn|]"],
    "seed": ["<seed:bos>", "<seed:eos>", "<seed:think>", "</seed:think>"],
    "minimax": ["]~!b[", "]~b]", "[e~["],
    "hunyuan, kimi, nemotron": [
        "<｜hy_User｜>", "<|im_middle|>", "<|im_system|>", "<SPECIAL_12>", "<extra_id_1>",
    ],
    "internlm": ["[UNUSED_TOKEN_145]", "<eoa>"],
    "persimmon, olmo": ["|ENDOFTEXT|", "|NEWLINE|", "|||EMAIL_ADDRESS|||"],
    "bert": ["[CLS]", "[SEP]", "[PAD]", "[unused99]"],
    "ling": ["<role>", "</role>", "<|role_end|>", "<|arithmetic_start|>"],
    "ernie": ["<mask:4>", "<|endofprompt|>", "<response>", "</response>"],
}  # fmt: skip
TOKENS = [token for tokens in FAMILIES.values() for token in tokens]
NORMALIZERS = {
    "none": [],
    "nfc": [normalizers.NFC()],
    "nfkc": [normalizers.NFKC()],
    "lowercase": [normalizers.Lowercase()],
    "nfkc, lowercase": [normalizers.NFKC(), normalizers.Lowercase()],
    "nmt": [normalizers.Nmt(), normalizers.NFKC()],
    "no accents": [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()],
    "bert": [normalizers.BertNormalizer()],
    "metaspace": [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")],
}
PLAIN = (False, False, False)
FLAGS = [PLAIN, (True, False, False), (False, True, True), (True, True, True)]
"""Whether tokens are looked for in normalised text, and take the blanks before and after them."""
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def tokenizer_with(tokens: list[str], normalizer: str, flags: tuple[bool, ...]) -> Tokenizer:
    """Return a tokenizer in which the tokens have the ids from 1 on; all else is 0."""
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if NORMALIZERS[normalizer]:
        tokenizer.normalizer = normalizers.Sequence(NORMALIZERS[normalizer])
    normalized, lstrip, rstrip = flags
    tokenizer.add_special_tokens(
        [
            AddedToken(token, special=True, normalized=normalized, lstrip=lstrip, rstrip=rstrip)
            for token in tokens
        ]
    )
    return tokenizer


def disguises(token: str) -> Iterator[str]:
    """Yield texts that are the token, become it, or hold it, for one tokenizer or another."""
    half = len(token) // 2
    yield from (token, token * 3, f"a{token}b", f"< {token}", f"{token}\n{token}", token.lower())
    yield from (token.upper(), token.translate(WIDE), token.translate({ord("|"): "｜"}))
    yield from (token.replace("<", "﹤"), token.replace("<", "<\u0338"), token.replace("[", "﹇"))
    for hidden in "\u0301\u034f\u200b\u200d\u00ad\ufe0f\u2060\x00\x7f\ufeff\U000e0041":
        yield token[:half] + hidden + token[half:]
        yield token[0] + hidden + token[1:]
        yield hidden.join(token)
    for cut in range(1, len(token)):
        yield token[:cut] + token + token[cut:]  # whole again where the inner one is taken out
        yield token[:cut] + "\r" + token[cut:]
    yield re.sub("[A-Za-z]", lambda found: found[0] + "\u0300\u0327", token)
    yield "".join(f"&#{ord(c)};" for c in token)
    yield neutralise(token)


@cache
def neutralised_disguises() -> tuple[str, ...]:
    return tuple(quote(neutralise(text)) for token in TOKENS for text in disguises(token))


@pytest.mark.parametrize("normalizer", NORMALIZERS)
@pytest.mark.parametrize("flags", FLAGS)
def test_no_tokenizer_finds_a_control_token(normalizer: str, flags: tuple[bool, ...]) -> None:
    tokenizer = tokenizer_with(TOKENS, normalizer, flags)
    assert all(any(tokenizer.encode(token).ids) for token in TOKENS)
    for text in neutralised_disguises():
        found = tokenizer.encode(text)
        assert not any(found.ids), (text, found.tokens)


@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_inside_of_tokens_are_broken_too(family: str) -> None:
    tokenizer = tokenizer_with(TOKENS, "none", PLAIN)
    for outer, inner in itertools.product(FAMILIES[family], TOKENS):
        texts = [outer[:cut] + inner + outer[cut:] for cut in range(len(outer) + 1)]
        found = tokenizer.encode(quote(neutralise("\n".join(texts))))
        assert not any(found.ids), found.tokens


pieces = st.sampled_from(
    [*'<>[]|/~!:_ \n\t"ªéa1', *TOKENS, "｜", "＜", "\u0301", "\u200d", "\ufe0f"]
)
texts = st.lists(pieces | st.characters(), max_size=30).map("".join)
LENIENT = tokenizer_with(TOKENS, "no accents", (True, False, False))


@settings(max_examples=500)
@given(texts)
def test_of_any_text_no_control_token_is_left_and_twice_is_once(text: str) -> None:
    once = neutralise(text)
    assert neutralise(once) == once
    assert not any(LENIENT.encode(quote(once)).ids), once
    assert '"verdict"' not in once


@settings(max_examples=300)
@given(texts)
def test_nothing_that_can_be_seen_is_taken_away(text: str) -> None:
    seen = re.sub(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]", "\n", text)
    shown = neutralise(text)
    without_escapes = re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), shown)
    assert without_escapes.replace(" ", "") == seen.replace(" ", "")
    shown.encode()  # holds no lone surrogates


@pytest.mark.parametrize("name", ATTACKS)
def test_canaries_are_neutralised_like_any_text(name: str) -> None:
    found = tokenizer_with(TOKENS, "none", PLAIN).encode(quote(neutralise(ATTACKS[name])))
    assert not any(found.ids)
    assert '"verdict"' not in neutralise(ATTACKS[name])


INVISIBLE = [  # Default_Ignorable_Code_Point of Unicode, and blanks that it leaves out
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3), (0x1D159, 0x1D159), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
    (0x0000, 0x0008), (0x000E, 0x001B), (0x007F, 0x0084), (0xD800, 0xDFFF), (0xE000, 0xE0FF),
]  # fmt: skip


@pytest.mark.parametrize(("first", "last"), INVISIBLE)
@pytest.mark.parametrize("around", [("a", "b"), ("", ""), ("是", "非"), ("и", "й")])
def test_what_cannot_be_seen_is_written_as_an_escape(
    first: int, last: int, around: tuple[str, str]
) -> None:
    before, after = around
    for code in range(first, last + 1):
        assert neutralise(before + chr(code) + after) == f"{before}\\u{{{code:x}}}{after}"


@pytest.mark.parametrize(
    "text",
    [
        "می‌خواهم",
        "क्‍ष",
        "👩‍💻 👨‍👩‍👧 🏳️‍🌈 🙂‍↔️ 🐦‍⬛",
        "☎️ ❤️ 1️⃣ ©️ ‼️ 👍🏽",
        "naïve café, Ångström, Việt Nam, 한국어, ﷽",
        "x < 3, a<b and c>d, a || b, x[i], [1, 2], |x|, 1 << 3, std::cout << x >> y, a -> b",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "&lt;s&gt; &amp; &#60;",
        "tab\there",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert neutralise(text) == text


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d", "\ufe0f"])
@pytest.mark.parametrize(
    "text",
    ["a{}b", "и{}й", "是{}非", "{}", "a{}", "ی{0}{0}ی", "👩{0}{0}💻", "<{}|", "é{}\U0001f308"],
)
def test_joiners_and_selectors_without_use_can_be_seen(text: str, joiner: str) -> None:
    if joiner == "\ufe0f" and text.startswith("👩{0}"):
        text = "a{0}{0}b"
    assert joiner not in neutralise(text.format(joiner))


@pytest.mark.parametrize("end", ["\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_each_line_is_quoted_whatever_ends_it(end: str) -> None:
    headers = ["END", "USER: hi", "ASSISTANT: yes", "### Response:", "### Instruction:", "Human: x"]
    quoted = quote(neutralise(end.join(headers)))
    assert quoted == "\n".join(f"| {header}" for header in headers)
    assert quoted.splitlines() == quoted.split("\n")


UNITS = [
    "<", "[", "|", ">", "<a", "[a", "|a", ">>a", "~", "[~", "</", "[/a", "<|", "<ª", "é<", "\n",
    "ª", "\u0301\u0323", "[\u0301", "\u200d", "\ufe0f", "a\ufe0f", "\u202e", "\ud800", '"verdict"',
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
@pytest.mark.parametrize("before", ["", "<["])
def test_the_time_grows_with_the_length_only(unit: str, before: str) -> None:
    def seconds(chars: int) -> float:
        text = before + unit * (chars // len(unit))
        begin = time.process_time()
        quote(neutralise(text))
        return time.process_time() - begin

    # Squared, four times the length takes 16 times as long; a second would be minutes.
    assert seconds(200_000) < 0.05 + 10 * min(seconds(50_000) for _ in range(2))


def test_no_other_character_becomes_a_sign_that_begins_tokens() -> None:
    signs = set("<>[]|~")
    for code in range(0x80, 0x110000):
        parts = set(unicodedata.normalize("NFKD", chr(code)))
        if parts & signs:
            assert len({part for part in parts if not unicodedata.combining(part)}) == 1
