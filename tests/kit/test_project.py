"""The sections of a pyproject.toml: where they are looked for, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rft_core.errors import UsageError
from rft_core.testing.project import (
    GraderSection,
    find_project,
    find_reward_project,
    read_project,
    similar,
)
from rft_core.testing.thresholds import Thresholds

Write = Callable[[str], Path]

WHOLE = """\
[project]
name = "acme"

[tool.rft.graders.acme_keyword]
cases = "cases.jsonl"
note = "a note"
[tool.rft.graders.acme_keyword.config]
case_sensitive = true
[tool.rft.graders.acme_keyword.thresholds]
fooled = 2
[tool.rft.graders.acme_keyword.accept]
M5 = "on purpose"
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a pyproject.toml and returns its folder."""

    def do(text: str) -> Path:
        (tmp_path / "pyproject.toml").write_text(text)
        return tmp_path

    return do


def test_a_section_is_read(write: Write) -> None:
    folder = write(WHOLE)
    (folder / "cases.jsonl").touch()
    project = read_project("acme_keyword", folder)
    section = project.section
    assert isinstance(section, GraderSection)
    assert (section.note, section.accept) == ("a note", {"M5": "on purpose"})
    assert section.thresholds == Thresholds(fooled=2)
    assert project.cases() == folder / "cases.jsonl"
    config = project.config()
    assert config is not None
    assert config.value() == {"case_sensitive": True}


def test_the_nearest_section_of_the_name_counts(write: Write) -> None:
    folder = write(WHOLE)
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    (folder / "a" / "pyproject.toml").write_text('[tool.rft.graders.other]\nnote = "x"\n')
    assert find_project("acme_keyword", start=inner).section.note == "a note"
    (inner / "pyproject.toml").write_text('[tool.rft.graders.acme_keyword]\nnote = "nearer"\n')
    assert find_project("acme_keyword", start=inner).section.note == "nearer"


def test_without_a_section_the_defaults_count(tmp_path: Path) -> None:
    project = find_project("acme_keyword", start=tmp_path)
    assert project.place is None
    assert project.section == GraderSection()
    assert (project.cases(), project.config()) == (None, None)


def test_the_folder_of_an_editable_install_is_the_last_resort(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source code"
    source.mkdir()
    (source / "pyproject.toml").write_text(WHOLE)
    info = tmp_path / "site" / "acme_graders-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-graders\nVersion: 1.2\n")
    direct = {"url": source.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(direct))
    monkeypatch.syspath_prepend(str(info.parent))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    project = find_project("acme_keyword", start=elsewhere, owner="acme-graders 1.2")
    assert project.section.note == "a note"
    assert find_project("acme_keyword", start=elsewhere, owner="unknown 1").place is None
    (info / "direct_url.json").write_text(json.dumps({"url": source.as_uri(), "dir_info": {}}))
    assert find_project("acme_keyword", start=elsewhere, owner="acme-graders 1.2").place is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.rft.graders.g]\ncasse = 'x'\n", r"pyproject.toml:2: .*casse.*\n.*'cases'"),
        ("[tool.rft.graders.g.thresholds]\nfoold = 1\n", r"toml:2: .*foold.*\n.*'fooled'"),
        ("[tool.rft.graders.g.thresholds]\nfooled = -1\n", r"toml:2: .*thresholds.fooled"),
        ("[tool.rft.grader.g]\n", r"pyproject.toml:1: .*no such table\n.*'graders'"),
        ("[tool.rft]\ngraders = 1\n", r"pyproject.toml:2: tool.rft.graders: is not a table"),
        ("\n[tool.rft.graders.g.accept]\nM5 = ''\n", r"toml:3: .*accept.M5: .*at least 1"),
        ("[tool.rft.graders.g\n", r"pyproject.toml: not TOML: .*line 1"),
        ("[tool.rft.graders.g]\nsetup = 'service'\n", r"pyproject.toml:2: .*setup"),
        ("[tool.rft.graders.h]\n", r"there is no \[tool.rft.graders.g\]\n.*h"),
        ("[tool.other]\n", r'there is no \[tool.rft.graders.g\]\n.*cases = "cases.jsonl"'),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(write: Write, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_project("g", write(text))


def test_files_that_are_not_there_are_told(write: Write) -> None:
    folder = write('[tool.rft.graders.g]\ncases = "no.jsonl"\nconfig = "no.yaml"\n')
    project = read_project("g", folder)
    with pytest.raises(UsageError, match=r"pyproject.toml:2: .*cases: no such file: .*no.jsonl"):
        project.cases()
    with pytest.raises(UsageError, match=r"no.yaml: no such file"):
        project.config()


def test_a_config_may_be_a_file(write: Write) -> None:
    folder = write('[tool.rft.graders.g]\nconfig = "g.yaml"\n')
    (folder / "g.yaml").write_text("case_sensitive: true\n")
    config = read_project("g", folder).config()
    assert config is not None
    assert config.value() == {"case_sensitive": True}
    assert config.source.path == folder / "g.yaml"


def test_a_hint_names_similar_graders(write: Write) -> None:
    folder = write(WHOLE)
    assert "Did you mean 'acme_keyword'?" in str(similar("acme_keywrd", folder))
    assert similar("acme_keyword", write("[project]\nname = 'x'\n")) is None


def test_a_reward_is_called_after_its_task_file(write: Write) -> None:
    folder = write('[tool.rft.rewards."tasks/one.yaml"]\nnote = "the reward"\n')
    assert find_reward_project(folder / "tasks" / "one.yaml").section.note == "the reward"
    assert find_reward_project(folder / "one.yaml").place is None


SERVICE = """\
from contextlib import contextmanager

@contextmanager
def service(folder):
    (folder / "started").touch()
    yield {"base_url": str(folder)}
    (folder / "stopped").touch()

@contextmanager
def broken(folder):
    raise OSError("no port")
    yield {}

@contextmanager
def wrong(folder):
    yield None
"""


def test_a_service_runs_while_the_grader_is_tested(write: Write) -> None:
    folder = write('[tool.rft.graders.g]\nsetup = "kit_setup.py:service"\n')
    (folder / "kit_setup.py").write_text(SERVICE)
    with read_project("g", folder).service() as options:
        assert options == {"base_url": str(folder)}
        assert (folder / "started").exists()
        assert not (folder / "stopped").exists()
    assert (folder / "stopped").exists()


@pytest.mark.parametrize(
    ("setup", "message"),
    [
        ("kit_setup.py:broken", r"toml:2: .*setup: OSError: no port"),
        ("kit_setup.py:wrong", r"toml:2: .*yields NoneType, not a dict"),
        ("kit_setup.py:absent", r"toml:2: .*setup: ValueError: cannot load 'absent'"),
        ("nowhere.py:service", r"toml:2: .*setup: ValueError: cannot load"),
    ],
)
def test_a_service_that_does_not_start_is_told(write: Write, setup: str, message: str) -> None:
    folder = write(f'[tool.rft.graders.g]\nsetup = "{setup}"\n')
    (folder / "kit_setup.py").write_text(SERVICE)
    project = read_project("g", folder)
    with pytest.raises(UsageError, match=message), project.service():
        pass


def test_without_setup_there_is_no_service(write: Write) -> None:
    with read_project("g", write("[tool.rft.graders.g]\n")).service() as options:
        assert options == {}
