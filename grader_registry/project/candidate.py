"""A document that may come into a project: it is proven to be what it claims, and usable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from grader_registry.document import Document
from grader_registry.errors import IntegrityError, RegistryError
from grader_registry.naming import Reference
from grader_registry.project.installed import installed_for, regraded
from grader_registry.project.lock import LockEntry
from grader_registry.project.settings import Project
from grader_registry.stores.store import Entry, Store
from grader_registry.subject import opened
from rft_core.errors import UsageError

_KEY_OPTIONS: Final = ("_key_env", "_token_env")


@dataclass(frozen=True)
class Candidate:
    """A document, proven to be its entry's, and signed where that is asked for."""

    entry: Entry
    document: Document
    store: str
    signer: str | None = None


@dataclass(frozen=True)
class Usable:
    """What a document needs, and does, where it is used."""

    requires: dict[str, str]
    graders: dict[str, str]
    paid: bool
    addresses: tuple[str, ...] = ()
    """Hosts that its configs name."""
    keys: tuple[str, ...] = ()
    """Environment variables with keys that its configs name."""
    regraded: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Graders of other versions than it was published with: theirs, and the installed."""


def fetch(project: Project, entry: Entry, store: Store) -> Candidate:
    """Read a document out of a store and prove it. Raises `UsageError`."""
    document = store.read(entry)
    if document.digest != entry.digest or document.title != entry.title:
        raise IntegrityError(
            f"the document is not the one of {entry.title} that the store's index names",
            where=store.address,
            hint="Do not use it, and tell whoever keeps the store.",
        )
    return Candidate(entry, document, store.address, _signer(project, entry, store, document))


def _signer(project: Project, entry: Entry, store: Store, document: Document) -> str | None:
    allowed = project.allowed_signers
    if allowed is None:
        return None
    signature = store.signature(entry)
    if signature is None:
        raise IntegrityError(
            f"{entry.title} is not signed, and rft.toml asks for signatures (allowed_signers)",
            where=store.address,
            hint="Its publisher signs with `rft registry publish --sign KEY`.",
        )
    from grader_registry.publishing.signing import verify_signature

    return verify_signature(document.data, signature, allowed)


def check_usable(project: Project, document: Document) -> Usable:
    """Configure what a document describes, as a run would. Raises `UsageError`."""
    requires, graders = installed_for(document.spec)
    try:
        with opened(document, project.permissions) as subject:
            paid = subject.paid
    except UsageError as error:  # its place is a temporary folder
        raise RegistryError(error.message, where=document.title, hint=error.hint) from None
    part = document.spec.reward or document.spec.grader
    options = list(_options({} if part is None else part.model_dump()))
    return Usable(
        requires=requires,
        graders=graders,
        paid=paid,
        addresses=tuple(sorted({host for _, text in options if (host := _host(text))})),
        keys=tuple(sorted({text for key, text in options if key.endswith(_KEY_OPTIONS)})),
        regraded=regraded(document.spec),
    )


def entry_for(candidate: Candidate, usable: Usable, asked: Reference) -> LockEntry:
    """Return what the lock says of a document."""
    return LockEntry(
        name=candidate.document.spec.name,
        version=candidate.document.spec.version,
        reference=asked.range,
        digest=candidate.document.digest,
        store=candidate.store,
        requires=usable.requires,
        graders=usable.graders,
        signer=candidate.signer,
    )


def _options(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts in plain data, each with the key that it stands at."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _options(one, str(name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _options(one, key)


def _host(text: str) -> str | None:
    """Return the host that an address names, None for any other text."""
    if not text.startswith(("http://", "https://")):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None
