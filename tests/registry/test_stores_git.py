"""Stores in git repositories: real repositories on disk, real processes that publish to them."""

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

from grader_registry.errors import IntegrityError, RegistryError, StoreError, VersionExistsError
from grader_registry.stores import git_command
from grader_registry.stores.git import GitStore
from grader_registry.stores.git_address import GitAddress
from grader_registry.stores.index import read_index
from grader_registry.stores.store import WritableStore

PUBLISH = """
import json, sys
from grader_registry.document import Document
from grader_registry.errors import VersionExistsError
from grader_registry.stores.git import GitStore
print("ready", flush=True)
sys.stdin.readline()
store = GitStore(sys.argv[1])
for plain in json.loads(sys.argv[2]):
    try:
        store.publish(Document.write(plain, "test"), b"signature")
        print("published", plain["version"], flush=True)
    except VersionExistsError:
        print("taken", plain["version"], flush=True)
"""


def git(repository: Path, *arguments: str, given: bytes = b"") -> str:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], input=given, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def add_raw(repository: Path, files: Mapping[str, tuple[str, bytes]], branch: str = "main") -> str:
    """Commit files by path with any mode, as a hostile owner may; return the commit."""
    index = {**os.environ, "GIT_INDEX_FILE": str(repository / "raw-index")}
    lines = ""
    for path, (mode, data) in files.items():
        blob = "1" * 40
        if mode != "160000":
            blob = git(repository, "hash-object", "-w", "--stdin", given=data)
        lines += f"{mode} {blob}\t{path}\n"
    run = ["git", "-C", str(repository)]
    subprocess.run([*run, "update-index", "--index-info"], input=lines.encode(), env=index,
                   check=True)  # fmt: skip
    tree = subprocess.check_output([*run, "write-tree", "--missing-ok"], env=index, text=True)
    commit = git(repository, "commit-tree", tree.strip(), "-m", "raw")
    git(repository, "update-ref", f"refs/heads/{branch}", commit)
    return commit


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty bare repository; the cache lies in the test's folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "store.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    return path


