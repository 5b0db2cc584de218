"""Several stores with an order: the first one that has a name is the one to ask for it.

That is so for names, and not for versions: nobody takes a name over by publishing a higher version
of it to a store that comes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grader_registry.errors import IntegrityError, RegistryError
from grader_registry.naming import Reference, look_alike
from grader_registry.stores.layout import newest
from grader_registry.stores.ranking import score
from grader_registry.stores.store import Entry, Store
from rft_core.suggest import did_you_mean

_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Hit:
    """A spec that a search found, in the first store that has its name."""

    entry: Entry
    """Its newest version; one that is yanked only if all are."""
    store: Store
    versions: Sequence[Entry]
    """All of them, from low to high."""


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found."""

    hits: Sequence[Hit]
    """The best first."""
    problems: Sequence[str]
    """Stores and files that could not be read, a line each."""


class Stores:
    """Stores in the order in which they are asked."""

    def __init__(self, stores: Iterable[Store]) -> None:
        """Take the stores; none is opened before something is asked for."""
        self.stores = tuple(stores)

    def find(self, reference: Reference) -> tuple[Entry, Store]:
        """Return the version that a reference means, and the store that has it.

        That is the highest that fits and is not yanked, or the one that is named exactly. Raises
        `RegistryError` if there is none, `StoreError` for a store that cannot be read, and
        `IntegrityError` if two stores have the version with different documents.
        """
        if not self.stores:
            raise RegistryError(
                f"no store to look for {reference.name} in",
                hint="Name one in the project's settings, or with --store.",
            )
        everywhere = [(store, store.versions(reference.name)) for store in self.stores]
        having = [(store, versions) for store, versions in everywhere if versions]
        if not having:
            raise self._unknown(reference)
        store, versions = having[0]
        entry = _choose(reference, versions, store)
        for other, others in having[1:]:
            _compare(entry, store, others, other)
        return entry, store

    def search(self, words: Iterable[str]) -> Search:
        """Return the specs in which all words occur; all specs if there are no words.

        Names count most, then keywords, graders and descriptions. A store that cannot be read is a
        problem, and the others are searched.
        """
        asked = [part for word in words for part in word.casefold().split()]
        found, problems = self._everything()
        ranked: list[tuple[bool, float, str, Hit]] = []
        for name, (store, versions) in found.items():
            entry = newest(versions)
            points = score(entry, asked)
            if points is not None:
                hit = Hit(entry, store, versions)
                ranked.append((entry.yanked is not None, -points, name, hit))
        ranked.sort(key=lambda one: one[:3])
        return Search([hit for *_, hit in ranked], problems)

    def _everything(self) -> tuple[Mapping[str, tuple[Store, Sequence[Entry]]], list[str]]:
        """Return each name's versions in the first store that has it, and what is wrong."""
        found: dict[str, tuple[Store, Sequence[Entry]]] = {}
        problems: list[str] = []
        for store in self.stores:
            try:
                entries = store.entries()
            except RegistryError as error:
                problems.append(str(error))
                continue
            problems += [f"{store.address}: {line}" for line in store.problems()]
            for name, versions in entries.items():
                if name not in found:
                    found[name] = (store, versions)
                    continue
                first, known = found[name]
                problems += _differences(known, first, versions, store)
        return found, problems

    def _unknown(self, reference: Reference) -> RegistryError:
        """Return the error for a name that no store has."""
        names = self._everything()[0]
        alike = [name for name in names if look_alike(name) == look_alike(reference.name)]
        hint = did_you_mean(reference.name, alike or names)
        asked = ", ".join(store.address for store in self.stores)
        return RegistryError(f"no store has {reference.name}", where=asked, hint=hint)


def _choose(reference: Reference, versions: Sequence[Entry], store: Store) -> Entry:
    """Return the version that a reference means. Raises `RegistryError`."""
    exact = reference.is_exact()
    by_version = {one.version: one for one in versions if exact or one.yanked is None}
    best = reference.best(by_version)
    if best is not None:
        return by_version[best]
    newest_first = [_title(one) for one in reversed(versions)]
    more = f" and {len(newest_first) - _SHOWN} older ones" if len(newest_first) > _SHOWN else ""
    yanked = not exact and reference.best([one.version for one in versions]) is not None
    raise RegistryError(
        f"no version of {reference.name} fits {reference.range}"
        + (": those that would are yanked" if yanked else ""),
        where=store.address,
        hint=f"There: {', '.join(newest_first[:_SHOWN])}{more}."
        + (" A yanked version is taken only if it is named exactly." if yanked else ""),
    )


def _title(entry: Entry) -> str:
    return entry.version if entry.yanked is None else f"{entry.version} (yanked: {entry.yanked})"


def _compare(entry: Entry, store: Store, others: Sequence[Entry], other: Store) -> None:
    """Raise `IntegrityError` if another store has the same version with another document."""
    for line in _differences([entry], store, others, other):
        raise IntegrityError(
            line,
            hint="Ask the owners which is theirs, and take the other store out of the settings.",
        )


def _differences(
    known: Sequence[Entry], store: Store, others: Sequence[Entry], other: Store
) -> list[str]:
    """Return a line for each version that two stores have with different documents."""
    digests = {one.version: one.digest for one in known}
    return [
        f"{one.title} is {digests[one.version]} in {store.address}, "
        f"and {one.digest} in {other.address}"
        for one in others
        if digests.get(one.version, one.digest) != one.digest
    ]
