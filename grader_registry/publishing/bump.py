"""Which bump of the version the scores call for, and which one a version is.

| what moves from the one version to the other | bump |
|---|---|
| nothing, to the last bit | patch |
| scores only rise, or come where there was an error or none | minor |
| a score falls; an outcome becomes "not applicable" or an error; the columns change | major |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from semantic_version import Version

from grader_registry.document import Bump, SharedSpec
from grader_registry.naming import parse_version
from grader_registry.replay.comparison import Comparison
from grader_registry.replay.telling import lines_of

RANKS: Final[Sequence[Bump]] = ("patch", "minor", "major")
SHOWN: Final = 5
"""So many cases are told."""


@dataclass(frozen=True)
class Call:
    """The bump that is called for, and why, in lines."""

    bump: Bump
    why: tuple[str, ...]


def called_for(comparison: Comparison) -> Call:
    """Return the bump that a comparison of a version with its predecessor calls for."""
    major = tuple(_breaks(comparison))
    moves = comparison.cases
    if major or moves.fell:
        told = lines_of(moves, "case", SHOWN) if moves.moved else ()
        return Call("major", (*major, *told))
    if moves.moved:
        return Call("minor", tuple(lines_of(moves, "case", SHOWN)))
    count = len(moves.pairs)
    return Call("patch", (f"all {count} cases score the same" if count else "nothing is graded",))


def _breaks(comparison: Comparison) -> Iterator[str]:
    """Yield what breaks the use of a spec besides scores."""
    old, new = comparison.old.spec, comparison.new.spec
    if old.kind != new.kind:
        yield f"it was a {old.kind} and is a {new.kind}"
    gone, come = sorted({*old.columns} - {*new.columns}), sorted({*new.columns} - {*old.columns})
    if gone or come:
        changes = [f"+{name}" for name in come] + [f"-{name}" for name in gone]
        yield f"the columns that rows need change: {', '.join(changes)}"
    if not comparison.cases.pairs and _graded_with(old) != _graded_with(new):
        yield "it is graded with something else, and there are no cases that show the scores stay"


def _graded_with(spec: SharedSpec) -> object:
    return spec.reward, spec.grader, spec.files


def bump_of(old: str, new: str) -> Bump:
    """Return which bump a higher version is, as ranges such as ^1.2 and ^0.2 understand it.

    Below 1.0 the second number is what may break, and below 0.1 the third is.
    """
    before, after = parse_version(old), parse_version(new)
    if line(before) != line(after) or (line(after) == (0, 0) and _core(before) != _core(after)):
        return "major"
    if before.major == 0 or before.minor != after.minor:
        return "minor"
    return "patch"


def is_smaller(one: Bump, other: Bump) -> bool:
    """Whether a bump promises more than another."""
    return RANKS.index(one) < RANKS.index(other)


def line(version: Version) -> tuple[int, int]:
    """Return what versions have in common that may take each other's place."""
    return (version.major, 0) if version.major else (0, version.minor)


def lowest(old: str, bump: Bump) -> str:
    """Return the lowest version above a release that is such a bump."""
    version = parse_version(old)
    if version.major == 0:
        second = bump == "major" and version.minor > 0
        return f"0.{version.minor + 1}.0" if second else f"0.{version.minor}.{version.patch + 1}"
    if bump == "major":
        return f"{version.major + 1}.0.0"
    if bump == "minor":
        return f"{version.major}.{version.minor + 1}.0"
    return f"{version.major}.{version.minor}.{version.patch + 1}"


def _core(version: Version) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch
