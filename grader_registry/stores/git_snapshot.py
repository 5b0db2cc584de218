"""One commit of a git store, to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from grader_registry import canonical
from grader_registry.document import Document
from grader_registry.errors import RegistryError, StoreError
from grader_registry.stores.git_cache import GitCache
from grader_registry.stores.git_tree import GitTree, SpecBlobs, list_tree, read_blobs
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
from grader_registry.stores.publishing import missing
from grader_registry.stores.store import Entry

_NOTHING: Final = SpecBlobs()


class Snapshot:
    """What a commit holds; nothing if there is no commit."""

    def __init__(self, cache: GitCache, commit: str | None, address: str) -> None:
        """List the commit, which has to be in the cache. Raises `StoreError`."""
        self._cache = cache
        self._address = address
        self.tree = list_tree(cache.git, commit) if commit else GitTree()

    def entries(self) -> tuple[dict[str, Sequence[Entry]], list[str]]:
        """Return all versions of all specs by name, and what is wrong with those left out."""
        errors: list[RegistryError] = []
        entries = self._read_specs(self.tree.specs, errors)
        return entries, self.tree.problems + [f"{one.where}: {one.message}" for one in errors]

    def versions(self, name: str) -> Sequence[Entry]:
        """Return the versions of one spec. Raises `RegistryError` if one cannot be read."""
        check_place(name, "0.0.0")
        spec = self.tree.specs.get(name, _NOTHING)
        if spec.problems:
            raise StoreError(spec.problems[0], where=self._address)
        errors: list[RegistryError] = []
        entries = self._read_specs({name: spec}, errors)
        if errors:
            raise errors[0]
        return entries.get(name, ())

    def read(self, entry: Entry) -> Document:
        """Return the document of an entry. Raises `IntegrityError` if it is another one."""
        path = document_path(entry.name, entry.version)
        blob = self.tree.specs.get(entry.name, _NOTHING).documents.get(entry.version)
        if blob is None:
            raise missing(entry.name, entry.version, self._address)
        data = self._blob(blob, canonical.MAX_BYTES, path)
        return prove(data, entry, self._where(path))

    def signature(self, entry: Entry) -> bytes | None:
        """Return the detached signature of an entry's document, None if it is not signed."""
        path = signature_path(entry.name, entry.version)
        blob = self.tree.specs.get(entry.name, _NOTHING).signatures.get(entry.version)
        return None if blob is None else self._blob(blob, MAX_SIGNATURE, path)

    @cached_property
    def _known(self) -> dict[str, Entry]:
        return dict(self._cache.entries())

    def _where(self, path: str) -> str:
        return f"{self._address}/{path}"

    def _blob(self, blob: str, limit: int, path: str) -> bytes:
        for _, data in read_blobs(self._cache.git, [blob], limit):
            if data is not None:
                return data
        raise self._too_large(limit, path)

    def _too_large(self, limit: int, path: str) -> StoreError:
        return StoreError(f"it has more than {limit} bytes", where=self._where(path))

    def _read_specs(
        self, specs: Mapping[str, SpecBlobs], errors: list[RegistryError]
    ) -> dict[str, Sequence[Entry]]:
        """Return the entries of specs; what is wrong with those left out goes to `errors`."""
        self._learn(specs, errors)
        notes = self._notes(specs, errors)
        found: dict[str, Sequence[Entry]] = {}
        for name, spec in sorted(specs.items()):
            entries = [
                replace(known, yanked=notes.get(spec.yanked.get(version, "")))
                for version, blob in spec.documents.items()
                if (known := self._known_at(name, version, blob)) is not None
                and (version not in spec.yanked or spec.yanked[version] in notes)
            ]
            if entries:
                found[name] = from_low_to_high(entries)
        return found

    def _known_at(self, name: str, version: str, blob: str) -> Entry | None:
        """Return what is known of a document, if it is that of this place."""
        known = self._known.get(blob)
        return known if known and (known.name, known.version) == (name, version) else None

    def _learn(self, specs: Mapping[str, SpecBlobs], errors: list[RegistryError]) -> None:
        """Read the documents that are not known yet, and remember what they say."""
        places: dict[str, list[tuple[str, str]]] = {}
        for name, spec in specs.items():
            for version, blob in spec.documents.items():
                if self._known_at(name, version, blob) is None:
                    places.setdefault(blob, []).append((name, version))
        if not places:
            return
        for blob, data in read_blobs(self._cache.git, list(places), canonical.MAX_BYTES):
            for name, version in places[blob]:  # several, if a document was copied
                path = document_path(name, version)
                try:
                    if data is None:
                        raise self._too_large(canonical.MAX_BYTES, path)
                    document = read_document(data, name, version, self._where(path))
                    self._known[blob] = entry_of(document, None, self._where(path))
                except RegistryError as error:
                    errors.append(error)
        self._cache.keep_entries(self._known)

    def _notes(
        self, specs: Mapping[str, SpecBlobs], errors: list[RegistryError]
    ) -> Mapping[str, str]:
        """Return the reasons for which versions are yanked, by the blobs of the notes."""
        paths = {
            blob: yanked_path(name, version)
            for name, spec in specs.items()
            for version, blob in spec.yanked.items()
        }
        found: dict[str, str] = {}
        for blob, data in read_blobs(self._cache.git, list(paths), MAX_NOTE) if paths else ():
            try:
                found[blob] = read_note(b"" if data is None else data)
            except ValueError as error:
                errors.append(StoreError(str(error), where=self._where(paths[blob])))
        return found
