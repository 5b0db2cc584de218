"""What a document's cases score here, against what they scored when it was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader_registry.document import Document
from grader_registry.subject import Score, cases_of, scores
from rft_core.testing.subject import Subject


@dataclass(frozen=True)
class Moved:
    """A case that scores something else than was published; `case` counts from 1."""

    case: int
    published: Score
    here: Score

    def __str__(self) -> str:
        return f"case {self.case}: published {_told(self.published)}, here {_told(self.here)}"


def moved_cases(document: Document, subject: Subject) -> list[Moved]:
    """Grade a document's cases and return those with another score, to the last bit.

    Raises `UsageError` where they cannot be graded.
    """
    if not document.spec.scores:
        return []
    here = scores(subject, cases_of(document, subject.score_range))
    return differences(document.spec.scores, here)


def differences(published: Sequence[Score], here: Sequence[Score]) -> list[Moved]:
    """Return where scores differ; canonical JSON writes 1.0 as 1, which is the same number."""
    pairs = enumerate(zip(published, here, strict=True), start=1)
    return [Moved(case, old, new) for case, (old, new) in pairs if _told(old) != _told(new)]


def _told(score: Score) -> str:
    """Return a score with all of its bits."""
    if score is None:
        return "not applicable"
    return score if isinstance(score, str) else f"{float(score)!r} ({float(score).hex()})"
