"""Writes a site: pages for people, and beside them the documents as a static index.

index.html               the specs
TEAM/NAME/index.html     a page of each spec
TEAM/NAME/cases.js       its cases, where they are too many for the page
site.css, site.js        what the pages share
index.json, TEAM/NAME/VERSION.json …   as in any store of files: see `stores.layout`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from grader_registry.document import Document
from grader_registry.errors import IntegrityError
from grader_registry.site.cases import data_script
from grader_registry.site.compare import compare
from grader_registry.site.folder import SiteFolder, replaced
from grader_registry.site.page import ListedSpec, VersionView, listed, spec_view
from grader_registry.site.requirements import require_site
from grader_registry.stores.index import INDEX, Index, write_index
from grader_registry.stores.layout import (
    document_path,
    entry_of,
    from_low_to_high,
    newest,
    signature_path,
    write_note,
    yanked_path,
)
from grader_registry.stores.store import Entry, Store

if TYPE_CHECKING:
    from grader_registry.site.render import Pages

MAX_COMPARED: Final = 20
"""So many versions of a spec are compared with those before them, the newest."""

OnWritten: TypeAlias = Callable[[str, int, int], None]
"""Called after each spec with its name, how many are written, and how many there are."""


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """What was written, and where."""

    folder: Path
    specs: int
    versions: int
    yanked: int


def build_site(
    store: Store,
    output: Path,
    *,
    title: str = "Reward specs",
    on_written: OnWritten | None = None,
) -> SiteSummary:
    """Write the site of a store into the folder `output`: all of it, or nothing.

    `output` is not there, empty, or a site, which is replaced. Raises `StoreError` if it is
    anything else or the store cannot be read, `IntegrityError` or `DocumentError` for a document
    that is not what the store says, `UsageError` if the template library is not installed.
    """
    require_site()
    from grader_registry.site.render import ASSETS, Pages, asset

    with replaced(output) as folder:
        writer = _Writer(store, folder, Pages(title))
        entries = store.entries()
        for done, name in enumerate(sorted(entries), start=1):
            if entries[name]:
                writer.spec(name, from_low_to_high(entries[name]))
            if on_written is not None:
                on_written(name, done, len(entries))
        writer.index()
        for name in ASSETS:
            folder.write(name, asset(name))
    return writer.summary(output.resolve())


class _Writer:
    """Writes spec after spec; at most three documents are held at a time."""

    def __init__(self, store: Store, folder: SiteFolder, pages: Pages) -> None:
        self._store = store
        self._folder = folder
        self._pages = pages
        self._listed: list[ListedSpec] = []
        self._index: dict[str, Sequence[Entry]] = {}

    def spec(self, name: str, entries: Sequence[Entry]) -> None:
        """Write the documents and the page of a spec; entries go from low to high."""
        best = newest(entries)
        proved: list[Entry] = []
        versions: list[VersionView] = []
        before: Document | None = None
        chosen: tuple[Document, Entry] | None = None
        for left, claimed in zip(range(len(entries), 0, -1), entries, strict=True):
            document = self._read(claimed)
            entry = entry_of(document, claimed.yanked, self._store.address)
            signed = self._copy(document, entry)
            compared = before if left <= MAX_COMPARED else None
            versions.append(_version(document, compared, entry, signed))
            proved.append(entry)
            before = document
            if claimed is best:
                chosen = document, entry
        self._index[name] = proved
        assert chosen is not None  # noqa: S101 - the best is one of the entries
        self._page(*chosen, versions[::-1])

    def _page(self, document: Document, entry: Entry, versions: Sequence[VersionView]) -> None:
        view = spec_view(document, entry, versions)
        if view.has_more_cases:
            self._folder.write(f"{entry.name}/cases.js", data_script(view.cases))
        self._folder.write(f"{entry.name}/index.html", self._pages.spec(view))
        self._listed.append(listed(document, entry, len(versions)))

    def index(self) -> None:
        """Write the list of the specs, for people and for machines."""
        self._folder.write("index.html", self._pages.index(self._listed))
        self._folder.write(INDEX, write_index(Index(self._index)))

    def summary(self, folder: Path) -> SiteSummary:
        """Return what was written."""
        entries = [entry for versions in self._index.values() for entry in versions]
        yanked = sum(entry.yanked is not None for entry in entries)
        return SiteSummary(folder, len(self._index), len(entries), yanked)

    def _read(self, entry: Entry) -> Document:
        document = self._store.read(entry)
        if (document.title, document.digest) != (entry.title, entry.digest):
            raise IntegrityError(
                f"{entry.title} is not what the store's index says: it is {document.title}, "
                f"{document.digest}",
                where=self._store.address,
                hint="The store's owner has to restore it.",
            )
        return document

    def _copy(self, document: Document, entry: Entry) -> bool:
        """Copy a document and what belongs to it; return whether it has a signature."""
        place = entry.name, entry.version
        self._folder.write(document_path(*place), document.data)
        if entry.yanked is not None:
            self._folder.write(yanked_path(*place), write_note(entry.yanked))
        signature = self._store.signature(entry)
        if signature is not None:
            self._folder.write(signature_path(*place), signature)
        return signature is not None


def _version(
    document: Document, before: Document | None, entry: Entry, signed: bool
) -> VersionView:
    changes = (one for one in document.spec.changelog if one.version == entry.version)
    comparison = None if before is None else compare(before.spec, document.spec)
    return VersionView(entry, next(changes, None), signed, comparison)
