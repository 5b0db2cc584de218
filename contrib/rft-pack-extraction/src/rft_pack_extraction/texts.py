"""Which differences between two texts do not count."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

Step: TypeAlias = Literal["nfc", "nfkc", "collapse_whitespace", "casefold"]

MAX_CHARS: Final = 10_000
"""Of a text that is compared: bringing longer ones to a Unicode form may take very long."""


def normalise(text: str, steps: Sequence[Step]) -> str:
    """Return a text of at most `MAX_CHARS` characters without the differences that `steps` name.

    The result does not depend on the order of the steps.
    """
    form: Literal["NFC", "NFKC"] | None = None
    if "nfc" in steps or "nfkc" in steps:
        form = "NFKC" if "nfkc" in steps else "NFC"
        text = unicodedata.normalize(form, text)
    if "casefold" in steps:
        text = text.casefold()
        text = unicodedata.normalize(form, text) if form else text
    return " ".join(text.split()) if "collapse_whitespace" in steps else text
