"""Hostile documents, folders and locks: refused, or nothing comes of them.

Each is met in a process of its own that may open no file outside of its folder, no connection and
no process, has 200 MB and a few seconds of processor time, and may raise nothing but `UsageError`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hostile_documents import CANARY, EVIL, HARMLESS, NAME, REFUSED
from project_kit import document, settings

from grader_registry.canonical import digest
from grader_registry.cli.add import add_command
from grader_registry.cli.out import plain
from grader_registry.cli.show import search_command, show_command
from grader_registry.cli.verify import verify_command
from grader_registry.document import Document
from grader_registry.errors import RegistryError
from grader_registry.project.lock import Lock, LockEntry, read_lock, write_lock
from grader_registry.project.resolve import resolve
from grader_registry.project.settings import Project
from grader_registry.publishing.authoring import read_authoring
from rft_core.errors import UsageError
from rft_core.plugins import plugin_manager
from rft_core.task.task import load_task

MEMORY: Final = 200 * 1024**2
PROCESSOR_SECONDS: Final = 3
REPOSITORY: Final = Path(__file__).resolve().parent.parent.parent
READABLE: Final = tuple(
    os.path.realpath(path)
    for path in (sys.prefix, sys.base_prefix, REPOSITORY, "/usr/share/zoneinfo", "/usr/share/misc")
)
DEVICES: Final = frozenset({"/dev/null", "/dev/urandom"})
READING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FORBIDDEN: Final = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.")
FREE: Final = frozenset({"socket.__new__", "socket.gethostname"})


class Watch:
    """An audit hook that remembers what should not have happened."""

    def __init__(self, folder: Path) -> None:
        self.folder = os.path.realpath(folder)
        self.seen: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes):
            self._opened(str(Path(os.fsdecode(arguments[0])).absolute()), arguments)
        elif event.startswith(FORBIDDEN) and event not in FREE:
            self.seen.append(f"{event} {arguments}"[:300])

    def _opened(self, path: str, arguments: tuple[Any, ...]) -> None:
        writes = bool(arguments[2] & READING) if isinstance(arguments[2], int) else False
        own = path == self.folder or path.startswith(self.folder + os.sep)
        known = path.startswith(READABLE) and not writes
        if not own and not known and path not in DEVICES:
            self.seen.append(f"open {path}")


def met(act: Callable[[Path], object], folder: Path) -> dict[str, Any]:
    """Return what came of it in a process of its own: `refused`, `printed`, `seen`, `raised`."""
    report = folder.parent / "report.json"
    child = os.fork()
    if not child:
        try:
            _meet(act, folder, report)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"ended by signal {status}"
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def _meet(act: Callable[[Path], object], folder: Path, report: Path) -> None:
    found: dict[str, Any] = {"refused": None, "raised": None}
    watch = Watch(folder)
    temporary = folder / "tmp"
    temporary.mkdir()
    tempfile.tempdir = str(temporary)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    _limit()
    printed = io.StringIO()
    sys.addaudithook(watch)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            act(folder)
    except UsageError as error:
        found["refused"] = str(error)
    except BaseException:  # noqa: BLE001 - whatever else it is, is reported
        found["raised"] = traceback.format_exc()
    seen = list(watch.seen)
    found |= {"printed": printed.getvalue(), "seen": seen}
    report.write_text(json.dumps(found))


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))


@pytest.fixture(scope="module", autouse=True)
def _plugins_are_loaded() -> None:
    """Have modules imported here, so that the processes measure the documents alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = project_with(Path(name), document().data)
        with contextlib.redirect_stdout(io.StringIO()):
            use(folder)
    assert plugin_manager().graders


def project_with(base: Path, data: bytes) -> Path:
    """Return a project whose store holds these bytes as a document, and code to be led to."""
    folder = settings(base / "project", "specs")
    place = folder / "specs" / NAME
    place.mkdir(parents=True)
    (place / "1.0.0.json").write_bytes(data)
    for where in (folder, base):
        (where / "evil.py").write_text(EVIL)
    (base / "words.json").write_text('["a"]')
    (folder / "train.jsonl").write_text('{"id": "r1", "question": "?", "reference_answer": []}\n')
    return folder


def write_task(folder: Path, data: bytes) -> None:
    kind = "grader" if b'"grader":{' in data else "reward"
    reward: Any = {"use": NAME} if kind == "reward" else {"graders": {"f1": {"use": NAME}}}
    task = {"data": {"train": "train.jsonl"}, "reward": reward}
    messages = [{"role": "user", "content": "{{ item.question }}"}]
    (folder / "task.yaml").write_text(json.dumps({**task, "messages": messages}))


