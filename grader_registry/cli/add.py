"""`rft registry add`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from grader_registry.cli.out import Out, plain_errors
from grader_registry.document import SharedSpec
from grader_registry.naming import shown
from grader_registry.project.add import Added, add
from grader_registry.project.resolve import parse_reference
from grader_registry.project.settings import Project
from grader_registry.project.sources import opener

_DONE: Final = {"added": "added", "written": "written anew", "kept": "is there already"}
SHORT_DIGEST: Final = len("sha256:") + 12


def add_command(references: Sequence[str], folder: Path, *, frozen: bool) -> None:
    """Take specs into a project and tell what they do. Raises `UsageError`."""
    out = Out()
    with plain_errors():
        project = Project.find(folder)
        wanted = [parse_reference(one) for one in references]
        with out.working("looking into the stores"):
            found = add(project, wanted, opener(project), frozen=frozen)
    for one in found:
        for line in _told(one):
            out.line(line)
        if one.yanked is not None:
            out.warn(f"{one.entry.title} is yanked: {one.yanked}")
        if one.complaint is not None:
            out.warn(one.complaint)
    if not found:
        out.line(f"{project.lock_file} names nothing yet: rft registry add TEAM/NAME")


def _told(added: Added) -> Iterator[str]:
    entry = added.entry
    digest = entry.digest[:SHORT_DIGEST]
    yield f"{entry.title} {_DONE[added.what]}  ({digest}, from {entry.store})"
    if added.what == "added":
        yield from (f"  {line}" for line in _news(added))


def _news(added: Added) -> Iterator[str]:
    spec, entry, usable = added.document.spec, added.entry, added.usable
    yield spec.description
    yield f"grade card: {card_verdict(spec)}"
    if entry.signer is not None:
        yield f"signed by {entry.signer}"
    if usable is not None and usable.paid:
        yield "asks a paid service for every grade"
    if usable is not None and usable.addresses:
        yield f"asks {', '.join(usable.addresses)}"
    if usable is not None and usable.keys:
        yield f"sends keys out of {', '.join(usable.keys)}"
    for name, (theirs, ours) in usable.regraded.items() if usable is not None else ():
        yield (
            f"published with version {theirs} of {shown(name)}, and {ours} is installed: "
            "`rft registry verify --cases` tells whether scores differ"
        )
    yield f"use it as {use_line(spec, entry.reference)}"


def card_verdict(spec: SharedSpec) -> str:
    """Return what a spec's grade card says, in a word or two."""
    if spec.card is None:
        return "none"
    return "passed" if spec.card.get("passed") is True else "NOT passed"


def use_line(spec: SharedSpec, wanted: str) -> str:
    """Return how a task file uses a spec."""
    reference = spec.name if wanted == "*" else f"{spec.name}@{wanted}"
    use = f'{{use: "{reference}"}}'
    if spec.kind == "reward":
        return f"reward: {use}"
    key = spec.name.rpartition("/")[2].replace("-", "_")
    return f"reward: {{graders: {{{key}: {use}}}}}"
