"""The grade card: what the tests of a grader found, as data.

NAME.card.json is the card as JSON, its keys as here. `format` changes if a key changes its meaning
or goes. Two cards of the same grader, cases and core differ in `date`, `versions` and `speed` only;
no card holds a path outside of the project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from rft_core.errors import UsageError
from rft_core.testing.findings import Finding
from rft_core.testing.speed import Speed
from rft_core.testing.thresholds import Measure

FORMAT: Final = 1


@dataclass(frozen=True)
class WrongCase:
    """A case that did not come out as expected.

    `where` is file and line, `slip` "false pass", "false fail" or None; `completion` is shortened.
    """

    id: str
    where: str
    completion: str
    expected: str
    got: str
    reason: str | None
    slip: str | None


@dataclass(frozen=True)
class CaseFigures:
    """How the cases came out; `digest` tells these cases from others."""

    file: str | None
    digest: str
    cases: int
    items: int
    repeats: int
    agreed: int
    failed: int
    """Cases on which grading failed, though it was not expected to."""
    false_passes: int
    false_fails: int
    pass_threshold: float
    unsteady: int
    """Cases whose repeats differ in score or outcome."""
    spread: float
    """The largest difference between two scores of a case."""
    wrong: Sequence[WrongCase]


@dataclass(frozen=True)
class CheckFigures:
    """A check of the contract and what it found; a "note" breaks nothing."""

    name: str
    title: str
    kind: str
    findings: Sequence[Finding]


@dataclass(frozen=True)
class AttackExample:
    """An attack that did not end as it should; the completion is shortened."""

    verdict: str
    what: str
    honest: str
    """Where the honest completion is from."""
    completion: str
    got: str
    honest_score: float
    reason: str | None


@dataclass(frozen=True)
class AttackFigures:
    """What became of the attacks of a class; `accepted` is why they do not count, if they do not.

    `hostile` says that the class tries to break the grader and not to be paid.
    """

    cls: str
    title: str
    scope: str
    hostile: bool
    tried: int
    held: int
    fooled: int
    missed: int
    broke: int
    skipped: int
    accepted: str | None
    examples: Sequence[AttackExample]

    @property
    def all_held(self) -> bool:
        """Whether nothing came of the attacks."""
        return not (self.fooled or self.missed or self.broke)


@dataclass(frozen=True)
class GradeCard:
    """What was tested, how it came out, and whether that is as good as the thresholds."""

    format: int
    name: str
    version: str
    distribution: str
    composed: bool
    config: Mapping[str, Any]
    families: Sequence[str]
    score_range: tuple[float | None, float | None]
    """The declared range; None where it has no end."""
    date: str
    passed: bool
    measures: Sequence[Measure]
    cases: CaseFigures | None
    honest: int
    """Right completions that the attacks started from."""
    checks: Sequence[CheckFigures]
    attacks: Sequence[AttackFigures]
    weaknesses: Sequence[str]
    """What a composed reward pays and should not, and how to mend it, the worst first."""
    stale: Sequence[str]
    """What is wrong with declared policies: accepted classes that hold, or are not there."""
    speed: Speed | None
    versions: Mapping[str, str]
    note: str | None

    @property
    def shortfalls(self) -> list[Measure]:
        """The figures that are worse than their limits."""
        return [measure for measure in self.measures if not measure.met]


_ADAPTER: Final = TypeAdapter(GradeCard)


def write_json(card: GradeCard) -> str:
    """Return the card as JSON."""
    return _ADAPTER.dump_json(card, indent=2).decode() + "\n"


def read_card(path: Path) -> GradeCard:
    """Read a NAME.card.json. Raises `UsageError`."""
    try:
        card = _ADAPTER.validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(error.strerror or str(error), where=str(path)) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"not a grade card: {name}: {first['msg']}",
            where=str(path),
            hint="Write it again: rft graders test NAME --card DIR.",
        ) from None
    if card.format != FORMAT:
        raise UsageError(
            f"the card has format {card.format}, this version reads {FORMAT}", where=str(path)
        )
    return card