def use(folder: Path) -> None:
    """Do all that a user does with a document of a store; the first refusal ends it."""
    data = (folder / "specs" / NAME / "1.0.0.json").read_bytes()
    write_task(folder, data)
    search_command([], folder)
    show_command(NAME, folder, as_json=False)
    add_command([NAME], folder, frozen=False)
    load_task(folder / "task.yaml")
    verify_command(folder, cases=True)


def use_vendored(folder: Path) -> None:
    """Use what somebody has written into the lock and the vendored folder."""
    load_task(folder / "task.yaml")


def is_document(data: bytes) -> bool:
    with contextlib.suppress(RegistryError):
        return Document.read(data, "") is not None
    return False


def force(folder: Path, data: bytes) -> None:
    """Lock and vendor a document as nobody would who checks it."""
    spec = Document.read(data, "").spec
    vendored = folder / "rft_specs" / NAME / "1.0.0"
    vendored.mkdir(parents=True)
    (vendored / "spec.json").write_bytes(data)
    for name, text in spec.files.items():
        with contextlib.suppress(OSError):
            (vendored / name).parent.mkdir(parents=True, exist_ok=True)
            (vendored / name).write_text(text, newline="")
    entry = locked(digest=digest(data))
    write_lock(folder / "rft.lock", Lock.of([entry]))
    write_task(folder, data)


def locked(**changes: Any) -> LockEntry:
    entry = LockEntry(
        name=NAME, version="1.0.0", reference="*", digest="sha256:" + "0" * 64, store="specs",
        requires={}, graders={},
    )  # fmt: skip
    return entry.model_copy(update=changes)


def check(found: dict[str, Any], folder: Path) -> None:
    """Assert that nothing came of it, and that nothing unseen was printed."""
    assert found["raised"] is None, found["raised"]
    assert found["seen"] == []
    for place in (folder, folder.parent, Path.cwd()):
        assert not (place / CANARY).exists()
    assert plain(found["printed"]) == found["printed"]


def outside(folder: Path) -> None:
    (folder.parent / "words.json").read_text()


def a_process(folder: Path) -> None:
    import subprocess

    subprocess.run(["true"], check=True)


def a_connection(folder: Path) -> None:
    import socket

    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", 9), timeout=0.1)


@pytest.mark.parametrize("act", [outside, a_process, a_connection])
def test_what_should_not_happen_would_be_seen(
    act: Callable[[Path], object], tmp_path: Path
) -> None:
    folder = project_with(tmp_path, document().data)
    assert met(act, folder)["seen"]


def test_what_takes_too_much_memory_would_be_seen(tmp_path: Path) -> None:
    folder = project_with(tmp_path, document().data)
    assert "MemoryError" in met(lambda _: bytearray(2 * MEMORY), folder)["raised"]


@pytest.mark.parametrize("what", REFUSED)
def test_a_hostile_document_is_refused(what: str, tmp_path: Path) -> None:
    folder = project_with(tmp_path, REFUSED[what])
    found = met(use, folder)
    check(found, folder)
    assert found["refused"] is not None
    assert plain(found["refused"]) == found["refused"]
    assert not (folder / "rft.lock").exists()


@pytest.mark.parametrize("what", HARMLESS)
def test_a_tiresome_document_does_no_harm(what: str, tmp_path: Path) -> None:
    folder = project_with(tmp_path, HARMLESS[what])
    check(met(use, folder), folder)


@pytest.mark.parametrize("what", [key for key, data in REFUSED.items() if is_document(data)])
def test_a_hostile_document_that_is_vendored_and_locked_is_refused(
    what: str, tmp_path: Path
) -> None:
    folder = project_with(tmp_path, REFUSED[what])
    force(folder, REFUSED[what])
    found = met(use_vendored, folder)
    check(found, folder)
    assert found["refused"] is not None


def in_place_of(path: Path, make: Callable[[Path], object]) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    make(path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)


def many_files(folder: Path) -> None:
    for index in range(3_000):
        (folder / f"f{index}").touch()


