"""`rft registry update`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader_registry.cli.out import Out, plain_errors
from grader_registry.errors import RegistryError
from grader_registry.project.resolve import parse_reference
from grader_registry.project.settings import Project
from grader_registry.project.sources import opener
from grader_registry.project.update import Updated, update


def update_command(names: Sequence[str], to: str | None, folder: Path) -> None:
    """Update what a project uses and tell what changed. Raises `UsageError`."""
    out = Out()
    if to is not None and len(names) != 1:
        raise RegistryError("--to is a range for one name", hint="Name one: team/name --to ^2.")
    with plain_errors():
        for name in names:
            if "@" in name:
                raise RegistryError(
                    f"update takes a name alone, not {name!r}", hint="Give the range as --to."
                )
            parse_reference(name)
        wanted = None if to is None else parse_reference(f"{names[0]}@{to}")
        project = Project.find(folder)
        with out.working("looking into the stores"):
            found = update(project, names, opener(project), wanted)
        for one in found:
            _tell(out, one)
    if not found:
        out.line("the lock names nothing yet")


def _tell(out: Out, one: Updated) -> None:
    if one.old.version != one.new.version:
        out.line(f"{one.old.name} {one.old.version} -> {one.new.version}  (from {one.new.store})")
        _tell_changes(out, one)
        _tell_moves(out, one)
    elif one.regraded:
        out.line(f"{one.new.title} is locked with what is installed now")
        _tell_scores(out, one)
    else:
        out.line(f"{one.new.title} is the newest for {one.new.asked()}")
    if one.yanked is not None:
        out.warn(f"{one.new.title} is yanked, and no higher version will do: {one.yanked}")


def _tell_changes(out: Out, one: Updated) -> None:
    known = {change.version for change in one.old_document.spec.changelog}
    for change in one.document.spec.changelog:
        if change.version not in known:
            lines = change.changes.strip().splitlines() or [""]
            out.line("\n    ".join([f"  {change.version} ({change.date}): {lines[0]}", *lines[1:]]))


def _tell_moves(out: Out, one: Updated) -> None:
    """Print which published case scores differ between the two versions."""
    from grader_registry.replay import compare

    with out.working("comparing scores"):
        comparison = compare(one.old_document, one.document)
    out.line(str(comparison))


def _tell_scores(out: Out, one: Updated) -> None:
    if one.moved is None:
        if one.usable.paid:
            out.line("  not graded again, it asks a paid service: `rft registry verify --cases`")
        return
    count = len(one.document.spec.scores)
    out.line(f"  {len(one.moved)} of {count} published scores move")
    for moved in one.moved:
        out.line(f"  {moved}")
