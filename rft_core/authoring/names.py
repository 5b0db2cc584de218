"""What the parts of a new plugin are called, and names that would not work."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Final

from packaging.utils import InvalidName, canonicalize_name

from rft_core.errors import UsageError
from rft_core.plugins import plugin_manager

_GRADER: Final = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE | re.ASCII)
_ANOTHER: Final = "Choose another NAME, such as rft-grader-{}."


@dataclass(frozen=True)
class PluginNames:
    """The names of a plugin's distribution, of its import package and of its grader."""

    distribution: str
    package: str
    grader: str

    @property
    def class_name(self) -> str:
        """What the names of the grader's classes start with."""
        return "".join(word[:1].upper() + word[1:] for word in self.grader.split("_"))


def plugin_names(name: str, grader: str | None = None) -> PluginNames:
    """Return the names that follow from a distribution's; the grader is named after the package.

    Raises `UsageError` for a name that no distribution, package or grader can have.
    """
    try:
        distribution = canonicalize_name(name, validate=True)
    except InvalidName:
        raise UsageError(
            f"{name!r} cannot be the name of a distribution",
            hint="Write letters, digits and hyphens: acme-sql. --output chooses the folder.",
        ) from None
    package = distribution.replace("-", "_")
    _check_package(distribution, package)
    if grader is not None and not _GRADER.fullmatch(grader):
        raise UsageError(
            f"{grader!r} cannot be the name of a grader",
            hint="Write letters, digits and _, starting with a letter: --grader acme_sql.",
        )
    return PluginNames(distribution, package, grader or package)


def _check_package(distribution: str, package: str) -> None:
    """Refuse what cannot be imported, or would be imported in place of a module of Python's."""
    another = _ANOTHER.format(distribution)
    if not package.isidentifier():
        raise UsageError(
            f"a package cannot be named {package!r}: it starts with a digit", hint=another
        )
    if keyword.iskeyword(package):
        raise UsageError(
            f"a package cannot be named {package!r}: it is a word of Python", hint=another
        )
    if package in sys.stdlib_module_names:
        raise UsageError(f"the package would hide Python's own module {package!r}", hint=another)


def refuse_taken(names: PluginNames) -> None:
    """Raise `UsageError` if a distribution, package or grader of that name is installed."""
    another = _ANOTHER.format(names.distribution)
    try:
        taken = version(names.distribution)
    except PackageNotFoundError:
        pass
    else:
        raise UsageError(f"{names.distribution} {taken} is installed already", hint=another)
    module = find_spec(names.package)
    if module is not None and module.origin is not None:  # a folder without __init__.py has none
        raise UsageError(
            f"a package {names.package!r} is installed already: {module.origin}", hint=another
        )
    grader = plugin_manager().graders.get(names.grader)
    if grader is not None:
        raise UsageError(
            f"a grader {names.grader!r} is installed already: {grader.distribution}",
            hint="Choose another name for yours: --grader NAME.",
        )
