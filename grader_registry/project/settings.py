"""`rft.toml`: which stores a project takes shared specs from, and what it lets them do.

```toml
[registry]
stores = ["../team-specs", "git+https://example.org/specs.git@main"]
```

It is searched for from the task file's folder upwards. Without one the project is that folder, and
only installed packs are stores.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from grader_registry.errors import RegistryError
from grader_registry.naming import shown
from rft_core.configurable import Permissions
from rft_core.errors import TaskFileError
from rft_core.task.source import Place, Source, read_text
from rft_core.task.validation import validate

SETTINGS_FILE: Final = "rft.toml"
LOCK_FILE: Final = "rft.lock"
_FOLDER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


def _folder_below(name: str) -> str:
    if not _FOLDER.fullmatch(name):
        raise ValueError(f"{shown(name)}: name a folder below rft.toml's, such as rft_specs")
    return name


def _host(address: str) -> str:
    """Return `scheme://host[:port]` as configs are compared with it."""
    parts = urlsplit(address)
    bare = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in {"http", "https"} or not parts.hostname or address.rstrip("/") != bare:
        raise ValueError(
            f"{shown(address)}: give scheme, host and port alone, such as http://localhost:8000"
        )
    if "@" in parts.netloc:
        raise ValueError("an address here holds no user and no password")
    return bare


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Settings(_Part):
    """The table `registry`."""

    stores: tuple[Annotated[str, StringConstraints(min_length=1, max_length=1_000)], ...] = ()
    """Addresses, in the order in which they are asked; installed packs come last."""
    vendor: Annotated[str, AfterValidator(_folder_below)] = "rft_specs"
    """Where the documents lie, below the project."""
    allow_code: StrictBool = False
    """Whether shared specs may name functions, modules and files of Python code."""
    allow_hosts: frozenset[Annotated[str, AfterValidator(_host)]] = frozenset()
    """Addresses that judges of shared specs may ask."""
    allowed_signers: Annotated[str, StringConstraints(min_length=1)] | None = None
    """A file in ssh-keygen's ALLOWED SIGNERS format; what is added then has to be signed."""


class _SettingsFile(_Part):
    registry: Annotated[Settings, Field(default_factory=Settings)]


@dataclass(frozen=True)
class Project:
    """A project: its folder and its settings."""

    root: Path
    settings: Settings

    @classmethod
    def find(cls, folder: Path) -> Self:
        """Return the project that a folder is in. Raises `UsageError`."""
        folder = folder.resolve()
        for root in (folder, *folder.parents):
            if (root / SETTINGS_FILE).is_file():
                return cls(root, read_settings(root / SETTINGS_FILE))
        return cls(folder, Settings())

    @property
    def lock_file(self) -> Path:
        """Where the lock is, or will be."""
        return self.root / LOCK_FILE

    @property
    def vendor(self) -> Path:
        """Where the vendored documents lie."""
        return self.root / self.settings.vendor

    @cached_property
    def permissions(self) -> Permissions:
        """What configs of shared specs may do here."""
        return Permissions(code=self.settings.allow_code, hosts=self.settings.allow_hosts)

    @property
    def allowed_signers(self) -> Path | None:
        """The file of those who may sign; None where nothing has to be signed.

        Raises `RegistryError` where the file is not there.
        """
        if self.settings.allowed_signers is None:
            return None
        path = self.root / Path(self.settings.allowed_signers).expanduser()
        if not path.is_file():
            raise RegistryError(
                f"registry.allowed_signers: no such file: {path}",
                where=str(self.root / SETTINGS_FILE),
                hint="It has a line for each signer: ADDRESS KEY-TYPE KEY.",
            )
        return path

    def vendored(self, name: str, version: str) -> Path:
        """Return the folder of a vendored document; the name was checked."""
        return self.vendor / name / version


def read_settings(path: Path) -> Settings:
    """Read an `rft.toml`. Raises `UsageError` that names file and key."""
    try:
        data = tomllib.loads(read_text(path))
        return validate(_SettingsFile, data, Place(Source(path, data))).registry
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RegistryError(f"not TOML: {error}", where=str(path)) from None
    except TaskFileError as error:
        raise RegistryError(error.message, where=error.where, hint=error.hint) from None
