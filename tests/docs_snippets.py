"""Runs the code blocks of a page, in order, in a folder and a namespace of its own.

| block | what is done with it |
|---|---|
| `python` | executed; functions named `test_…` are called; `>>>` lines are doctests;
|          | what is written into `tests/` is left to a console with pytest |
| `yaml` | a task file, or a part of one in a small task, is loaded; a workflow is checked |
| `toml` | parsed; the entry points of a pyproject lead to modules of the page |
| `json`, `jsonl` | parsed; cases are read as cases |
| `sh` | each command is parsed as its program would, see `docs_commands` |
| `console` | lines with `$` are run, and print what the block says (`...` for anything) |
| `text` | nothing |

A block below a line that ends in a file's name and a colon, such as "`cases.jsonl`:", is also
written to that file.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
import yaml
from docs_commands import check_script
from sybil.document import Document
from sybil.evaluators.python import PythonEvaluator
from sybil.example import Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

import rft_core.plugins
from rft_core import Grader, hookimpl
from rft_core.cases import read_cases
from rft_core.plugins import PluginManager
from rft_core.task.source import Place, read_yaml
from rft_core.task.spec import TaskSpec
from rft_core.task.task import load_task

PROJECT: Final = Path(__file__).parent / "docs_project"
"""The files that task files of the documentation name; every page has a copy of them."""
FILE_NAME: Final = re.compile(r"`([\w./-]+\.\w+)`:\n+$")
FLAGS: Final = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
LANGUAGES: Final = {
    "yaml": "yaml",
    "toml": "toml",
    "json": "json",
    "jsonl": "json",
    "sh": "sh",
    "console": "console",
    "text": "text",
}
"""Beside Python: which method of `Page` is for a block."""
TASK_KEYS: Final = {field.alias or name for name, field in TaskSpec.model_fields.items()}
CASE_KEYS: Final = {"item", "completion", "expected"}
SMALL_TASK: Final[dict[str, Any]] = {
    "data": {"train": "data/train.jsonl"},
    "reward": {
        "graders": {"right": {"use": "function", "config": {"path": "rewards.py:right"}}},
    },
}


@dataclass
class Page:
    """A page, and the folder that its blocks run in."""

    path: Path
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    namespace: dict[str, Any] = field(default_factory=dict)

    def run(self) -> int:
        """Run all blocks; return how many there were. An error says file and line."""
        shutil.copytree(PROJECT, self.folder, dirs_exist_ok=True)
        self.monkeypatch.chdir(self.folder)
        self.monkeypatch.syspath_prepend(self.folder)
        self.monkeypatch.syspath_prepend(self.folder / "src")
        self.monkeypatch.setenv("OPENAI_API_KEY", "none")
        document = parse(self.path, self._evaluators())
        self.namespace = document.namespace
        self.namespace["__name__"] = f"docs_{self.path.stem}"
        modules = set(sys.modules)
        try:
            return sum(1 for example in document if self._evaluate(example))
        finally:
            for name in set(sys.modules) - modules:
                if self._is_ours(sys.modules[name]):
                    del sys.modules[name]

    def module(self) -> ModuleType:
        """Return what the page's Python defines, as a module."""
        module = ModuleType(self.namespace["__name__"])
        vars(module).update(self.namespace)
        return module

    def _is_ours(self, module: Any) -> bool:
        return str(getattr(module, "__file__", "")).startswith(str(self.folder))

    def _evaluate(self, example: Example) -> bool:
        try:
            example.evaluate()
        except unittest.SkipTest:
            return False
        except BaseException as error:
            error.add_note(f"{self.path}:{example.line}")
            raise
        return True

    def _evaluators(self) -> dict[str, Callable[[Example], None]]:
        return {language: getattr(self, f"_{kind}") for language, kind in LANGUAGES.items()}

    def _text(self, example: Example) -> None:
        write(example, self.folder)

    def _yaml(self, example: Example) -> None:
        write(example, self.folder)
        data = yaml.safe_load(example.parsed)
        if "jobs" in data:
            for job in data["jobs"].values():
                for step in job["steps"]:
                    check_script(step.get("run", ""), self.folder)
        elif "use" in data:
            others = SMALL_TASK["reward"]["graders"]
            self._task({"reward": {"graders": {**others, "grader": data}}})
        else:
            assert data.keys() <= TASK_KEYS, data.keys() - TASK_KEYS
            self._task(data)

    def _task(self, data: dict[str, Any]) -> None:
        """Load a task file, or a part of one within a small task."""
        whole = "data" in data and data.keys() & {"reward", "rewards"}
        small = {key: value for key, value in SMALL_TASK.items() if key not in data}
        if "rewards" in data:
            del small["reward"]
        path = self.folder / "task-of-the-page.yaml"
        path.write_text(yaml.safe_dump({**small, **data}, sort_keys=False))
        self._use_graders_of_the_page()
        load_task(path, data=bool(whole))
        check_training(path, data)

    def _use_graders_of_the_page(self) -> None:
        """Let task files find the graders that the page defines, beside the installed ones."""
        installed = PluginManager().graders
        found = [
            value
            for value in self.namespace.values()
            if isinstance(value, type) and issubclass(value, Grader)
            if getattr(value, "name", None) not in {None, *installed}
        ]

        class Plugin:
            @hookimpl
            def rft_register_graders(self) -> list[type[Grader[Any]]]:
                return found

        plugins = PluginManager()
        plugins.register(Plugin(), "page", "page 0")
        self.monkeypatch.setattr(rft_core.plugins, "_manager", plugins)

    def _toml(self, example: Example) -> None:
        write(example, self.folder)
        data = tomllib.loads(example.parsed)
        project = data.get("project", {})
        points = project.get("entry-points", {}).get("rft", {})
        if "name" in project and points:
            install(project, self.folder)

    def _json(self, example: Example) -> None:
        path = write(example, self.folder)
        rows = json_values(example.parsed)
        if all(isinstance(row, dict) and row.keys() >= CASE_KEYS for row in rows):
            if path is None:
                path = self.folder / "cases-of-the-page.jsonl"
                path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
            read_cases(path)

    def _sh(self, example: Example) -> None:
        check_script(example.parsed, self.folder)

    def _console(self, example: Example) -> None:
        for command, wanted in sessions(example.parsed):
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self._environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
                check=False,
            )
            same = doctest.OutputChecker().check_output(wanted, done.stdout, FLAGS)
            assert same, f"$ {command}\nprints\n{done.stdout}\nand not\n{wanted}"

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{self.folder}:{self.folder / 'src'}",
            "PYTEST_ADDOPTS": "-p no:cacheprovider",
            "COLUMNS": "100",
        }


