"""`rft new-plugin`: what it writes is ready to use, and what it refuses leaves nothing behind."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from warm import run_warm

from rft_core.authoring import new_plugin
from rft_core.authoring.names import PluginNames, plugin_names
from rft_core.authoring.new_plugin import write_plugin
from rft_core.authoring.request import NewPlugin
from rft_core.cases import read_cases
from rft_core.errors import UsageError
from rft_core.expectations import HigherThan, OutcomeIs, Within

HARMLESS = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


def rft(
    *arguments: str, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return run_warm(arguments, cwd, env or HARMLESS)


def scaffold(cwd: Path, name: str = "acme-sql", **options: Any) -> Path:
    """Return the folder of a new plugin."""
    _, folder = write_plugin(NewPlugin(name, output=cwd / name, **options))
    return folder


def pyproject(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new plugin, in a folder with a space in its path."""
    return scaffold(tmp_path_factory.mktemp("a place"))


def statements(source: str) -> list[ast.stmt]:
    """Return what a reader has to understand: no imports, docstrings or lines with a name only."""
    headers = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef)
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    return [
        node
        for node in found
        if not isinstance(node, headers)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]


def test_everything_is_there(plugin: Path) -> None:
    assert {str(path.relative_to(plugin)) for path in plugin.rglob("*") if path.is_file()} == {
        ".github/workflows/tests.yml",
        ".gitignore",
        "README.md",
        "cases.jsonl",
        "example/task.yaml",
        "pyproject.toml",
        "src/acme_sql/__init__.py",
        "src/acme_sql/grader.py",
        "src/acme_sql/plugin.py",
        "src/acme_sql/py.typed",
        "tests/conftest.py",
        "tests/test_grader.py",
    }


def test_no_file_still_has_marks_of_the_template(plugin: Path) -> None:
    for path in (path for path in plugin.rglob("*") if path.is_file()):
        text = path.read_text()
        assert not any(mark in text for mark in ("@{", "@%", "%@", "None,", "Undefined")), path


def test_its_own_project_takes_up_the_names(plugin: Path) -> None:
    read = pyproject(plugin)
    assert read["project"]["name"] == "acme-sql"
    assert read["project"]["license"] == "Apache-2.0"
    assert "authors" not in read["project"]
    assert read["project"]["dependencies"] == ["rft-core>=0.1,<0.2"]
    assert read["project"]["entry-points"]["rft"] == {"acme_sql": "acme_sql.plugin"}
    assert list(read["tool"]["rft"]["graders"]) == ["acme_sql"]


def test_the_grader_is_fifteen_statements(plugin: Path) -> None:
    source = (plugin / "src" / "acme_sql" / "grader.py").read_text()
    assert 0 < len(statements(source)) <= 15


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "--isolated", "."],
        ["ruff", "format", "--isolated", "--check", "."],
        ["mypy", "--strict", "src", "tests"],
    ],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_its_code_is_clean(command: list[str], tmp_path: Path) -> None:
    folder = scaffold(tmp_path, "rft-grader-medical-codes")
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_its_cases_show_every_kind_of_expectation(plugin: Path) -> None:
    cases = read_cases(plugin / "cases.jsonl")
    assert 6 <= len(cases) <= 8
    kinds = {type(case.expected) for case in cases}
    assert kinds == {float, Within, HigherThan, OutcomeIs}


