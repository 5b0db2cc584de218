"""Adding, updating and verifying shared specs, with a store in a folder."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from project_kit import GRADER, document, grader, settings, with_cases

from grader_registry.document import Document
from grader_registry.errors import IntegrityError, RegistryError
from grader_registry.naming import Reference
from grader_registry.project.add import Added, add
from grader_registry.project.lock import Lock, read_lock, write_lock
from grader_registry.project.resolve import resolve
from grader_registry.project.settings import Project
from grader_registry.project.sources import stores_of
from grader_registry.project.update import Updated, update
from grader_registry.project.vendor import read_vendored
from grader_registry.project.verify import verify
from grader_registry.stores.folder import FolderStore
from grader_registry.stores.several import Stores
from rft_core.errors import UsageError


@dataclass
class Team:
    """A project and the store that it takes specs from."""

    store: FolderStore
    folder: Path

    @property
    def project(self) -> Project:
        return Project.find(self.folder)

    @property
    def lock(self) -> Lock:
        return read_lock(self.project.lock_file)

    def add(self, *references: str, frozen: bool = False) -> list[Added]:
        wanted = [Reference.parse(one) for one in references]
        return add(self.project, wanted, lambda: stores_of(self.project), frozen=frozen)

    def update(self, *names: str, to: str | None = None) -> list[Updated]:
        wanted = None if to is None else Reference.parse(f"{names[0]}@{to}")
        return update(self.project, names, lambda: stores_of(self.project), wanted)

    def problems(self, *, cases: bool = False) -> list[str]:
        return verify(self.project, cases=cases)[1]

    def vendored(self, name: str = "legal/tags", version: str = "1.0.0") -> Path:
        return self.project.vendored(name, version)

    def tree(self) -> dict[str, bytes]:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}


def no_store() -> Stores:
    raise AssertionError("a store was asked")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    store = FolderStore.create(tmp_path / "specs", "../specs")
    store.publish(document())
    return Team(store, settings(tmp_path / "project", "../specs"))


def test_what_is_added_is_vendored_and_locked(team: Team) -> None:
    [added] = team.add("legal/tags@^1")
    assert added.what == "added"
    assert (team.vendored() / "spec.json").read_bytes() == document().data
    assert sorted(path.name for path in team.vendored().iterdir()) == ["s.json", "spec.json"]
    [entry] = team.lock.entries
    assert entry == added.entry
    assert (entry.title, entry.reference) == ("legal/tags@1.0.0", "^1")
    assert (entry.digest, entry.store) == (document().digest, "../specs")
    assert entry.requires == {
        name: importlib.metadata.version(name)
        for name in ("rft-grader-multilabel", "rft-grader-jsonschema")
    }
    assert entry.graders == {"multilabel": "1", "json_schema": "1"}
    assert team.problems() == []


def test_a_spec_resolves_without_its_store(team: Team) -> None:
    team.add("legal/tags@^1")
    shutil.rmtree(team.store.path)
    found = resolve("legal/tags@^1", team.folder / "below")
    assert (found.version, found.digest) == ("1.0.0", document().digest)
    assert found.folder == team.vendored()
    assert found.store == "../specs"


def test_several_are_added_or_none_is(team: Team) -> None:
    team.store.publish(grader())
    with pytest.raises(RegistryError, match="legal/none"):
        team.add("legal/f1", "legal/none")
    assert team.lock == Lock()
    assert not team.vendored("legal/f1").exists()
    assert [one.entry.title for one in team.add("legal/f1", "legal/tags")] == [
        "legal/f1@1.0.0",
        "legal/tags@1.0.0",
    ]


def test_what_is_not_in_the_lock_is_told_with_the_command(team: Team) -> None:
    with pytest.raises(RegistryError) as told:
        resolve("legal/tags@^1", team.folder)
    assert told.value.hint == "rft registry add 'legal/tags@^1'"
    team.add("legal/tags@1.0.0")
    with pytest.raises(RegistryError, match=r"which has 1\.0\.0"):
        resolve("legal/tags@^2", team.folder)


def test_the_lock_holds_on_to_a_version_that_will_do(team: Team) -> None:
    team.add("legal/tags@^1")
    team.store.publish(document(version="1.1.0"))
    [again] = team.add("legal/tags@^1")
    assert (again.what, again.entry.version) == ("kept", "1.0.0")
    [other] = team.add("legal/tags@~1.1")
    assert (other.what, other.entry.version) == ("added", "1.1.0")
    assert resolve("legal/tags@^1", team.folder).version == "1.0.0"
    assert resolve("legal/tags@~1.1", team.folder).version == "1.1.0"


def test_a_fresh_checkout_is_vendored_from_the_lock(team: Team) -> None:
    team.store.publish(grader())
    team.add("legal/tags@^1", "legal/f1")
    before = team.tree()
    shutil.rmtree(team.project.vendor)
    assert {one.what for one in team.add(frozen=True)} == {"written"}
    assert team.tree() == before


def test_what_is_whole_needs_no_store(team: Team) -> None:
    team.add("legal/tags@^1")
    [kept] = add(team.project, [], no_store, frozen=True)
    assert kept.what == "kept"
    [kept] = add(team.project, [Reference.parse("legal/tags@^1")], no_store, frozen=True)
    assert kept.what == "kept"


def test_frozen_never_changes_the_lock(team: Team) -> None:
    with pytest.raises(RegistryError, match="--frozen"):
        team.add("legal/tags", frozen=True)
    assert not team.project.lock_file.exists()


def test_a_store_that_changed_a_locked_version_is_told(team: Team) -> None:
    team.add("legal/tags@^1")
    other = document(description="Something else.")
    (team.store.path / "legal/tags/1.0.0.json").write_bytes(other.data)
    before = team.tree()
    shutil.copytree(team.project.vendor, team.folder / "kept")
    for command in (lambda: team.add("legal/tags@^1"), team.update):
        with pytest.raises(IntegrityError, match=f"tampered.*{other.digest}"):
            command()
    shutil.rmtree(team.folder / "kept")
    assert team.tree() == before
    shutil.rmtree(team.vendored())
    with pytest.raises(IntegrityError, match="tampered"):
        team.add(frozen=True)
    team.store.publish(document(version="2.0.0"))
    with pytest.raises(IntegrityError, match="tampered"):
        team.add("legal/tags@^2")


def test_a_store_that_lost_a_locked_version_is_told(team: Team) -> None:
    team.store.publish(document(version="1.1.0"))
    team.add("legal/tags@^1")
    (team.store.path / "legal/tags/1.1.0.json").unlink()
    with pytest.raises(IntegrityError, match=r"downgraded.*1\.1\.0"):
        team.update()
    assert resolve("legal/tags@^1", team.folder).version == "1.1.0"


def test_updates_go_to_the_newest_in_the_range_and_never_down(team: Team) -> None:
    team.add("legal/tags@^1")
    for version in ("1.2.0", "1.10.0", "2.0.0", "1.11.0-beta"):
        team.store.publish(document(version=version))
    [found] = team.update()
    assert (found.old.version, found.new.version) == ("1.0.0", "1.10.0")
    assert not team.vendored().exists()
    assert team.problems() == []
    [found] = team.update("legal/tags", to="^2")
    assert found.new.version == "2.0.0"
    assert team.lock.entries[0].reference == "^2"
    with pytest.raises(RegistryError, match=r"no version above 2\.0\.0"):
        team.update("legal/tags", to="^1")
    [found] = team.update()
    assert found.old == found.new


def test_updates_stay_at_a_yanked_version_rather_than_go_down(team: Team) -> None:
    team.store.publish(document(version="1.1.0"))
    team.store.publish(document(version="1.2.0"))
    team.add("legal/tags@^1")
    team.store.yank("legal/tags", "1.2.0", "it pays for empty answers")
    [found] = team.update()
    assert found.new.version == "1.2.0"
    assert found.yanked == "it pays for empty answers"
    [added] = team.add("legal/tags@1.2.0")
    assert added.yanked == "it pays for empty answers"


def test_an_update_of_what_is_not_there_says_what_to_add(team: Team) -> None:
    with pytest.raises(RegistryError) as told:
        team.update("legal/tags")
    assert told.value.hint == "rft registry add legal/tags"


@pytest.mark.parametrize(
    ("requires", "line"),
    [
        ({"rft-grader-sql": ">=1.2"}, "pip install 'rft-grader-sql>=1.2'"),
        ({"rft-grader-multilabel": ">=99"}, "pip install 'rft-grader-multilabel>=99'"),
        (
            {"rft-grader-sql": "===1'&&touch$IFS\"x\"&&'"},
            "pip install 'rft-grader-sql===1'\"'\"'&&touch$IFS\"x\"&&'\"'\"''",
        ),
    ],
)
def test_what_is_not_installed_is_told_with_the_line_and_nothing_is_written(
    team: Team, requires: dict[str, str], line: str
) -> None:
    team.store.publish(document(version="1.1.0", requires=requires))
    before = team.tree()
    with pytest.raises(RegistryError) as told:
        team.add("legal/tags")
    assert told.value.hint == line
    assert {k: v for k, v in team.tree().items() if "rft_specs/." not in k} == before


def test_a_grader_that_nobody_provides_is_told(team: Team) -> None:
    team.store.publish(grader(grader={"use": "sql"}, requires={}, graders={}))
    with pytest.raises(RegistryError, match="no installed plugin provides 'sql'"):
        team.add("legal/f1")


def relocked(team: Team, **changes: Any) -> None:
    """Write the lock as it would be if other versions had been installed."""
    entry = team.lock.entries[0].model_copy(update=changes)
    write_lock(team.project.lock_file, Lock.of([entry]))


def test_other_versions_than_locked_are_told_with_both_ways_out(team: Team) -> None:
    team.add("legal/tags@^1")
    relocked(team, requires={"rft-grader-multilabel": "0.0.9"}, graders={"multilabel": "0"})
    with pytest.raises(RegistryError) as told:
        resolve("legal/tags@^1", team.folder)
    installed = importlib.metadata.version("rft-grader-multilabel")
    assert f"rft-grader-multilabel is 0.0.9 in rft.lock and {installed} here" in str(told.value)
    assert "grader multilabel is 0 in rft.lock and 1 here" in str(told.value)
    assert "pip install 'rft-grader-multilabel==0.0.9'" in str(told.value)
    assert "`rft registry update legal/tags`" in str(told.value)
    assert len(team.problems()) == 1
    [kept] = team.add()
    assert kept.complaint is not None


def test_a_locked_distribution_that_is_missing_is_told_with_the_line(team: Team) -> None:
    team.add("legal/tags@^1")
    relocked(team, requires={"rft-grader-sql": "1.2.3"})
    with pytest.raises(RegistryError) as told:
        resolve("legal/tags@^1", team.folder)
    assert told.value.hint == "pip install 'rft-grader-sql==1.2.3'"


def test_an_update_locks_what_is_installed_and_grades_the_cases(team: Team) -> None:
    scored = with_cases(document(version="1.1.0"))
    team.store.publish(scored)
    team.add("legal/tags@^1")
    relocked(team, graders={"multilabel": "0", "json_schema": "1"})
    [found] = team.update("legal/tags")
    assert found.regraded
    assert found.moved == ()
    assert team.problems(cases=True) == []


def test_scores_that_differ_in_the_last_bit_are_told(team: Team) -> None:
    good = with_cases(document(version="1.1.0"))
    data = json.loads(good.data)
    data["scores"][1] += 2**-53
    team.store.publish(Document.write(data, "here"))
    team.add("legal/tags@^1")
    assert team.problems() == []
    [problem] = team.problems(cases=True)
    assert problem.startswith("legal/tags@1.1.0: case 2: published 0.8")
    assert "0x1." in problem
    relocked(team, graders={"multilabel": "0", "json_schema": "1"})
    [found] = team.update("legal/tags")
    assert [one.case for one in found.moved or ()] == [2]


def swapped(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"F1", b"F2"))


def linked(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere.json")
    path.symlink_to(path.parent.parent / "elsewhere.json")


def pipe(path: Path) -> None:
    import os

    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def one_more(path: Path) -> None:
    (path.parent / "more.json").write_text("{}")


def link_of_folder(path: Path) -> None:
    folder = path.parent
    folder.rename(folder.parent / "moved")
    folder.symlink_to(folder.parent / "moved")


@pytest.mark.parametrize("harm", [swapped, linked, Path.unlink, pipe, a_folder, one_more])
@pytest.mark.parametrize("name", ["spec.json", "s.json"])
def test_a_vendored_file_that_changed_is_refused_and_written_anew(
    team: Team, harm: Callable[[Path], object], name: str
) -> None:
    team.add("legal/tags@^1")
    harm(team.vendored() / name)
    if harm is swapped and name == "s.json":
        (team.vendored() / name).write_text('{"type": "array"}\n')
    with pytest.raises(IntegrityError):
        resolve("legal/tags@^1", team.folder)
    assert team.problems()
    [written] = team.add(frozen=True)
    assert written.what == "written"
    read_vendored(team.project, written.entry)
    assert resolve("legal/tags@^1", team.folder).version == "1.0.0"


def test_links_in_the_place_of_folders_are_refused(team: Team) -> None:
    team.add("legal/tags@^1")
    link_of_folder(team.vendored() / "spec.json")
    with pytest.raises(IntegrityError):
        resolve("legal/tags@^1", team.folder)
    with pytest.raises(IntegrityError, match="a link"):
        team.add()


def test_nothing_is_written_through_a_link(team: Team, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    team.project.vendor.mkdir()
    (team.project.vendor / "legal").symlink_to(outside)
    with pytest.raises(IntegrityError, match="a link"):
        team.add("legal/tags")
    assert list(outside.iterdir()) == []


def test_what_lies_beside_the_locked_versions_is_told(team: Team) -> None:
    team.add("legal/tags@^1")
    (team.project.vendor / "note.txt").write_text("")
    (team.vendored().parent / "0.9.0").mkdir()
    assert [problem.partition(":")[0] for problem in team.problems()] == [
        str(team.project.vendor / "note.txt"),
        str(team.vendored().parent / "0.9.0"),
    ]
    team.add()
    assert len(team.problems()) == 1  # old versions are cleaned up, and nothing else


def test_a_document_in_the_place_of_another_is_refused(team: Team) -> None:
    team.store.publish(document(version="1.1.0"))
    team.add("legal/tags@1.0.0", "legal/tags@1.1.0")
    old, new = team.lock.entries
    forged = old.model_copy(update={"digest": new.digest})
    write_lock(team.project.lock_file, Lock.of([forged]))
    shutil.copy(team.vendored(version="1.1.0") / "spec.json", team.vendored() / "spec.json")
    with pytest.raises(IntegrityError, match=r"is legal/tags@1\.1\.0, and not"):
        resolve("legal/tags@1.0.0", team.folder)


def test_code_and_hosts_are_refused_unless_the_project_allows_them(team: Team) -> None:
    function = {"use": "function", "config": {"path": "json:dumps"}}
    team.store.publish(grader(grader=function, requires={}, graders={}))
    with pytest.raises(UsageError, match="may not name code"):
        team.add("legal/f1")
    assert team.lock == Lock()


def test_without_stores_it_is_said_how_to_name_one(tmp_path: Path) -> None:
    team = Team(FolderStore.create(tmp_path / "s", "s"), settings(tmp_path / "project"))
    with pytest.raises(RegistryError):
        team.add("legal/tags")


def test_a_grader_is_a_grader(team: Team) -> None:
    team.store.publish(grader())
    team.add("legal/f1")
    found = resolve("legal/f1", team.folder)
    assert found.kind == "grader"
    assert found.section["use"] == GRADER["use"]
