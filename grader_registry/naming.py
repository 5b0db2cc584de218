"""Names, versions and references of shared specs: `team/name@^1.2`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from semantic_version import NpmSpec, Version

MAX_NAME: Final = 80
MAX_VERSION: Final = 64
_PART: Final = r"[a-z](?:-?[a-z0-9])*"
_NAME: Final = re.compile(rf"{_PART}/{_PART}")
_DEVICES: Final = frozenset({"con", "prn", "aux", "nul"}) | {
    f"{device}{number}" for device in ("com", "lpt") for number in range(10)
}
"""No file may be called so on Windows."""
_LOOK_ALIKES: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "-": None})


def check_name(name: str) -> str:
    """Return a name as it is. Raises `ValueError` if it is none.

    Names are ASCII, so no two look alike by their alphabets, and each is a path everywhere.
    """
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise ValueError(
            f"{shown(name)} is no name: one is `team/name`, of the letters a-z, digits and single "
            f"hyphens, {MAX_NAME} characters at most"
        )
    if _DEVICES & set(name.split("/")):
        raise ValueError(f"{shown(name)} holds a word that is no file name on every system")
    return name


def look_alike(name: str) -> str:
    """Return what names have in common that are easily taken for each other."""
    return name.translate(_LOOK_ALIKES).replace("rn", "m").replace("vv", "w")


def parse_version(text: str) -> Version:
    """Read a semantic version. Raises `ValueError`."""
    try:
        version = Version(text if len(text) <= MAX_VERSION and text.isascii() else "")
    except ValueError:
        raise ValueError(f"{shown(text)} is no semantic version such as 1.2.0") from None
    if str(version) != text:  # a line break at its end, for one
        raise ValueError(f"{shown(text)} is no semantic version such as 1.2.0")
    if version.build:
        raise ValueError(f"{shown(text)}: versions that differ by their build have no order")
    return version


@dataclass(frozen=True, slots=True)
class Reference:
    """What a task file names: a spec, and the versions of it that will do.

    `range` is as of npm: `1.2.0`, `^1.2`, `~1.2`, `>=1.2 <2`; without one any release will do.
    """

    name: str
    range: str = "*"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `team/name` or `team/name@RANGE`. Raises `ValueError`."""
        name, at, wanted = text.partition("@")
        check_name(name)
        if at and not wanted:
            raise ValueError(f"{shown(text)}: there is no version behind the @")
        wanted = wanted or "*"
        try:
            NpmSpec(wanted if len(wanted) <= MAX_VERSION and wanted.isascii() else "?")
        except ValueError:
            raise ValueError(
                f"{shown(wanted)} is no range of versions such as 1.2.0, ^1.2 or >=1.2 <2"
            ) from None
        return cls(name, wanted)

    def takes(self, version: str) -> bool:
        """Whether a version will do."""
        return bool(NpmSpec(self.range).match(parse_version(version)))

    def best(self, versions: Iterable[str]) -> str | None:
        """Return the highest version that will do, None if none does."""
        fitting = [parse_version(one) for one in versions]
        found = NpmSpec(self.range).select(fitting)
        return None if found is None else str(found)

    def is_exact(self) -> bool:
        """Whether it names one version, and not a range."""
        try:
            parse_version(self.range)
        except ValueError:
            return False
        return True

    def __str__(self) -> str:
        return self.name if self.range == "*" else f"{self.name}@{self.range}"


def shown(text: str) -> str:
    """Return untrusted text as it may stand in a message: ASCII, in quotes, not too long."""
    return ascii(text if len(text) <= MAX_NAME else f"{text[:MAX_NAME]}…")
