"""`rft registry site`."""

from __future__ import annotations

from pathlib import Path

from grader_registry.cli.out import Out, plain_errors
from grader_registry.project.settings import Project
from grader_registry.project.sources import stores_of
from grader_registry.stores.opening import open_store


def site_command(output: Path, store: str | None, title: str, folder: Path) -> None:
    """Write the pages of a store. Raises `UsageError`."""
    from grader_registry.site.build import build_site

    out = Out()
    with plain_errors():
        project = Project.find(folder)
        named = stores_of(project).stores[0] if store is None else open_store(store, project.root)
        with out.working("writing pages"):
            written = build_site(named, output, title=title)
    out.line(f"{output / 'index.html'}: {written.specs} specs in {written.versions} versions")
