"""What a store is: where published specs lie, to be found, read and added to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from grader_registry.document import Document


@dataclass(frozen=True, slots=True)
class Entry:
    """What an index tells of one published version. It is a claim: only the document proves it."""

    name: str
    version: str
    digest: str
    description: str = ""
    kind: str = "reward"
    keywords: tuple[str, ...] = ()
    graders: tuple[str, ...] = ()
    """The names of the graders and shapers that it selects."""
    date: str = ""
    """When it was published, YYYY-MM-DD."""
    passed: bool | None = None
    """Whether its grade card passed; None without a card."""
    yanked: str | None = None
    """Why it should no longer be chosen; None where it may be."""

    @property
    def title(self) -> str:
        """`team/name@1.2.0`."""
        return f"{self.name}@{self.version}"


class Store(Protocol):
    """A place to read specs from. All methods raise `StoreError` where that fails."""

    address: str
    """As the project names it, without passwords."""

    def entries(self) -> Mapping[str, Sequence[Entry]]:
        """Return all versions of all specs by name, each name's from low to high."""

    def problems(self) -> Sequence[str]:
        """Return what `entries` left out when it was last called since it is broken, a line each.

        One broken file does not make a store unusable; `versions` of that spec raises instead.
        """

    def versions(self, name: str) -> Sequence[Entry]:
        """Return the versions of one spec from low to high; none if there is no such spec."""

    def read(self, entry: Entry) -> Document:
        """Return the document of an entry.

        Raises `IntegrityError` where it is another one than the entry says, `DocumentError` where
        it is none.
        """

    def signature(self, entry: Entry) -> bytes | None:
        """Return the detached signature of an entry's document, None if it is not signed."""


@runtime_checkable
class WritableStore(Store, Protocol):
    """A store that can be published to."""

    def publish(self, document: Document, signature: bytes | None = None) -> None:
        """Add a version: all of it or nothing, whoever else publishes at the same time.

        Raises `VersionExistsError` if the version is there, whatever its document.
        """

    def yank(self, name: str, version: str, reason: str) -> None:
        """Say that a version should no longer be chosen; it stays readable."""
