"""A store in a git repository: the files of one branch, tag or commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from grader_registry.document import Document
from grader_registry.errors import StoreError
from grader_registry.stores.git_address import GitAddress
from grader_registry.stores.git_cache import GitCache, Head
from grader_registry.stores.git_push import commit, is_passing, push, wait
from grader_registry.stores.git_snapshot import Snapshot
from grader_registry.stores.git_tree import GitTree
from grader_registry.stores.index import INDEX, Index, write_index
from grader_registry.stores.layout import (
    document_path,
    entry_of,
    from_low_to_high,
    signature_path,
    write_note,
    yanked_path,
)
from grader_registry.stores.publishing import check_signature, missing, taken
from grader_registry.stores.store import Entry

_ATTEMPTS: Final = 40
"""At each of them one publisher succeeds, so this is how many may publish at once."""


@dataclass(frozen=True)
class Change:
    """What a commit changes."""

    files: Mapping[str, bytes | None]
    """By path; None for those that go, if they are there."""
    entry: Entry
    """What is new in the index."""


class GitStore:
    """What a branch, a tag or a commit of a repository holds.

    It is fetched once, when it is first asked for, and each time before something is published.
    """

    def __init__(self, address: str, *, shown_as: str | None = None) -> None:
        """Take an address, or the absolute path of a bare repository, perhaps with `@REF`.

        `shown_as` is what a path is called in messages. Raises `StoreError` for a wrong address.
        """
        self._parsed = GitAddress.parse(address, shown_as)
        self.address = self._parsed.address
        self._cache = GitCache(self._parsed)
        self._snapshot: Snapshot | None = None
        self._problems: Sequence[str] = ()

    def problems(self) -> Sequence[str]:
        """Return what `entries` left out when it was last called, a line each."""
        return tuple(self._problems)

    def entries(self) -> Mapping[str, Sequence[Entry]]:
        """Return all versions of all specs by name; those that cannot be read are left out."""
        entries, self._problems = self._fetched().entries()
        return entries

    def versions(self, name: str) -> Sequence[Entry]:
        """Return the versions of one spec. Raises `RegistryError` if one cannot be read."""
        return self._fetched().versions(name)

    def read(self, entry: Entry) -> Document:
        """Return the document of an entry. Raises `IntegrityError` if it is another one."""
        return self._fetched().read(entry)

    def signature(self, entry: Entry) -> bytes | None:
        """Return the detached signature of an entry's document, None if it is not signed."""
        return self._fetched().signature(entry)

    def publish(self, document: Document, signature: bytes | None = None) -> None:
        """Add a version as one commit: all of it or nothing, whoever else publishes.

        Raises `VersionExistsError` if the version is there, whatever its document.
        """
        name, version = document.spec.name, document.spec.version
        path = document_path(name, version)
        entry = entry_of(document, None, document.title)
        check_signature(signature, document.title)

        def change(snapshot: Snapshot) -> Change:
            if _is_there(snapshot.tree, path):
                raise taken(document, self.address)
            for above in (name.partition("/")[0], name):
                if above in snapshot.tree.paths:
                    raise StoreError(f"{above} is no folder", where=self.address)
            signed, yanked = signature_path(name, version), yanked_path(name, version)
            return Change({path: document.data, signed: signature, yanked: None}, entry)

        self._push(change, f"Publish {document.title}\n\n{document.digest}\n")

    def yank(self, name: str, version: str, reason: str) -> None:
        """Say that a version should no longer be chosen; it stays readable."""
        note, path = write_note(reason), yanked_path(name, version)

        def change(snapshot: Snapshot) -> Change:
            for entry in snapshot.versions(name):
                if entry.version == version:
                    return Change({path: note}, replace(entry, yanked=reason))
            raise missing(name, version, self.address)

        self._push(change, f"Yank {name}@{version}\n\n{reason}\n")

    def _fetched(self) -> Snapshot:
        """Return what there is, fetched once."""
        if self._snapshot is None:
            with self._cache.locked():
                self._snapshot = self._look(self._cache.fetch())
        return self._snapshot

    def _look(self, head: Head) -> Snapshot:
        return Snapshot(self._cache, head.commit, self.address)

    def _push(self, change: Callable[[Snapshot], Change], message: str) -> None:
        """Make a change on top of what is there, as often as somebody else is faster."""
        refusal, new = "", None
        for attempt in range(_ATTEMPTS):
            with self._cache.locked():
                head = self._cache.fetch()
                self._snapshot = self._look(head)
                if new is not None and head.commit == new:
                    return  # it arrived, though the answer did not
                if head.branch is None:
                    raise self._read_only()
                new = self._commit(change(self._snapshot), self._snapshot, head, message)
                refused = push(self._cache.git, new, head.branch)
                if refused is None:
                    self._snapshot = None  # the next reader fetches
                    return
            if not is_passing(refused):
                raise StoreError(f"the push was refused: {refused}", where=self.address)
            refusal = refused
            wait(attempt)
        raise StoreError(
            f"too many others publish at the same time: {refusal}",
            where=self.address,
            hint="Try again later.",
        )

    def _commit(self, change: Change, snapshot: Snapshot, head: Head, message: str) -> str:
        """Return a commit with the change, and the index that belongs to it."""
        entries, _ = snapshot.entries()
        new = change.entry
        others = [one for one in entries.get(new.name, ()) if one.version != new.version]
        entries[new.name] = from_low_to_high([*others, new])
        there = snapshot.tree.paths
        files = {
            path: data for path, data in change.files.items() if data is not None or path in there
        }
        return commit(self._cache.git, head, {**files, INDEX: write_index(Index(entries))}, message)

    def _read_only(self) -> StoreError:
        kind = "commit" if self._parsed.is_commit else "tag"
        return StoreError(
            f"a {kind} never changes, so nothing can be published to it",
            where=self.address,
            hint="Name a branch: …@BRANCH.",
        )


def _is_there(tree: GitTree, path: str) -> bool:
    """Whether anything has that path, be it what no store may hold."""
    return path in tree.paths or any(one.startswith(f"{path}/") for one in tree.paths)
