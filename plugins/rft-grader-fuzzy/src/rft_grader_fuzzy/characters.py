"""Characters that nobody sees, and the many forms of apostrophes and digits."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final, TypeAlias

Replacement: TypeAlias = str | int | None
"""What `str.translate` puts in place of a character; None: nothing."""

KEPT_CODES: Final = 10_000
APOSTROPHES: Final = frozenset(map(ord, "'`\u00b4\u2018\u2019\u201b\u02bc\u02b9\u2032\uff07"))
MINUS: Final = 0x2212

# Invisible characters that Unicode does not count as control or format characters.
_IGNORABLE: Final = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800}
    | set(range(0x180B, 0x1810))
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)


class Characters(dict[int, Replacement]):
    """A table for `str.translate` that works out characters when they first occur."""

    def __init__(self, replace: Callable[[int], Replacement]) -> None:
        super().__init__()
        self._replace = replace

    def __missing__(self, code: int) -> Replacement:
        if len(self) >= KEPT_CODES:
            self.clear()
        self[code] = replaced = self._replace(code)
        return replaced


def is_invisible(code: int) -> bool:
    """Whether the character shows nothing and takes no room; lone surrogates show nothing."""
    char = chr(code)
    category = unicodedata.category(char)
    if category == "Cc":
        return not char.isspace()
    return category in {"Cf", "Cs"} or code in _IGNORABLE


def is_punctuation(code: int) -> bool:
    """Whether the character is punctuation or a free-standing accent; symbols (+, €) are not."""
    category = unicodedata.category(chr(code))
    return category[0] == "P" or category == "Sk"


VISIBLE: Final = Characters(lambda code: None if is_invisible(code) else code)
"""Drops the invisible."""
