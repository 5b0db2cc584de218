"""A grader by its name and options that stand outside of a task file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rft_core.errors import TaskFileError, UsageError
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.plugins import Registered, plugin_manager
from rft_core.task.build import configure
from rft_core.task.source import Place, Source, parse_yaml, read_yaml

_INLINE: Final = Path("--config")
"""Stands for the file in messages; its folder is the working folder."""


def select_grader(name: str, config: str | None) -> GraderCall:
    """Return the grader called `name`, configured, with its own limits.

    `config` is the text of a `--config` option: a YAML or JSON file, or such a text itself. Files
    that it names are relative to the config file, or to the working folder. Raises `UsageError`.
    """
    return configure_grader(name, read_config(config), given=config is not None)


def configure_grader(
    name: str, config: Place, overrides: Mapping[str, Any] | None = None, *, given: bool = True
) -> GraderCall:
    """Return the grader called `name` with the options that stand at `config`, and `overrides`.

    `given` says whether the user gave any options. Raises `UsageError`.
    """
    plugins = plugin_manager()
    found = plugins.select("grader", plugins.graders, name)
    grader = _configured(found, config, overrides or {}, given=given)
    return GraderCall(name, grader, found.distribution, grader.timeout, grader.concurrency)


def read_config(config: str | None) -> Place:
    """Return what a `--config` option stands for; no options for None. Raises `UsageError`."""
    if config is None:
        return Place(Source(_INLINE, {}))
    if _is_file(config):
        return Place(read_yaml(Path(config)))
    if ":" not in config:
        raise UsageError(
            f"{config}: no such file",
            where="--config",
            hint="Give a YAML or JSON file, or the options themselves: '{key: value}'.",
        )
    return Place(parse_yaml(config, _INLINE))


def _configured(
    found: Registered[Grader[Any]], config: Place, overrides: Mapping[str, Any], *, given: bool
) -> Grader[Any]:
    options = config.value()
    if not isinstance(options, dict):
        raise config.error("a config is a mapping of options", hint=_show(found.name))
    try:
        grader: Grader[Any] = configure(found, {**options, **overrides}, config)
    except TaskFileError as error:
        if given:
            raise
        raise UsageError(
            f"grader {found.name!r} cannot do without a config: {error.message}",
            hint=f"Give --config FILE, or --config '{{key: value}}'. {_show(found.name)}",
        ) from None
    return grader


def _show(name: str) -> str:
    return f"`rft graders show {name}` lists the options."


def _is_file(config: str) -> bool:
    if config.lstrip().startswith("{") or "\n" in config:
        return False
    try:
        return Path(config).is_file()
    except OSError:  # longer than a path may be
        return False
