"""The grader `bleu`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from rft_core import PluginConfig
from rft_grader_text_metrics.base import Measured, TextMetric
from rft_grader_text_metrics.config import TextMetricConfig

FORGET_AFTER: Final = 256
"""Texts. sacreBLEU's tokenizers remember 65,536 each: gigabytes, where completions are long."""


class BleuConfig(TextMetricConfig):
    """sacreBLEU's options for single sentences, by its own names."""

    tokenize: Literal["13a", "intl", "zh", "char", "none"] = "13a"
    """sacreBLEU's tokenizer: Western languages, all scripts, Chinese, characters, white space."""
    lowercase: bool = False
    """Whether upper and lower case are the same."""
    smooth_method: Literal["exp", "floor", "add-k", "none"] = "exp"
    """What stands for the precision of n-grams of which none matches."""
    smooth_value: float | None = Field(default=None, gt=0.0, le=1.0)
    """For floor (0.1 if not given) and add-k (1 if not given)."""
    max_ngram_order: int = Field(default=4, ge=1, le=9)
    """The longest n-grams that are compared; shorter texts are compared up to their length."""

    @model_validator(mode="after")
    def _value_belongs_to_method(self) -> Self:
        if self.smooth_value is not None and self.smooth_method in {"exp", "none"}:
            raise ValueError(f"smooth_value is for floor and add-k, not for {self.smooth_method}")
        return self


class BleuGrader(TextMetric[BleuConfig, str]):
    """Sentence BLEU (Papineni et al. 2002) of the completion, as sacreBLEU computes it, over 100.

    It has no recall: a completion shorter than the reference pays by the brevity penalty only.
    """

    name = "bleu"
    version = "1"
    Config: ClassVar[type[PluginConfig]] = BleuConfig
    metric_names = ("precision_1", "brevity_penalty")

    def __init__(self, config: BleuConfig) -> None:
        from sacrebleu.metrics.bleu import BLEU

        super().__init__(config)
        self._tokenizer: Any = BLEU(tokenize=config.tokenize).tokenizer
        self._texts = 0
        self._bleu = BLEU(
            lowercase=config.lowercase,
            tokenize="none",
            smooth_method=config.smooth_method,
            smooth_value=config.smooth_value,
            max_ngram_order=config.max_ngram_order,
            effective_order=True,
            force=True,  # no warnings about texts that look tokenized: they are
        )

    def prepare(self, text: str) -> str:
        """Return the words of a text with blanks between them."""
        self._texts += 1
        if self._texts % FORGET_AFTER == 0:
            self._forget()
        lowered = text.lower() if self.config.lowercase else text
        return str(self._tokenizer(lowered.rstrip()))

    def count_words(self, prepared: str) -> int:
        """Return how many words a prepared text has."""
        return len(prepared.split())

    def measure(self, text: str, references: Sequence[str]) -> Measured:
        """Return BLEU over 100, with the share of right words and the brevity penalty."""
        bleu = self._bleu.sentence_score(text, references)
        metrics = {"precision_1": bleu.precisions[0] / 100, "brevity_penalty": bleu.bp}
        rights = ", ".join(
            f"{right}/{all_}" for right, all_ in zip(bleu.counts, bleu.totals, strict=True)
        )
        reason = f"n-grams right: {rights}; brevity penalty {bleu.bp:.3f}"
        return Measured(bleu.score / 100, reason, metrics)

    def warnings(self) -> Sequence[str]:
        """Return what is suspicious about the configuration."""
        found = []
        if self.config.max_ngram_order == 1:
            found.append("max_ngram_order: 1 does not see the order of words")
        if self.config.smooth_method == "none":
            found.append(
                "smooth_method: none scores every completion 0 that has no 4-gram of the "
                "reference, so a policy that is not yet good has nothing to learn from"
            )
        return found

    def _forget(self) -> None:
        from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp

        for tokenizer in (type(self._tokenizer), TokenizerRegexp):
            forget = getattr(tokenizer.__call__, "cache_clear", None)
            if forget is not None:
                forget()
