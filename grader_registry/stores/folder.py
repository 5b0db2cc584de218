"""A store in a folder: the files are the truth, and `index.json` spares reading them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from grader_registry import canonical
from grader_registry.canonical import digest
from grader_registry.document import Document
from grader_registry.errors import RegistryError, StoreError
from grader_registry.stores import publishing
from grader_registry.stores.files import read_below
from grader_registry.stores.index import INDEX, Index, read_index, without_collection
from grader_registry.stores.index import MAX_BYTES as MAX_INDEX
from grader_registry.stores.layout import (
    MAX_NOTE,
    MAX_SIGNATURE,
    check_place,
    document_path,
    entry_of,
    from_low_to_high,
    prove,
    read_document,
    read_note,
    signature_path,
    yanked_path,
)
from grader_registry.stores.scan import SpecFiles, reason, scan, scan_spec, unreadable
from grader_registry.stores.store import Entry

INIT: Final = "`rft registry init` makes a store."


class FolderReader:
    """A folder of specs, to be read. Nothing is ever written to it."""

    def __init__(self, path: Path, address: str) -> None:
        """Take the folder at `path`; it is looked at when something is asked for."""
        self.path = path
        self.address = address
        self._problems: list[str] = []

    def problems(self) -> Sequence[str]:
        """Return what `entries` found and left out when it was last called, a line each."""
        return tuple(self._problems)

    def note_problem(self, line: str) -> None:
        """Add to the problems."""
        self._problems.append(line)

    def entries(self) -> Mapping[str, Sequence[Entry]]:
        """Return all versions of all specs by name; those that cannot be read are left out."""
        return self.index().entries

    def index(self) -> Index:
        """Return what an index has to say now; documents are read where that is not known.

        A spec with problems has no mark, so it is looked at each time. Raises `StoreError`.
        """
        self._expect_folder()
        with without_collection():
            found = scan(self.path, self.address)
            self._problems = found.problems
            before = self._written_index()
        entries: dict[str, Sequence[Entry]] = {}
        marks: dict[str, str] = {}
        for name, files in found.specs.items():
            known = before.entries.get(name, ())
            if files.problems or before.made_from.get(name) != files.mark:
                problems = list(files.problems)
                known = self._read_spec(files, known, problems.append)
                self._problems += problems
                files.mark = "" if problems else files.mark
            if known:
                entries[name] = known
            if files.mark and known:
                marks[name] = files.mark
        return Index(entries, marks)

    def versions(self, name: str) -> Sequence[Entry]:
        """Return the versions of one spec, from its documents.

        Raises `RegistryError` if any of them cannot be read: a lower version than the one that was
        asked for should not be taken in silence.
        """
        self._expect_folder()
        check_place(name, "0.0.0")
        where = f"{self.address}/{name}"
        try:
            files = scan_spec(self.path, name)
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise unreadable(error, where) from None
        if files.problems:
            raise StoreError(files.problems[0], where=self.address)
        return from_low_to_high(
            self._read_entry(name, version, version in files.yanked, None)
            for version in files.documents
        )

    def read(self, entry: Entry) -> Document:
        """Return the document of an entry. Raises `IntegrityError` if it is another one."""
        path = document_path(entry.name, entry.version)
        data = self._bytes(path, canonical.MAX_BYTES)
        return prove(data, entry, f"{self.address}/{path}")

    def signature(self, entry: Entry) -> bytes | None:
        """Return the detached signature of an entry's document, None if it is not signed."""
        try:
            path = signature_path(entry.name, entry.version)
            return read_below(self.path, path, MAX_SIGNATURE)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unreadable(error, f"{self.address}/{path}") from None

    def _expect_folder(self) -> None:
        try:
            there = self.path.is_dir()
        except (OSError, ValueError) as error:
            raise StoreError(str(error), where=self.address) from None
        if not there:
            message = "it is no folder" if self.path.exists() else "there is no such folder"
            raise StoreError(message, where=self.address, hint=INIT)

    def _bytes(self, path: str, limit: int) -> bytes:
        try:
            return read_below(self.path, path, limit)
        except OSError as error:
            raise unreadable(error, f"{self.address}/{path}") from None

    def _written_index(self) -> Index:
        """Return the index that lies there; an empty one if it is of no use."""
        where = f"{self.address}/{INDEX}"
        try:
            return read_index(read_below(self.path, INDEX, MAX_INDEX), where)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._problems.append(f"{INDEX}: {reason(error)}")
        except StoreError as error:
            self._problems.append(f"{INDEX}: {error.message}")
        return Index()

    def _read_spec(
        self, files: SpecFiles, known: Sequence[Entry], complain: Callable[[str], None]
    ) -> Sequence[Entry]:
        """Read the entries of one spec, and complain of those that cannot be read."""
        by_version = {entry.version: entry for entry in known}
        entries: list[Entry] = []
        for version in files.documents:
            try:
                yanked = version in files.yanked
                known_as = by_version.get(version)
                entries.append(self._read_entry(files.name, version, yanked, known_as))
            except RegistryError as error:
                complain(f"{files.name}@{version}: {error.message}")
        return from_low_to_high(entries)

    def _read_entry(self, name: str, version: str, yanked: bool, known: Entry | None) -> Entry:
        """Read what an index says of a version; `known` is taken if the document is the same."""
        path = document_path(name, version)
        where = f"{self.address}/{path}"
        reason = self._yanked(name, version) if yanked else None
        data = self._bytes(path, canonical.MAX_BYTES)
        if known is not None and known.yanked == reason and known.digest == digest(data):
            return known
        return entry_of(read_document(data, name, version, where), reason, where)

    def _yanked(self, name: str, version: str) -> str:
        path = yanked_path(name, version)
        try:
            return read_note(self._bytes(path, MAX_NOTE))
        except ValueError as error:
            raise StoreError(str(error), where=f"{self.address}/{path}") from None


class FolderStore(FolderReader):
    """A folder of specs that can be published to.

    Everybody who may publish can write to the folder; that is the only right there is.
    """

    @classmethod
    def create(cls, path: Path, address: str) -> FolderStore:
        """Make an empty store, or take the one that is there. Raises `StoreError`."""
        publishing.create(path, address)
        return cls(path, address)

    def publish(self, document: Document, signature: bytes | None = None) -> None:
        """Add a version: all of it or nothing, whoever else publishes at the same time.

        Raises `VersionExistsError` if the version is there, whatever its document.
        """
        self._expect_folder()
        publishing.publish(self, document, signature)

    def yank(self, name: str, version: str, reason: str) -> None:
        """Say that a version should no longer be chosen; it stays readable."""
        self._expect_folder()
        publishing.yank(self, name, version, reason)

    def reindex(self) -> None:
        """Clean up what killed processes left, and write the index. Raises `StoreError`."""
        self._expect_folder()
        publishing.reindex(self)
