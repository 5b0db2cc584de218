"""The hook `rft_resolve_spec`: from the lock and the vendored document alone, asking no store."""

from __future__ import annotations

from pathlib import Path

from grader_registry.errors import RegistryError
from grader_registry.materials import resolved
from grader_registry.naming import Reference
from grader_registry.project.installed import check_installed
from grader_registry.project.lock import LockEntry, read_lock
from grader_registry.project.settings import Project
from grader_registry.project.vendor import read_vendored
from rft_core.task.shared import Resolved


def resolve(reference: str, folder: Path) -> Resolved:
    """Return what a task file in `folder` names. Raises `UsageError`; see `read_vendored`."""
    wanted = parse_reference(reference)
    project = Project.find(folder)
    entry = locked(project, wanted)
    document = read_vendored(project, entry)
    check_installed(entry)
    return resolved(
        document,
        project.vendored(entry.name, entry.version),
        reference=reference,
        store=entry.store,
        permissions=project.permissions,
    )


def locked(project: Project, wanted: Reference) -> LockEntry:
    """Return the entry that a reference stands for. Raises `RegistryError` if there is none."""
    lock = read_lock(project.lock_file)
    entry = lock.find(wanted)
    if entry is not None:
        return entry
    others = ", ".join(one.version for one in lock.named(wanted.name))
    raise RegistryError(
        f"{wanted} is not in {project.lock_file}" + (f", which has {others}" if others else ""),
        hint=f"rft registry add {quoted(wanted)}",
    )


def parse_reference(text: str) -> Reference:
    """Return a reference that a user wrote. Raises `RegistryError`."""
    try:
        return Reference.parse(text)
    except ValueError as error:
        raise RegistryError(
            str(error), hint="A shared spec is named as team/name or team/name@^1.2."
        ) from None


def quoted(reference: Reference) -> str:
    """Return a reference as a word of a shell: `>` and spaces in ranges mean something there."""
    text = str(reference)
    return f"'{text}'" if set(text) & set("<>|*^~ ") else text
