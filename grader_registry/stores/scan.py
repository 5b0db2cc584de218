"""Looking through a folder of specs without reading any."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from grader_registry.errors import StoreError
from grader_registry.naming import check_name, shown
from grader_registry.stores.files import is_leftover
from grader_registry.stores.layout import version_of

MAX_FILES: Final = 1_000_000
"""Of all specs together."""


@dataclass(slots=True)
class SpecFiles:
    """What lies in the folder of one spec."""

    name: str
    documents: list[str] = field(default_factory=list)
    """The versions with a document."""
    yanked: set[str] = field(default_factory=set)
    signed: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    """What is there and may not be, a line each."""
    strays: list[str] = field(default_factory=list)
    """Files with names of no version: nobody can mean them."""
    leftovers: list[str] = field(default_factory=list)
    """Files of processes that were killed; signatures without documents among them."""
    mark: str = ""
    """Another one as soon as a document or a note is another file, in size or in time."""


@dataclass(slots=True)
class Scan:
    """What lies in a store."""

    specs: dict[str, SpecFiles] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def scan(root: Path, address: str) -> Scan:
    """Look through a store. Raises `StoreError` if that is not possible."""
    found = Scan()
    files = 0
    try:
        for team, path in _folders(str(root), "", found.problems):
            for name, below in _folders(path, f"{team}/", found.problems):
                spec = _scan_tolerantly(below, name, found.problems)
                files += len(spec.documents)
                found.specs[name] = spec
                found.problems += spec.strays
                if files > MAX_FILES:
                    raise StoreError(f"more than {MAX_FILES} documents", where=address)
    except OSError as error:
        raise unreadable(error, address) from None
    return found


def scan_spec(root: Path, name: str) -> SpecFiles:
    """Look through the folder of one spec. Raises `OSError`, also if it is a symbolic link."""
    path = root / name
    if path.is_symlink() or path.parent.is_symlink():
        raise OSError(errno.ELOOP, "")
    return _scan_folder(str(path), name)


def _scan_folder(path: str, name: str) -> SpecFiles:
    """Look through a folder that is no symbolic link. Raises `OSError`."""
    found = SpecFiles(name)
    marks: list[str] = []
    with os.scandir(path) as files:
        for file in files:
            if not file.name.startswith("."):
                _note(file, found, marks)
            elif is_leftover(file.name):
                found.leftovers.append(file.name)
    found.leftovers += [f"{one}.json.sig" for one in found.signed.difference(found.documents)]
    marks.sort()
    found.mark = hashlib.sha256("\n".join(marks).encode()).hexdigest()[:32]
    return found


def unreadable(error: OSError, where: str) -> StoreError:
    """Return an error of the file system as one of the store."""
    return StoreError(reason(error), where=where)


def reason(error: OSError) -> str:
    """Return what is wrong with a file, in words."""
    if error.errno in {errno.ELOOP, errno.EMLINK}:
        return "it is a symbolic link, and none is followed"
    return error.strerror or str(error)


def _folders(path: str, team: str, problems: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what may be a team, or a spec of the `team`."""
    try:
        with os.scandir(path) as files:
            found = sorted((one for one in files if one.name[0] not in "._"), key=lambda f: f.name)
    except OSError as error:
        if not team:
            raise
        problems.append(f"{team[:-1]}: {reason(error)}")
        return
    for one in found:
        if one.is_symlink():
            problems.append(
                f"{shown(team + one.name)}: it is a symbolic link, and none is followed"
            )
        elif one.is_dir(follow_symlinks=False):
            try:
                check_name(f"{team}{one.name}" if team else f"{one.name}/x")
            except ValueError as error:
                problems.append(str(error))
            else:
                yield f"{team}{one.name}", one.path


def _scan_tolerantly(path: str, name: str, problems: list[str]) -> SpecFiles:
    try:
        return _scan_folder(path, name)
    except OSError as error:
        problems.append(f"{name}: {reason(error)}")
        return SpecFiles(name)


def _note(file: os.DirEntry[str], found: SpecFiles, marks: list[str]) -> None:
    """Note one file of a spec's folder."""
    try:
        part = version_of(file.name)
    except ValueError as error:
        found.strays.append(f"{found.name}/{shown(file.name)[1:-1]}: {error}")
        return
    if part is None:
        return
    version, ending = part
    try:
        status = file.stat(follow_symlinks=False)
    except FileNotFoundError:  # it was removed just now
        return
    if not stat.S_ISREG(status.st_mode):
        found.problems.append(f"{found.name}/{file.name}: it is no regular file")
    elif ending == ".json.sig":
        found.signed.add(version)
    else:
        found.documents.append(version) if ending == ".json" else found.yanked.add(version)
        marks.append(f"{file.name} {status.st_size} {status.st_mtime_ns}")
