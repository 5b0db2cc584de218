"""When two labels are the same: the normalisation policy, and its memory."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, Final, Literal, TypeAlias

Step: TypeAlias = Literal["strip", "collapse_whitespace", "casefold", "nfc", "nfkc"]
Normaliser: TypeAlias = Callable[[str], str]

KEPT_LABELS: Final = 10_000
KEPT_CHARS: Final = 256
"""Longer labels are normalised each time, so that completions cannot fill the memory."""

_KINDS: Final[dict[type, str]] = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def kind_of(value: Any) -> str:
    """Return what a JSON value is, in words."""
    return _KINDS.get(type(value), "no JSON value")


def make_normaliser(steps: Collection[Step]) -> Normaliser:
    """Return a function that maps labels that count as the same to one string.

    The steps apply in a fixed order (Unicode form, case, white space), whatever the order given.
    """
    spaces = _white_space(steps)
    fold = "casefold" in steps
    form = _unicode_form(steps)

    def normalise(label: str) -> str:
        if form is not None and not label.isascii():
            label = unicodedata.normalize(form, label)
            # Folding can leave the normal form ("ǰ" becomes two characters), so it is restored.
            label = unicodedata.normalize(form, label.casefold()) if fold else label
        elif fold:
            label = label.casefold()
        return spaces(label)

    return normalise


def _unicode_form(steps: Collection[Step]) -> Literal["NFC", "NFKC"] | None:
    if "nfkc" in steps:
        return "NFKC"
    return "NFC" if "nfc" in steps else None


def _white_space(steps: Collection[Step]) -> Normaliser:
    if "collapse_whitespace" in steps:
        return lambda label: " ".join(label.split())
    return str.strip if "strip" in steps else str


class NotALabel:
    """Stands for a value that is no string; equal to nothing else, so it is always wrong."""

    __slots__ = ("kind",)

    def __init__(self, value: Any) -> None:
        self.kind = kind_of(value)

    def __str__(self) -> str:
        return f"({self.kind})"


class LabelMemo(dict[Any, Any]):
    """`memo[value]` is the normalised label, or a new `NotALabel`; remembers a bounded number.

    Values that cannot be keys (lists, objects) raise `TypeError`; the methods take any.
    """

    def __init__(self, normalise: Normaliser) -> None:
        super().__init__()
        self._normalise = normalise

    def __missing__(self, value: Any) -> str | NotALabel:
        if not isinstance(value, str):
            return NotALabel(value)
        label = self._normalise(value)
        if len(value) <= KEPT_CHARS:
            if len(self) >= KEPT_LABELS:
                self.clear()
            self[value] = label
        return label

    def normalise_all(self, values: list[Any]) -> list[Any]:
        """Return a normalised label or a `NotALabel` for each value."""
        return [self[value] if isinstance(value, str) else NotALabel(value) for value in values]

    def distinct(self, values: list[Any]) -> frozenset[Any]:
        """Return what `normalise_all` does, as a set."""
        try:
            return frozenset(map(self.__getitem__, values))
        except TypeError:
            return frozenset(self.normalise_all(values))

    def repeated(self, values: list[Any]) -> frozenset[str]:
        """Return the labels that stand more than once among the values."""
        times = Counter(self.normalise_all(values))
        return frozenset(label for label, count in times.items() if count > 1)
