"""What goes wrong in the registry; all are errors of the user's input or of a store, exit code 2.

UsageError
└── RegistryError          something cannot be found, resolved or published
    ├── DocumentError      a shared spec is not what one has to be
    ├── IntegrityError     something is not what was published, locked or signed
    ├── StoreError         a store cannot be read or written
    └── VersionExistsError somebody has published this version
"""

from __future__ import annotations

from rft_core.errors import UsageError


class RegistryError(UsageError):
    """A shared spec cannot be found, resolved or published."""


class DocumentError(RegistryError):
    """A document is no shared spec."""


class IntegrityError(RegistryError):
    """A document is not what was published, locked or signed."""


class StoreError(RegistryError):
    """A store cannot be read or written."""


class VersionExistsError(RegistryError):
    """The version is taken: what was published never changes."""
