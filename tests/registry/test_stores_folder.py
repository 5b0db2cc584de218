"""Stores in folders: real files, real processes that publish to them and are killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from store_kit import document, plain

from grader_registry.errors import (
    DocumentError,
    IntegrityError,
    RegistryError,
    StoreError,
    VersionExistsError,
)
from grader_registry.stores.folder import FolderReader, FolderStore
from grader_registry.stores.index import read_index
from grader_registry.stores.store import Entry, WritableStore

PUBLISH = """
import json, sys
from pathlib import Path
from grader_registry.document import Document
from grader_registry.errors import VersionExistsError
from grader_registry.stores.folder import FolderStore
store = FolderStore(Path(sys.argv[1]), "store")
documents = [Document.write(plain, "test") for plain in json.loads(sys.argv[2])]
print("ready", flush=True)
sys.stdin.readline()
for document in documents:
    try:
        store.publish(document, b"signature")
        print("published", document.spec.version, flush=True)
    except VersionExistsError:
        print("taken", document.spec.version, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore.create(tmp_path / "store", "our store")


def publisher(path: Path, *documents: Mapping[str, Any]) -> subprocess.Popen[str]:
    """Start a process that publishes once it is told to."""
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISH, str(path), json.dumps(documents)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def files(path: Path) -> dict[str, tuple[int, int]]:
    """All files with size and time."""
    return {
        str(one.relative_to(path)): (one.lstat().st_size, one.lstat().st_mtime_ns)
        for one in path.rglob("*")
    }


def test_what_is_published_can_be_read(store: FolderStore) -> None:
    assert isinstance(store, WritableStore)
    assert store.entries() == {}
    assert store.versions("legal/f1") == ()
    one = document(
        keywords=["law"],
        card={"passed": True},
        changelog=[{"version": "1.0.0", "date": "2026-01-02", "changes": "first"}],
    )
    store.publish(one, b"signed")
    expected = Entry(
        name="legal/f1",
        version="1.0.0",
        digest=one.digest,
        description="Pays for right answers",
        kind="grader",
        keywords=("law",),
        graders=("string_check",),
        date="2026-01-02",
        passed=True,
    )
    assert store.entries() == {"legal/f1": (expected,)}
    assert store.versions("legal/f1") == (expected,)
    assert store.read(expected) == one
    assert store.signature(expected) == b"signed"
    assert (store.path / "legal/f1/1.0.0.json").read_bytes() == one.data
    store.publish(document(version="0.9.0"))
    low, high = store.versions("legal/f1")
    assert (low.version, high.version) == ("0.9.0", "1.0.0")
    assert store.signature(low) is None


def test_a_version_is_published_once_even_with_the_same_content(store: FolderStore) -> None:
    store.publish(document())
    before = files(store.path)
    for again in (document(), document(notes="other")):
        with pytest.raises(VersionExistsError, match=r"our store: .*published already"):
            store.publish(again)
    assert files(store.path) == before


def test_no_version_can_be_taken_for_a_note(store: FolderStore) -> None:
    with pytest.raises(StoreError, match=r"no version may end in \.yanked"):
        store.publish(document(version="1.0.0-a.yanked"))
    with pytest.raises(DocumentError, match="the signature has 0 bytes"):
        store.publish(document(), b"")


def test_yank(store: FolderStore) -> None:
    store.publish(document())
    store.publish(document(version="1.1.0"))
    store.yank("legal/f1", "1.0.0", "pays for nothing")
    low, high = store.versions("legal/f1")
    assert (low.yanked, high.yanked) == ("pays for nothing", None)
    assert store.read(low).spec.version == "1.0.0"
    index = read_index((store.path / "index.json").read_bytes(), "test")
    assert index.entries == store.entries() == {"legal/f1": (low, high)}
    store.yank("legal/f1", "1.0.0", "still not good")
    assert store.versions("legal/f1")[0].yanked == "still not good"
    with pytest.raises(StoreError, match=r"there is no legal/f1@9\.0\.0"):
        store.yank("legal/f1", "9.0.0", "why")
    for reason in ("", "two\nlines", "\x1b[2J", "x" * 301):
        with pytest.raises(StoreError):
            store.yank("legal/f1", "1.1.0", reason)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "none", "none")
    for ask in (
        store.entries,
        lambda: store.versions("a/b"),
        lambda: store.publish(document()),
        lambda: store.yank("a/b", "1.0.0", "why"),
    ):
        with pytest.raises(StoreError, match=r"none: there is no such folder\n.*rft registry init"):
            ask()
    assert not (tmp_path / "none").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="it is no folder"):
        FolderStore(tmp_path / "file", "file").entries()


def test_making_a_store_leaves_one_that_is_there(store: FolderStore) -> None:
    store.publish(document())
    before = files(store.path)
    FolderStore.create(store.path, "again")
    assert files(store.path) == before


