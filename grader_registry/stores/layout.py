"""What stores of files have in common: where things lie, and what an index says of a document.

TEAM/NAME/VERSION.json          the document, canonical bytes
TEAM/NAME/VERSION.yanked.json   {"reason": …}, if the version should no longer be chosen
TEAM/NAME/VERSION.json.sig      the detached signature, if there is one
index.json                      derived from these; see `index`
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from semantic_version import Version

from grader_registry.canonical import digest
from grader_registry.document import Document
from grader_registry.errors import DocumentError, IntegrityError, StoreError
from grader_registry.naming import check_name, parse_version, shown
from grader_registry.stores.store import Entry

MAX_SIGNATURE: Final = 64_000
MAX_NOTE: Final = 10_000
"""Bytes of the file that says why a version is yanked."""
MAX_LINE: Final = 300
_YANKED: Final = ".yanked"
_MAX_WORDS: Final = 1_000
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_DAY: Final = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2})?")


def check_place(name: str, version: str) -> None:
    """Raise `StoreError` for a name or a version that has no place in a store."""
    try:
        check_name(name)
        check_version(version)
    except ValueError as error:
        raise StoreError(str(error)) from None


@lru_cache(maxsize=4_096)
def check_version(version: str) -> None:
    """Raise `ValueError` for a version that has no place in a store."""
    ordered(version)
    if version.endswith(_YANKED):  # such a file says that another version is yanked
        raise ValueError(f"{shown(version)}: no version may end in {_YANKED}")


def document_path(name: str, version: str) -> str:
    """Return where a document lies, relative to the store."""
    check_place(name, version)
    return f"{name}/{version}.json"


def yanked_path(name: str, version: str) -> str:
    """Return where the reason lies for which a version is yanked."""
    check_place(name, version)
    return f"{name}/{version}{_YANKED}.json"


def signature_path(name: str, version: str) -> str:
    """Return where a document's signature lies."""
    return f"{document_path(name, version)}.sig"


@lru_cache(maxsize=4_096)
def version_of(file_name: str) -> tuple[str, str] | None:
    """Return the version that a file in a spec's folder belongs to, and the file's ending.

    The ending is `.json`, `.yanked.json` or `.json.sig`; None for any other file. Raises
    `ValueError` for one of these with a name that is no version.
    """
    for ending in (".json.sig", f"{_YANKED}.json", ".json"):
        if file_name.endswith(ending):
            version = file_name.removesuffix(ending)
            ordered(version)
            return version, ending
    return None


@lru_cache(maxsize=4_096)
def ordered(version: str) -> Version:
    """Return a version as something that can be compared. Raises `ValueError`."""
    return parse_version(version)


