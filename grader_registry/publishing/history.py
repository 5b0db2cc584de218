"""A new version among those that are published."""

from __future__ import annotations

from grader_registry.document import SharedSpec
from grader_registry.errors import RegistryError, VersionExistsError
from grader_registry.naming import look_alike, parse_version
from grader_registry.publishing.bump import line
from grader_registry.stores.layout import newest
from grader_registry.stores.store import Entry, Store


def predecessor(spec: SharedSpec, store: Store) -> Entry | None:
    """Return the version that a new one is compared with, None for the first of its name.

    That is the highest release of the same major line (below 1.0, of the same second number) that
    is not yanked; for a new line, that of the line below. So an older line can still be mended,
    by a version higher than all of that line. Raises `RegistryError` for a version that is taken,
    or below what is published, and for a name that is taken for another.
    """
    entries = store.versions(spec.name)
    if not entries:
        _refuse_look_alikes(spec.name, store)
        return None
    if spec.version in {entry.version for entry in entries}:
        raise VersionExistsError(
            f"{spec.name}@{spec.version} is published already",
            where=store.address,
            hint=f"What is published never changes. The newest is {entries[-1].version}.",
        )
    new = parse_version(spec.version)
    of_line = [one for one in entries if line(parse_version(one.version)) == line(new)]
    candidates = of_line or entries
    highest = candidates[-1].version
    if new < parse_version(highest):
        raise RegistryError(
            f"{spec.version} is below {highest}, which is published",
            where=store.address,
            hint=(
                f"Publish something above {highest}. An older line can be mended: by a version "
                "above all of that line, such as 1.4.1 where 1.4.0 and 2.0.0 are published."
            ),
        )
    return newest(candidates)


def _refuse_look_alikes(name: str, store: Store) -> None:
    for other in store.entries():
        if other != name and look_alike(other) == look_alike(name):
            raise RegistryError(
                f"{name} is easily taken for {other}, which the store has",
                where=store.address,
                hint="Publish a new version of that one, or choose a name that is its own.",
            )
