"""Shared specs in a task file: `use: team/name@^1.2` where a reward or a grader may stand.

Whoever implements the hook `rft_resolve_spec` finds them. Here they take the place of what names
them, so that everything after this sees graders alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from rft_core.configurable import Permissions
from rft_core.errors import UsageError
from rft_core.plugins import plugin_manager
from rft_core.task.source import Location, Place, Source

_OF_THE_USER: Final = frozenset({"use", "weight", "gate", "on_error"})
"""What a task file may say about a shared grader; the rest is published."""


@dataclass(frozen=True)
class Resolved:
    """A shared spec as it lies in the project.

    `folder` holds the files that its configs name; `section` is its reward or grader, as in a task
    file.
    """

    reference: str
    name: str
    version: str
    digest: str
    store: str
    kind: Literal["reward", "grader"]
    section: Mapping[str, Any]
    folder: Path
    permissions: Permissions = field(default_factory=Permissions)

    def place(self, work_dir: Path) -> Place:
        """Return where its section stands, for messages and for the files that it names."""
        data = {self.kind: dict(self.section)}
        source = Source(self.folder / "spec.json", data, {}, self.permissions, work_dir)
        return Place(source, (self.kind,))

    def record(self, at: str) -> dict[str, str]:
        """Return what a run notes about it; `at` is where it stands in the task file."""
        facts = {"reference": self.reference, "name": self.name, "version": self.version}
        return {"at": at, **facts, "digest": self.digest, "store": self.store}


@dataclass(frozen=True)
class Expanded:
    """A task file's data without references, and where each part that was shared is from."""

    source: Source
    data: Mapping[str, Any]
    resolved: Mapping[Location, Resolved]

    def place(self, place: Place) -> Place:
        """Return where the section at `place` really stands."""
        found = self.resolved.get(place.location) if place.source is self.source else None
        return place if found is None else found.place(place.source.path.resolve().parent)

    def records(self) -> list[dict[str, str]]:
        """Return what a run notes about the shared specs that it uses."""
        return [one.record(".".join(map(str, at))) for at, one in self.resolved.items()]


def expand(source: Source) -> Expanded:
    """Put the shared specs that a task file names into their places. Raises `UsageError`."""
    expansion = _Expansion(source)
    data = dict(source.data)
    root = Place(source)
    if "reward" in data:
        data["reward"] = expansion.reward(data["reward"], root / "reward")
    if isinstance(data.get("rewards"), dict):
        data["rewards"] = {
            task: expansion.reward(section, root / "rewards" / task)
            for task, section in data["rewards"].items()
        }
    return Expanded(source, data, expansion.resolved)


class _Expansion:
    def __init__(self, source: Source) -> None:
        self.folder = source.path.resolve().parent
        self.resolved: dict[Location, Resolved] = {}

    def reward(self, section: Any, place: Place) -> Any:
        """Return a reward section without references; as it is where it is no section."""
        if not isinstance(section, dict):
            return section
        if isinstance(section.get("use"), str):
            return self._shared_reward(section, place)
        if not isinstance(section.get("graders"), dict):
            return section
        graders = {
            key: self._grader(entry, place / "graders" / key)
            for key, entry in section["graders"].items()
        }
        return {**section, "graders": graders}

    def _shared_reward(self, section: Mapping[str, Any], place: Place) -> Any:
        beside = sorted(section.keys() - {"use"})
        if beside:
            raise (place / beside[0]).error(
                "a shared reward stands alone", "Remove it, or write the reward out to change it."
            )
        return dict(self._resolve(section["use"], "reward", place).section)

    def _grader(self, entry: Any, place: Place) -> Any:
        if not (isinstance(entry, dict) and is_reference(entry.get("use"))):
            return entry
        beside = sorted(entry.keys() - _OF_THE_USER)
        if beside:
            raise (place / beside[0]).error(
                "this is the shared spec's to say",
                "Remove it, or write the grader out to change it.",
            )
        section = self._resolve(entry["use"], "grader", place).section
        return {**section, **{key: value for key, value in entry.items() if key != "use"}}

    def _resolve(self, reference: str, kind: str, place: Place) -> Resolved:
        here = (place / "use").where()
        try:
            found = plugin_manager().resolve_spec(reference, self.folder, here)
        except UsageError as error:
            known = error.where in {None, here}
            told = error.message if known else f"{error.where}: {error.message}"
            raise type(error)(told, where=here, hint=error.hint) from None
        if found.kind != kind:
            raise (place / "use").error(
                f"{reference} is a whole {found.kind}, and this is the place of a {kind}",
                f"Use it as `{_SHAPES[found.kind]}`.",
            )
        self.resolved[place.location] = found
        return found


_SHAPES: Final = {
    "reward": "reward: {use: …}",
    "grader": "reward: {graders: {NAME: {use: …}}}",
}


def is_reference(use: Any) -> bool:
    """Whether `use` names a shared spec; names of plugins have no slash."""
    return isinstance(use, str) and "/" in use