def test_its_workflow_is_yaml_and_keeps_its_own_templates(plugin: Path) -> None:
    workflow = yaml.safe_load((plugin / ".github" / "workflows" / "tests.yml").read_text())
    steps = workflow["jobs"]["tests"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [
        'pip install -e ".[test]"',
        "pytest",
        "rft graders test acme_sql --card card",
    ]
    (setup,) = (step for step in steps if "setup-python" in step.get("uses", ""))
    assert setup["with"] == {"python-version": "${{ matrix.python }}"}


def test_it_says_what_to_do_next(tmp_path: Path) -> None:
    result = rft("new-plugin", "acme-sql", "-o", "over there/it's", cwd=tmp_path)
    assert result.stdout.splitlines()[1:] == [
        """  cd 'over there/it'"'"'s'""",
        '  pip install -e ".[test]"',
        "  pytest",
        "  rft graders test acme_sql",
        "  rft train example/task.yaml",
    ]


@pytest.mark.parametrize(
    ("name", "grader", "names"),
    [
        ("acme-sql", None, PluginNames("acme-sql", "acme_sql", "acme_sql")),
        ("Acme.SQL_x", None, PluginNames("acme-sql-x", "acme_sql_x", "acme_sql_x")),
        ("acme--sql", None, PluginNames("acme-sql", "acme_sql", "acme_sql")),
        ("acme-sql", "sqlEquals", PluginNames("acme-sql", "acme_sql", "sqlEquals")),
        ("match", None, PluginNames("match", "match", "match")),
    ],
)
def test_names_follow_from_the_distributions(
    name: str, grader: str | None, names: PluginNames
) -> None:
    assert plugin_names(name, grader) == names


@pytest.mark.parametrize(
    ("grader", "class_name"), [("acme_sql", "AcmeSql"), ("sqlEquals", "SqlEquals"), ("a__b", "AB")]
)
def test_classes_are_named_after_the_grader(grader: str, class_name: str) -> None:
    assert plugin_names("acme-sql", grader).class_name == class_name


@pytest.mark.parametrize("grader", ["plugin", "grader", "grade", "item", "sample", "field"])
def test_no_grader_name_hides_what_the_grader_imports(grader: str, tmp_path: Path) -> None:
    folder = scaffold(tmp_path, grader=grader)
    tree = ast.parse((folder / "src" / "acme_sql" / "grader.py").read_text())
    imported = {
        alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    assert not imported & classes


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (NewPlugin("acme sql"), "'acme sql' cannot be the name of a distribution"),
        (NewPlugin("../acme-sql"), "--output chooses the folder"),
        (NewPlugin("acmé-sql"), "'acmé-sql' cannot be the name of a distribution"),
        (NewPlugin("3d-shapes"), "it starts with a digit"),
        (NewPlugin("lambda"), "'lambda': it is a word of Python"),
        (NewPlugin("json"), "would hide Python's own module 'json'"),
        (NewPlugin("tomllib"), "such as rft-grader-tomllib"),
        (NewPlugin("rft-core"), "rft-core 0.1.0 is installed already"),
        (NewPlugin("yaml"), "a package 'yaml' is installed already"),
        (NewPlugin("grader-registry"), "a package 'grader_registry' is installed already"),
        (NewPlugin("function"), "a grader 'function' is installed already: rft-core"),
        (NewPlugin("acme-sql", grader="multilabel"), "--grader NAME"),
        (NewPlugin("acme-sql", grader="acme-sql"), "'acme-sql' cannot be the name of a grader"),
        (NewPlugin("acme-sql", grader=""), "'' cannot be the name of a grader"),
        (NewPlugin("acme-sql", licence="Free"), "'Free' is no licence that SPDX knows"),
        (NewPlugin("acme-sql", author=" "), "' ' cannot be an author"),
        (NewPlugin("acme-sql", author="Ada\nLovelace"), "cannot be an author"),
        (NewPlugin("acme-sql", author="Ada\udcff"), "cannot be an author"),
        (NewPlugin("acme-sql", author="<ada@acme.org>"), "cannot be an author"),
        (NewPlugin("acme-sql", output=Path("taken")), "taken: it exists already and is no empty"),
        (NewPlugin("acme-sql", output=Path("taken/file")), "file: it exists already and is no"),
        (NewPlugin("acme-sql", output=Path("taken/file/new")), "new: the plugin cannot be written"),
    ],
)
def test_what_cannot_work_is_refused_and_leaves_nothing(
    request_: NewPlugin, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    with pytest.raises(UsageError) as caught:
        write_plugin(request_)
    assert says in str(caught.value)
    assert caught.value.hint
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "taken"]
    assert (tmp_path / "taken" / "file").read_text() == "mine"


