"""`rft registry add`: documents come from stores into the project, and into its lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from grader_registry.document import Document
from grader_registry.errors import RegistryError
from grader_registry.naming import Reference
from grader_registry.project.candidate import Usable, check_usable, entry_for, fetch
from grader_registry.project.installed import check_installed
from grader_registry.project.lock import Lock, LockEntry, read_lock, write_lock
from grader_registry.project.resolve import quoted
from grader_registry.project.settings import Project
from grader_registry.project.sources import check_offer, check_offers, home
from grader_registry.project.vendor import clean, read_vendored, vendor, writing
from grader_registry.stores.several import Stores

Opened: TypeAlias = Callable[[], Stores]
"""Opens the stores when the first is needed: what is all there needs none."""


@dataclass(frozen=True)
class Added:
    """A document that is in the project now.

    "added" is new in the lock, "written" was in the lock and is vendored anew, "kept" was there.
    """

    what: Literal["added", "written", "kept"]
    entry: LockEntry
    document: Document
    usable: Usable | None = None
    """Of those that were added."""
    yanked: str | None = None
    complaint: str | None = None
    """Why it cannot be used as it is."""


def add(
    project: Project, references: Sequence[Reference], stores: Opened, *, frozen: bool
) -> list[Added]:
    """Vendor what references name and lock it; without any, vendor what the lock names.

    With `frozen` the lock stays as it is. All of it is done or, where one cannot be had, nothing.
    Raises `UsageError`.
    """
    with writing(project):
        lock = read_lock(project.lock_file)
        adding = _Adding(project, lock, stores, frozen=frozen)
        if references:
            found = [adding.reference(one) for one in references]
        else:
            found = [adding.restored(entry) for entry in lock.entries]
        commit(project, lock, [one.document for one in found], adding.lock)
    return found


def commit(project: Project, old: Lock, documents: Sequence[Document], new: Lock) -> None:
    """Write documents, then the lock, then remove what it no longer names."""
    for document in documents:
        vendor(project, document)
    if new != old:
        write_lock(project.lock_file, new)
    clean(project, new)


class _Adding:
    """Finds documents; `lock` is what the lock is to be. Nothing is written here."""

    def __init__(self, project: Project, lock: Lock, stores: Opened, *, frozen: bool) -> None:
        self.project = project
        self.lock = lock
        self.stores = stores
        self.frozen = frozen

    def reference(self, asked: Reference) -> Added:
        """Return what a reference names: what is locked for it, else what a store has."""
        entry = self.lock.find(asked)
        if entry is None:
            return self._new(asked)
        if self.frozen:
            return self.restored(entry)
        store, offers = home(self.stores(), entry.name)
        return replace(self.restored(entry), yanked=check_offer(entry, offers, store).yanked)

    def _new(self, asked: Reference) -> Added:
        if self.frozen:
            raise RegistryError(
                f"{asked} is not in the lock, and --frozen keeps that as it is",
                where=str(self.project.lock_file),
                hint=f"rft registry add {quoted(asked)}",
            )
        offered, store = self.stores().find(asked)
        check_offers(self.lock, asked.name, store.versions(asked.name), store)
        candidate = fetch(self.project, offered, store)
        usable = check_usable(self.project, candidate.document)
        entry = entry_for(candidate, usable, asked)
        self.lock = self.lock.having(entry)
        return Added("added", entry, candidate.document, usable, offered.yanked)

    def restored(self, entry: LockEntry) -> Added:
        """Return what an entry names: the vendored document if it is whole, else a store's."""
        try:
            document = read_vendored(self.project, entry)
        except RegistryError:
            return self._again(entry)
        return Added("kept", entry, document, complaint=_complaint(entry))

    def _again(self, entry: LockEntry) -> Added:
        store, offers = home(self.stores(), entry.name)
        offered = check_offer(entry, offers, store)
        candidate = fetch(self.project, offered, store)
        complaint = _complaint(entry)
        return Added(
            "written", entry, candidate.document, yanked=offered.yanked, complaint=complaint
        )


def _complaint(entry: LockEntry) -> str | None:
    try:
        check_installed(entry)
    except RegistryError as error:
        return str(error)
    return None
