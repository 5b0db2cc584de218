"""Short texts that say why an answer scored what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rft_grader_fuzzy.comparing import Result
from rft_grader_fuzzy.config import SIMILARITY

PLAIN: Final[Sequence[tuple[str, Mapping[str, float]]]] = [
    (f"similarity {thousandths / 1000:.3f}", {SIMILARITY: thousandths / 1000})
    for thousandths in range(1001)
]
"""For each similarity, in thousandths, the reason and the metrics of a grade that says no more.

Most grades are of this kind, so these are made once; the core checks a shared mapping once, too.
"""


def described(result: Result, references: int = 1) -> str:
    """Return the reason for a result; `references` says among how many the best was chosen."""
    text = f"similarity {result.similarity:.3f}"
    if references > 1:
        text = f"{text} to reference {result.reference + 1} of {references}"
    if result.fired is not None:
        return f"{result.fired.why} ({text})" if result.similarity else result.fired.why
    return text if result.score else f"{text}, too low to earn anything"