def parse(path: Path, evaluators: dict[str, Callable[[Example], None]]) -> Document:
    """Return the page's blocks as Sybil finds them."""
    parsers = [CodeBlockParser(language, evaluate) for language, evaluate in evaluators.items()]
    return Document.parse(str(path), PythonParser(), *parsers, SkipParser())


class PythonParser(PythonCodeBlockParser):
    """Blocks of Python: those with `>>>` as doctests, from others the tests are called."""

    def __init__(self) -> None:
        super().__init__(doctest_optionflags=FLAGS)
        self.codeblock_parser = CodeBlockParser("python", self._execute)
        self._evaluate = PythonEvaluator()

    def _execute(self, example: Example) -> None:
        path = write(example, Path.cwd())
        if path is not None and path.is_relative_to(Path.cwd() / "tests"):
            return  # a console of the page runs pytest on it
        known = set(example.namespace)
        self._evaluate(example)
        for name in example.namespace.keys() - known:
            if name.startswith("test_"):
                example.namespace[name]()


def write(example: Example, folder: Path) -> Path | None:
    """Write the block to the file that the line above it names, if it names one."""
    named = FILE_NAME.search(example.document.text[: example.region.start])
    if named is None:
        return None
    path = folder / named[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(example.parsed)
    return path


def json_values(text: str) -> list[Any]:
    """Return the value of a JSON text, or those of its lines."""
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def sessions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console, with what it prints."""
    first, *parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not first, "a console begins with $"
    for part in parts:
        command, _, output = part.partition("\n")
        yield command, output


def install(project: dict[str, Any], folder: Path) -> None:
    """Make the page's package look installed, as `pip install -e .` would."""
    name, version = project["name"], project["version"]
    information = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    information.mkdir(exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (information / "METADATA").write_text(metadata)
    points = project["entry-points"]["rft"]
    lines = "".join(f"{point} = {module}\n" for point, module in points.items())
    (information / "entry_points.txt").write_text(f"[rft]\n{lines}")


def check_training(path: Path, data: dict[str, Any]) -> None:
    """Check the sections that TRL and peft read."""
    if not data.keys() & {"train", "lora"}:
        return
    from rft_core.training.config import grpo_config, lora_config, train_section

    root = Place(read_yaml(path))
    section = train_section(data.get("train", {}), root / "train")
    if not section.get("use_vllm"):
        grpo_config(section, path.parent, {}, root / "train")
    lora_config(data.get("lora"), root / "lora")


def skipped(path: Path) -> list[str]:
    """Return the reasons that a page gives for blocks that are not run."""
    return [str(example.parsed[1]) for example in Document.parse(str(path), SkipParser())]
