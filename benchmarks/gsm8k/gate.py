"""The format gate of the GSM8K benchmark."""

from __future__ import annotations

import re

from rft_core import Sample

_LAST_LINE = re.compile(r"(?:^|\n)A: \S+\s*\Z")


def ends_with_answer(sample: Sample) -> float:
    """Return 1.0 if the last line is `A: …`, else 0.0."""
    return float(_LAST_LINE.search(sample.text) is not None)
