"""What a document may ask of whoever uses it."""

from __future__ import annotations

from typing import Final

from grader_registry.document import Document
from grader_registry.errors import DocumentError

MAX_GRADERS: Final = 200
"""Configuring so many takes a fraction of a second, and nobody composes more by hand."""


def check_bounds(document: Document, where: str) -> Document:
    """Return a document as it is. Raises `DocumentError` if it has too many graders."""
    count = len(document.spec.uses())
    if count > MAX_GRADERS:
        raise DocumentError(
            f"has {count} graders and shapers, more than {MAX_GRADERS}", where=where
        )
    return document
