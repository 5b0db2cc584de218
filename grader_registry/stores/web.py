"""A store on a web server: its files as they are, and `index.json` at its root; read-only."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from functools import cached_property

from grader_registry import canonical
from grader_registry.document import Document
from grader_registry.errors import IntegrityError, StoreError
from grader_registry.stores.fetching import SECONDS, Fetcher, Missing
from grader_registry.stores.index import INDEX, Index, read_index
from grader_registry.stores.index import MAX_BYTES as MAX_INDEX
from grader_registry.stores.layout import MAX_SIGNATURE, document_path, prove, signature_path
from grader_registry.stores.store import Entry


class WebStore:
    """A static index by https, or by http on this machine.

    The index is fetched once, when it is first asked for.
    """

    def __init__(
        self, url: str, *, seconds: float = SECONDS, tls: ssl.SSLContext | None = None
    ) -> None:
        """Take the address of the folder with the index. Raises `StoreError` for a wrong one.

        `seconds` bounds each response as a whole; `tls` says whom to trust, the system's
        authorities if it is not given.
        """
        self._fetcher = Fetcher(url, seconds=seconds, tls=tls)
        self.address = self._fetcher.address

    def problems(self) -> Sequence[str]:
        """Return nothing: an index is refused as a whole."""
        return ()

    def entries(self) -> Mapping[str, Sequence[Entry]]:
        """Return all versions of all specs by name."""
        return self._index.entries

    def versions(self, name: str) -> Sequence[Entry]:
        """Return the versions of one spec from low to high; none if there is no such spec."""
        return self._index.entries.get(name, ())

    def read(self, entry: Entry) -> Document:
        """Return the document of an entry. Raises `IntegrityError` if it is another one."""
        path = document_path(entry.name, entry.version)
        try:
            data = self._fetcher.get(path, canonical.MAX_BYTES)
        except Missing as error:
            raise IntegrityError(
                f"the index has {entry.title}, and the server has no such file",
                where=str(error),
                hint="The store was not uploaded as a whole; tell its owner.",
            ) from None
        return prove(data, entry, f"{self._base}{path}")

    def signature(self, entry: Entry) -> bytes | None:
        """Return the detached signature of an entry's document, None if it is not signed."""
        try:
            path = signature_path(entry.name, entry.version)
            return self._fetcher.get(path, MAX_SIGNATURE)
        except Missing:
            return None

    @property
    def _base(self) -> str:
        return self.address if self.address.endswith("/") else f"{self.address}/"

    @cached_property
    def _index(self) -> Index:
        try:
            return read_index(self._fetcher.get(INDEX, MAX_INDEX), f"{self._base}{INDEX}")
        except Missing as error:
            raise StoreError(
                "there is no index: this is no store, or the address is wrong",
                where=str(error),
                hint="It is the folder that index.json lies in.",
            ) from None
