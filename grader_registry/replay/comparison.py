"""Two versions of a shared spec: what their configs say, and what their scores are."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from grader_registry.document import Document, SharedSpec
from grader_registry.errors import RegistryError
from grader_registry.project.installed import regraded
from grader_registry.publishing.trial import graded, scored
from grader_registry.replay.moves import Moves, Pair, paired
from grader_registry.replay.samples import Samples
from grader_registry.replay.telling import lines_of
from grader_registry.replay.union import Case, key, places, union
from rft_core.configurable import Permissions
from rft_core.errors import UsageError
from rft_core.task.source import write_yaml
from rft_core.testing.wording import one_line

_COMPARED: Final = ("description", "notes", "columns", "requires")
_NOTHING: Final = Permissions()
SHOWN: Final = 10
"""So many moves are told."""


@dataclass(frozen=True)
class Comparison:
    """What is different; `notes` say what could not be compared, or is not as it was published.

    `is_measured` says that both were graded now. `samples` are a run's, None without one.
    """

    old: Document
    new: Document
    cases: Moves
    samples: Moves | None = None
    notes: tuple[str, ...] = ()
    is_measured: bool = False
    config: tuple[str, ...] = field(default=())
    """The unified diff of the specs, as lines that can be printed."""

    def __str__(self) -> str:
        notes = (f"note: {note}" for note in self.notes)
        cases = lines_of(self.cases, "case", SHOWN)
        samples = lines_of(self.samples, "sample", SHOWN) if self.samples else ()
        return "\n".join([*notes, *cases, *samples])

    def as_json(self) -> dict[str, Any]:
        """Return it all as plain data."""
        return {
            "old": {"spec": self.old.title, "digest": self.old.digest},
            "new": {"spec": self.new.title, "digest": self.new.digest},
            "measured": self.is_measured,
            "config": list(self.config),
            "cases": self.cases.as_json(),
            "samples": None if self.samples is None else self.samples.as_json(),
            "notes": list(self.notes),
        }


def compare(old: Document, new: Document) -> Comparison:
    """Compare the scores that two versions were published with, over their equal cases.

    Nothing is graded. Cases without published scores are left out, with a note.
    """
    before, after = _published(old), _published(new)
    names = dict(zip(map(key, new.spec.cases), places(new.spec.cases), strict=True))
    pairs = [Pair(*names[k], before[k], score) for k, score in after.items() if k in before]
    notes = [
        f"{one.title} was published without scores"
        for one in (old, new)
        if one.spec.cases and not one.spec.scores
    ]
    return Comparison(old, new, Moves(pairs), None, tuple(notes), config=config_diff(old, new))


def replay(
    old: Document,
    new: Document,
    permissions: Permissions = _NOTHING,
    samples: Samples | None = None,
) -> Comparison:
    """Grade the cases of both versions with both, and a run's samples if some are given.

    The graders are those that are installed. If the old version can no longer be graded with, the
    scores that it was published with are compared. Raises `UsageError` if the new one cannot.
    """
    lists = union(old, new)
    after = scored(new, lists, permissions)
    try:
        before = scored(old, lists, permissions)
    except UsageError as error:
        by_scores = _without_the_old(old, new, permissions, error)
        unused = () if samples is None else ("so the run's samples are not graded",)
        return replace(by_scores, notes=(*by_scores.notes, *unused))
    named = (places(lists[0]), places(lists[1], old.spec.version))
    rows = zip(named, before, after, strict=True)
    pairs = [pair for where, was, now in rows for pair in paired(where, was, now)]
    found = None
    if samples is not None:
        plain = samples.plain()
        was, now = (graded(one, plain, permissions) for one in (old, new))
        found = Moves(paired(samples.places, was, now))
    notes = (*_versions(old), *_drift(old, lists, before))
    return Comparison(old, new, Moves(pairs), found, notes, True, config_diff(old, new))


def _without_the_old(
    old: Document, new: Document, permissions: Permissions, error: UsageError
) -> Comparison:
    """Return the comparison with what the old version's cases scored when it was published."""
    if len(old.spec.scores) != len(old.spec.cases):
        raise RegistryError(
            f"{old.title} cannot be graded with here, and was published without scores: {error}",
            hint="Install what it requires.",
        )
    (after,) = scored(new, [old.spec.cases], permissions)
    pairs = paired(places(old.spec.cases, old.spec.version), old.spec.scores, after)
    note = (
        f"{old.title} cannot be graded with here ({error}), so the scores that its own cases were "
        "published with are compared"
    )
    return Comparison(old, new, Moves(pairs), None, (note,), False, config_diff(old, new))


def config_diff(old: Document, new: Document) -> tuple[str, ...]:
    """Return the unified diff of what two versions say, files included, as lines."""
    before, after = _text(old.spec), _text(new.spec)
    lines = difflib.unified_diff(before, after, old.title, new.title, lineterm="")
    return tuple(map(one_line, lines))


def _text(spec: SharedSpec) -> list[str]:
    """Return the spec as lines of YAML, and the lines of its files."""
    plain = spec.model_dump(mode="json", exclude_unset=True)
    kept: dict[str, Any] = {name: plain[name] for name in _COMPARED if plain.get(name)}
    kept[spec.kind] = plain[spec.kind]
    lines = write_yaml(kept).splitlines()
    for name, text in sorted(spec.files.items()):
        lines += [f"# {name}", *text.splitlines()]
    return lines


def _published(document: Document) -> Mapping[str, Any]:
    """Return the scores that a version was published with, by case."""
    spec = document.spec
    if not spec.scores:
        return {}
    return dict(zip(map(key, spec.cases), spec.scores, strict=True))


def _versions(old: Document) -> Iterator[str]:
    found = regraded(old.spec).items()
    others = "; ".join(f"{name} was {then}, here it is {here}" for name, (then, here) in found)
    if others:
        yield f"{old.title} was published with other versions of graders: {others}"


def _drift(old: Document, lists: tuple[Any, ...], found: list[list[Any]]) -> Iterator[str]:
    """Say if the old version scores otherwise now than when it was published."""
    before = _published(old)
    cases: list[Case] = [case for some in lists for case in some]
    scores = [score for some in found for score in some]
    known = {key(case): score for case, score in zip(cases, scores, strict=True)}
    others = sum(known[k] != score for k, score in before.items() if k in known)
    if others:
        yield (
            f"{others} of {len(before)} cases of {old.title} score otherwise here than when it was "
            "published: its graders have changed, or their scores vary"
        )
