"""The documents that a user names: references, documents' files and authoring files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from grader_registry.canonical import MAX_BYTES
from grader_registry.document import Document
from grader_registry.errors import RegistryError
from grader_registry.project.lock import read_lock
from grader_registry.project.resolve import parse_reference
from grader_registry.project.settings import Project
from grader_registry.project.sources import stores_of
from grader_registry.project.vendor import read_vendored
from grader_registry.publishing.authoring import read_authoring

_YAML: Final = frozenset({".yaml", ".yml"})


def find_document(named: str, project: Project) -> Document:
    """Return what `team/name@RANGE` or a path stands for. Raises `UsageError`.

    A reference is looked up in the project's lock, and then in its stores.
    """
    path = Path(named)
    if path.suffix in _YAML:
        return read_authoring(path, project.permissions).draft
    if path.suffix == ".json" or path.is_file():
        return _read(path)
    reference = parse_reference(named)
    locked = read_lock(project.lock_file).find(reference)
    if locked is not None:
        return read_vendored(project, locked)
    entry, store = stores_of(project).find(reference)
    return store.read(entry)


def _read(path: Path) -> Document:
    try:
        with path.open("rb") as file:
            return Document.read(file.read(MAX_BYTES + 1), str(path))
    except OSError as error:
        raise RegistryError(error.strerror or str(error), where=str(path)) from None
