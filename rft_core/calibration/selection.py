"""A grader by its name and the text of a `--config` option."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rft_core.errors import TaskFileError, UsageError
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.plugins import Registered, plugin_manager
from rft_core.task.source import Place, Source, read_yaml
from rft_core.task.validation import validate

_INLINE: Final = Path("--config")
"""Stands for the file in messages; its folder is the working folder."""


def select_grader(name: str, config: str | None) -> GraderCall:
    """Return the grader called `name`, configured, with its own limits.

    `config` is a YAML or JSON file, or such a text itself. Files that it names are relative to the
    config file, or to the working folder. Raises `UsageError`.
    """
    plugins = plugin_manager()
    found = plugins.select("grader", plugins.graders, name)
    grader = _configured(found, config)
    return GraderCall(name, grader, found.distribution, grader.timeout, grader.concurrency)


def _configured(found: Registered[Grader[Any]], config: str | None) -> Grader[Any]:
    source = Source(_INLINE, {}) if config is None else _read(config)
    if not isinstance(source.data, dict):
        raise source.error("a config is a mapping of options", hint=_show(found.name))
    place = Place(source)
    context = {"base_dir": source.path.resolve().parent}
    try:
        validated = validate(found.cls.Config, source.data, place, context)
    except TaskFileError as error:
        if config is not None:
            raise
        raise UsageError(
            f"grader {found.name!r} cannot do without a config: {error.message}",
            hint=f"Give --config FILE, or --config '{{key: value}}'. {_show(found.name)}",
        ) from None
    try:
        return found.cls(validated)
    except ValueError as error:
        raise place.error(str(error), _show(found.name)) from None


def _show(name: str) -> str:
    return f"`rft graders show {name}` lists the options."


def _read(config: str) -> Source:
    if _is_file(config):
        return read_yaml(Path(config))
    if ":" not in config:
        raise UsageError(
            f"{config}: no such file",
            where="--config",
            hint="Give a YAML or JSON file, or the options themselves: '{key: value}'.",
        )
    return _read_inline(config)


def _is_file(config: str) -> bool:
    if config.lstrip().startswith("{") or "\n" in config:
        return False
    try:
        return Path(config).is_file()
    except OSError:  # longer than a path may be
        return False


def _read_inline(text: str) -> Source:
    """Read the option's own text, as strictly as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            return replace(read_yaml(path), path=_INLINE)
        except TaskFileError as error:
            raise UsageError(error.message, where=str(_INLINE)) from None
