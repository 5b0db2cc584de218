"""The labels that a row expects: read, checked and kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rft_core.suggest import did_you_mean
from rft_core.types import Item
from rft_grader_multilabel.config import MultilabelConfig
from rft_grader_multilabel.normalise import LabelMemo, kind_of
from rft_grader_multilabel.reading import LabelPath, LabelsNotFoundError
from rft_grader_multilabel.reasons import shown

KEPT_ITEMS: Final = 4096


class References:
    """Reads the reference labels of items; those of recent items are kept."""

    def __init__(
        self, config: MultilabelConfig, memo: LabelMemo, vocabulary: Mapping[str, str]
    ) -> None:
        self._path = LabelPath(config.reference)
        self._max_labels = config.max_labels
        self._memo = memo
        self._vocabulary = vocabulary
        # An item is found by its identity, which holds as long as the entry keeps the item alive.
        self._kept: dict[int, tuple[Item, frozenset[str]]] = {}

    def of(self, item: Item) -> frozenset[str]:
        """Return the normalised labels that `item` expects; raise `ValueError` if unusable."""
        kept = self._kept.get(id(item))
        if kept is not None and kept[0] is item:
            return kept[1]
        expected = frozenset(self.read(item))
        if len(self._kept) >= KEPT_ITEMS:
            self._kept.clear()
        self._kept[id(item)] = item, expected
        return expected

    def read(self, item: Item) -> dict[str, str]:
        """Return the same labels, with the row's spelling of each; keep nothing."""
        values = self._values(item)
        if len(values) > self._max_labels:
            raise ValueError(
                f"the reference has {len(values)} labels, more than max_labels ({self._max_labels})"
            )
        expected: dict[str, str] = {}
        for value in values:
            expected.setdefault(self._normalised(value), value)
        return expected

    def _values(self, item: Item) -> list[Any]:
        fields = item.fields if type(item.fields) is dict else dict(item.fields)
        try:
            return self._path.read(fields)
        except LabelsNotFoundError as error:
            columns = ", ".join(fields) or "none"
            raise ValueError(f"reference: {error} (columns of the row: {columns})") from None

    def _normalised(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"a reference label is {kind_of(value)}, not a string")  # noqa: TRY004 - the contract of check_item
        label: str = self._memo[value]
        if not label.strip():
            raise ValueError("a reference label is blank")
        if self._vocabulary and label not in self._vocabulary:
            hint = did_you_mean(value, self._vocabulary.values()) or ""
            raise ValueError(
                f"the reference label {shown(value)!r} is not in the vocabulary. {hint}".rstrip()
            )
        return label
