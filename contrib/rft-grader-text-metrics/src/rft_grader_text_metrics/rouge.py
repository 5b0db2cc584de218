"""The grader `rouge`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from rft_core import PluginConfig
from rft_grader_text_metrics.base import Measured, TextMetric
from rft_grader_text_metrics.config import TextMetricConfig
from rft_grader_text_metrics.words import (
    Words,
    find_characters,
    find_words,
    lowered,
    original_rouge,
    stemmed,
)


class RougeConfig(TextMetricConfig):
    """Which ROUGE, over which words."""

    variant: Literal["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"] = "rougeL"
    """Words, pairs, triples, the longest common subsequence, or that by lines."""
    measure: Literal["f1", "precision", "recall"] = "f1"
    """What the score is; all three are logged."""
    tokenize: Literal["rouge", "unicode", "char"] = "rouge"
    """Runs of a to z and digits as in the original, words of any script, or characters."""
    stem: bool = False
    """Whether words are compared by their stems (Porter, English)."""
    lowercase: bool = True
    """Whether upper and lower case are the same; the original tokenization lower-cases."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.tokenize == "rouge" and not self.lowercase:
            raise ValueError("lowercase: false needs tokenize: unicode or char")
        if self.tokenize == "char" and self.stem:
            raise ValueError("stem: true needs words: tokenize: rouge or unicode")
        return self

    def words(self) -> Words:
        """Return the function that cuts a text into words."""
        if self.tokenize == "rouge":
            return original_rouge(self.stem)
        words = find_words if self.tokenize == "unicode" else find_characters
        if self.lowercase:
            words = lowered(words)
        return stemmed(words) if self.stem else words


class _Blanks:
    """rouge-score's tokenizer for texts whose words have blanks between them."""

    def tokenize(self, text: str) -> list[str]:
        return text.split(" ") if text else []


class RougeGrader(TextMetric[RougeConfig, str]):
    """ROUGE (Lin 2004) of the completion, as Google's rouge-score computes it.

    With several references the best one counts.
    """

    name = "rouge"
    version = "1"
    Config: ClassVar[type[PluginConfig]] = RougeConfig
    metric_names = ("precision", "recall", "f1")

    def __init__(self, config: RougeConfig) -> None:
        from rouge_score.rouge_scorer import RougeScorer

        super().__init__(config)
        self._words = config.words()
        self._scorer = RougeScorer([config.variant], tokenizer=_Blanks())

    def prepare(self, text: str) -> str:
        """Return the words of each line with blanks between them; only rougeLsum sees lines."""
        return "\n".join(
            " ".join(words) for line in text.split("\n") if (words := self._words(line))
        )

    def count_words(self, prepared: str) -> int:
        """Return how many words a prepared text has."""
        return len(prepared.split())

    def check_reference(self, prepared: str) -> None:
        """Raise `ValueError` for a reference that is too short to have an n-gram."""
        needed = {"rouge2": 2, "rouge3": 3}.get(self.config.variant, 1)
        if self.count_words(prepared) < needed:
            raise ValueError(f"{self.config.variant} needs references of {needed} words or more")

    def measure(self, text: str, references: Sequence[str]) -> Measured:
        """Return the best reference's measure, with precision, recall and F1."""
        return max((self._against(text, reference) for reference in references), key=_by_score)

    def _against(self, text: str, reference: str) -> Measured:
        if self.config.variant != "rougeLsum":
            text, reference = text.replace("\n", " "), reference.replace("\n", " ")
        precision, recall, f1 = self._scorer.score(reference, text)[self.config.variant]
        metrics = {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
        reason = f"precision {precision:.3f}, recall {recall:.3f}"
        return Measured(metrics[self.config.measure], reason, metrics)

    def warnings(self) -> Sequence[str]:
        """Return what is suspicious about the configuration."""
        found = []
        if self.config.variant == "rouge1":
            found.append("variant: rouge1 does not see the order of words")
        if self.config.measure == "recall":
            found.append(
                f"measure: recall is won by long completions (up to {self.config.max_words} "
                "words); use f1, or a length_penalty"
            )
        if self.config.measure == "precision":
            found.append("measure: precision is won by one safe word; use f1")
        return found


def _by_score(measured: Measured) -> float:
    return measured.score
