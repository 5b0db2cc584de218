"""A document as a folder: its exact bytes in `spec.json`, and the files that it carries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grader_registry.document import SPEC_FILE, Document
from grader_registry.errors import IntegrityError
from grader_registry.stores.files import read_below
from rft_core.configurable import Permissions
from rft_core.task.shared import Resolved


def write_files(document: Document, folder: Path) -> None:
    """Write a document into a folder that is new. Names of files were checked with the document."""
    folder.mkdir(parents=True)
    (folder / SPEC_FILE).write_bytes(document.data)
    for name, text in document.spec.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def check_files(document: Document, folder: Path) -> None:
    """Raise `IntegrityError` unless the folder holds the document's files as they were published.

    Nothing is followed that is a link.
    """
    files = {name: text.encode("utf-8") for name, text in document.spec.files.items()}
    for name, wanted in {**files, SPEC_FILE: document.data}.items():
        if folder.is_symlink() or _read(folder, name, len(wanted)) != wanted:
            raise IntegrityError(
                f"not what {document.title} was published with",
                where=str(folder / name),
                hint="`rft registry add --frozen` writes it anew from its store.",
            )


def _read(folder: Path, name: str, limit: int) -> bytes | None:
    """Return the bytes of a file, None if it is larger, no regular file or behind a link."""
    try:
        return read_below(folder, name, limit)
    except OSError:
        return None


def resolved(
    document: Document,
    folder: Path,
    *,
    reference: str,
    store: str,
    permissions: Permissions | None = None,
) -> Resolved:
    """Return the document, which lies in `folder`, as task files take it."""
    spec = document.spec
    part = spec.reward if spec.grader is None else spec.grader
    section: dict[str, Any] = (
        {} if part is None else part.model_dump(mode="json", exclude_unset=True)
    )
    return Resolved(
        reference=reference,
        name=spec.name,
        version=spec.version,
        digest=document.digest,
        store=store,
        kind=spec.kind,
        section=section,
        folder=folder,
        permissions=permissions or Permissions(),
    )
