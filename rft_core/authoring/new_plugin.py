"""Writing a new plugin from the template."""

from __future__ import annotations

import json
import re
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

import copier
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.version import Version

from rft_core.authoring.names import PluginNames, plugin_names, refuse_taken
from rft_core.authoring.request import NewPlugin
from rft_core.errors import UsageError

TEMPLATE: Final = Path(__file__).parent / "template"
_WITH_ADDRESS: Final = re.compile(r"(?P<name>[^<>]+?)\s*<(?P<email>[^<>@\s]+@[^<>@\s]+)>")


def write_plugin(plugin: NewPlugin) -> tuple[PluginNames, Path]:
    """Write a distribution with a grader; return its names and its folder.

    Raises `UsageError`. The folder is there when it is whole, or not at all.
    """
    names = plugin_names(plugin.name, plugin.grader)
    answers = {
        "distribution": names.distribution,
        "package": names.package,
        "grader": names.grader,
        "class_name": names.class_name,
        "core": _compatible(Version(version("rft-core"))),
        "authors": _authors(plugin.author),
        "licence": _licence(plugin.licence),
        "model": json.dumps(_model(plugin.model), ensure_ascii=False),  # as YAML writes it, too
    }
    target = plugin.output or Path(names.distribution)
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise UsageError(
            "it exists already and is no empty folder",
            where=str(target),
            hint="Choose another folder: --output DIR.",
        )
    refuse_taken(names)
    try:
        _render(answers, target.resolve())
    except OSError as error:
        raise UsageError(
            f"the plugin cannot be written: {error.strerror or error}",
            where=str(target),
            hint="Choose another folder: --output DIR.",
        ) from None
    return names, target


def _render(answers: dict[str, str], target: Path) -> None:
    """Render the template beside `target` and move it there, whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-plugin-", dir=target.parent) as scratch:
        rendered = Path(scratch) / "plugin"
        # Settings of its own: the user's could answer for us.
        copier.run_copy(
            str(TEMPLATE), rendered, answers, settings=copier.Settings(), defaults=True, quiet=True
        )
        rendered.rename(target)  # over an empty folder, too


def _compatible(core: Version) -> str:
    """Return the versions of the core that a plugin written for `core` works with."""
    following = f"0.{core.minor + 1}" if core.major == 0 else f"{core.major + 1}"
    return f">={core.major}.{core.minor},<{following}"


def _authors(author: str | None) -> str:
    """Return the author, `NAME` or `NAME <ADDRESS>`, as pyproject.toml lists it; '' for none."""
    if author is None:
        return ""
    text = author.strip()
    match = _WITH_ADDRESS.fullmatch(text)
    person = match.groupdict() if match else {"name": text}
    if not text.isprintable() or not text or any(sign in person["name"] for sign in "<>,"):
        raise UsageError(
            f"{author!r} cannot be an author",
            hint='Write a name, or a name and an address: --author "Ada Lovelace <ada@acme.org>".',
        )
    # A JSON string of printable characters is one of TOML.
    entries = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in person.items())
    return f"[{{{', '.join(entries)}}}]"


def _licence(text: str) -> str:
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        raise UsageError(
            f"{text!r} is no licence that SPDX knows",
            hint="Write its identifier, such as Apache-2.0, MIT or LicenseRef-Proprietary.",
        ) from None


def _model(text: str) -> str:
    """Return a folder or file by its whole path, since the task file stands elsewhere."""
    path = Path(text).expanduser()
    return str(path.resolve()) if path.exists() else text
