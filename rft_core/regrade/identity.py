"""What the results of a grading depend on besides its rows, so that none are mixed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rft_core.task.task import Task

_SECTIONS: Final = ("reward", "rewards", "data", "messages", "response_format")


def identity(task: Task, resolved: Mapping[str, Any]) -> dict[str, str]:
    """Return digests and versions by the words that a message names them with.

    `resolved` is the task as plain data. A file counts with its content if a section names it.
    """
    sections = {name: resolved[name] for name in _SECTIONS if name in resolved}
    text = json.dumps(sections, sort_keys=True)
    files = {f"file {path}": _digest(path.read_bytes()) for path in sorted(_files(sections))}
    return {
        "task": _digest(text.encode()),
        **files,
        **_versions(task),
        "rft-core": version("rft-core"),
    }


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _files(value: Any) -> Iterator[Path]:
    """Yield the files that texts name: in full, or as `file.py:function`."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _files(part)
    elif isinstance(value, str) and value.startswith("/") and "\n" not in value:
        for name in {value, value.rpartition(":")[0]}:
            if _is_file(name):
                yield Path(name)


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
