"""A document as a folder: its exact bytes in `spec.json`, and the files that it carries."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from grader_registry.document import Document
from grader_registry.errors import IntegrityError
from rft_core.configurable import Permissions
from rft_core.task.shared import Resolved

SPEC_FILE: Final = "spec.json"


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
        path = folder / name
        links = [one for one in (path, *path.parents) if one.is_relative_to(folder)]
        if any(one.is_symlink() for one in links) or _read(path, len(wanted)) != wanted:
            raise IntegrityError(
                f"not what {document.title} was published with",
                where=str(path),
                hint="`rft registry add --frozen` writes it anew from its store.",
            )


def _read(path: Path, size: int) -> bytes | None:
    """Return the bytes of a file of this size, None for any other."""
    try:
        return path.read_bytes() if path.stat().st_size == size else None
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
