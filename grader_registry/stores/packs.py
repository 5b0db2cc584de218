"""Stores in installed packs: folders that come with a distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from grader_registry.document import Document
from grader_registry.errors import IntegrityError, StoreError
from grader_registry.naming import shown
from grader_registry.stores.folder import FolderReader
from grader_registry.stores.layout import from_low_to_high
from grader_registry.stores.store import Entry
from rft_core.suggest import did_you_mean


class PackStore:
    """The folders of one installed pack, read-only. Each is laid out as a store of files is."""

    def __init__(self, distribution: str, folders: Sequence[Path]) -> None:
        """Take the folders that a `distribution`, its name and version, has registered."""
        self.address = f"pack {distribution}"
        self._folders = [FolderReader(folder, self.address) for folder in folders]

    def problems(self) -> Sequence[str]:
        """Return what `entries` left out when it was last called."""
        return [line for folder in self._folders for line in folder.problems()]

    def entries(self) -> Mapping[str, Sequence[Entry]]:
        """Return all versions of all specs by name."""
        found: dict[str, Sequence[Entry]] = {}
        for folder in self._folders:
            for name, versions in folder.entries().items():
                found[name] = self._merged(found.get(name, ()), versions)
        return found

    def versions(self, name: str) -> Sequence[Entry]:
        """Return the versions of one spec from low to high."""
        found: Sequence[Entry] = ()
        for folder in self._folders:
            found = self._merged(found, folder.versions(name))
        return found

    def read(self, entry: Entry) -> Document:
        """Return the document of an entry. Raises `IntegrityError` if it is another one."""
        return self._having(entry).read(entry)

    def signature(self, entry: Entry) -> bytes | None:
        """Return the detached signature of an entry's document, None if it is not signed."""
        return self._having(entry).signature(entry)

    def _having(self, entry: Entry) -> FolderReader:
        """Return the folder that has a version. Raises `StoreError`."""
        for folder in self._folders:
            if any(one.version == entry.version for one in folder.versions(entry.name)):
                return folder
        raise StoreError(f"there is no {entry.title}", where=self.address)

    def _merged(self, known: Sequence[Entry], more: Sequence[Entry]) -> Sequence[Entry]:
        """Put the versions of two folders together. Raises `IntegrityError` if they differ."""
        by_version = {one.version: one for one in known}
        for one in more:
            if by_version.setdefault(one.version, one).digest != one.digest:
                raise IntegrityError(
                    f"two folders of the pack have {one.title}, with different documents",
                    where=self.address,
                    hint="That is a fault of the pack.",
                )
        return from_low_to_high(by_version.values())


def installed_packs() -> Sequence[PackStore]:
    """Return a store for each installed pack, by the distributions' names.

    Plugins are imported for that, as everywhere; no spec is read.
    """
    from rft_core.plugins import plugin_manager

    packs = plugin_manager().packs
    return [PackStore(distribution, packs[distribution]) for distribution in sorted(packs)]


def open_pack(wanted: str) -> PackStore:
    """Return the installed pack that is called so: a distribution's name, or name and version.

    Raises `StoreError` if it is not installed, or in another version.
    """
    name, _, version = wanted.strip().partition(" ")
    packs = installed_packs()
    for pack in packs:
        its_name, _, its_version = pack.address.removeprefix("pack ").partition(" ")
        if canonicalize_name(its_name) != canonicalize_name(name):
            continue
        if version and version != its_version:
            raise StoreError(
                f"{its_name} {shown(version)[1:-1]} is wanted, and {its_version} is installed",
                hint=f"Install the other version, or write `pack {its_name}` for any.",
            )
        return pack
    known = [pack.address.removeprefix("pack ").partition(" ")[0] for pack in packs]
    hint = did_you_mean(name, known) or "No installed distribution registers a folder of specs."
    raise StoreError(f"no pack {shown(name)} is installed", hint=hint)
