"""Authoring files: what they become, and what is wrong with them, by file and line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader_registry.document import Document
from grader_registry.errors import DocumentError
from grader_registry.publishing.authoring import read_authoring
from grader_registry.publishing.installed import usual
from rft_core.configurable import Permissions
from rft_core.errors import DatasetError, PluginError, TaskFileError, UsageError
from rft_core.task.spec import GraderSpec, RewardSpec

SCHEMA = '{"type": "object",\r\n "required": ["topics"]}\n'
CASE = {
    "id": "both",
    "item": {"id": "a", "topics": ["law"], "weight": 1.0},
    "completion": '{"topics": ["law"]}',
    "expected": 1.0,
}
SPEC: dict[str, Any] = {
    "name": "legal/eurovoc-f1",
    "version": "1.0.0",
    "description": "Topics of a legal act, by F1",
    "owners": ["ada@example.org"],
    "license": "apache-2.0",
    "columns": {"topics": "the right labels, a list"},
    "reward": {
        "graders": {
            "valid": {
                "use": "json_schema",
                "gate": {"min": 1.0},
                "config": {"schema": "schemas/topics.json"},
            },
            "f1": {
                "use": "multilabel",
                "config": {"labels": "$.topics[*]", "reference": "topics"},
            },
        },
        "formula": "f1",
        "shapers": [{"use": "length_penalty", "config": {"max_tokens": 200}}],
    },
    "files": ["schemas/topics.json"],
    "cases": "cases.jsonl",
    "changes": "The first version.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "authoring"
    (folder / "schemas").mkdir(parents=True)
    (folder / "schemas" / "topics.json").write_bytes(SCHEMA.encode())
    (folder / "cases.jsonl").write_text(f"{json.dumps(CASE)}\n\n")
    return folder


def write(folder: Path, **changed: Any) -> Path:
    """Write the authoring file; None takes a key out."""
    data = {key: value for key, value in {**SPEC, **changed}.items() if value is not None}
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def line_of(path: Path, text: str) -> str:
    lines = path.read_text().splitlines()
    return f"{path}:{next(i for i, one in enumerate(lines, start=1) if text in one)}"


def test_an_authoring_file_becomes_a_document(folder: Path) -> None:
    authoring = read_authoring(write(folder))
    document = authoring.draft
    spec = document.spec
    assert Document.read(document.data, "again").spec == spec
    assert document.title == "legal/eurovoc-f1@1.0.0"
    assert spec.license == "Apache-2.0"
    assert spec.files == {"schemas/topics.json": SCHEMA}
    assert spec.cases == (CASE,)
    assert spec.requires == {
        "rft-core": "<0.2,>=0.1.0",
        "rft-grader-jsonschema": "<0.2,>=0.1.0",
        "rft-grader-multilabel": "<0.2,>=0.1.0",
    }
    assert set(spec.graders) == {"json_schema", "multilabel", "length_penalty"}
    assert spec.reward == RewardSpec(**SPEC["reward"])
    assert b"changes" not in document.data
    assert str(folder).encode() not in document.data


def test_the_same_file_is_the_same_document(folder: Path, tmp_path: Path) -> None:
    first = read_authoring(write(folder)).draft
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    assert read_authoring(elsewhere / "spec.yaml").draft.digest == first.digest


def test_a_grader_stands_alone(folder: Path) -> None:
    grader = {"use": "math", "config": {"tolerance": 1e-3}}
    path = write(folder, reward=None, grader=grader, files=None, cases=None)
    spec = read_authoring(path).draft.spec
    assert spec.kind == "grader"
    assert spec.grader == GraderSpec(use="math", config={"tolerance": 0.001})
    assert set(spec.requires) == {"rft-grader-math"}


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("0.1.0", ">=0.1.0,<0.2"),
        ("0.9.3", ">=0.9.3,<0.10"),
        ("1.4.2", ">=1.4.2,<2"),
        ("2.0.0rc1", ">=2.0.0rc1,<3"),
        ("0.1.0.dev3+g12ab", ">=0.1.0.dev3,<0.2"),
    ],
)
def test_what_is_usually_required(version: str, wanted: str) -> None:
    assert usual(version) == wanted


def test_requires_may_be_given_and_is_completed(folder: Path) -> None:
    given = {"rft-grader-multilabel": ">=0.1,<0.3"}
    spec = read_authoring(write(folder, requires=given)).draft.spec
    assert set(spec.requires["rft-grader-multilabel"].split(",")) == {">=0.1", "<0.3"}
    assert "rft-grader-jsonschema" in spec.requires


def test_what_is_required_has_to_be_what_is_measured(folder: Path) -> None:
    path = write(folder, requires={"rft-grader-multilabel": ">=7"})
    with pytest.raises(TaskFileError, match=r">=7 is required, and 0\.1\.0 is installed") as told:
        read_authoring(path)
    assert told.value.where == line_of(path, ">=7")


@pytest.mark.parametrize(
    ("changed", "message", "at"),
    [
        ({"nmae": "x/y"}, "nmae: there is no such key", "nmae"),
        ({"scores": [1.0]}, "scores: there is no such key", "scores"),
        ({"card": {"passed": True}}, "card: there is no such key", "card:"),
        ({"changelog": []}, "changelog: there is no such key", "changelog"),
        ({"version": "1.0"}, "version: .*no semantic version", "version"),
        ({"version": 1.0}, "version: ", "version"),
        ({"name": "Legal/F1"}, "name: .*is no name", "name"),
        ({"license": "Apache 2"}, "license: .*no SPDX", "license"),
        ({"owners": []}, "owners: ", "owners"),
        ({"changes": None}, "changes: Field required", "name"),
        ({"changes": ""}, "changes: ", "changes"),
        ({"grader": {"use": "math"}}, "give either reward or grader", "name"),
        ({"thresholds": {"agreement": 2}}, "thresholds.agreement: ", "agreement"),
        ({"thresholds": {"agrement": 1}}, "agrement: there is no such key", "agrement"),
        ({"accept": {"M99": "because"}}, "accept.M99: there is no such class", "M99"),
        ({"accept": {"J3": ""}}, "accept.J3: ", "J3"),
        ({"reward": {"graders": {"a": {"use": "mathh"}}}}, "provides the grader 'mathh'", "mathh"),
        (
            {"reward": {"graders": {"a": {"use": "math", "config": {"tolerence": 1}}}}},
            "tolerence: there is no such key",
            "tolerence",
        ),
        (
            {"reward": {"graders": {"a": {"use": "math"}}, "formula": "a +"}},
            "reward.formula: ",
            "formula",
        ),
        (
            {"reward": {"graders": {"a": {"use": "legal/other@^1"}}}},
            "names installed plugins alone",
            "name",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    folder: Path, changed: dict[str, Any], message: str, at: str
) -> None:
    path = write(folder, **changed)
    with pytest.raises(TaskFileError, match=message) as told:
        read_authoring(path)
    assert told.value.where == line_of(path, at)


@pytest.mark.parametrize(
    "text", ["", "- a\n", "name: [", "name: a\nname: b\n", "x: !!python/a b\n"]
)
def test_what_is_no_authoring_file(folder: Path, text: str) -> None:
    (folder / "spec.yaml").write_text(text)
    with pytest.raises(TaskFileError):
        read_authoring(folder / "spec.yaml")


@pytest.mark.parametrize("key", ["files", "cases"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../secret.json", "does not lie below"),
        ("schemas/../../secret.json", "does not lie below"),
        ("{tmp}/secret.json", "does not lie below"),
        (".", "does not lie below"),
        ("link.json", "is a link"),
        ("folder/secret.json", "is a link, or lies behind one"),
        ("schemas", "no such file"),
        ("nothing.json", "no such file"),
        ("pipe", "no such file"),
        ("huge.json", "too many for a document"),
    ],
)
def test_files_stay_below_the_folder(folder: Path, key: str, name: str, message: str) -> None:
    outside = folder.parent
    (outside / "secret.json").write_text("{}")
    (folder / "link.json").symlink_to(outside / "secret.json")
    (folder / "folder").symlink_to(outside)
    os.mkfifo(folder / "pipe")
    with (folder / "huge.json").open("wb") as file:
        file.truncate(2_000_001)
    named = name.format(tmp=outside)
    path = write(folder, **{key: [named] if key == "files" else named})
    with pytest.raises(TaskFileError, match=message) as told:
        read_authoring(path)
    assert told.value.where is not None
    assert told.value.where.startswith(f"{path}:")


def test_files_are_texts_with_names_that_documents_take(folder: Path) -> None:
    (folder / "image.png").write_bytes(b"\x89PNG\xff")
    with pytest.raises(TaskFileError, match="not UTF-8 text"):
        read_authoring(write(folder, files=["image.png"]))
    (folder / "my file.json").write_text("{}")
    with pytest.raises(TaskFileError, match="is no name of a file here"):
        read_authoring(write(folder, files=["schemas/topics.json", "my file.json"]))
    with pytest.raises(TaskFileError, match="is there twice"):
        read_authoring(write(folder, files=["schemas/topics.json"] * 2))


def test_a_wrong_case_is_told_with_its_line(folder: Path) -> None:
    cases = folder / "cases.jsonl"
    cases.write_text(f'{json.dumps(CASE)}\n{{"item": {{}}, "completion": ""}}\n')
    with pytest.raises(DatasetError, match="the case has no `expected`") as told:
        read_authoring(write(folder))
    assert told.value.where == f"{cases.resolve()}:2"


def test_numbers_that_json_cannot_hold_exactly_are_refused(folder: Path) -> None:
    (folder / "cases.jsonl").write_text(json.dumps(CASE | {"item": {"n": 2**60 + 1}}))
    with pytest.raises(DocumentError, match="canonical JSON"):
        _ = read_authoring(write(folder)).draft


def test_configs_may_do_what_the_project_permits(folder: Path) -> None:
    (folder / "rewards.py").write_text("def right(sample):\n    return 1.0\n")
    grader = {"use": "function", "config": {"path": "rewards.py:right"}}
    changed = {"reward": None, "grader": grader, "files": ["rewards.py"], "cases": None}
    path = write(folder, **changed)
    with pytest.raises(UsageError) as told:
        read_authoring(path)
    assert str(told.value.where).startswith(f"{path}:")
    document = read_authoring(path, Permissions(code=True)).draft
    assert document.spec.files["rewards.py"].startswith("def right")


def test_a_config_names_no_file_elsewhere(folder: Path) -> None:
    (folder.parent / "secret.json").write_text("{}")
    grader = {"use": "json_schema", "config": {"schema": "../secret.json"}}
    path = write(folder, reward=None, grader=grader, files=None, cases=None)
    with pytest.raises(TaskFileError, match="in its own folder alone"):
        read_authoring(path)


def test_a_plugin_that_is_not_installed(folder: Path) -> None:
    shapers = [{"use": "nowhere_penalty"}]
    reward = {"graders": {"a": {"use": "math"}}, "shapers": shapers}
    with pytest.raises((PluginError, TaskFileError), match="nowhere_penalty"):
        read_authoring(write(folder, reward=reward, files=None))