SPEC: Final = f"rft_specs/{NAME}/1.0.0/spec.json"
FILE: Final = f"rft_specs/{NAME}/1.0.0/s.json"
FOLDERS: Final[dict[str, Callable[[Path], object]]] = {
    "a link as document": lambda f: in_place_of(f / SPEC, lambda p: p.symlink_to("/etc/passwd")),
    "a link as file": lambda f: in_place_of(f / FILE, lambda p: p.symlink_to("/etc/passwd")),
    "a link to a device": lambda f: in_place_of(f / FILE, lambda p: p.symlink_to("/dev/zero")),
    "a link to itself": lambda f: in_place_of(f / SPEC, lambda p: p.symlink_to(p)),
    "a pipe as document": lambda f: in_place_of(f / SPEC, os.mkfifo),
    "a pipe as file": lambda f: in_place_of(f / FILE, os.mkfifo),
    "a pipe beside": lambda f: os.mkfifo((f / FILE).with_name("pipe")),
    "ten gigabytes as document": lambda f: sparse(f / SPEC),
    "ten gigabytes as file": lambda f: sparse(f / FILE),
    "a folder as document": lambda f: in_place_of(f / SPEC, Path.mkdir),
    "thousands of files beside": lambda f: many_files((f / SPEC).parent),
    "a link as version": lambda f: in_place_of((f / SPEC).parent, lambda p: p.symlink_to("/etc")),
    "a link as name": lambda f: in_place_of(f / "rft_specs" / NAME, lambda p: p.symlink_to("/")),
    "a changed byte": lambda f: (f / SPEC).write_bytes((f / SPEC).read_bytes() + b" "),
    "a lock that leads out": lambda f: lock_with(f, name="../../etc"),
    "a lock of an absolute path": lambda f: lock_with(f, version="/etc"),
    "a lock of a version above": lambda f: lock_with(f, version="../../../specs"),
    "a lock without end": lambda f: (f / "rft.lock").write_text("[" * 500_000),
    "a lock of ten gigabytes": lambda f: sparse(f / "rft.lock"),
    "a lock of numbers": lambda f: (f / "rft.lock").write_text('{"lock": ' + "9" * 9_000 + "}"),
    "a lock with colours": lambda f: lock_with(f, store="\x1b[31m"),
    "a lock for a shell": lambda f: lock_with(f, requires={"x'; touch canary; '": "1"}),
    "a lock of a missing version": lambda f: lock_with(f, requires={"rft-core": "99"}),
    "a lock with a lower version": lambda f: lock_with(f, version="0.9.0"),
    "settings that write elsewhere": lambda f: (f / "rft.toml").write_text(
        '[registry]\nvendor = "../../x"\n'
    ),
    "settings without end": lambda f: (f / "rft.toml").write_text("a=" + "[" * 100_000),
    "settings of a gigabyte": lambda f: sparse(f / "rft.toml"),
}


def lock_with(folder: Path, **changes: Any) -> None:
    path = folder / "rft.lock"
    whole = json.loads(path.read_text())
    whole["specs"][0] |= changes
    path.write_text(json.dumps(whole))


@pytest.mark.parametrize("what", FOLDERS)
def test_a_hostile_project_is_refused(what: str, tmp_path: Path) -> None:
    folder = project_with(tmp_path, document().data)
    force(folder, document().data)
    assert resolve(NAME, folder).name == NAME
    FOLDERS[what](folder)
    found = met(use_vendored, folder)
    check(found, folder)
    assert found["refused"] is not None
    assert plain(found["refused"]) == found["refused"]


BOMB: Final = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
AUTHORING: Final = {
    "a bomb of anchors": BOMB,
    "an anchor in itself": "a: &a [*a]\n",
    "code in a tag": "name: !!python/object/apply:os.system [touch canary]\n",
    "brackets without end": "a: " + "[" * 50_000,
    "a key twice": "name: a/b\nname: c/d\n",
    "files above": "name: a/b\nfiles: [../../evil.py]\n",
    "files anywhere": "name: a/b\nfiles: [/etc/passwd]\n",
    "cases anywhere": "name: a/b\nchanges: x\ncases: /etc/passwd\n",
    "a number of many digits": "a: " + "9" * 100_000,
    "control characters": "name: \x1b[31m\n",
}


@pytest.mark.parametrize("what", AUTHORING)
def test_a_hostile_authoring_file_is_refused(what: str, tmp_path: Path) -> None:
    folder = tmp_path / "authoring"
    folder.mkdir()
    (folder / "spec.yaml").write_text(AUTHORING[what])
    found = met(lambda folder: read_authoring(folder / "spec.yaml"), folder)
    check(found, folder)
    assert found["refused"] is not None


def test_a_store_that_goes_down_is_refused(tmp_path: Path) -> None:
    folder = project_with(tmp_path, document().data)
    add_command([NAME], folder, frozen=False)
    place = folder / "specs" / NAME
    (place / "1.0.0.json").unlink()
    (place / "0.9.0.json").write_bytes(document(version="0.9.0").data)
    shutil.rmtree(folder / "rft_specs")
    found = met(lambda folder: add_command([], folder, frozen=True), folder)
    check(found, folder)
    assert "downgraded" in str(found["refused"])
    assert read_lock(Project.find(folder).lock_file).entries[0].version == "1.0.0"
