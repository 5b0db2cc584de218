"""Checks of shell commands in documentation: each is parsed as its program would, and not run."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typer
from packaging.requirements import Requirement
from typer.core import TyperGroup

from grader_registry.cli.app import app as registry
from rft_core.cli.app import app

app.add_typer(registry, name="registry")  # as its plugin does

ROOT: Final = Path(__file__).resolve().parent.parent
OPERATORS: Final = frozenset({"&&", "||", "|", ";", "&"})


def commands(script: str) -> Iterator[list[str]]:
    """Yield the words of each simple command, without comments and variables set before it."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.wordchars += "{}[]@:,%+^…"
        words: list[str] = []
        for token in [*lexer, ";"]:
            if token not in OPERATORS:
                words.append(token)
            elif words := [*_without_variables(words)]:
                yield words
                words = []


def _without_variables(words: Sequence[str]) -> Sequence[str]:
    names = [word.partition("=")[0] if "=" in word else "" for word in words]
    first = next((i for i, name in enumerate(names) if not name.isidentifier()), len(words))
    return words[first:]


def check_script(script: str, folder: Path) -> None:
    """Raise `AssertionError` or the program's own error for a command that it would refuse."""
    for words in commands(script):
        program, *arguments = words
        assert program in PROGRAMS, f"the tests know no program {program!r}"
        PROGRAMS[program](arguments, folder)


def check_rft(arguments: Sequence[str], folder: Path) -> None:
    """Parse a command line of rft; `…` stands for anything."""
    command: Any = typer.main.get_command(app)
    context: Any = None
    name = "rft"
    rest = [word for word in arguments if word != "…"]
    while True:
        context = command.make_context(name, rest, parent=context)
        words = [*context._protected_args, *context.args]
        if not isinstance(command, TyperGroup) or not words:
            return
        name, command, rest = command.resolve_command(context, words)


def _launched(arguments: Sequence[str], folder: Path) -> None:
    """`accelerate launch … -m rft_core ARGUMENTS`; the launcher's own options are its own."""
    if "rft_core" in arguments:
        check_rft(arguments[arguments.index("rft_core") + 1 :], folder)
    else:
        assert arguments[-1] == "…", arguments


def _pip(arguments: Sequence[str], folder: Path) -> None:
    assert arguments[0] == "install", arguments
    words = iter(arguments[1:])
    for word in words:
        if word in {"-e", "--editable"}:
            _local(next(words), folder)
        elif word.startswith("."):
            _local(word, folder)
        elif not word.startswith("-"):
            _distribution(Requirement(word))


def _local(target: str, folder: Path) -> None:
    path = target.partition("[")[0]
    assert any((base / path / "pyproject.toml").is_file() for base in (ROOT, folder)), path


def _distribution(wanted: Requirement) -> None:
    """Check distributions of this repository: their names and extras."""
    if not wanted.name.startswith("rft-"):
        return
    assert wanted.name in DISTRIBUTIONS, wanted.name
    extras = DISTRIBUTIONS[wanted.name].get("optional-dependencies", {})
    assert wanted.extras <= set(extras), wanted


def _read_distributions() -> dict[str, Mapping[str, Any]]:
    import tomllib

    paths = [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]
    paths += ROOT.glob("contrib/*/pyproject.toml")
    projects = [tomllib.loads(path.read_text())["project"] for path in paths]
    return {project["name"]: project for project in projects}


DISTRIBUTIONS: Final = _read_distributions()


def _make(arguments: Sequence[str], folder: Path) -> None:
    text = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in text for target in arguments), arguments


def _python(arguments: Sequence[str], folder: Path) -> None:
    match arguments:
        case ["-m", "rft_core", *rest]:
            check_rft(rest, folder)
        case ["-m", "pip", *rest]:
            _pip(rest, folder)
        case ["-m", "build" | "venv" | "pytest", *_]:
            pass
        case [script, *_]:
            found = any((base / script).is_file() for base in (ROOT, folder))
            assert found, f"no such script: {script}"


def _anything(arguments: Sequence[str], folder: Path) -> None:
    """Programs whose arguments are not ours to check."""


PROGRAMS: Final[Mapping[str, Callable[[Sequence[str], Path], None]]] = {
    "rft": check_rft,
    "accelerate": _launched,
    "torchrun": _launched,
    "pip": _pip,
    "make": _make,
    "python": _python,
    "python3.11": _python,
    "pytest": _anything,
    "cd": _anything,
    "git": _anything,
    "vllm": _anything,
    "ray": _anything,
}
