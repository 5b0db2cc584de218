"""Files below a folder that others can write to.

No symbolic link is followed below the folder, nothing but regular files is read, and none is read
beyond its limit. What is written is there whole or not at all, whenever the process is killed.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

TEMPORARY: Final = ".tmp"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class UnfitFileError(OSError):
    """A file is no regular one, or larger than it may be."""


@contextmanager
def opened_folder(root: Path, below: str = "", *, make: bool = False) -> Iterator[int]:
    """Open the folder `below`, a path relative to `root`; yields its descriptor.

    With `make` it is made if it is not there. Raises `OSError`, also if a step on the way is a
    symbolic link.
    """
    descriptor = os.open(root, _FOLDER)
    try:
        for step in filter(None, below.split("/")):
            if make:
                with suppress(FileExistsError):
                    os.mkdir(step, dir_fd=descriptor)
                    os.fsync(descriptor)
            further = _open_step(step, descriptor)
            os.close(descriptor)
            descriptor = further
        yield descriptor
    finally:
        os.close(descriptor)


def _open_step(step: str, parent: int) -> int:
    """Open a folder in a folder; an error says so if it is a symbolic link."""
    try:
        return os.open(step, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
    except NotADirectoryError:
        if stat.S_ISLNK(os.lstat(step, dir_fd=parent).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise


def read_below(root: Path, path: str, limit: int) -> bytes:
    """Return the content of a file with at most `limit` bytes.

    Raises `FileNotFoundError`, `UnfitFileError` and other kinds of `OSError`.
    """
    folder, _, name = path.rpartition("/")
    with opened_folder(root, folder) as parent:
        return read_in(parent, name, limit)


def read_in(parent: int, name: str, limit: int) -> bytes:
    """Do as `read_below`, for a file in an open folder."""
    with os.fdopen(os.open(name, _FILE, dir_fd=parent), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UnfitFileError("it is no regular file")
        data = file.read(limit + 1) if status.st_size <= limit else b""
        if len(data) > limit or status.st_size > limit:
            raise UnfitFileError(f"it has more than {limit} bytes")
        return data


def write_new(parent: int, name: str, data: bytes) -> None:
    """Write a file that must not be there yet. Raises `FileExistsError` and other `OSError`."""
    with _temporary(parent, name, data) as temporary:
        os.link(temporary, name, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
    os.fsync(parent)


def write_over(parent: int, name: str, data: bytes) -> None:
    """Write a file, over one that may be there. Raises `OSError`."""
    with _temporary(parent, name, data) as temporary:
        os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
    os.fsync(parent)


def is_leftover(name: str) -> bool:
    """Whether a file was left by a process that was killed while it wrote."""
    return name.startswith(".") and name.endswith(TEMPORARY)


def remove(parent: int, name: str) -> None:
    """Remove a file, if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)


@contextmanager
def _temporary(parent: int, name: str, data: bytes) -> Iterator[str]:
    """Write a file beside `name` and yield what it is called; it is gone afterwards."""
    temporary = f".{name}.{secrets.token_hex(8)}{TEMPORARY}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, 0o666, dir_fd=parent), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        remove(parent, temporary)
