"""`rft registry yank`."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from grader_registry.cli.out import Out, plain_errors
from grader_registry.document import Line
from grader_registry.errors import RegistryError
from grader_registry.naming import parse_version
from grader_registry.project.resolve import parse_reference
from grader_registry.project.settings import Project
from grader_registry.publishing.target import target, writable
from grader_registry.stores.store import WritableStore


def yank_command(reference: str, reason: str, store: str | None, project: Path) -> int:
    """Yank one version, named exactly, and say so; return the exit code. Raises `UsageError`."""
    with plain_errors():
        wanted = parse_reference(reference)
        if not wanted.is_exact():
            raise RegistryError(
                f"{wanted} is no one version",
                hint=f"Name the version that is to be yanked, such as {wanted.name}@1.2.0.",
            )
        version = str(parse_version(wanted.range))
        found = _store(wanted.name, version, store, Project.find(project))
        found.yank(wanted.name, version, reason_for("--reason", reason))
    Out().line(f"{wanted.name}@{version} is yanked in {found.address}; it stays readable")
    return 0


def reason_for(option: str, text: str) -> str:
    """Return a reason that documents and stores take. Raises `RegistryError`."""
    try:
        return TypeAdapter(Line).validate_python(text.strip())
    except ValidationError:
        raise RegistryError(
            "a reason is one line of 1 to 300 characters that can be seen", where=option
        ) from None


def _store(name: str, version: str, address: str | None, project: Project) -> WritableStore:
    """Return the store that has the version. Raises `RegistryError` if none has."""
    stores = list(writable(project)) if address is None else [target(address, project)]
    for one in stores:
        if any(entry.version == version for entry in one.versions(name)):
            return one
    asked = ", ".join(one.address for one in stores)
    raise RegistryError(f"there is no {name}@{version}", where=asked)
