"""What a commit of a git store holds. Files are read as blobs, after asking their size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from grader_registry.errors import StoreError
from grader_registry.naming import check_name, shown
from grader_registry.stores.git_command import Git
from grader_registry.stores.layout import version_of

_REGULAR: Final = frozenset({"100644", "100755"})
_SPEC_DEPTH: Final = 2
_AT_ONCE: Final = 32_000_000
"""Bytes of blobs that are read by one command."""


@dataclass
class SpecBlobs:
    """The blobs of one spec by version."""

    documents: dict[str, str] = field(default_factory=dict)
    yanked: dict[str, str] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """What is there and may not be, a line each."""
    strays: list[str] = field(default_factory=list)
    """Files with names of no version: nobody can mean them."""


@dataclass
class GitTree:
    """What lies in a commit."""

    specs: dict[str, SpecBlobs] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    """The modes of all that is there, by path."""

    @property
    def problems(self) -> list[str]:
        """What is there and may not be, a line each."""
        return [
            line
            for _, spec in sorted(self.specs.items())
            for line in (*spec.problems, *spec.strays)
        ]


def list_tree(git: Git, commit: str) -> GitTree:
    """List a commit. Raises `StoreError`, also if it is too large."""
    tree = GitTree()
    for line in git.run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
        facts, _, raw = line.partition(b"\t")
        mode, _, blob = facts.decode("ascii").split(" ")
        path = raw.decode("utf-8", "surrogateescape")
        tree.paths[path] = mode
        _note(tree, path, mode, blob)
    return tree


def read_blobs(git: Git, blobs: Sequence[str], limit: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield blobs with their content, None for one with more than `limit` bytes.

    So it is for one that the server did not send since it is too large. Raises `StoreError`.
    """
    sizes = _sizes(git, blobs)
    batch: list[str] = []
    total = 0
    for blob in dict.fromkeys(blobs):
        size = sizes.get(blob)
        if size is None or size > limit:
            yield blob, None
            continue
        if batch and total + size > _AT_ONCE:
            yield from _read(git, batch, total)
            batch, total = [], 0
        batch.append(blob)
        total += size
    if batch:
        yield from _read(git, batch, total)


def _note(tree: GitTree, path: str, mode: str, blob: str) -> None:
    """Note one file of a commit, if it is of a spec."""
    name, slash, file = path.rpartition("/")
    if path.startswith((".", "_")):
        return
    if not slash:
        _note_folder(tree, path, mode)
        return
    if name.count("/") >= _SPEC_DEPTH:
        return
    try:
        part = version_of(file)
        if "/" not in name or part is None:
            _note_folder(tree, path, mode)
            return
        check_name(name)
    except ValueError as error:
        if name.count("/") == 1:
            _spec(tree, name).strays.append(f"{shown(path)}: {error}")
        return
    spec = tree.specs.setdefault(name, SpecBlobs())
    version, ending = part
    if mode not in _REGULAR:
        spec.problems.append(f"{path}: it is no regular file")
        return
    kinds = {".json": spec.documents, ".yanked.json": spec.yanked, ".json.sig": spec.signatures}
    kinds[ending][version] = blob


def _note_folder(tree: GitTree, path: str, mode: str) -> None:
    """Note what is no folder where one is to be: a link, or another repository."""
    if mode not in _REGULAR:
        _spec(tree, path).problems.append(f"{shown(path)}: it is no folder")


def _spec(tree: GitTree, name: str) -> SpecBlobs:
    return tree.specs.setdefault(name, SpecBlobs())


def _sizes(git: Git, blobs: Sequence[str]) -> Mapping[str, int]:
    """Return the sizes of the blobs that are there."""
    given = "".join(f"{blob}\n" for blob in blobs).encode()
    found: dict[str, int] = {}
    for line in git.run("cat-file", "--batch-check", given=given).decode().splitlines():
        words = line.split(" ")
        if words[1] == "blob":
            found[words[0]] = int(words[2])
    return found


def _read(git: Git, blobs: Sequence[str], total: int) -> Iterator[tuple[str, bytes]]:
    """Yield blobs that have `total` bytes together."""
    given = "".join(f"{blob}\n" for blob in blobs).encode()
    out = git.run("cat-file", "--batch", given=given, limit=total + 100 * len(blobs))
    place = 0
    for blob in blobs:
        end = out.find(b"\n", place)
        words = out[place:end].split(b" ")
        if end < 0 or words[0].decode() != blob or len(words) != 3:  # noqa: PLR2004 - id, type, size
            raise StoreError("git answers what was not asked")
        size = int(words[2])
        yield blob, out[end + 1 : end + 1 + size]
        place = end + 1 + size + 1
