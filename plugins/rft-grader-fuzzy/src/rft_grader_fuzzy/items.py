"""The prepared references of recent items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from rft_core.types import Item
from rft_grader_fuzzy.references import Reference, ReferenceReader

Expected: TypeAlias = Mapping[str, tuple[Reference, ...]]
"""By field, the references; fields that do not apply to the item are left out."""

KEPT_ITEMS: Final = 4096
KEPT_CHARS: Final = 4_000_000


class Items:
    """Reads what items expect; keeps a bounded number of characters of it."""

    def __init__(self, readers: Mapping[str, ReferenceReader]) -> None:
        self._readers = readers
        # An item is found by its identity, which holds as long as the entry keeps the item alive.
        self._kept: dict[int, tuple[Item, Expected]] = {}
        self._chars = 0

    def of(self, item: Item) -> Expected:
        """Return what `item` expects; raise `ValueError` if its row is not usable."""
        kept = self._kept.get(id(item))
        if kept is not None and kept[0] is item:
            return kept[1]
        expected = self.read(item)
        self._chars += sum(len(one.text) for many in expected.values() for one in many)
        if len(self._kept) >= KEPT_ITEMS or self._chars > KEPT_CHARS:
            self._kept.clear()
            self._chars = 0
        self._kept[id(item)] = item, expected
        return expected

    def read(self, item: Item) -> Expected:
        """Return the same; keep nothing."""
        expected = {}
        for name, reader in self._readers.items():
            try:
                references = reader.read(item)
            except ValueError as error:
                raise ValueError(f"field {name!r}: {error}" if name else str(error)) from None
            if references:
                expected[name] = references
        return expected
