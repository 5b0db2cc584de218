"""The stores of a project that can be written to."""

from __future__ import annotations

from collections.abc import Iterator

from grader_registry.errors import StoreError
from grader_registry.project.settings import SETTINGS_FILE, Project
from grader_registry.stores.opening import open_store
from grader_registry.stores.store import WritableStore


def target(address: str | None, project: Project) -> WritableStore:
    """Return the store to publish to: the one at `address`, or the project's first that takes it.

    Raises `StoreError` if it is not to be written to.
    """
    if address is None:
        return next(writable(project))
    store = open_store(address, project.root)
    if not isinstance(store, WritableStore):
        raise StoreError(
            "nothing can be published here: it is only read",
            where=store.address,
            hint="Folders and git repositories can be written to.",
        )
    return store


def writable(project: Project) -> Iterator[WritableStore]:
    """Yield the stores of `rft.toml` that can be written to. Raises `StoreError` for none."""
    some = False
    for address in project.settings.stores:
        store = open_store(address, project.root)
        if isinstance(store, WritableStore):
            some = True
            yield store
    if not some:
        raise StoreError(
            f"{SETTINGS_FILE} names no store that can be written to",
            where=str(project.root),
            hint="Give one: --to FOLDER, or `rft registry init FOLDER`.",
        )
