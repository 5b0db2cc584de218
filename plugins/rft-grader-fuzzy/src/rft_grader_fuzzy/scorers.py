"""The similarities of RapidFuzz, and what has to be known of each to use it as a reward.

`floor` is what letter salad earns: words of random letters, as frequent as in English, of the
reference's length. It is the similarity that 19 of 20 such texts stay below, at the worst of the
lengths 30, 100 and 300. `max_chars` keeps a pair below about 50 ms even where the texts are chosen
to be slow. `benchmarks/fuzzy.py` measures both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final, Literal, TypeAlias, get_args

from rapidfuzz import distance, fuzz, process

ScorerName: TypeAlias = Literal[
    "ratio",
    "partial_ratio",
    "token_sort_ratio",
    "token_set_ratio",
    "token_ratio",
    "partial_token_sort_ratio",
    "partial_token_set_ratio",
    "partial_token_ratio",
    "WRatio",
    "QRatio",
    "levenshtein",
    "damerau_levenshtein",
    "osa",
    "indel",
    "jaro",
    "jaro_winkler",
    "lcs",
    "hamming",
    "prefix",
    "postfix",
]
Similarity: TypeAlias = Callable[[str, str], float]


@dataclass(frozen=True, slots=True)
class Scorer:
    """A similarity of two texts: `function` returns 0 to `top`."""

    name: ScorerName
    function: Similarity
    top: float
    floor: float
    max_chars: int

    def similarities(self, texts: Sequence[str], reference: str) -> Iterable[float]:
        """Return the similarity of each text to the reference."""
        if len(texts) >= MANY and self.name in _SPLITTING:
            scorer: Any = self.function
            found = process.extract_iter(reference, texts, scorer=scorer)
            return [similarity for _, similarity, _ in found]
        return map(self.function, texts, repeat(reference))

    @property
    def ignores_order(self) -> bool:
        """Whether shuffled words may get full marks."""
        return "token" in self.name or self.name == "WRatio"

    @property
    def forgives_gaps(self) -> bool:
        """Whether a part of the reference, or more text around it, may get full marks."""
        return self.name in _FORGIVING

    @property
    def one_word_suffices(self) -> bool:
        """Whether one word in common gets full marks, whatever the rest."""
        return self.name in {"partial_token_set_ratio", "partial_token_ratio"}


MANY: Final = 3
"""For so many texts, preparing the reference once pays."""
_SPLITTING: Final = frozenset(
    name for name in get_args(ScorerName) if "token" in name or name == "WRatio"
)
"""Scorers that split and sort the words of a reference each time that they are called."""
_FORGIVING: Final = frozenset(
    name
    for name in get_args(ScorerName)
    if name.startswith("partial_") or name in {"token_set_ratio", "token_ratio", "WRatio"}
)

FLOORS: Final[dict[ScorerName, float]] = {
    "ratio": 0.43,
    "partial_ratio": 0.48,
    "token_sort_ratio": 0.46,
    "token_set_ratio": 0.45,
    "token_ratio": 0.46,
    "partial_token_sort_ratio": 0.48,
    "partial_token_set_ratio": 0.48,
    "partial_token_ratio": 0.48,
    "WRatio": 0.44,
    "QRatio": 0.43,
    "levenshtein": 0.23,
    "damerau_levenshtein": 0.23,
    "osa": 0.23,
    "indel": 0.43,
    "jaro": 0.78,
    "jaro_winkler": 0.78,
    "lcs": 0.43,
    "hamming": 0.17,
    "prefix": 0.01,
    "postfix": 0.03,
}

# What makes a scorer slow: a pass of bits over both texts, differences of word lists, a table of
# both lengths, the search for the best window (which WRatio does for few pairs only).
_BITS, _WORD_SETS, _TABLE, _WINDOWS, _SOME_WINDOWS = 12_000, 7_000, 2_000, 1_000, 1_500

_FUZZ: Final[dict[ScorerName, tuple[Similarity, int]]] = {
    "ratio": (fuzz.ratio, _BITS),
    "partial_ratio": (fuzz.partial_ratio, _WINDOWS),
    "token_sort_ratio": (fuzz.token_sort_ratio, _BITS),
    "token_set_ratio": (fuzz.token_set_ratio, _WORD_SETS),
    "token_ratio": (fuzz.token_ratio, _WORD_SETS),
    "partial_token_sort_ratio": (fuzz.partial_token_sort_ratio, _WINDOWS),
    "partial_token_set_ratio": (fuzz.partial_token_set_ratio, _WINDOWS),
    "partial_token_ratio": (fuzz.partial_token_ratio, _WINDOWS),
    "WRatio": (fuzz.WRatio, _SOME_WINDOWS),
    "QRatio": (fuzz.QRatio, _BITS),
}
_DISTANCES: Final[dict[ScorerName, tuple[Similarity, int]]] = {
    "levenshtein": (distance.Levenshtein.normalized_similarity, _BITS),
    "damerau_levenshtein": (distance.DamerauLevenshtein.normalized_similarity, _TABLE),
    "osa": (distance.OSA.normalized_similarity, _BITS),
    "indel": (distance.Indel.normalized_similarity, _BITS),
    "jaro": (distance.Jaro.normalized_similarity, _BITS),
    "jaro_winkler": (distance.JaroWinkler.normalized_similarity, _BITS),
    "lcs": (distance.LCSseq.normalized_similarity, _BITS),
    "hamming": (distance.Hamming.normalized_similarity, _BITS),
    "prefix": (distance.Prefix.normalized_similarity, _BITS),
    "postfix": (distance.Postfix.normalized_similarity, _BITS),
}


def _table() -> dict[ScorerName, Scorer]:
    table = {}
    for top, functions in ((100.0, _FUZZ), (1.0, _DISTANCES)):
        for name, (function, max_chars) in functions.items():
            table[name] = Scorer(name, function, top, FLOORS[name], max_chars)
    return table


SCORERS: Final = _table()
