"""Addresses of git repositories: `git+https://host/x.git@REF`, or the path of a bare one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from grader_registry.errors import StoreError
from grader_registry.naming import shown

PROTOCOLS: Final = ("https", "ssh", "file")
_REF: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_HOST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*|[0-9A-Fa-f:.]+")
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")
HINT: Final = (
    "git+https://host/x.git@REF, git+ssh://git@host/x.git@REF, git+file:///x.git@REF "
    "or the path of a bare repository; REF is a branch, a tag or a commit of 40 digits."
)


@dataclass(frozen=True)
class GitAddress:
    """Where a repository is, and what of it is meant."""

    url: str
    """As git takes it, perhaps with a password."""
    protocol: str
    ref: str | None
    """A branch, a tag or a commit; None for the default branch."""
    address: str
    """As it is shown, without a password."""
    secrets: tuple[str, ...] = ()
    """What may stand in no message."""

    @property
    def is_commit(self) -> bool:
        """Whether a commit is meant: 40 digits are never taken for a branch's name."""
        return self.ref is not None and _COMMIT.fullmatch(self.ref) is not None

    @classmethod
    def parse(cls, text: str, shown_as: str | None = None) -> Self:
        """Read an address. Raises `StoreError` for one that is none."""
        if not text.isprintable() or text.startswith("-"):
            raise StoreError("no address of a git repository", hint=HINT)
        if not text.startswith("git+"):
            path, ref = _split(text)
            return cls(path, "file", ref, shown_as or text)
        return cls._parse_url(text.removeprefix("git+"))

    @classmethod
    def _parse_url(cls, text: str) -> Self:
        try:
            parts = urlsplit(text)
            host, user, _ = parts.hostname or "", parts.username, parts.port
        except ValueError:
            raise StoreError("no address of a git repository", hint=HINT) from None
        if parts.scheme not in PROTOCOLS:
            raise StoreError(f"git is not asked by {shown(parts.scheme)}", hint=HINT)
        if parts.query or parts.fragment or " " in text or not text.isascii():
            raise StoreError("the address of a repository has no ?, # or spaces", hint=HINT)
        path, ref = _split(parts.path)
        place = parts.netloc.rpartition("@")[2]
        # ssh takes what starts with a hyphen for an option.
        if parts.scheme == "file":
            fits = not parts.netloc and path.startswith("/")
        else:
            user_fits = parts.scheme == "https" or user is None or _USER.fullmatch(user)
            fits = bool(_HOST.fullmatch(host) and user_fits and path.strip("/"))
        if not fits:
            raise StoreError(f"no repository: {shown(place + path)}", hint=HINT)
        known = user if parts.scheme == "ssh" and user else None
        address = urlunsplit((parts.scheme, f"{known}@{place}" if known else place, path, "", ""))
        if parts.scheme == "file":
            address = f"file://{path}"
        secrets = [parts.password or ""] + ([user or ""] if parts.scheme == "https" else [])
        both = {one for secret in secrets if secret for one in (secret, unquote(secret))}
        return cls(
            urlunsplit(parts._replace(path=path)) if parts.scheme != "file" else address,
            parts.scheme,
            ref,
            f"git+{address}" + (f"@{ref}" if ref else ""),
            tuple(sorted(both, key=len, reverse=True)),
        )


def _split(path: str) -> tuple[str, str | None]:
    """Split a path from the ref behind it. Raises `StoreError` for a ref that is none."""
    before, at, ref = path.rpartition("@")
    if not at or (".git" not in before and "/" in ref):
        return path, None
    if not _REF.fullmatch(ref) or ".." in ref or "//" in ref or ref.endswith((".", "/", ".lock")):
        raise StoreError(f"{shown(ref)} is no branch, tag or commit", hint=HINT)
    return before, ref
