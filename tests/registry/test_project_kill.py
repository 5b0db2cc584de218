"""`add` and `update` killed at any moment, and two of them at the same time."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from project_kit import document, settings

from grader_registry.naming import Reference
from grader_registry.project.add import add
from grader_registry.project.lock import read_lock
from grader_registry.project.resolve import resolve
from grader_registry.project.settings import Project
from grader_registry.project.sources import stores_of
from grader_registry.project.update import update
from grader_registry.project.verify import verify
from grader_registry.stores.folder import FolderStore

CHANGES = frozenset(
    {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link", "shutil.rmtree"}
)
MOST = 500
DONE = 0


def in_a_child(act: Callable[[], object], folder: Path, at: int | None = None) -> int:
    """Run in a fork, which kills itself before its change number `at` in `folder`."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    changes = iter(range(MOST))

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES and str(folder) in str(arguments) and next(changes) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        if at is not None:
            sys.addaudithook(watch)
        act()
        code = DONE
    finally:
        os._exit(code)


def run_add(folder: Path, *references: str) -> None:
    project = Project.find(folder)
    wanted = [Reference.parse(one) for one in references]
    add(project, wanted, lambda: stores_of(project), frozen=False)


def run_update(folder: Path) -> None:
    project = Project.find(folder)
    update(project, [], lambda: stores_of(project))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore.create(tmp_path / "specs", "../specs")
    store.publish(document())
    return store


def locked(folder: Path) -> list[str]:
    """Return what is locked; all of it is whole."""
    titles = [entry.title for entry in read_lock(folder / "rft.lock").entries]
    for title in titles:
        assert resolve(title, folder).name == "legal/tags"
    return titles


def test_add_leaves_the_old_or_the_new_whenever_it_is_killed(
    tmp_path: Path, store: FolderStore
) -> None:
    seen = []
    for at in range(MOST):
        folder = settings(tmp_path / f"project-{at}", "../specs")
        code = in_a_child(lambda: run_add(folder, "legal/tags"), folder, at)  # noqa: B023
        seen.append(locked(folder))
        run_add(folder, "legal/tags")
        assert verify(Project.find(folder), cases=False) == (1, [])
        if code == DONE:
            break
        assert code == -signal.SIGKILL
    assert seen[0] == []
    assert seen[-1] == ["legal/tags@1.0.0"]
    assert len(seen) > 5


def test_update_leaves_the_old_or_the_new_whenever_it_is_killed(
    tmp_path: Path, store: FolderStore
) -> None:
    folders = [settings(tmp_path / f"project-{at}", "../specs") for at in range(60)]
    for folder in folders:
        run_add(folder, "legal/tags@^1")
    store.publish(document(version="1.1.0"))
    seen = []
    for at, folder in enumerate(folders):
        code = in_a_child(lambda: run_update(folder), folder, at)  # noqa: B023
        seen += locked(folder)
        run_update(folder)
        assert locked(folder) == ["legal/tags@1.1.0"]
        assert verify(Project.find(folder), cases=False) == (1, [])
        if code == DONE:
            break
        assert code == -signal.SIGKILL
    assert code == DONE
    assert seen[0] == "legal/tags@1.0.0"
    assert seen[-1] == "legal/tags@1.1.0"


def test_two_at_the_same_time_both_add(tmp_path: Path, store: FolderStore) -> None:
    names = [f"legal/tags{index}" for index in range(8)]
    for name in names:
        store.publish(document(name))
    folder = settings(tmp_path / "project", "../specs")
    children = []
    for name in names:
        child = os.fork()
        if not child:
            code = 1
            try:
                run_add(folder, name)
                code = DONE
            finally:
                os._exit(code)
        children.append(child)
    assert {os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in children} == {DONE}
    assert [entry.name for entry in read_lock(folder / "rft.lock").entries] == names
    assert verify(Project.find(folder), cases=False) == (8, [])
