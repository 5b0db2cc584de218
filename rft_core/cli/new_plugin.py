"""`rft new-plugin`."""

from __future__ import annotations

import shlex
from pathlib import Path

from rft_core.authoring.requirements import require_authoring
from rft_core.cli.common import console


def new_plugin_command(
    name: str,
    grader: str | None,
    author: str | None,
    licence: str,
    model: str | None,
    output: Path | None,
) -> None:
    """Write a new plugin and say what to do next. Raises `UsageError`."""
    require_authoring()
    from rft_core.authoring.new_plugin import DEFAULT_MODEL, NewPlugin, write_plugin

    request = NewPlugin(name, grader, author, licence, model or DEFAULT_MODEL, output)
    names, folder = write_plugin(request)
    out = console()
    for line in (
        f"{folder} holds {names.distribution} with the grader {names.grader}. Next:",
        f"  cd {shlex.quote(str(folder))}",
        '  pip install -e ".[test]"',
        "  pytest",
        f"  rft graders test {names.grader}",
        "  rft train example/task.yaml",
    ):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
