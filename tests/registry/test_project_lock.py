"""Settings and lock of a project: what is read, what is refused, and how it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grader_registry.errors import RegistryError
from grader_registry.naming import Reference
from grader_registry.project.lock import Lock, LockEntry, read_lock, write_lock
from grader_registry.project.settings import Project
from rft_core.configurable import Permissions
from rft_core.errors import UsageError


def entry(version: str = "1.2.0", reference: str = "^1", name: str = "legal/f1") -> LockEntry:
    return LockEntry(
        name=name,
        version=version,
        reference=reference,
        digest="sha256:" + "0" * 64,
        store="../specs",
        requires={"rft-grader-multilabel": "0.1.0"},
        graders={"multilabel": "1"},
    )


def plain(**changes: Any) -> dict[str, Any]:
    return {**entry().model_dump(mode="json", exclude_none=True), **changes}


def write(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"lock": 1, "specs": list(entries)}))
    return path


def test_the_settings_are_found_from_below(tmp_path: Path) -> None:
    (tmp_path / "rft.toml").write_text(
        '[registry]\nstores = ["../specs", "https://specs.example.org"]\nvendor = "third/specs"\n'
        'allow_code = true\nallow_hosts = ["http://localhost:8000/"]\n'
    )
    below = tmp_path / "tasks" / "legal"
    below.mkdir(parents=True)
    project = Project.find(below)
    assert project.root == tmp_path
    assert project.settings.stores == ("../specs", "https://specs.example.org")
    assert project.vendored("legal/f1", "1.0.0") == tmp_path / "third/specs/legal/f1/1.0.0"
    assert project.permissions == Permissions(True, frozenset({"http://localhost:8000"}))
    assert project.lock_file == tmp_path / "rft.lock"


def test_without_settings_the_folder_is_the_project_and_nothing_is_allowed(tmp_path: Path) -> None:
    project = Project.find(tmp_path)
    assert project.root == tmp_path
    assert project.settings.stores == ()
    assert project.permissions == Permissions()
    assert project.allowed_signers is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[registry]\nstroes = []", "registry.stroes: there is no such key\n  Did you mean 'stor"),
        ("[regsitry]\n", "regsitry: there is no such key\n  Did you mean 'registry'"),
        ('[registry]\nstores = "x"', "registry.stores: "),
        ('[registry]\nallow_code = "no"', "registry.allow_code: "),
        ('[registry]\nvendor = "../specs"', "registry.vendor: "),
        ('[registry]\nvendor = "/specs"', "registry.vendor: "),
        ('[registry]\nallow_hosts = ["localhost:8000"]', "registry.allow_hosts"),
        ('[registry]\nallow_hosts = ["http://a:b@c.org"]', "registry.allow_hosts"),
        ("[registry", "not TOML"),
        ("a = " + "[" * 5_000, "not TOML"),
    ],
)
def test_wrong_settings_are_told_with_file_and_key(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "rft.toml"
    path.write_text(text)
    with pytest.raises(RegistryError) as error:
        Project.find(tmp_path)
    assert str(error.value).startswith(f"{path}: ")
    assert told in str(error.value)


def test_signers_that_are_not_there_are_no_reason_to_ask_for_none(tmp_path: Path) -> None:
    (tmp_path / "rft.toml").write_text('[registry]\nallowed_signers = "signers"\n')
    with pytest.raises(RegistryError, match="allowed_signers: no such file"):
        _ = Project.find(tmp_path).allowed_signers


def test_a_lock_is_read_as_it_was_written_and_does_not_depend_on_the_order(tmp_path: Path) -> None:
    path = tmp_path / "rft.lock"
    entries = [entry("1.10.0", "~1.10"), entry("1.9.0"), entry(name="acme/tags")]
    write_lock(path, Lock.of(entries))
    first = path.read_bytes()
    assert [one.title for one in read_lock(path).entries] == [
        "acme/tags@1.2.0", "legal/f1@1.9.0", "legal/f1@1.10.0",
    ]  # fmt: skip
    write_lock(path, Lock.of(reversed(entries)))
    assert path.read_bytes() == first
    assert first.endswith(b"}\n")
    assert [one.name for one in tmp_path.iterdir()] == ["rft.lock"]


def test_a_change_of_one_version_is_a_small_diff(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    others = [entry(name=f"acme/s{index}") for index in range(9)]
    write_lock(old, Lock.of([*others, entry()]))
    write_lock(new, Lock.of([*others, entry("1.3.0")]))
    pairs = zip(old.read_text().splitlines(), new.read_text().splitlines(), strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == [
        ('      "version": "1.2.0"', '      "version": "1.3.0"')
    ]


def test_no_lock_is_an_empty_one(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "rft.lock") == Lock()


def test_a_reference_stands_for_the_highest_version_it_takes() -> None:
    lock = Lock.of([entry("1.2.0", "~1.2"), entry("1.10.0", "1.10.0"), entry("2.0.0", "^2")])

    def found(reference: str) -> str | None:
        best = lock.find(Reference.parse(reference))
        return None if best is None else best.version

    assert found("legal/f1@^1") == "1.10.0"
    assert found("legal/f1@~1.2") == "1.2.0"
    assert found("legal/f1@>=1.0 <3") == "2.0.0"
    assert found("legal/f1@^3") is None
    assert found("legal/f2") is None


def test_what_is_added_for_one_task_file_does_not_change_another_ones_reward() -> None:
    lock = Lock.of([entry("1.2.0", "^1"), entry("1.5.0", "1.5.0")])
    found = lock.find(Reference.parse("legal/f1@^1"))
    assert found is not None
    assert found.version == "1.2.0"


MERGED = """{
  "lock": 1,
  "specs": [
<<<<<<< HEAD
    {"name": "legal/f1"}
=======
    {"name": "legal/f2"}
>>>>>>> other
  ]
}
"""


@pytest.mark.parametrize(
    ("text", "told", "hint"),
    [
        (MERGED, "conflict markers", "Keep the entries of both sides"),
        ("{", "not JSON", "as it was committed"),
        ("[]", "a JSON object with `lock` and `specs`", ""),
        ('{"lock": 2, "specs": []}', "its format is '2', and this rft-core reads 1", ""),
        ('{"lock": true, "specs": []}', "its format is 'True'", ""),
        ('{"lock": 1, "specs": {}}', "is a list", ""),
        ('{"lock": 1, "lock": 1, "specs": []}', "a key is there twice", ""),
        ('{"lock": 1, "specs": [NaN]}', "NaN", ""),
        ('{"lock": 1, "specs": ' + "[" * 100_000, "nested too deeply", ""),
        ('{"lock": ' + "1" * 5_000 + ', "specs": []}', "not JSON", ""),
    ],
)
def test_a_lock_that_was_edited_or_merged_is_refused(
    tmp_path: Path, text: str, told: str, hint: str
) -> None:
    path = tmp_path / "rft.lock"
    path.write_text(text)
    with pytest.raises(RegistryError) as error:
        read_lock(path)
    assert str(error.value).startswith(f"{path}: ")
    assert told in error.value.message
    assert hint in str(error.value.hint)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([plain(), plain()], "legal/f1@1.2.0 is there twice"),
        ([plain(version="1.2")], "specs.0.version: "),
        ([plain(version=1)], "specs.0.version: "),
        ([plain(name="legal/../f1")], "specs.0.name: "),
        ([plain(name="legal/f1/x")], "specs.0.name: "),
        ([plain(reference="^2")], "does not take version 1.2.0"),
        ([plain(reference="?")], "specs.0.reference: "),
        ([plain(digest="sha256:1")], "specs.0.digest: "),
        ([plain(digest="md5:" + "0" * 64)], "specs.0.digest: "),
        ([plain(more=1)], "specs.0.more: "),
        ([plain(requires={"a'; touch x; '": "1"})], "specs.0.requires."),
        ([plain(requires={"a": "1; touch x"})], "specs.0.requires.a: "),
        ([plain(store="\x1b[31m")], "specs.0.store: "),
        (["legal/f1"], "specs.0: "),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, entries: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(RegistryError) as error:
        read_lock(write(tmp_path / "rft.lock", *entries))
    assert told in error.value.message
    assert str(error.value).isprintable() or "\n" in str(error.value)
    assert "\x1b" not in str(error.value)


def test_a_lock_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rft.lock"
    with path.open("wb") as file:
        file.truncate(50_000_000_000)  # takes no space
    with pytest.raises(UsageError, match="bytes at most"):
        read_lock(path)
