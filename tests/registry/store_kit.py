"""Documents for the tests of stores, which look at names, versions and bytes alone."""

from __future__ import annotations

from typing import Any

from grader_registry.document import Document


def plain(name: str = "legal/f1", version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    """Return a grader's plain data; `more` adds keys or replaces them."""
    return {
        "name": name,
        "version": version,
        "description": "Pays for right answers",
        "owners": ["us"],
        "license": "MIT",
        "grader": {"use": "string_check", "config": {}},
        **more,
    }


def document(name: str = "legal/f1", version: str = "1.0.0", **more: Any) -> Document:
    """Return a grader as a document."""
    return Document.write(plain(name, version, **more), "test")
