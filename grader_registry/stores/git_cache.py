"""The cache of a git store: a bare repository with one commit, and what its documents say.

It lies in the user's cache folder and can be deleted at any time. One process at a time fetches
into it; what is read is named by commits and blobs, which never change.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from grader_registry.errors import StoreError
from grader_registry.naming import shown
from grader_registry.stores.files import opened_folder, read_below, write_over
from grader_registry.stores.git_address import GitAddress
from grader_registry.stores.git_command import NETWORK_SECONDS, Git
from grader_registry.stores.index import MAX_BYTES, load_json
from grader_registry.stores.layout import plain_entry, read_entry
from grader_registry.stores.scan import reason
from grader_registry.stores.store import Entry
from rft_core.suggest import did_you_mean

_HEAD: Final = "refs/rft/head"
_ENTRIES: Final = "entries.json"
_FIRST_BRANCH: Final = "refs/heads/main"


@dataclass(frozen=True)
class Head:
    """What the address means now."""

    commit: str | None
    """None in a repository without commits."""
    branch: str | None
    """The branch that can be published to, `refs/heads/…`; None for a tag or a commit."""


class GitCache:
    """The cache of one address."""

    def __init__(self, address: GitAddress) -> None:
        """Take the cache; nothing is made yet."""
        self._address = address
        key = f"{address.url}\0{address.ref or ''}"
        self.path = _caches() / hashlib.sha256(key.encode()).hexdigest()[:32]
        self.git = Git(self.path / "repository.git", address)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes of this user from fetching. Raises `StoreError`."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(self.path / "lock", timeout=NETWORK_SECONDS):
                self._make()
                yield
        except Timeout:
            raise self.git.error("another process has been fetching for too long") from None
        except OSError as error:
            message = f"cannot write to the cache {self.path}: {reason(error)}"
            raise self.git.error(message) from None

    def fetch(self) -> Head:
        """Bring what the address means, in a lock. Raises `StoreError`."""
        wanted, there = self._wanted()
        if wanted is None:
            return Head(None, there)
        if there != self._have():
            self._bring(wanted)
        asked = f"{_HEAD}^{{commit}}"
        commit = self.git.run("rev-parse", "--verify", asked).decode().strip()
        return Head(commit, wanted if wanted.startswith("refs/heads/") else None)

    def entries(self) -> Mapping[str, Entry]:
        """Return what is known of documents, by their blobs; nothing if the cache is broken."""
        with suppress(OSError, ValueError, StoreError, KeyError, TypeError, AttributeError):
            plain: Any = load_json(read_below(self.path, _ENTRIES, MAX_BYTES), "")
            return {
                blob: read_entry(one["name"], one["version"], one) for blob, one in plain.items()
            }
        return {}

    def keep_entries(self, entries: Mapping[str, Entry]) -> None:
        """Remember what documents say. A failure only costs reading them again."""
        plain = {
            blob: {"name": one.name, "version": one.version, **plain_entry(one)}
            for blob, one in entries.items()
        }
        with suppress(OSError), opened_folder(self.path) as folder:
            write_over(folder, _ENTRIES, json.dumps(plain).encode())

    def _make(self) -> None:
        """Make the repository if it is not there, and remove what killed processes left."""
        repository = self.git.repository
        if not repository.is_dir():
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=self.path))
            try:
                Git(temporary, self._address).run("init", "--quiet", "--bare", "--template=")
                temporary.rename(repository)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        for stale in (*repository.glob("*.lock"), *repository.glob("refs/rft/*.lock")):
            stale.unlink(missing_ok=True)

    def _have(self) -> str | None:
        found = self.git.ask("rev-parse", "--verify", "--quiet", _HEAD)
        return None if found.rc else found.out.decode().strip()

    def _bring(self, wanted: str) -> None:
        """Fetch one commit with its files, and nothing of its history."""
        only = ("--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        self.git.run("fetch", "--quiet", "--force", *only, "origin", f"+{wanted}:{_HEAD}",
                     network=True)  # fmt: skip

    def _wanted(self) -> tuple[str | None, str | None]:
        """Return what to fetch and the object that it is now.

        For an empty repository that is None, and the branch that a first commit makes.
        """
        ref = self._address.ref
        if self._address.is_commit:
            return ref, ref
        if ref is None:
            return self._default()
        branch, tag = f"refs/heads/{ref}", f"refs/tags/{ref}"
        refs = self._remote_refs(branch, tag)
        if branch in refs and tag in refs:
            raise self.git.error(f"{shown(ref)} is a branch and a tag", "Name the commit.")
        for one in (branch, tag):
            if one in refs:
                return one, refs[one]
        branches = self._remote_refs("refs/heads/*")
        if not branches:
            return None, branch
        hint = did_you_mean(ref, [one.removeprefix("refs/heads/") for one in branches])
        raise self.git.error(f"there is no branch and no tag {shown(ref)}", hint)

    def _default(self) -> tuple[str | None, str | None]:
        """Return the default branch, as `_wanted` does."""
        refs = self._remote_refs("HEAD", "refs/heads/*")
        head = refs.get("ref: HEAD")
        branches = {name: one for name, one in refs.items() if name.startswith("refs/heads/")}
        if head in branches:
            return head, branches[head]
        if not branches:
            return None, _FIRST_BRANCH
        if _FIRST_BRANCH in branches or len(branches) == 1:
            name = _FIRST_BRANCH if _FIRST_BRANCH in branches else next(iter(branches))
            return name, branches[name]
        raise self.git.error("there is no default branch", "Name one: …@BRANCH.")

    def _remote_refs(self, *patterns: str) -> dict[str, str]:
        """Return refs with their objects; `ref: HEAD` is what HEAD stands for."""
        out = self.git.run("ls-remote", "--symref", "origin", *patterns, network=True)
        found: dict[str, str] = {}
        for line in out.decode("utf-8", "replace").splitlines():
            value, _, name = line.partition("\t")
            if value.startswith("ref: "):
                found[f"ref: {name}"] = value.removeprefix("ref: ")
            else:
                found[name] = value
        return found


def _caches() -> Path:
    """Return the folder of all caches."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(chosen) if chosen.startswith("/") else Path.home() / ".cache"
    return base / "rft" / "registry" / "git"
