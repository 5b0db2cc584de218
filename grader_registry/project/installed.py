"""What is installed, and whether it is what a document asks for or a lock holds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from packaging.specifiers import SpecifierSet

from grader_registry.document import SharedSpec
from grader_registry.errors import RegistryError
from grader_registry.naming import shown
from grader_registry.project.lock import LockEntry
from rft_core.plugins import plugin_manager

_MISSING: Final = "not installed"
_HARMLESS: Final = re.compile(r"[A-Za-z0-9._<>=!~,*+ -]+")


def installed_version(distribution: str) -> str | None:
    """Return the version of a distribution that is installed, None if it is not."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def grader_version(name: str) -> str | None:
    """Return the version of the registered grader or shaper of this name, None without one."""
    plugins = plugin_manager()
    found = plugins.graders.get(name) or plugins.reward_shapers.get(name)
    return None if found is None else found.cls.version


def installed_for(spec: SharedSpec) -> tuple[dict[str, str], dict[str, str]]:
    """Return the installed versions of what a spec requires, and of what it selects.

    Raises `RegistryError` with the pip line if something is missing or of a wrong version.
    """
    requires = {name: installed_version(name) for name in spec.requires}
    wrong = [
        name
        for name, found in requires.items()
        if found is None or not SpecifierSet(spec.requires[name]).contains(found, prereleases=True)
    ]
    if wrong:
        has = ", ".join(f"{name} {requires[name] or _MISSING}" for name in wrong)
        raise RegistryError(
            f"{spec.name}@{spec.version} needs other distributions than are installed: {has}",
            hint=pip_line(f"{name}{spec.requires[name]}" for name in wrong),
        )
    graders = {name: grader_version(name) for name in spec.uses()}
    missing = [name for name, found in graders.items() if found is None]
    if missing:
        broken = "; ".join(map(str, plugin_manager().broken))
        raise RegistryError(
            f"{spec.name}@{spec.version}: no installed plugin provides "
            f"{', '.join(map(shown, missing))}",
            hint=broken or "Its `requires` does not tell where they are from; ask its owners.",
        )
    return _known(requires), _known(graders)


def regraded(spec: SharedSpec) -> dict[str, tuple[str, str]]:
    """Return the graders that are installed in other versions than a spec was scored with.

    By name: the version then, and the one here.
    """
    found = {name: (then, grader_version(name)) for name, then in spec.graders.items()}
    return {name: (then, here) for name, (then, here) in found.items() if here not in {None, then}}


def other_than_locked(entry: LockEntry) -> dict[str, tuple[str, str]]:
    """Return what is installed in other versions than an entry holds: locked, installed."""
    found = {
        **{name: (locked, installed_version(name)) for name, locked in entry.requires.items()},
        **{f"grader {n}": (locked, grader_version(n)) for n, locked in entry.graders.items()},
    }
    return {what: (old, new or _MISSING) for what, (old, new) in found.items() if old != new}


def check_installed(entry: LockEntry) -> None:
    """Raise `RegistryError` unless what an entry needs is installed as locked."""
    missing = [name for name in entry.requires if installed_version(name) is None]
    if missing:
        raise RegistryError(
            f"{entry.title} needs distributions that are not installed: {', '.join(missing)}",
            hint=pip_line(f"{name}=={entry.requires[name]}" for name in missing),
        )
    others = other_than_locked(entry)
    if not others:
        return
    told = "; ".join(
        f"{what} is {locked} in rft.lock and {found} here"
        for what, (locked, found) in others.items()
    )
    wrong = [f"{name}=={entry.requires[name]}" for name in entry.requires if name in others]
    back = pip_line(wrong) if wrong else "Install what the lock was written with."
    raise RegistryError(
        f"{entry.title} was added with other versions: {told}",
        hint=f"{back}\n  Or `rft registry update {entry.name}`: it shows which scores move.",
    )


def pip_line(requirements: Iterable[str]) -> str:
    """Return the command that installs distributions, to be copied into a shell."""
    return " ".join(["pip install", *map(_quoted, sorted(requirements))])


def _quoted(requirement: str) -> str:
    """Return a requirement as a word of a shell; PEP 440 lets `===` be followed by anything."""
    return f"'{requirement}'" if _HARMLESS.fullmatch(requirement) else shlex.quote(requirement)


def _known(found: Mapping[str, str | None]) -> dict[str, str]:
    return {name: one for name, one in found.items() if one is not None}
