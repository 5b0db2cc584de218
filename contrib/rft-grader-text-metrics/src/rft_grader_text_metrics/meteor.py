"""The grader `meteor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from rft_core import PluginConfig
from rft_grader_text_metrics.base import Measured, TextMetric
from rft_grader_text_metrics.config import TextMetricConfig
from rft_grader_text_metrics.synonyms import DataFolder, NoSynonyms, Synonyms
from rft_grader_text_metrics.words import (
    NoStemmer,
    Stemmer,
    find_characters,
    find_words,
    find_words_and_signs,
    lowered,
)

_WORDS = {
    "words_and_signs": find_words_and_signs,
    "words": find_words,
    "space": str.split,
    "char": find_characters,
}


class MeteorConfig(TextMetricConfig):
    """Which words match, and METEOR's parameters by NLTK's names."""

    tokenize: Literal["words_and_signs", "words", "space", "char"] = "words_and_signs"
    """Words and single punctuation marks, words only, cut at white space, or characters."""
    lowercase: bool = True
    """Whether upper and lower case are the same."""
    stem: bool = True
    """Whether words match that have the same stem (Porter, English)."""
    synonyms: DataFolder | None = None
    """A folder of NLTK data with WordNet: then synonyms match (English). None: they do not."""
    rescale: bool = True
    """Whether to divide by what the reference itself earns, so that full marks are 1."""
    alpha: float = Field(default=0.9, ge=0.0, le=1.0)
    """The weight of recall against precision."""
    beta: float = Field(default=3.0, ge=0.0, le=100.0)
    """How steeply the penalty for scattered matches grows."""
    gamma: float = Field(default=0.5, ge=0.0, lt=1.0)
    """The highest penalty for scattered matches."""


class MeteorGrader(TextMetric[MeteorConfig, list[str]]):
    """METEOR (Lavie and Agarwal 2007) of the completion, as NLTK computes it.

    Words match exactly or by stem, and by synonyms only where a local WordNet is named. With
    several references the best one counts.
    """

    name = "meteor"
    version = "1"
    Config: ClassVar[type[PluginConfig]] = MeteorConfig
    metric_names = ("meteor",)

    def __init__(self, config: MeteorConfig) -> None:
        from nltk.translate.meteor_score import single_meteor_score

        super().__init__(config)
        self._score = single_meteor_score
        words = _WORDS[config.tokenize]
        self._words = lowered(words) if config.lowercase else words
        self._stemmer = Stemmer() if config.stem else NoStemmer()
        self._wordnet = Synonyms(config.synonyms) if config.synonyms else NoSynonyms()

    def prepare(self, text: str) -> list[str]:
        """Return the words of a text."""
        return self._words(text)

    def count_words(self, prepared: list[str]) -> int:
        """Return how many words a prepared text has."""
        return len(prepared)

    def measure(self, text: list[str], references: Sequence[list[str]]) -> Measured:
        """Return the best reference's score, rescaled if so configured."""
        return max((self._against(text, reference) for reference in references), key=_by_score)

    def _against(self, text: list[str], reference: list[str]) -> Measured:
        raw = self._meteor(text, reference)
        # Nothing earns more than the reference itself: all words match, in one piece.
        score = raw / self._meteor(reference, reference) if self.config.rescale else raw
        return Measured(score, f"METEOR {raw:.3f}", {"meteor": raw})

    def _meteor(self, text: list[str], reference: list[str]) -> float:
        return float(
            self._score(
                reference,
                text,
                preprocess=str,
                stemmer=self._stemmer,
                wordnet=self._wordnet,
                alpha=self.config.alpha,
                beta=self.config.beta,
                gamma=self.config.gamma,
            )
        )

    def warnings(self) -> Sequence[str]:
        """Return what is suspicious about the configuration."""
        found = []
        if self.config.alpha > 0.95:
            found.append("alpha near 1 leaves precision out: long completions win")
        if self.config.gamma == 0 or self.config.beta == 0:
            found.append("without gamma and beta METEOR does not see the order of words")
        if not self.config.rescale:
            found.append(
                "rescale: false gives short references less than full marks whatever is said: "
                "0.5 for one word, 0.94 for two"
            )
        return found


def _by_score(measured: Measured) -> float:
    return measured.score
