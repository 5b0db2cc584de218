"""The stores of a project, and whether they still have what its lock holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from grader_registry.errors import IntegrityError, RegistryError
from grader_registry.naming import Reference
from grader_registry.project.lock import Lock, LockEntry
from grader_registry.project.settings import SETTINGS_FILE, Project
from grader_registry.stores.opening import open_store
from grader_registry.stores.packs import installed_packs
from grader_registry.stores.several import Stores
from grader_registry.stores.store import Entry, Store


def stores_of(project: Project) -> Stores:
    """Open the stores of a project; installed packs come last. Raises `UsageError`."""
    named = [open_store(address, project.root) for address in project.settings.stores]
    stores: list[Store] = [*named, *installed_packs()]
    if not stores:
        raise RegistryError(
            f"no store is named in {SETTINGS_FILE}, and no pack is installed",
            where=str(project.root),
            hint="`rft registry init ../team-specs` writes one that names that folder.",
        )
    return Stores(stores)


def opener(project: Project) -> Callable[[], Stores]:
    """Return what opens a project's stores when they are first asked for, and once."""
    return cache(lambda: stores_of(project))


def home(stores: Stores, name: str) -> tuple[Store, Sequence[Entry]]:
    """Return the first store with a spec, and its versions. Raises `UsageError`."""
    for store in stores.stores:
        versions = store.versions(name)
        if versions:
            return store, versions
    stores.find(Reference(name))  # tells what there is instead
    raise RegistryError(f"no store has {name}")


def check_offer(entry: LockEntry, offers: Sequence[Entry], store: Store) -> Entry:
    """Return what a store offers for an entry of the lock.

    Raises `IntegrityError` if it is not there any more, or is another document.
    """
    offered = next((one for one in offers if one.version == entry.version), None)
    if offered is None:
        raise IntegrityError(
            f"downgraded: the store no longer has {entry.title}, which rft.lock holds",
            where=store.address,
            hint="What is published never goes. Ask whoever keeps the store before you go on.",
        )
    if offered.digest != entry.digest:
        raise IntegrityError(
            f"tampered: the store's {entry.title} is {offered.digest}, in rft.lock {entry.digest}",
            where=store.address,
            hint="What is published never changes. Ask whoever keeps the store before you go on.",
        )
    return offered


def check_offers(lock: Lock, name: str, offers: Sequence[Entry], store: Store) -> None:
    """Raise `IntegrityError` if a store offers a locked version with another digest."""
    there = {one.version for one in offers}
    for entry in lock.named(name):
        if entry.version in there:
            check_offer(entry, offers, store)
