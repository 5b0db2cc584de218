"""`rft new-plugin`."""

from __future__ import annotations

import shlex

from rft_core.authoring.request import NewPlugin
from rft_core.authoring.requirements import require_authoring
from rft_core.cli.common import console


def new_plugin_command(request: NewPlugin) -> None:
    """Write a new plugin and say what to do next. Raises `UsageError`."""
    require_authoring()
    from rft_core.authoring.new_plugin import write_plugin

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
