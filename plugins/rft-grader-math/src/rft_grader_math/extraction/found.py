"""What was found in a completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rft_grader_math.extraction.afterwards import taken_back_later
from rft_grader_math.extraction.doubt import doubted


@dataclass(slots=True)  # made for every completion, and freezing costs more than all the rest
class Extraction:
    """The final answer of a completion and where it stood.

    `answer` is None if there is none. `place` is the entry of `Policy.extract` that decided.
    `problem` says why what was found does not count, "" if it does. `in_prose`: the answer was
    picked out of running text without being marked as the answer.
    """

    answer: str | None
    place: str = ""
    problem: str = ""
    in_prose: bool = False


DOUBTED: Final = "denied or doubted"
NOTHING: Final = Extraction(None, problem="no answer found")


def checked(
    text: str, start: int, end: int, answer: str, place: str, *, in_prose: bool = False
) -> Extraction:
    """Return what stands at `text[start:end]`, unless it is denied, doubted or taken back."""
    problem = DOUBTED if doubted(text, start, end) or taken_back_later(text, end) else ""
    return Extraction(answer, place, problem, in_prose)
