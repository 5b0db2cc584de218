"""What the graders have in common: references, bounds, and the completions that score 0."""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar

from rft_core import Grade, Grader, Item, Sample, compile_path
from rft_grader_text_metrics.config import TextMetricConfig
from rft_grader_text_metrics.references import read_references

CHARACTERS_PER_WORD: Final = 20
KEPT_ITEMS: Final = 4096

TextMetricConfigT = TypeVar("TextMetricConfigT", bound=TextMetricConfig)
PreparedT = TypeVar("PreparedT")


class Measured(NamedTuple):
    """A score from 0 to 1, how it came about, and the numbers behind it."""

    score: float
    reason: str
    metrics: Mapping[str, float]


class TextMetric(Grader[TextMetricConfigT], Generic[TextMetricConfigT, PreparedT]):
    """Compares the completion's words with those of the row's references.

    `PreparedT` is a text made ready for the metric's library. Both sides are brought to Unicode's
    composed form (NFC) before.
    """

    family = "similarity"
    deterministic = True
    timeout = 10.0
    metric_names: ClassVar[tuple[str, ...]]

    def __init__(self, config: TextMetricConfigT) -> None:
        super().__init__(config)
        self._find = compile_path(config.reference)
        self._most_chars = config.max_words * CHARACTERS_PER_WORD
        # An item is found by its identity, which holds as long as the entry keeps the item alive.
        self._kept: dict[int, tuple[Item, list[PreparedT]]] = {}

    def __reduce__(self) -> tuple[type[Any], tuple[TextMetricConfigT]]:
        return type(self), (self.config,)

    @abstractmethod
    def prepare(self, text: str) -> PreparedT:
        """Return the text as the metric compares it."""

    @abstractmethod
    def count_words(self, prepared: PreparedT) -> int:
        """Return how many words a prepared text has."""

    @abstractmethod
    def measure(self, text: PreparedT, references: Sequence[PreparedT]) -> Measured:
        """Compare a text with references; none of them is without words."""

    def check_reference(self, prepared: PreparedT) -> None:
        """Raise `ValueError` for a reference that nothing could equal under the metric."""

    def check_item(self, item: Item) -> None:
        """Raise `ValueError` unless the row has references that can be compared with."""
        self._read(item)

    def reference_completion(self, item: Item) -> str | None:
        """Return the first reference."""
        return read_references(self._find, self.config.reference, item)[0]

    def grade(self, sample: Sample) -> Grade:
        """Grade a sample; raise `ValueError` for a row without a usable reference."""
        references = self._references(sample.item)
        if not sample.text.strip():
            return self._zero("the completion is empty")
        if len(sample.text) > self._most_chars:
            return self._zero(f"{len(sample.text)} characters; {self._most_chars} are compared")
        prepared = self._prepared(sample.text)
        words = self.count_words(prepared)
        if not words:
            return self._zero("the completion has no words to compare")
        if words > self.config.max_words:
            return self._zero(f"{words} words, more than max_words ({self.config.max_words})")
        score, reason, metrics = self.measure(prepared, references)
        return Grade(min(score, 1.0), reason, metrics)  # sums of floats exceed 1 by a hair

    def _zero(self, reason: str) -> Grade:
        return Grade(0.0, reason, dict.fromkeys(self.metric_names, 0.0))

    def _prepared(self, text: str) -> PreparedT:
        return self.prepare(unicodedata.normalize("NFC", text))

    def _references(self, item: Item) -> list[PreparedT]:
        kept = self._kept.get(id(item))
        if kept is not None and kept[0] is item:
            return kept[1]
        references = self._read(item)
        if len(self._kept) >= KEPT_ITEMS:
            self._kept.clear()
        self._kept[id(item)] = item, references
        return references

    def _read(self, item: Item) -> list[PreparedT]:
        return [
            self._checked(text) for text in read_references(self._find, self.config.reference, item)
        ]

    def _checked(self, text: str) -> PreparedT:
        most = self.config.max_words
        if len(text) > self._most_chars:
            raise ValueError(
                f"a reference has {len(text)} characters; {self._most_chars} are compared"
            )
        prepared = self._prepared(text)
        words = self.count_words(prepared)
        if not words:
            raise ValueError(f"nothing is left to compare of the reference {text!r:.60}")
        if words > most:
            raise ValueError(f"a reference has {words} words, more than max_words ({most})")
        self.check_reference(prepared)
        return prepared