def from_low_to_high(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries of one spec in the order of their versions."""
    return tuple(sorted(entries, key=_version))


def newest(entries: Iterable[Entry]) -> Entry:
    """Return the version that users should have: not yanked, and a release, where there is one."""
    return max(
        entries,
        key=lambda one: (one.yanked is None, not _version(one).prerelease, _version(one)),
    )


def _version(entry: Entry) -> Version:
    return ordered(entry.version)


def read_document(data: bytes, name: str, version: str, where: str) -> Document:
    """Read a document that lies at the place of `name` and `version`; `where` is for messages.

    Raises `DocumentError`, and `IntegrityError` if it belongs elsewhere.
    """
    document = Document.read(data, where)
    if (document.spec.name, document.spec.version) != (name, version):
        raise IntegrityError(
            f"the document is {document.title}, and lies at the place of {name}@{version}",
            where=where,
            hint="Somebody moved or copied the file; the store's owner has to restore it.",
        )
    return document


def prove(data: bytes, entry: Entry, where: str) -> Document:
    """Read the document of an entry, which has to be the one that the entry speaks of.

    Raises `DocumentError` and `IntegrityError`.
    """
    if (found := digest(data)) != entry.digest:
        raise IntegrityError(
            f"{entry.title} is not what the index says: it is {found}, "
            f"and should be {shown(entry.digest)[1:-1]}",
            where=where,
            hint="It was changed after it was published, or just now; look the version up again.",
        )
    return read_document(data, entry.name, entry.version, where)


def entry_of(document: Document, yanked: str | None, where: str) -> Entry:
    """Return what an index says of a document. Raises `DocumentError` if it cannot say it."""
    spec, card = document.spec, document.spec.card or {}
    dates = [change.date for change in spec.changelog if change.version == spec.version]
    passed = card.get("passed")
    entry = Entry(
        name=spec.name,
        version=spec.version,
        digest=document.digest,
        description=spec.description,
        kind=spec.kind,
        keywords=spec.keywords,
        graders=tuple(sorted(set(spec.uses()))),
        date=dates[0] if dates else "",
        passed=passed if isinstance(passed, bool) else None,
        yanked=yanked,
    )
    try:
        return read_entry(spec.name, spec.version, plain_entry(entry))
    except ValueError as error:
        raise DocumentError(str(error), where=where) from None


def plain_entry(entry: Entry) -> dict[str, Any]:
    """Return an entry as an index writes it."""
    plain: dict[str, Any] = {
        "digest": entry.digest,
        "description": entry.description,
        "kind": entry.kind,
        "keywords": list(entry.keywords),
        "graders": list(entry.graders),
        "date": entry.date,
        "passed": entry.passed,
    }
    return plain if entry.yanked is None else {**plain, "yanked": entry.yanked}


def read_entry(name: str, version: str, plain: Any) -> Entry:
    """Read an entry from an index. Raises `ValueError` that says what is wrong with it.

    Keys that are not known are left aside: a later version of the index may have more.
    """
    if not isinstance(plain, dict):
        raise ValueError("an entry is a JSON object")  # noqa: TRY004 - what was read is wrong
    _expect("digest", plain.get("digest"), _DIGEST.fullmatch)
    _expect("date", plain.get("date", ""), _DAY.fullmatch)
    if plain.get("kind") not in {"reward", "grader"}:
        raise ValueError("kind is neither reward nor grader")
    passed, yanked = plain.get("passed"), plain.get("yanked")
    if passed is not None and not isinstance(passed, bool):
        raise ValueError("passed is neither true, false nor null")
    keywords, graders = _words("keywords", plain), _words("graders", plain)
    return Entry(
        name=name,
        version=version,
        digest=plain["digest"],
        description=check_line("description", plain.get("description", "")),
        kind=plain["kind"],
        keywords=keywords,
        graders=graders,
        date=plain.get("date", ""),
        passed=passed,
        yanked=None if yanked is None else check_line("yanked", yanked),
    )


def write_note(reason: str) -> bytes:
    """Return the file that yanks a version. Raises `StoreError` for a reason that is no line."""
    hint = f"Say why, in a line of {MAX_LINE} letters at most."
    try:
        line = check_line("the reason", reason)
    except ValueError as error:
        raise StoreError(str(error), hint=hint) from None
    if not line.strip():
        raise StoreError("there is no reason", hint=hint)
    return json.dumps({"reason": reason}, ensure_ascii=False).encode() + b"\n"


def read_note(data: bytes) -> str:
    """Return why a version is yanked. Raises `ValueError`."""
    try:
        note = json.loads(data.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(note, dict):
        raise ValueError('it has to be {"reason": …}')  # noqa: TRY004 - what was read is wrong
    return check_line("reason", note.get("reason"))


def check_line(what: str, text: Any) -> str:
    """Return text that fits into a line of a terminal. Raises `ValueError` for any other."""
    if not isinstance(text, str) or len(text) > MAX_LINE:
        raise ValueError(f"{what} is no text of at most {MAX_LINE} letters")
    if not text.isprintable():
        raise ValueError(f"{what} holds control characters, or others that are not seen")
    return text


def _expect(what: str, text: Any, matches: Callable[[str], object]) -> None:
    if not isinstance(text, str) or not matches(text):
        raise ValueError(f"{what} is none: {shown(str(text)[:MAX_LINE])}")


def _words(what: str, plain: Mapping[str, Any]) -> tuple[str, ...]:
    words = plain.get(what, [])
    if not isinstance(words, list) or len(words) > _MAX_WORDS:
        raise ValueError(f"{what} is no list of at most {_MAX_WORDS} texts")
    try:
        together = "".join(words)  # one look at all of them: an index has thousands of these
    except TypeError:
        together = "\n"
    if len(together) <= MAX_LINE and together.isprintable():
        return tuple(words)
    return tuple([check_line(what, word) for word in words])