def test_readers_write_nothing(store: FolderStore) -> None:
    store.publish(document())
    (store.path / "index.json").unlink()
    before = files(store.path)
    reader = FolderReader(store.path, "reader")
    [entry] = reader.entries()["legal/f1"]
    reader.read(entry)
    assert reader.signature(entry) is None
    assert files(store.path) == before


def test_only_what_changed_is_read_again(store: FolderStore) -> None:
    for name in ("a/one", "a/two"):
        store.publish(document(name))
    index = store.path / "index.json"
    index.write_text(index.read_text().replace("Pays for right answers", "from the index"))
    assert {e.description for [e] in store.entries().values()} == {"from the index"}
    (store.path / "a/one/1.1.0.json").write_bytes(document("a/one", "1.1.0").data)
    told = {e.title: e.description for entries in store.entries().values() for e in entries}
    assert told["a/one@1.1.0"] == "Pays for right answers"
    assert told["a/two@1.0.0"] == "from the index"
    assert [one.description for one in store.versions("a/two")] == ["Pays for right answers"]
    (store.path / "a/two/1.0.0.json").unlink()
    assert set(store.entries()) == {"a/one"}


def test_a_document_that_is_changed_in_place_is_noticed(store: FolderStore) -> None:
    store.publish(document())
    [entry] = store.versions("legal/f1")
    other = document(notes="changed")
    (store.path / "legal/f1/1.0.0.json").write_bytes(other.data)
    assert store.entries()["legal/f1"][0].digest == other.digest
    with pytest.raises(IntegrityError, match=r"legal/f1@1\.0\.0 is not what the index says"):
        store.read(entry)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b"{" * 100_000, b"\x00" * 100])
def test_a_broken_index_is_made_again(store: FolderStore, content: bytes) -> None:
    store.publish(document())
    (store.path / "index.json").write_bytes(content)
    assert set(store.entries()) == {"legal/f1"}
    assert store.problems()[0].startswith("index.json: ")
    store.publish(document(version="2.0.0"))
    assert len(store.entries()["legal/f1"]) == 2
    assert not store.problems()


def test_hostile_files_are_left_out_and_told_of(store: FolderStore, tmp_path: Path) -> None:
    store.publish(document("good/one"))
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "1.0.0.json").write_bytes(document("bad/link").data)
    places: dict[str, Callable[[Path], Any]] = {
        "bad/link": lambda path: path.symlink_to(secret / "1.0.0.json"),
        "bad/pipe": os.mkfifo,
        "bad/folder": lambda path: path.mkdir(),
        "bad/json": lambda path: path.write_bytes(b"{"),
        "bad/large": lambda path: path.write_bytes(b" " * 2_000_001),
        "bad/moved": lambda path: path.write_bytes(document("other/name").data),
        "bad/edited": lambda path: path.write_bytes(document("bad/edited").data + b"\n"),
        "bad/locked": lambda path: path.write_bytes(b"{}") and path.chmod(0),
    }
    for name, make in places.items():
        (store.path / name).mkdir(parents=True)
        make(store.path / name / "1.0.0.json")
    (store.path / "bad/note").mkdir()
    (store.path / "bad/note/1.0.0.json").write_bytes(document("bad/note").data)
    (store.path / "bad/note/1.0.0.yanked.json").write_text('{"reason": "\\u001b[2J"}')
    (store.path / "bad/whole").symlink_to(secret)
    (store.path / "team").symlink_to(store.path / "bad")
    (store.path / "Upper").mkdir()
    (store.path / "good/one/package.json").write_text("{}")
    (store.path / "good/one/README.md").write_text("hello")
    assert set(store.entries()) == {"good/one"}
    told = "\n".join(store.problems())
    for name in (*places, "bad/note", "bad/whole", "'team'", "Upper", "package.json"):
        assert name in told, name
    assert "README" not in told
    for name in (*places, "bad/note", "bad/whole"):
        with pytest.raises(RegistryError, match=name):
            store.versions(name)
    entry = Entry("bad/link", "1.0.0", document("bad/link").digest)
    with pytest.raises(StoreError, match=r"our store/bad/link/1\.0\.0\.json: .*symbolic link"):
        store.read(entry)
    with pytest.raises(StoreError, match="symbolic link"):
        store.read(Entry("bad/whole", "1.0.0", document("bad/link").digest))
    with pytest.raises(StoreError, match="symbolic link"):
        store.publish(document("team/new"))
    assert not (store.path / "bad/new").exists()
    with pytest.raises(VersionExistsError):
        store.publish(document("bad/link"))
    assert [one.version for one in store.versions("good/one")] == ["1.0.0"]
    store.publish(document("good/two"))
    assert set(store.entries()) == {"good/one", "good/two"}
    assert "bad/json" in "\n".join(store.problems())  # told each time


