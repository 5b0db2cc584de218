"""`rft registry update`: newer versions of what is locked, never older ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader_registry.document import Document
from grader_registry.errors import RegistryError
from grader_registry.naming import Reference, parse_version
from grader_registry.project.add import Opened, commit
from grader_registry.project.candidate import Candidate, Usable, check_usable, entry_for, fetch
from grader_registry.project.installed import other_than_locked
from grader_registry.project.lock import Lock, LockEntry, read_lock
from grader_registry.project.measure import Moved, moved_cases
from grader_registry.project.settings import Project
from grader_registry.project.sources import check_offer, home
from grader_registry.project.vendor import writing
from grader_registry.stores.store import Entry
from grader_registry.subject import opened


@dataclass(frozen=True)
class Updated:
    """An entry of the lock before and after; the same where nothing newer will do."""

    old: LockEntry
    new: LockEntry
    document: Document
    old_document: Document
    usable: Usable
    yanked: str | None = None
    """Why the version that it is at now should not be used."""
    moved: tuple[Moved, ...] | None = None
    """With other graders installed: the cases that score something else; None: not graded."""

    @property
    def regraded(self) -> bool:
        """Whether the same version is locked with other distributions or graders."""
        return self.old.version == self.new.version and self.old != self.new


def update(
    project: Project, names: Sequence[str], stores: Opened, to: Reference | None = None
) -> list[Updated]:
    """Lock and vendor the newest versions in the ranges that were asked for.

    Without names all are updated. `to` is a new range for one name, which may lead further. All is
    done, or nothing. Raises `UsageError`, `IntegrityError` where a store lost or changed what the
    lock holds.
    """
    with writing(project):
        old = read_lock(project.lock_file)
        found = [_update(project, one, stores, to) for one in _chosen(project, old, names)]
        new = old
        for one in found:
            new = new.having(one.new, instead_of=one.old)
        commit(project, old, [one.document for one in found], new)
    return found


def _chosen(project: Project, lock: Lock, names: Sequence[str]) -> Sequence[LockEntry]:
    for name in names:
        if not lock.named(name):
            raise RegistryError(
                f"{name} is not in the project's lock",
                where=str(project.lock_file),
                hint=f"rft registry add {name}",
            )
    return [one for one in lock.entries if not names or one.name in names]


def _update(project: Project, entry: LockEntry, stores: Opened, to: Reference | None) -> Updated:
    opened = stores()
    store, offers = home(opened, entry.name)
    locked = check_offer(entry, offers, store)
    asked = to or entry.asked()
    target = _newest(entry, asked, offers)
    old = fetch(project, locked, store)
    new = old
    if target.version != entry.version:
        new = fetch(project, *opened.find(Reference(entry.name, target.version)))
    usable = check_usable(project, new.document)
    return _updated(project, entry, asked, (old, new), usable)


def _updated(
    project: Project,
    entry: LockEntry,
    asked: Reference,
    found: tuple[Candidate, Candidate],
    usable: Usable,
) -> Updated:
    old, new = found
    locked = entry_for(new, usable, asked)
    same = locked.version == entry.version
    moved = None
    if same and other_than_locked(entry) and not usable.paid:
        with opened(new.document, project.permissions) as subject:
            moved = tuple(moved_cases(new.document, subject))
    return Updated(entry, locked, new.document, old.document, usable, new.entry.yanked, moved)


def _newest(entry: LockEntry, asked: Reference, offers: Sequence[Entry]) -> Entry:
    """Return the highest version that will do, at least the locked one."""
    at = parse_version(entry.version)
    higher = {
        one.version: one for one in offers if parse_version(one.version) > at and one.yanked is None
    }
    best = asked.best(higher)
    if best is not None:
        return higher[best]
    if not asked.takes(entry.version):
        raise RegistryError(
            f"no version above {entry.version} will do for {asked}",
            hint="Updates never go down. To use an older version, remove the entry from rft.lock "
            "and `rft registry add` it.",
        )
    return next(one for one in offers if one.version == entry.version)
