"""What a document's cases score here, against what they scored when it was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader_registry.document import Document
from grader_registry.project.settings import Project
from grader_registry.subject import Score, cases_of, scores, subject_in


@dataclass(frozen=True)
class Moved:
    """A case that scores something else than was published; `case` counts from 1."""

    case: int
    published: Score
    here: Score

    def __str__(self) -> str:
        return f"case {self.case}: published {_told(self.published)}, here {_told(self.here)}"


def moved_cases(project: Project, document: Document) -> list[Moved]:
    """Grade the cases of a vendored document and return those with another score, to the last bit.

    Raises `UsageError` where they cannot be graded.
    """
    spec = document.spec
    folder = project.vendored(spec.name, spec.version)
    return moved_in(project, document, folder)


def moved_in(project: Project, document: Document, folder: Path) -> list[Moved]:
    """Do as `moved_cases`, for a document in any folder."""
    if not document.spec.scores:
        return []
    with subject_in(document, folder, project.permissions) as subject:
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