@pytest.fixture
def publisher(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start a process with a cache of its own, which publishes once it is told to."""
    count = iter(range(10_000))

    def start(address: str, *documents: Mapping[str, Any]) -> subprocess.Popen[str]:
        cache = str(tmp_path / f"cache-{next(count)}")
        return subprocess.Popen(
            [sys.executable, "-c", PUBLISH, address, json.dumps(documents)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_CACHE_HOME": cache},
        )

    return start


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def test_an_empty_repository_has_nothing_and_gets_its_first_commit(repository: Path) -> None:
    store = GitStore(str(repository))
    assert isinstance(store, WritableStore)
    assert store.entries() == {}
    assert store.versions("legal/f1") == ()
    one = document()
    store.publish(one, b"signed")
    again = GitStore(f"git+file://{repository}")
    [entry] = again.versions("legal/f1")
    assert again.read(entry) == one
    assert again.signature(entry) == b"signed"
    assert git(repository, "show", "main:legal/f1/1.0.0.json").encode() == one.data
    index = read_index(git(repository, "show", "main:index.json").encode(), "test")
    assert index.entries == again.entries() == {"legal/f1": (entry,)}


def test_versions_come_from_low_to_high_and_the_first_one_there_stays(repository: Path) -> None:
    store = GitStore(str(repository))
    for version in ("1.10.0", "1.9.0", "2.0.0-rc.1"):
        store.publish(document(version=version))
    with pytest.raises(VersionExistsError, match=r"legal/f1@1\.9\.0 is published already"):
        store.publish(document(version="1.9.0"))
    versions = GitStore(str(repository)).versions("legal/f1")
    assert [one.version for one in versions] == ["1.9.0", "1.10.0", "2.0.0-rc.1"]
    assert int(git(repository, "rev-list", "--count", "main")) == 3


def test_yank(repository: Path) -> None:
    store = GitStore(str(repository))
    store.publish(document())
    store.publish(document(version="1.1.0"))
    with pytest.raises(StoreError, match=r"there is no legal/f1@3\.0\.0"):
        store.yank("legal/f1", "3.0.0", "wrong")
    store.yank("legal/f1", "1.0.0", "pays for nothing")
    low, high = GitStore(str(repository)).versions("legal/f1")
    assert (low.yanked, high.yanked) == ("pays for nothing", None)
    assert GitStore(str(repository)).read(low).spec.version == "1.0.0"
    index = read_index(git(repository, "show", "main:index.json").encode(), "test")
    assert index.entries["legal/f1"][0].yanked == "pays for nothing"


def test_branches_tags_and_commits(repository: Path) -> None:
    GitStore(str(repository)).publish(document())
    first = git(repository, "rev-parse", "main")
    git(repository, "tag", "-a", "v1", "-m", "one", "main")
    git(repository, "branch", "team/next", "main")
    GitStore(f"{repository}@team/next").publish(document(version="2.0.0"))
    for address, count in {
        f"{repository}": 1,
        f"{repository}@main": 1,
        f"git+file://{repository}@team/next": 2,
        f"{repository}@v1": 1,
        f"{repository}@{first}": 1,
    }.items():
        assert len(GitStore(address).versions("legal/f1")) == count, address
    for ref, kind in (("v1", "tag"), (first, "commit")):
        with pytest.raises(StoreError, match=f"a {kind} never changes"):
            GitStore(f"{repository}@{ref}").publish(document(version="3.0.0"))
    with pytest.raises(StoreError, match=r"no branch and no tag 'mian'\n.*'main'"):
        GitStore(f"{repository}@mian").entries()
    git(repository, "tag", "main", "main")
    with pytest.raises(StoreError, match="is a branch and a tag"):
        GitStore(f"{repository}@main").entries()


def test_a_reader_that_was_there_before_sees_what_is_new_when_it_opens_again(
    repository: Path,
) -> None:
    GitStore(str(repository)).publish(document())
    assert len(GitStore(str(repository)).versions("legal/f1")) == 1
    GitStore(f"git+file://{repository}").publish(document(version="1.1.0"))
    assert len(GitStore(str(repository)).versions("legal/f1")) == 2


@pytest.mark.parametrize(
    "address",
    [
        "git+https://-oProxyCommand=touch x/y.git",
        "git+ssh://-oProxyCommand=x/y.git",
        "git+ssh://-x@host/y.git",
        "git+https://host/x.git@--upload-pack=touch",
        "git+https://host/x.git@-b",
        "git+https://host/x.git@a..b",
        "git+https://host/x.git@HEAD@{1}",
        "git+ext::sh -c touch%20x",
        "git+http://host/x.git",
        "git+file://host/x.git",
        "git+https:///x.git",
        "git+https://host/x.git?y",
        "git+https://host:port/x.git",
        "git+https://host/\x1bx.git",
        "--upload-pack=x.git",
    ],
)
def test_hostile_addresses_are_refused(address: str) -> None:
    with pytest.raises(StoreError):
        GitAddress.parse(address)


def test_no_password_in_an_address_or_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store = GitStore("git+https://me:s%40crettoken@127.0.0.1:9/x.git@main")
    assert store.address == "git+https://127.0.0.1:9/x.git@main"
    with pytest.raises(StoreError) as caught:
        store.entries()
    assert "Failed to connect to 127.0.0.1 port 9" in str(caught.value)
    assert "crettoken" not in str(caught.value)
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"crettoken" not in file.read_bytes()
    assert GitStore("git+ssh://git@host/x.git").address == "git+ssh://git@host/x.git"


def test_a_repository_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    store = GitStore(str(tmp_path / "none.git"), shown_as="none.git")
    with pytest.raises(StoreError, match=r"^none\.git: .*does not appear to be a git repository"):
        store.entries()


def test_hostile_files_are_left_out_and_told_of(repository: Path, tmp_path: Path) -> None:
    good, moved = document("good/one"), document("other/name")
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    add_raw(
        repository,
        {
            "good/one/1.0.0.json": ("100644", good.data),
            "good/one/README.md": ("100644", b"hello"),
            "bad/link/1.0.0.json": ("120000", str(victim).encode()),
            "bad/module": ("160000", b""),
            "linked": ("120000", b"good"),
            "bad/json/1.0.0.json": ("100644", b"{"),
            "bad/moved/1.0.0.json": ("100644", moved.data),
            "bad/large/1.0.0.json": ("100644", b" " * 2_000_001),
            "bad/yank/1.0.0.json": ("100644", document("bad/yank").data),
            "bad/yank/1.0.0.yanked.json": ("100644", b'{"reason": "\\u001b[2J"}'),
            "stray/file/1.0.0.json": ("100644", document("stray/file").data),
            "stray/file/package.json": ("100644", b"{}"),
            "Bad/Name/1.0.0.json": ("100644", b"{}"),
            ".gitattributes": ("100644", b"* filter=evil diff=evil"),
            ".gitmodules": ("100644", b'[submodule "x"]\n\tpath = bad/module\n\turl = -u./p'),
        },
    )
    store = GitStore(str(repository))
    assert set(store.entries()) == {"good/one", "stray/file"}
    told = "\n".join(store.problems())
    for place in ("bad/link", "bad/module", "linked", "bad/json", "bad/moved", "bad/large",
                  "bad/yank", "stray/file/package.json", "Bad/Name"):  # fmt: skip
        assert place in told
    for name in ("bad/link", "bad/module", "bad/json", "bad/large", "bad/yank"):
        with pytest.raises(RegistryError, match=name):
            store.versions(name)
    with pytest.raises(IntegrityError, match=r"lies at the place of bad/moved@1\.0\.0"):
        store.versions("bad/moved")
    assert len(store.versions("stray/file")) == 1
    [entry] = store.versions("good/one")
    assert store.read(entry) == good
    with pytest.raises(StoreError, match="linked is no folder"):
        store.publish(document("linked/x"))
    with pytest.raises(VersionExistsError):
        store.publish(document("bad/link"))
    store.publish(document("good/two"))  # and others can go on
    assert set(GitStore(str(repository)).entries()) == {"good/one", "good/two", "stray/file"}
    assert victim.read_text() == "untouched"


def test_a_document_that_changed_is_no_longer_that_of_its_entry(repository: Path) -> None:
    GitStore(str(repository)).publish(document())
    [entry] = GitStore(str(repository)).versions("legal/f1")
    other = document(notes="changed")
    add_raw(repository, {"legal/f1/1.0.0.json": ("100644", other.data)})
    with pytest.raises(IntegrityError, match=r"legal/f1@1\.0\.0 is not what the index says"):
        GitStore(str(repository)).read(entry)


def test_large_blobs_are_not_even_fetched_where_the_server_can(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    noise = random.Random(0).randbytes(8_000_000)  # noqa: S311 - does not compress
    good = document("good/one")
    add_raw(repository, {"a/b/1.0.0.json": ("100644", noise),
                         "good/one/1.0.0.json": ("100644", good.data)})  # fmt: skip
    store = GitStore(f"git+file://{repository}")
    assert set(store.entries()) == {"good/one"}
    assert "more than 2000000 bytes" in "\n".join(store.problems())
    assert sum(one.stat().st_size for one in (tmp_path / "cache").rglob("*") if one.is_file()) < 1e6
    store.publish(document("good/two"))
    fresh = GitStore(f"git+file://{repository}")
    assert set(fresh.entries()) == {"good/one", "good/two"}
    assert git(repository, "cat-file", "-s", "main:a/b/1.0.0.json") == "8000000"


def test_what_documents_say_is_read_once(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = GitStore(str(repository))
    store.publish(document())
    [before] = GitStore(str(repository)).entries().values()
    [cached] = (tmp_path / "cache").rglob("entries.json")
    text = cached.read_text()
    cached.write_text(text.replace("Pays for right answers", "from the cache"))
    [after] = GitStore(str(repository)).entries().values()
    assert after[0].description == "from the cache"
    for broken in ("", "[]", '{"x": 1}', "{" * 100_000):
        cached.write_text(broken)
        [again] = GitStore(str(repository)).entries().values()
        assert again == before


def test_an_environment_of_another_repository_has_no_effect(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere-index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    GitStore(str(repository)).publish(document())
    assert len(GitStore(str(repository)).versions("legal/f1")) == 1
    assert not (tmp_path / "elsewhere").exists()


def test_who_commits_where_git_was_not_told(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    GitStore(str(repository)).publish(document())
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    GitStore(str(repository)).publish(document(version="2.0.0"))
    names = git(repository, "log", "--format=%an <%ae>", "main").splitlines()
    assert names == ["Ada <rft-registry@localhost>", "rft registry <rft-registry@localhost>"]


def test_a_refusal_of_the_server_is_told(repository: Path) -> None:
    hook = repository / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho only the owners may push >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(StoreError, match=r"the push was refused: .*pre-receive hook declined"):
        GitStore(str(repository)).publish(document())
    assert GitStore(str(repository)).entries() == {}


def test_a_server_that_does_not_answer_is_given_up_and_its_helpers_are_ended(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nsleep 300\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    monkeypatch.setattr(git_command, "NETWORK_SECONDS", 2.0)
    with pytest.raises(StoreError, match=r"git has not ended after 2 s"):
        GitStore("git+ssh://git@host/x.git").entries()
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("ssh is still there")


def test_a_listing_without_end_is_cut_off(repository: Path, tmp_path: Path) -> None:
    """Trees that hold one tree ten times, ten levels deep: 300 bytes that list as gigabytes."""
    blob = git(repository, "hash-object", "-w", "--stdin", given=b"{}")
    tree = git(repository, "mktree", given=f"100644 blob {blob}\t1.0.0.json\n".encode())
    for _ in range(10):
        lines = "".join(f"040000 tree {tree}\tx{number}\n" for number in range(10))
        tree = git(repository, "mktree", given=lines.encode())
    commit = git(repository, "commit-tree", tree, "-m", "bomb")
    git(repository, "update-ref", "refs/heads/main", commit)
    with pytest.raises(StoreError, match="the store is too large"):
        GitStore(str(repository)).entries()


def test_locks_of_killed_processes_do_not_stay(repository: Path, tmp_path: Path) -> None:
    GitStore(str(repository)).publish(document())
    assert GitStore(str(repository)).entries()
    [cache] = (tmp_path / "cache").rglob("repository.git")
    for lock in ("shallow.lock", "config.lock", "refs/rft/head.lock"):
        (cache / lock).write_text("")
    GitStore(f"git+file://{repository}").publish(document(version="1.1.0"))
    assert len(GitStore(str(repository)).versions("legal/f1")) == 2


def test_processes_that_publish_at_once_all_succeed_or_learn_that_they_came_second(
    repository: Path, publisher: Callable[..., subprocess.Popen[str]]
) -> None:
    processes = [
        publisher(str(repository), plain(version="1.0.0", notes=str(n)), plain(version=f"2.{n}.0"))
        for n in range(4)
    ]
    for process in processes:
        ready(process)
    for process in processes:
        go(process)
    said = [process.communicate(timeout=300)[0].split("\n") for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    firsts = [lines[0] for lines in said]
    assert sorted(firsts) == ["published 1.0.0", *["taken 1.0.0"] * 3]
    store = GitStore(str(repository))
    winner = firsts.index("published 1.0.0")
    versions = store.versions("legal/f1")
    assert [one.version for one in versions] == ["1.0.0", *(f"2.{n}.0" for n in range(4))]
    assert store.read(versions[0]).spec.notes == str(winner)
    index = read_index(git(repository, "show", "main:index.json").encode(), "test")
    assert index.entries["legal/f1"] == versions
    git(repository, "fsck", "--strict")


@pytest.mark.slow
def test_killed_at_any_moment_a_repository_stays_whole(
    repository: Path, publisher: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    rng = random.Random(7)  # noqa: S311
    GitStore(str(repository)).publish(document("other/one"))
    for number in range(20):
        version = f"1.{number}.0"
        process = publisher(str(repository), plain(version=version))
        ready(process)
        go(process)
        time.sleep(rng.uniform(0.0, 0.6))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        time.sleep(0.3)  # a child of git's may still be at work
        store = GitStore(str(repository))
        there = {one.version for one in store.versions("legal/f1")}
        for entry in store.versions("legal/f1"):
            assert store.read(entry).title == entry.title
            assert store.signature(entry) == b"signature"
        if version in there:
            with pytest.raises(VersionExistsError):
                GitStore(str(repository)).publish(document(version=version))
        else:
            GitStore(str(repository)).publish(document(version=version), b"signature")
    store = GitStore(str(repository))
    assert len(store.versions("legal/f1")) == 20
    assert not store.problems()
    git(repository, "fsck", "--strict")
