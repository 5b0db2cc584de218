"""What is no shared spec, whoever reads it: a store, a project or an author."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from grader_registry.document import MAX_GRADERS, Document
from grader_registry.errors import DocumentError, IntegrityError
from grader_registry.materials import check_files, write_files
from grader_registry.naming import Reference, parse_version

PLAIN = {
    "name": "team/name",
    "version": "1.0.0",
    "description": "Something",
    "owners": ["us"],
    "license": "MIT",
    "grader": {"use": "multilabel"},
}


def refusal(**changes: Any) -> str:
    data = {key: value for key, value in {**PLAIN, **changes}.items() if value is not None}
    with pytest.raises(DocumentError) as refused:
        Document.write(data, "here")
    return str(refused.value)


@pytest.mark.parametrize("version", ["1.0.0\n", "1.0", "01.0.0", "1.0.0 ", "v1.0.0", "1.0.0+b"])
def test_a_version_has_one_spelling(version: str) -> None:
    assert "version: " in refusal(version=version)
    with pytest.raises(ValueError, match="version"):
        parse_version(version)
    assert not Reference("team/name", version).is_exact()


def test_a_reward_has_so_many_graders_at_most() -> None:
    graders = {f"g{number}": {"use": "multilabel"} for number in range(MAX_GRADERS)}
    data = {key: value for key, value in PLAIN.items() if key != "grader"}
    assert len(Document.write({**data, "reward": {"graders": graders}}, "here").spec.uses()) == 200
    one_more = {"graders": {**graders, "more": {"use": "multilabel"}}}
    assert f"has {MAX_GRADERS + 1} graders and shapers" in refusal(grader=None, reward=one_more)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a", "a/b"], "a is a file and a folder"),
        (["A/b", "a"], "a is a file and a folder"),
        (["x/y/z", "x/y"], "x/y is a file and a folder"),
        (["spec.json"], "one is spec.json"),
        (["spec.json/a"], "spec.json is a file and a folder"),
        (["a.md", "A.md"], "differ by upper and lower case alone"),
    ],
)
def test_files_that_cannot_lie_in_one_folder_are_refused(names: list[str], told: str) -> None:
    assert told in refusal(files=dict.fromkeys(names, "text"))


@pytest.mark.parametrize("put", ["pipe", "link", "folder", "other", "longer", "nothing"])
def test_what_lies_in_the_place_of_a_file_is_found_out(put: str, tmp_path: Path) -> None:
    document = Document.write({**PLAIN, "files": {"a/empty": "", "b": "text"}}, "here")
    folder = tmp_path / "spec"
    write_files(document, folder)
    check_files(document, folder)
    for name in ("a/empty", "b"):
        path = folder / name
        kept = path.read_bytes()
        path.unlink()
        replace(path, put, kept, tmp_path)
        with pytest.raises(IntegrityError, match=r"not what team/name@1\.0\.0 was"):
            check_files(document, folder)
        path.rmdir() if put == "folder" else path.unlink(missing_ok=True)
        path.write_bytes(kept)


def replace(path: Path, put: str, content: bytes, outside: Path) -> None:
    match put:
        case "pipe":
            os.mkfifo(path)
        case "link":  # to a file with the right content
            (outside / path.name).write_bytes(content)
            path.symlink_to(outside / path.name)
        case "folder":
            path.mkdir()
        case "other":
            path.write_text("txet")
        case "longer":
            path.write_bytes(content + b".")
