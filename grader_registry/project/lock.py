"""`rft.lock`: which documents a project's references stand for, and what they were added with.

JSON, sorted, an entry's facts on lines of their own, so that a change reads well in a diff.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

from packaging.version import InvalidVersion, Version
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from grader_registry.canonical import strict_json
from grader_registry.document import SemanticVersion, problems
from grader_registry.errors import RegistryError
from grader_registry.naming import Reference, check_name, parse_version, shown
from rft_core.run.directory import write_atomically

FORMAT: Final = 1
MAX_BYTES: Final = 5_000_000
_MARKERS: Final = ("<<<<<<< ", "||||||| ", ">>>>>>> ", "=======\n")
_ANEW: Final = (
    "Take the file as it was committed, or remove it and `rft registry add` what you use."
)


def _installed_version(text: str) -> str:
    try:
        Version(text if text.isascii() else "")
    except InvalidVersion:
        raise ValueError(f"{shown(text)} is no version of a distribution") from None
    return text


def _seen(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds characters that are not seen")
    return text


Line = Annotated[str, StringConstraints(min_length=1, max_length=1_000), AfterValidator(_seen)]
Distribution = Annotated[
    str, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$")
]


class LockEntry(BaseModel):
    """One document that the project uses."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, AfterValidator(check_name)]
    """`team/name`."""
    version: SemanticVersion
    reference: Line
    """The range of versions that was asked for, such as ^1.2."""
    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    """Of the document's bytes."""
    store: Line
    """The address that it came from."""
    requires: Annotated[
        dict[Distribution, Annotated[str, AfterValidator(_installed_version)]],
        Field(max_length=100),
    ]
    """The versions of the distributions that were installed."""
    graders: Annotated[dict[Line, Line], Field(max_length=100)]
    """The versions of the graders and shapers that it was added with."""
    signer: Line | None = None
    """Who signed it, where signatures were asked for."""

    @field_validator("reference")
    @classmethod
    def _is_a_range(cls, text: str) -> str:
        Reference.parse(f"team/name@{text}")
        return text

    @property
    def title(self) -> str:
        """`team/name@1.2.0`."""
        return f"{self.name}@{self.version}"

    def asked(self) -> Reference:
        """Return the reference that it was added by."""
        return Reference(self.name, self.reference)

    def exactly(self) -> Reference:
        """Return the reference to this very version."""
        return Reference(self.name, self.version)


@dataclass(frozen=True)
class Lock:
    """The entries, sorted by name and version; no version is there twice."""

    entries: tuple[LockEntry, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[LockEntry]) -> Self:
        """Return a lock with these entries."""
        return cls(tuple(sorted(entries, key=lambda one: (one.name, parse_version(one.version)))))

    def find(self, reference: Reference) -> LockEntry | None:
        """Return what a reference stands for, None if nothing will do.

        That is the highest locked version it takes. One that was added by this very range comes
        first: what is added for one task file does not change what another one trains on.
        """
        fitting = {e.version: e for e in self.named(reference.name) if reference.takes(e.version)}
        same = [version for version, e in fitting.items() if e.reference == reference.range]
        best = reference.best(same or fitting)
        return None if best is None else fitting[best]

    def named(self, name: str) -> list[LockEntry]:
        """Return the entries of one spec, the lowest version first."""
        return [entry for entry in self.entries if entry.name == name]

    def entry(self, name: str, version: str) -> LockEntry | None:
        """Return the entry of one version."""
        return next((one for one in self.named(name) if one.version == version), None)

    def having(self, new: LockEntry, instead_of: LockEntry | None = None) -> Lock:
        """Return the lock with another entry, in the place of an older one."""
        gone = {new.title, new.title if instead_of is None else instead_of.title}
        return Lock.of([*(one for one in self.entries if one.title not in gone), new])


def read_lock(path: Path) -> Lock:
    """Read a lock; one that is not there is empty. Raises `RegistryError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise RegistryError(error.strerror or str(error), where=str(path)) from None
    try:
        return _entries(_parsed(data))
    except ValueError as error:
        raise RegistryError(str(error), where=str(path), hint=_hint(data)) from None


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock, which appears whole or not at all."""
    specs = [entry.model_dump(mode="json", exclude_none=True) for entry in lock.entries]
    text = json.dumps({"lock": FORMAT, "specs": specs}, indent=2, sort_keys=True)
    write_atomically(path, [text])


def _parsed(data: bytes) -> Any:
    """Return the JSON of a lock. Raises `ValueError`, also if it can be read in two ways."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"a lock has {MAX_BYTES} bytes at most")
    if _conflicts(data):
        raise ValueError("holds conflict markers: two branches were merged")
    try:
        return strict_json(data)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}"[:300]) from None


def _entries(plain: Any) -> Lock:
    if not isinstance(plain, dict) or set(plain) != {"lock", "specs"}:
        raise ValueError("a lock is a JSON object with `lock` and `specs`")
    if plain["lock"] != FORMAT or isinstance(plain["lock"], bool):
        raise ValueError(
            f"its format is {shown(str(plain['lock']))}, and this rft-core reads {FORMAT}"
        )
    if not isinstance(plain["specs"], list):
        raise ValueError("specs: is a list of entries")  # noqa: TRY004 - the file is wrong
    lock = Lock.of(_entry(index, one) for index, one in enumerate(plain["specs"]))
    titles = [entry.title for entry in lock.entries]
    twice = next((one for one in titles if titles.count(one) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is there twice")
    return lock


def _entry(index: int, plain: Any) -> LockEntry:
    try:
        entry = LockEntry.model_validate(plain)
    except ValidationError as error:
        raise ValueError(problems(error, "specs", index)[0]) from None
    if not entry.asked().takes(entry.version):
        raise ValueError(f"specs.{index}: {entry.asked()} does not take version {entry.version}")
    return entry


def _hint(data: bytes) -> str:
    if _conflicts(data):
        return (
            "Keep the entries of both sides, in any order and each version once; "
            "then `rft registry verify` tells what is missing."
        )
    return _ANEW


def _conflicts(data: bytes) -> bool:
    lines = data[:MAX_BYTES].decode("utf-8", errors="replace").splitlines(keepends=True)
    return any(line.startswith(_MARKERS) for line in lines)
