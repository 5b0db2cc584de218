"""The vendored documents: `rft_specs/TEAM/NAME/VERSION/`, each whole or not there.

A document is written into a temporary folder beside the teams' and then renamed. The lock is
written after that, and what it no longer names is removed last, so whoever is interrupted leaves a
lock whose documents are all there, and at most some folders too many.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

from grader_registry.canonical import MAX_BYTES, digest
from grader_registry.document import SPEC_FILE, Document
from grader_registry.errors import IntegrityError, RegistryError
from grader_registry.materials import check_files, write_files
from grader_registry.naming import check_name, parse_version
from grader_registry.project.lock import Lock, LockEntry
from grader_registry.project.settings import Project
from grader_registry.stores.files import read_below

_NEW: Final = ".new-"
_LOCK: Final = ".lock"
_OWN_FILES: Final = {
    ".gitignore": f"/.gitignore\n/{_LOCK}\n/{_NEW}*\n",
    # Documents are compared byte for byte, so git must not translate ends of lines.
    ".gitattributes": "* -text\n",
}
_MAX_ENTRIES: Final = 1_000
"""Of a version's folder; a document has 50 files."""


@contextmanager
def writing(project: Project) -> Iterator[None]:
    """Keep others from changing the lock and the folders meanwhile. Raises `RegistryError`."""
    try:
        project.vendor.mkdir(parents=True, exist_ok=True)
        _refuse_links(project.root, project.vendor)
        for name, text in _OWN_FILES.items():
            if not (project.vendor / name).exists():
                (project.vendor / name).write_text(text, encoding="utf-8", newline="")
        with FileLock(project.vendor / _LOCK):
            yield
    except OSError as error:
        where = str(error.filename or project.vendor)
        raise RegistryError(error.strerror or str(error), where=where) from None


def vendor(project: Project, document: Document) -> bool:
    """Write a document's folder unless it is there as published; return whether it was written."""
    folder = project.vendored(document.spec.name, document.spec.version)
    _refuse_links(project.vendor, folder)
    if _read(project, document.spec.name, document.spec.version) == document.data and _is_whole(
        document, folder
    ):
        return False
    temporary = project.vendor / f"{_NEW}{secrets.token_hex(8)}"
    write_files(document, temporary)
    _sync(temporary)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():  # somebody changed it
        folder.rename(project.vendor / f"{_NEW}{secrets.token_hex(8)}")
    temporary.rename(folder)
    return True


def read_vendored(project: Project, entry: LockEntry) -> Document:
    """Return what an entry names, as it was locked, with nothing beside it.

    Raises `IntegrityError`, `DocumentError`.
    """
    folder = project.vendored(entry.name, entry.version)
    path = folder / SPEC_FILE
    data = _read(project, entry.name, entry.version)
    if data is None:
        raise IntegrityError(
            f"{entry.title} is in the lock, and its document is not here",
            where=str(path),
            hint="`rft registry add --frozen` writes what the lock names from its stores.",
        )
    if digest(data) != entry.digest:
        raise IntegrityError(
            f"the document is not the one of {entry.title} that the lock names",
            where=str(path),
            hint="It was changed. `rft registry add --frozen` writes it anew from its store.",
        )
    document = Document.read(data, str(path))
    if document.title != entry.title:
        raise IntegrityError(f"is {document.title}, and not {entry.title}", where=str(path))
    _refuse_others(document, folder)
    check_files(document, folder)
    return document


def clean(project: Project, lock: Lock) -> None:
    """Remove what interrupted commands left, and versions that the lock no longer names."""
    for folder in _folders(project.vendor):
        if folder.name.startswith(_NEW):
            shutil.rmtree(folder)
    for name, version, folder in _versions(project.vendor):
        if lock.entry(name, version) is None:
            shutil.rmtree(folder)
            for parent in (folder.parent, folder.parent.parent):
                if not any(parent.iterdir()):
                    parent.rmdir()


def strangers(project: Project, lock: Lock) -> list[Path]:
    """Return what lies in the vendor folder and is no version of the lock's."""
    if not project.vendor.is_dir():
        return []
    locked = {project.vendored(entry.name, entry.version) for entry in lock.entries}
    kept = {parent for folder in locked for parent in folder.parents}
    own = {project.vendor / name for name in (_LOCK, *_OWN_FILES)}
    level, found = [project.vendor], list[Path]()
    while level:
        children = sorted(child for folder in level for child in folder.iterdir())
        level = [child for child in children if child in kept and _is_folder(child)]
        found += [one for one in children if one not in {*level, *locked, *own}]
    return found


def _versions(root: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield name, version and folder of what looks like a vendored document."""
    for team in _folders(root):
        for spec in _folders(team):
            for folder in _folders(spec):
                name = f"{team.name}/{spec.name}"
                try:
                    check_name(name)
                    version = str(parse_version(folder.name))
                except ValueError:
                    continue
                yield name, version, folder


def _folders(parent: Path) -> list[Path]:
    """Return the folders in a folder; links are none."""
    return [one for one in parent.iterdir() if _is_folder(one)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_whole(document: Document, folder: Path) -> bool:
    try:
        _refuse_others(document, folder)
        check_files(document, folder)
    except IntegrityError:
        return False
    return True


def _refuse_others(document: Document, folder: Path) -> None:
    """Raise `IntegrityError` for anything but the document's files: configs might name it."""
    wanted = {folder / name for name in (SPEC_FILE, *document.spec.files)}
    kept = wanted | {parent for path in wanted for parent in path.parents}
    for path in _below(folder):
        mode = path.lstat().st_mode
        if path not in kept or not (stat.S_ISREG(mode) if path in wanted else stat.S_ISDIR(mode)):
            raise IntegrityError(
                f"this is no part of {document.title}",
                where=ascii(str(path))[1:-1],
                hint="Remove it; only what was published may lie there.",
            )


def _below(folder: Path) -> list[Path]:
    """Return what is in a folder and below; links are not followed, the number is bounded."""
    found: list[Path] = []
    if folder.is_symlink():
        return [folder]
    for parent, folders, files in os.walk(folder):
        found += [Path(parent, name) for name in (*folders, *files)]
        if len(found) > _MAX_ENTRIES:
            return found
    return found


def _read(project: Project, name: str, version: str) -> bytes | None:
    """Return the bytes of a vendored document; links, devices and pipes are none."""
    try:
        return read_below(project.vendor, f"{name}/{version}/{SPEC_FILE}", MAX_BYTES)
    except OSError:
        return None


def _refuse_links(root: Path, folder: Path) -> None:
    """Raise `IntegrityError` if writing to `folder` would lead out of `root` by a link."""
    for path in (folder, *folder.parents):
        if path != root and path.is_relative_to(root) and path.is_symlink():
            raise IntegrityError(
                "a link; documents are written into real folders",
                where=str(path),
                hint="Remove it.",
            )


def _sync(folder: Path) -> None:
    """Have the files of a folder on the disk before its name is."""
    for path in _below(folder):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
