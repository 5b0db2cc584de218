"""Answers that say nothing: they are not worth a judge, and some talk judges round.

Punctuation alone and lead-ins without an answer, such as `Solution:`, are known to get good grades
from language models (arXiv:2507.08794). They score 0 without being judged.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from rft_grader_judge.neutralise import is_hidden

MAX_CHARS: Final = 200
"""Longer answers are no mere lead-ins."""

_LEAD_INS: Final = frozenset({
    "solution", "the solution", "the solution is", "answer", "the answer", "the answer is",
    "my answer", "my answer is", "final answer", "the final answer is", "thought process",
    "thinking process", "reasoning process", "my reasoning", "let me think", "let me explain",
    "let us think", "lets think", "lets think step by step", "let us think step by step",
    "let me think step by step", "lets solve this step by step", "let us solve this step by step",
    "lets solve this problem step by step", "let us solve this problem step by step",
    "let me solve this step by step", "let me solve this problem step by step", "step by step",
    "here is the solution", "here is the answer", "heres the solution", "heres the answer",
    "解", "解答", "答案", "かいせつ", "解説",
    "respuesta", "solución", "réponse", "lösung", "antwort",
})  # fmt: skip
_HEADINGS: Final = _LEAD_INS | {
    "analysis", "explanation", "reasoning", "thinking", "thought", "thoughts", "proof", "step 1",
    "conclusion", "result", "output", "response",
}  # fmt: skip
"""Lead-ins if a colon follows; without it these words may be an answer."""
_SIGNS: Final = frozenset({"Sm", "Sc", "So", "Ps"})
"""Categories of mathematical and other symbols, currencies and opening brackets."""
_APOSTROPHES: Final = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}]")
_SENTENCE_END: Final = re.compile(r"[.:!\n…。]+")
_WORD: Final = re.compile(r"[^\W_]+")


def why_trivial(text: str) -> str | None:
    """Return why an answer says nothing, None if it may say something."""
    if not any(_says_something(c) for c in text):
        blank = all(c.isspace() or is_hidden(c) for c in text)
        return "the answer is empty" if blank else "the answer holds nothing but punctuation"
    if len(text) <= MAX_CHARS and _is_lead_in(text):
        return "the answer is a lead-in without anything after it"
    return None


def _says_something(c: str) -> bool:
    """Whether it is a letter, a digit, or a sign that can be an answer: `+`, `∞`, `[]`, emoji."""
    return not is_hidden(c) and (c.isalnum() or unicodedata.category(c) in _SIGNS)


def _is_lead_in(text: str) -> bool:
    """Whether every sentence of it is a lead-in."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", text) if not is_hidden(c))
    if any(unicodedata.category(c) in _SIGNS for c in seen):
        return False
    plain = _APOSTROPHES.sub("", seen.casefold())
    sentences = [" ".join(_WORD.findall(part)) for part in _SENTENCE_END.split(plain)]
    known = _HEADINGS if plain.rstrip("*_# \t\n").endswith(":") else _LEAD_INS
    return all(sentence in known for sentence in sentences if sentence)
