"""What the results of a grading depend on besides its rows, so that none are mixed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rft_core.errors import UsageError
from rft_core.task.task import Task

_SECTIONS: Final = ("reward", "rewards", "data", "messages", "response_format")


def identity(task: Task, resolved: Mapping[str, Any]) -> dict[str, str]:
    """Return digests and versions by the words that a message names them with.

    `resolved` is the task as plain data, which holds the texts of most files that it names. Of the
    others, data files and Python files count with their content. Files that graders write to, such
    as a judge's cache, do not. Raises `UsageError` for one that cannot be read.
    """
    sections = {name: resolved[name] for name in _SECTIONS if name in resolved}
    text = json.dumps(sections, sort_keys=True)
    files = {f"file {path}": _file_digest(path) for path in sorted(set(_files(sections)))}
    return {
        "task": _digest(text.encode()),
        **files,
        **_versions(task),
        "rft-core": version("rft-core"),
    }


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise UsageError(error.strerror or str(error), where=str(path)) from None


def _files(sections: Mapping[str, Any]) -> Iterator[Path]:
    data = (name for name in sections["data"].values() if isinstance(name, str))
    python = (name for name in _texts(sections) if name.endswith(".py"))
    return (Path(name) for name in (*data, *python) if name.startswith("/") and _is_file(name))


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of plain data; of `file.py:function` also the file."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value
        yield value.rpartition(":")[0]


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long for a name, or a NUL in it
        return False


def _versions(task: Task) -> dict[str, str]:
    versions = {}
    for name, plan in task.rewards.items():
        at = "" if name is None else f"{name}/"
        for key, call in plan.calls.items():
            versions[f"grader {at}{key}"] = f"{plan.versions[key]} ({call.distribution})"
        for index, shaper in enumerate(plan.shapers):
            versions[f"shaper {at}{index}"] = f"{shaper.name} {shaper.version}"
    return versions


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return what is not the same, in words."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return [_difference(name, before.get(name), now.get(name)) for name in names]


def _difference(name: str, before: str | None, now: str | None) -> str:
    if name == "task" or name.startswith("file "):
        return f"the {name}"
    return f"{name} ({before or 'none'} -> {now or 'none'})"
