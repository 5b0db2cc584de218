"""From an address, as a project's settings have it, to a store."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from grader_registry.errors import StoreError
from grader_registry.naming import shown
from grader_registry.stores.store import Store

PACK: Final = "pack "
_MAX_ADDRESS: Final = 1_000
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BARE_REPOSITORY: Final = re.compile(r".*\.git/?(?:@[^/].*)?", re.DOTALL)
HINT: Final = (
    "An address is a folder, a bare repository (x.git or x.git@REF), git+https://host/x.git@REF, "
    "git+ssh://git@host/x.git@REF, git+file:///x.git, https://host/folder/ or `pack NAME`."
)


def open_store(address: str, base: Path) -> Store:
    """Return the store at an address; relative folders start at `base`.

    Nothing is read or fetched yet. Raises `StoreError` for an address that is none.
    """
    _check(address)
    if address.startswith(PACK):
        from grader_registry.stores.packs import open_pack

        return open_pack(address.removeprefix(PACK))
    if address.startswith("git+"):
        from grader_registry.stores.git import GitStore

        return GitStore(address)
    if address.lower().startswith(("https://", "http://")):
        from grader_registry.stores.web import WebStore

        return WebStore(address)
    if _SCHEME.match(address):
        scheme = shown(address.partition(":")[0])
        raise StoreError(f"no store is reached by {scheme}", hint=HINT)
    return _open_path(address, base)


def _open_path(address: str, base: Path) -> Store:
    """Return a folder or a bare repository on this machine."""
    try:
        path = (base.absolute() / Path(address).expanduser()).absolute()
    except RuntimeError as error:  # ~somebody
        raise StoreError(str(error), where=shown(address)) from None
    if _BARE_REPOSITORY.fullmatch(address):
        from grader_registry.stores.git import GitStore

        return GitStore(str(path), shown_as=address)
    from grader_registry.stores.folder import FolderStore

    return FolderStore(path, address)


def _check(address: str) -> None:
    if not address.strip() or address != address.strip():
        raise StoreError("the address of a store is empty, or has spaces around it", hint=HINT)
    if len(address) > _MAX_ADDRESS or not address.isprintable():
        raise StoreError("the address of a store holds control characters, or is too long")
