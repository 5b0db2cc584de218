"""The distributions that a spec's graders and shapers are from, as they are installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from grader_registry.document import SharedSpec
from rft_core.plugins import Registered, plugin_manager
from rft_core.task.source import Place


@dataclass(frozen=True)
class Installed:
    """What a document says of its plugins: requirements, and versions of graders and shapers."""

    requires: Mapping[str, str]
    graders: Mapping[str, str]

    def plain(self) -> dict[str, Any]:
        """Return a document's keys."""
        return {"requires": dict(self.requires), "graders": dict(self.graders)}


def installed_for(spec: SharedSpec, root: Place) -> Installed:
    """Return what is installed for a spec, which names no distribution that is not.

    What its `requires` leaves out is required as `usual`. Raises `UsageError` where `requires` asks
    for another version than the one that is measured here.
    """
    found = list(selected(spec))
    versions = dict(_name_and_version(one.distribution) for one in found)
    for name, wanted in spec.requires.items():
        have = versions.get(name)
        if have is not None and not SpecifierSet(wanted).contains(have, prereleases=True):
            raise (root / "requires" / name).error(
                f"{wanted} is required, and {have} is installed",
                "A version is measured with what it requires: install that, or change the range.",
            )
    usually = {name: usual(version) for name, version in sorted(versions.items())}
    return Installed(
        requires=usually | spec.requires,
        graders={one.name: one.cls.version for one in found},
    )


def selected(spec: SharedSpec) -> Iterator[Registered[Any]]:
    """Yield what is registered for each grader and shaper. Raises `PluginError`."""
    plugins = plugin_manager()
    reward = spec.reward
    graders = [spec.grader] if spec.grader else list(reward.graders.values()) if reward else []
    for grader in graders:
        yield plugins.select("grader", plugins.graders, grader.use)
    for shaper in reward.shapers if reward else ():
        yield plugins.select("reward shaper", plugins.reward_shapers, shaper.use)


def is_paid(spec: SharedSpec) -> bool:
    """Whether one of a spec's graders costs money. Raises `PluginError` if one is not there."""
    return any(getattr(one.cls, "paid", False) for one in selected(spec))


def usual(version: str) -> str:
    """Return the versions that a document requires where its author says nothing.

    From the installed one to below the next that may break: the next minor one below 1.0.
    """
    base = Version(version)
    end = f"{base.major + 1}" if base.major else f"0.{base.minor + 1}"
    return f">={base.public},<{end}"


def _name_and_version(distribution: str) -> tuple[str, str]:
    name, _, version = distribution.rpartition(" ")
    return name, version