def test_names_that_are_none_are_not_paths(store: FolderStore) -> None:
    for name in ("../../etc", "a/../b", "/etc/passwd", "a", "A/b", "a/b/c", "a/b\n"):
        with pytest.raises(StoreError, match="is no name"):
            store.versions(name)
    for version in ("../1.0.0", "1.0", "1.0.0\n", "1.0.0/x", "1.0.0+build"):
        with pytest.raises(StoreError):
            store.read(Entry("a/b", version, "sha256:" + "0" * 64))


def test_a_lock_that_is_a_link_is_not_followed(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("untouched")
    (store.path / ".lock").unlink(missing_ok=True)
    (store.path / ".lock").symlink_to(tmp_path / "victim")
    with pytest.raises(StoreError, match="cannot write to the store"):
        store.publish(document())
    assert (tmp_path / "victim").read_text() == "untouched"


def test_what_killed_processes_left_is_ignored_and_cleaned(store: FolderStore) -> None:
    store.publish(document())
    left = [
        store.path / ".index.json.0123456789abcdef.tmp",
        store.path / "legal/f1/.2.0.0.json.0123456789abcdef.tmp",
        store.path / "legal/f1/3.0.0.json.sig",
    ]
    for path in left:
        path.write_bytes(b"half")
    assert [one.version for one in store.versions("legal/f1")] == ["1.0.0"]
    assert len(store.entries()["legal/f1"]) == 1
    assert not store.problems()
    store.publish(document("other/one"))
    assert not any(path.exists() for path in left)


def test_a_signature_that_was_left_is_not_taken_for_that_of_a_later_document(
    store: FolderStore,
) -> None:
    (store.path / "legal/f1").mkdir(parents=True)
    (store.path / "legal/f1/1.0.0.json.sig").write_bytes(b"of something else")
    (store.path / "legal/f1/1.0.0.yanked.json").write_text('{"reason": "gone"}')
    store.publish(document())
    [entry] = store.versions("legal/f1")
    assert store.signature(entry) is None
    assert entry.yanked is None


def test_processes_that_publish_at_once_all_succeed_or_learn_that_they_came_second(
    store: FolderStore,
) -> None:
    processes = [
        publisher(store.path, plain(version="1.0.0", notes=str(n)), plain(version=f"2.{n}.0"))
        for n in range(4)
    ]
    for process in processes:
        go(process)
    said = [process.communicate(timeout=120)[0].split("\n") for process in processes]
    firsts = [lines[0] for lines in said]
    assert sorted(firsts) == ["published 1.0.0", *["taken 1.0.0"] * 3]
    versions = store.versions("legal/f1")
    assert [one.version for one in versions] == ["1.0.0", *(f"2.{n}.0" for n in range(4))]
    assert store.read(versions[0]).spec.notes == str(firsts.index("published 1.0.0"))
    index = read_index((store.path / "index.json").read_bytes(), "test")
    assert index.entries["legal/f1"] == versions


def test_publishers_without_a_common_lock_do_not_overwrite_each_other(
    store: FolderStore,
) -> None:
    """As on a network disk that does not lock: each process has a lock file of its own."""
    script = PUBLISH.replace(
        "store = Fol",
        "import os\nfrom grader_registry.stores import publishing\n"
        "publishing.LOCK = f'.lock-{os.getpid()}'\nstore = Fol",
    )
    assert script != PUBLISH
    processes = []
    for n in range(4):
        one = [plain(version="1.0.0", notes=str(n))]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", script, str(store.path), json.dumps(one)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    said = [process.communicate("\n", timeout=120)[0] for process in processes]
    assert sum("published 1.0.0" in one for one in said) == 1


@pytest.mark.slow
def test_killed_at_any_moment_a_store_stays_whole(store: FolderStore) -> None:
    rng = random.Random(3)  # noqa: S311 - moments, no secrets
    for number in range(60):  # so that publishing takes a while
        store.publish(document(f"team/other-{number}"), b"signature")
    finished = 0
    for number in range(20):
        new = [plain(version=f"{number}.{minor}.0") for minor in range(5)]
        process = publisher(store.path, *new)
        go(process)
        time.sleep(rng.uniform(0.0, 0.25))
        os.kill(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        there = {one.version for one in store.versions("legal/f1")}
        for line in out.splitlines():
            assert line.split()[1] in there, "it said so, and was killed afterwards"
        entries = store.entries()["legal/f1"] if there else ()
        assert {one.version for one in entries} == there
        for entry in entries:
            assert store.read(entry).title == entry.title
            assert store.signature(entry) == b"signature"
        assert not store.problems()
        finished += sum(f"{number}.{minor}.0" in there for minor in range(5))
    assert 0 < finished < 100, "some were cut off, and some were not"
    store.publish(document("last/one"), b"signature")
    assert not [one for one in files(store.path) if ".tmp" in one]
    signed = {one.removesuffix(".sig") for one in files(store.path) if one.endswith(".sig")}
    assert signed <= set(files(store.path))
    index = read_index((store.path / "index.json").read_bytes(), "test")
    assert index.entries == store.entries()
