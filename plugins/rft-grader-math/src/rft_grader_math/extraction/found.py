"""What was found in a completion."""

from __future__ import annotations

from dataclasses import dataclass


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


NOTHING = Extraction(None, problem="no answer found")
