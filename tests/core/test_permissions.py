"""What configs of shared specs may name, as against a task file's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rft_grader_jsonschema.config import JsonSchemaConfig
from rft_grader_judge.config import JudgeConfig

from rft_core.configurable import Permissions, PluginConfig, TaskPath
from rft_core.function_grader import FunctionGraderConfig

JUDGE = {
    "model": "m",
    "instructions": "Is it right? {{ item.answer }}",
    "verdict": {"mode": "score", "range": [0, 10]},
}


class Config(PluginConfig):
    file: TaskPath


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shared spec's folder with a file, a file outside of it, and a link to that."""
    inside = tmp_path / "spec"
    inside.mkdir()
    (inside / "a.json").write_text("{}")
    (tmp_path / "outside.json").write_text("{}")
    (inside / "link.json").symlink_to(tmp_path / "outside.json")
    return inside


def validated(
    cls: type[PluginConfig], folder: Path, allowed: Permissions | None, **config: Any
) -> Any:
    context = {"base_dir": folder, "work_dir": folder.parent, "permissions": allowed}
    return cls.model_validate(config, context=context)


def test_a_shared_spec_names_the_files_in_its_folder(folder: Path) -> None:
    for name in ("a.json", "./a.json", "../spec/a.json", str(folder / "a.json")):
        assert validated(Config, folder, Permissions(), file=name).file == folder / "a.json"


@pytest.mark.parametrize("name", ["../outside.json", "link.json", "/etc/passwd", "~/.bashrc"])
@pytest.mark.parametrize(("cls", "key"), [(Config, "file"), (JsonSchemaConfig, "schema")])
def test_a_shared_spec_names_no_others(
    folder: Path, cls: type[PluginConfig], key: str, name: str
) -> None:
    with pytest.raises(ValidationError, match="in its own folder alone"):
        validated(cls, folder, Permissions(), **{key: name})
    with pytest.raises(ValidationError, match="in its own folder alone"):
        validated(cls, folder, Permissions(code=True), **{key: name})


def test_a_task_file_names_any(folder: Path) -> None:
    found = validated(Config, folder, None, file="../outside.json")
    assert found.file == folder.parent / "outside.json"


def test_a_shared_spec_names_code_if_that_is_allowed(folder: Path) -> None:
    with pytest.raises(ValidationError, match="may not name code"):
        validated(FunctionGraderConfig, folder, Permissions(), path="os:getcwd")
    assert validated(FunctionGraderConfig, folder, Permissions(code=True), path="os:getcwd")
    assert validated(FunctionGraderConfig, folder, None, path="os:getcwd")


def test_code_that_is_refused_is_not_imported(folder: Path) -> None:
    (folder / "own.py").write_text("raise SystemExit(3)\n\ndef f(sample): ...\n")
    with pytest.raises(ValidationError) as refusal:
        validated(FunctionGraderConfig, folder, Permissions(), path="own.py:f")
    assert "may not name code" in str(refusal.value)
    assert "SystemExit" not in str(refusal.value)


def test_a_judge_of_a_shared_spec_asks_hosts_that_are_allowed(folder: Path) -> None:
    local = {"endpoint": {"base_url": "http://localhost:8000/v1"}}
    with pytest.raises(ValidationError, match="may ask http://localhost:8000 if the project"):
        validated(JudgeConfig, folder, Permissions(), **JUDGE, **local)
    allowed = Permissions(hosts=frozenset({"http://localhost:8000"}))
    assert validated(JudgeConfig, folder, allowed, **JUDGE, **local)
    assert validated(JudgeConfig, folder, None, **JUDGE, **local)
    assert validated(JudgeConfig, folder, Permissions(), **JUDGE)


def test_a_host_is_allowed_with_its_port_and_scheme(folder: Path) -> None:
    allowed = Permissions(hosts=frozenset({"https://judge.example.org"}))
    for url in ("http://judge.example.org/v1", "https://judge.example.org:8443/v1"):
        with pytest.raises(ValidationError, match="if the project allows it"):
            validated(JudgeConfig, folder, allowed, **JUDGE, endpoint={"base_url": url})


def test_a_judge_of_a_shared_spec_keeps_its_cache_beside_the_task(folder: Path) -> None:
    found = validated(JudgeConfig, folder, Permissions(), **JUDGE, cache="c.sqlite")
    assert found.cache == folder.parent / "c.sqlite"
    with pytest.raises(ValidationError, match="in its own folder alone"):
        validated(JudgeConfig, folder, Permissions(), **JUDGE, cache="../../c.sqlite")