def test_a_refusal_is_one_message_and_exit_code_2(tmp_path: Path) -> None:
    result = rft("new-plugin", "lambda", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr == (
        "error: a package cannot be named 'lambda': it is a word of Python\n"
        "  Choose another NAME, such as rft-grader-lambda.\n"
    )


def test_a_template_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = tmp_path / "template"
    template.mkdir()
    (template / "copier.yml").write_text((new_plugin.TEMPLATE / "copier.yml").read_text())
    (template / "a.txt").write_text("written first")
    (template / "b.txt.jinja").write_text("@{ no_such_name }")
    monkeypatch.setattr(new_plugin, "TEMPLATE", template)
    target = tmp_path / "out" / "acme-sql"
    with pytest.raises(Exception, match="no_such_name"):
        write_plugin(NewPlugin("acme-sql", output=target))
    assert list(target.parent.iterdir()) == []


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "acme-sql").mkdir()
    assert (scaffold(tmp_path) / "pyproject.toml").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["acme-sql"]


def test_inside_a_git_repository_it_touches_the_new_folder_only(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=tmp_path, text=True, check=True, stdout=-1).stdout

    git("init", "--quiet")
    (tmp_path / "mine").write_text("mine")
    scaffold(tmp_path)
    assert git("status", "--porcelain") == "?? acme-sql/\n?? mine\n"


def test_it_needs_neither_git_nor_a_home_nor_settings(tmp_path: Path) -> None:
    settings = tmp_path / "settings.yml"
    settings.write_text("[not: settings")
    bare = {"PATH": "/nowhere", "HOME": "/nowhere", "COPIER_SETTINGS_PATH": str(settings)}
    result = rft("new-plugin", "acme-sql", cwd=tmp_path, env=bare)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "acme-sql" / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("author", "authors"),
    [
        ("Zoë Ångström", [{"name": "Zoë Ångström"}]),
        ("Ada <ada@acme.org>", [{"name": "Ada", "email": "ada@acme.org"}]),
        ('Bo "B\\" O\'Neill', [{"name": 'Bo "B\\" O\'Neill'}]),
        ("李雷 😀 @{ model } {{ x }}", [{"name": "李雷 😀 @{ model } {{ x }}"}]),
    ],
)
def test_an_authors_name_arrives_as_written(
    author: str, authors: list[dict[str, str]], tmp_path: Path
) -> None:
    folder = scaffold(tmp_path, author=author)
    assert pyproject(folder)["project"]["authors"] == authors


def test_a_licence_is_written_as_spdx_writes_it(tmp_path: Path) -> None:
    folder = scaffold(tmp_path, licence="mit or apache-2.0")
    assert pyproject(folder)["project"]["license"] == "MIT OR Apache-2.0"


def test_a_folder_as_model_is_named_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a model: #1").mkdir()
    folder = scaffold(tmp_path, model="a model: #1")
    task = yaml.safe_load((folder / "example" / "task.yaml").read_text())
    assert task["model"] == str(tmp_path / "a model: #1")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "copier.py").write_text("raise ModuleNotFoundError(name='copier')")
    result = rft("new-plugin", "acme-sql", cwd=tmp_path, env={**HARMLESS, "PYTHONPATH": "."})
    assert result.returncode == 2
    assert result.stderr == (
        "error: a new plugin needs copier, which is not installed\n"
        '  pip install "rft-core[authoring]"\n'
    )


def test_help_does_not_import_what_renders() -> None:
    code = "import sys, rft_core.cli.app; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "rft_core.cli.app" in loaded.stdout.split()
    assert not {"copier", "packaging", "jinja2"} & set(loaded.stdout.split())
