"""`rft registry search` and `rft registry show`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from rich.table import Column, Table
from rich.text import Text

from grader_registry.cli.add import card_verdict, use_line
from grader_registry.cli.out import Out, plain, plain_errors
from grader_registry.document import SharedSpec
from grader_registry.project.candidate import Candidate, fetch
from grader_registry.project.resolve import parse_reference
from grader_registry.project.settings import Project
from grader_registry.project.sources import stores_of
from grader_registry.stores.store import Entry
from rft_core.testing.card import GradeCard


def search_command(words: Sequence[str], folder: Path) -> None:
    """Print the specs that all words fit, the best first. Raises `UsageError`."""
    out = Out()
    with plain_errors():
        stores = stores_of(Project.find(folder))
        with out.working("searching"):
            found = stores.search(words)
    for problem in found.problems:
        out.warn(problem)
    if not found.hits:
        out.line("nothing found")
        return
    table = Table(Column("name", no_wrap=True), "version", "kind", "card", "what it rewards")
    for hit in found.hits:
        entry = hit.entry
        card = {None: "-", True: "passed", False: "not passed"}[entry.passed]
        what = entry.description
        if entry.yanked is not None:
            what = f"yanked: {entry.yanked}. {what}"
        cells = (entry.name, entry.version, entry.kind, card, what)
        table.add_row(*(Text(plain(cell)) for cell in cells))
    out.console.print(table)


def show_command(reference: str, folder: Path, *, as_json: bool) -> None:
    """Print all about a spec, or its document. Raises `UsageError`."""
    out = Out()
    with plain_errors():
        project = Project.find(folder)
        entry, store = stores_of(project).find(parse_reference(reference))
        versions = store.versions(entry.name)
        candidate = fetch(project, entry, store)
    if as_json:
        sys.stdout.write(candidate.document.data.decode("utf-8") + "\n")
        return
    for line in _lines(candidate, versions):
        out.line(line)


def _lines(candidate: Candidate, versions: Sequence[Entry]) -> Iterator[str]:
    spec, entry = candidate.document.spec, candidate.entry
    yield f"{candidate.document.title}  ({spec.kind}, {spec.license})"
    yield spec.description
    if entry.yanked is not None:
        yield f"yanked: {entry.yanked}"
    yield ""
    yield f"owners: {', '.join(spec.owners)}"
    if spec.keywords:
        yield f"keywords: {', '.join(spec.keywords)}"
    yield f"digest: {candidate.document.digest}"
    yield f"store: {candidate.store}"
    if candidate.signer is not None:
        yield f"signed by {candidate.signer}"
    yield f"versions: {', '.join(map(_version, reversed(versions)))}"
    yield f"graders: {', '.join(_graders(spec))}"
    if spec.requires:
        yield f"requires: {', '.join(f'{name}{wanted}' for name, wanted in spec.requires.items())}"
    if spec.files:
        yield f"files: {', '.join(spec.files)}"
    yield f"cases: {len(spec.cases)}"
    yield from _columns(spec)
    yield from _card(spec)
    if spec.notes:
        yield f"\n{spec.notes}"
    yield f"\nrft registry add '{spec.name}@^{spec.version}'"
    yield use_line(spec, f"^{spec.version}")


def _version(entry: Entry) -> str:
    return entry.version if entry.yanked is None else f"{entry.version} (yanked)"


def _graders(spec: SharedSpec) -> Iterator[str]:
    for name in dict.fromkeys(spec.uses()):
        yield f"{name} {spec.graders[name]}" if name in spec.graders else name


def _columns(spec: SharedSpec) -> Iterator[str]:
    if spec.columns:
        yield "columns of a row:"
    for name, what in spec.columns.items():
        yield f"  {name}: {what}"


def _card(spec: SharedSpec) -> Iterator[str]:
    yield f"grade card: {card_verdict(spec)}"
    try:
        card = None if spec.card is None else TypeAdapter(GradeCard).validate_python(spec.card)
    except ValidationError:
        yield "  its measures cannot be read"
        return
    for measure in card.measures if card is not None else ():
        value = "not measured" if measure.value is None else f"{measure.value:g}"
        yield f"  {measure.title}: {value} ({measure.wanted}{'' if measure.met else ', NOT met'})"
