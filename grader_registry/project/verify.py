"""`rft registry verify`: what runs is what was published, added and installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from grader_registry.document import Document
from grader_registry.errors import RegistryError
from grader_registry.project.installed import check_installed
from grader_registry.project.lock import LockEntry, read_lock
from grader_registry.project.measure import moved_cases
from grader_registry.project.settings import Project
from grader_registry.project.vendor import read_vendored, strangers
from grader_registry.subject import subject_in
from rft_core.errors import UsageError


def verify(
    project: Project, *, cases: bool, on_entry: Callable[[str], object] = str
) -> tuple[int, list[str]]:
    """Return how many entries there are, and what is wrong with them or beside them.

    With `cases` the published cases are graded and have to score what they scored, to the last
    bit. `on_entry` is told about each entry before it is looked at. Raises `RegistryError` for a
    lock that cannot be read.
    """
    lock = read_lock(project.lock_file)
    problems: list[str] = []
    for entry in lock.entries:
        on_entry(entry.title)
        problems += _of_entry(project, entry, cases=cases)
    problems += [
        f"{ascii(str(path))[1:-1]}: not in rft.lock; `rft registry add` removes old versions"
        for path in strangers(project, lock)
    ]
    return len(lock.entries), problems


def _of_entry(project: Project, entry: LockEntry, *, cases: bool) -> Iterator[str]:
    try:
        document = read_vendored(project, entry)
    except RegistryError as error:
        yield str(error)
        return
    try:
        check_installed(entry)
    except RegistryError as error:
        yield str(error)
    try:
        yield from _of_document(project, document, cases=cases)
    except UsageError as error:
        yield f"{entry.title}: {error}"


def _of_document(project: Project, document: Document, *, cases: bool) -> Iterator[str]:
    spec = document.spec
    folder = project.vendored(spec.name, spec.version)
    with subject_in(document, folder, project.permissions) as subject:  # it can be configured
        if cases and spec.cases and not spec.scores:
            yield f"{document.title}: published without scores of its cases"
        elif cases:
            yield from (f"{document.title}: {one}" for one in moved_cases(document, subject))
