"""The folder of a site: written beside its place, and put there as a whole.

A file in it names all files that are the site's. A folder with any other is somebody's, and stays.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from grader_registry.errors import StoreError

MARKER: Final = ".rft-site.json"
_HINT: Final = "Name a folder that is empty or not there, or one that `rft registry site` made."


class SiteFolder:
    """A folder that is being written; paths are relative, with `/`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: set[str] = set()

    def write(self, path: str, data: bytes | str) -> None:
        """Write a file, and the folders above it."""
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        self._files.add(path)

    def finish(self) -> None:
        """Write which files there are."""
        about = "Made by `rft registry site`, which replaces the whole folder."
        files = sorted({*self._files, MARKER})
        self.write(MARKER, json.dumps({"about": about, "files": files}, indent=0) + "\n")


@contextmanager
def replaced(output: Path) -> Iterator[SiteFolder]:
    """Yield a folder to write into, which takes the place of `output` if nothing goes wrong.

    Raises `StoreError` if `output` holds what is not a site's, or cannot be written.
    """
    place = output.resolve()
    _check(place)
    mark = secrets.token_hex(4)
    fresh, old = (place.with_name(f".{place.name}.{mark}.{end}") for end in ("new", "old"))
    try:
        fresh.mkdir(parents=True)
        folder = SiteFolder(fresh)
        yield folder
        folder.finish()
        _check(place)
        _swap(fresh, place, old)
    except OSError as error:
        raise StoreError(
            f"the site cannot be written: {error.strerror or error}", where=str(place)
        ) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _swap(fresh: Path, place: Path, old: Path) -> None:
    """Put one folder where the other is; it comes back where that fails."""
    if not place.exists():
        fresh.rename(place)
        return
    place.rename(old)
    try:
        fresh.rename(place)
    except OSError:
        old.rename(place)
        raise


def _check(place: Path) -> None:
    """Refuse a folder that holds anything but a site. Raises `StoreError`."""
    if not place.exists():
        return
    if not place.is_dir() or place.parent == place:
        raise StoreError("is no folder that a site can be in", where=str(place), hint=_HINT)
    ours = _listed(place / MARKER)
    for path in place.rglob("*"):
        name = path.relative_to(place).as_posix()
        if name not in ours and (path.is_symlink() or not path.is_dir()):
            what = "which the site does not" if ours else "and is no site"
            raise StoreError(f"the folder holds {name!a}, {what}", where=str(place), hint=_HINT)


def _listed(marker: Path) -> frozenset[str]:
    """Return the files that are a site's; none where the folder is no site."""
    try:
        files = json.loads(marker.read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return frozenset()
    return (
        frozenset(one for one in files if isinstance(one, str))
        if isinstance(files, list)
        else frozenset()
    )
