"""Which answers are refused altogether, and the reader that the configuration asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rft_core.errors import OutputParseError
from rft_core.types import Sample
from rft_grader_multilabel.config import MultilabelConfig
from rft_grader_multilabel.normalise import LabelMemo
from rft_grader_multilabel.reading import DelimitedLabels, JsonLabels, Reader
from rft_grader_multilabel.reasons import listing


def make_reader(config: MultilabelConfig, memo: LabelMemo, vocabulary: Iterable[str]) -> Reader:
    """Return a reader of what `labels` describes that refuses what the policies refuse.

    `vocabulary` is normalised.
    """
    read = _make_source(config, memo)
    if "reject" not in {config.duplicates, config.unknown}:
        return read
    return Rejecting(read, config, memo, frozenset(vocabulary)).read


def _make_source(config: MultilabelConfig, memo: LabelMemo) -> Reader:
    if isinstance(config.labels, str):
        return JsonLabels(config.labels, config.max_labels).read
    spellings = config.vocabulary or ()
    return DelimitedLabels(config.labels.split, config.max_labels, spellings, memo).read


class Rejecting:
    """Refuses answers with repeated or unknown labels, as far as the policies say so."""

    def __init__(
        self, read: Reader, config: MultilabelConfig, memo: LabelMemo, vocabulary: frozenset[str]
    ) -> None:
        self._read = read
        self._config = config
        self._memo = memo
        self._vocabulary = vocabulary

    def read(self, sample: Sample) -> list[Any]:
        """Return the labels as written; raise `OutputParseError`."""
        values = self._read(sample)
        distinct = self._memo.distinct(values)
        if self._config.duplicates == "reject" and len(values) > len(distinct):
            raise OutputParseError(f"repeated: {listing(self._memo.repeated(values))}")
        if self._config.unknown == "reject" and (unknown := distinct - self._vocabulary):
            raise OutputParseError(f"unknown: {listing(unknown)}")
        return values
