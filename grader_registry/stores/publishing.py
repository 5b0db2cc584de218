"""Publishing into a folder, so that the store is whole whenever the process is killed.

Each file is written under another name, brought to the disk and then linked or renamed to its own.
The document comes after its signature: a version is there if its document is. The index comes last,
and it may be old: it says what it was made from.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from grader_registry.document import Document
from grader_registry.errors import DocumentError, StoreError, VersionExistsError
from grader_registry.naming import shown
from grader_registry.stores.files import (
    is_leftover,
    opened_folder,
    read_below,
    read_in,
    remove,
    write_new,
    write_over,
)
from grader_registry.stores.index import INDEX, Index, write_index
from grader_registry.stores.layout import (
    MAX_SIGNATURE,
    check_place,
    document_path,
    entry_of,
    signature_path,
    write_note,
    yanked_path,
)
from grader_registry.stores.scan import reason, scan

if TYPE_CHECKING:
    from grader_registry.stores.folder import FolderReader

LOCK: Final = ".lock"
LOCK_SECONDS: Final = 60.0


def create(path: Path, address: str) -> None:
    """Make an empty store, or leave the one that is there. Raises `StoreError`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with opened_folder(path) as root:
            try:
                write_new(root, INDEX, write_index(Index()))
            except FileExistsError:
                return
    except OSError as error:
        raise StoreError(reason(error), where=address) from None


def publish(store: FolderReader, document: Document, signature: bytes | None) -> None:
    """Add a version. Raises `VersionExistsError`, `DocumentError` and `StoreError`."""
    spec = document.spec
    path = document_path(spec.name, spec.version)
    entry_of(document, None, document.title)  # what no index can say is not published
    check_signature(signature, document.title)
    with _writing(store), opened_folder(store.path, spec.name, make=True) as parent:
        _clean(store)
        name = path.rpartition("/")[2]
        if _is_there(parent, name):
            raise taken(document, store.address)
        # They would be those of a version that was never published, or was taken away by hand.
        remove(parent, _file(yanked_path(spec.name, spec.version)))
        remove(parent, _file(signature_path(spec.name, spec.version)))
        if signature is not None:
            write_over(parent, _file(signature_path(spec.name, spec.version)), signature)
        try:
            write_new(parent, name, document.data)
        except FileExistsError:  # somebody who knows of no lock
            raise taken(document, store.address) from None
        _write_index(store)


def yank(store: FolderReader, name: str, version: str, why: str) -> None:
    """Say that a version should no longer be chosen. Raises `StoreError`."""
    note = write_note(why)
    check_place(name, version)
    with _writing(store):
        if not (store.path / document_path(name, version)).is_file():
            raise missing(name, version, store.address)
        with opened_folder(store.path, name) as parent:
            write_over(parent, _file(yanked_path(name, version)), note)
        _clean(store)
        _write_index(store)


def reindex(store: FolderReader) -> None:
    """Remove leftovers and write the index. Raises `StoreError`."""
    with _writing(store):
        _clean(store)
        _write_index(store)


def taken(document: Document, address: str) -> VersionExistsError:
    """Return the error of whoever comes second."""
    return VersionExistsError(
        f"{document.title} is published already",
        where=address,
        hint="What is published never changes; publish it as a higher version.",
    )


def missing(name: str, version: str, address: str) -> StoreError:
    """Return the error of whoever yanks what is not there."""
    return StoreError(f"there is no {name}@{shown(version)[1:-1]}", where=address)


def check_signature(signature: bytes | None, where: str) -> None:
    """Raise `DocumentError` for a signature that no store would give back."""
    if signature is not None and not 0 < len(signature) <= MAX_SIGNATURE:
        message = f"the signature has {len(signature)} bytes: 1 to {MAX_SIGNATURE} may be"
        raise DocumentError(message, where=where)


@contextmanager
def _writing(store: FolderReader) -> Iterator[None]:
    """Keep other publishers out. Raises `StoreError` for what goes wrong meanwhile."""
    try:
        # Whoever may write to the folder may lock it.
        mode = store.path.stat().st_mode & 0o666
        with FileLock(store.path / LOCK, timeout=LOCK_SECONDS, mode=mode):
            yield
    except Timeout:
        raise StoreError(
            f"another process has been publishing for {LOCK_SECONDS:.0f} s", where=store.address
        ) from None
    except OSError as error:
        raise StoreError(
            f"cannot write to the store: {reason(error)}", where=store.address
        ) from None


def _is_there(parent: int, name: str) -> bool:
    """Whether anything has that name, be it what no store may hold."""
    try:
        read_in(parent, name, 0)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _clean(store: FolderReader) -> None:
    """Remove what killed processes left: nobody else writes now."""
    found = scan(store.path, store.address)
    for name, files in found.specs.items():
        if files.leftovers:
            with opened_folder(store.path, name) as parent:
                for leftover in files.leftovers:
                    remove(parent, leftover)
    with opened_folder(store.path) as root:
        for path in store.path.iterdir():
            if is_leftover(path.name):
                remove(root, path.name)


def _write_index(store: FolderReader) -> None:
    """Write the index, if it says anything new.

    A failure is no error of what was done before: the next one who publishes writes it.
    """
    try:
        data = write_index(store.index())
        if not _index_is(store, data):
            with opened_folder(store.path) as root:
                write_over(root, INDEX, data)
    except (OSError, StoreError) as error:
        why = reason(error) if isinstance(error, OSError) else error.message
        store.note_problem(f"{INDEX} could not be written: {why}")


def _index_is(store: FolderReader, data: bytes) -> bool:
    try:
        return read_below(store.path, INDEX, len(data)) == data
    except OSError:
        return False


def _file(path: str) -> str:
    return path.rpartition("/")[2]
