"""Finding plugins and what they register.

Entry points are listed without importing anything. The first look-up of a name imports them all,
since only then can a name that two distributions register be told from one that is registered
once. A plugin that fails to import is remembered with its cause and does not disturb the others.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points, version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import pluggy

from rft_core import hookspecs
from rft_core.errors import PluginError
from rft_core.suggest import did_you_mean

if TYPE_CHECKING:
    from rft_core.grader import Grader
    from rft_core.grading.executor import Executor
    from rft_core.reward.shaper import RewardShaper
    from rft_core.rollout import Rollout
    from rft_core.task.shared import Resolved

T = TypeVar("T")

BUILTIN_MODULE: Final = "rft_core.builtin"


@dataclass(frozen=True)
class Registered(Generic[T]):
    """A class that a plugin registered, and the distribution that it came from."""

    name: str
    cls: type[T]
    distribution: str


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be imported or failed to register."""

    entry_point: str
    distribution: str
    cause: str

    def __str__(self) -> str:
        return f"plugin {self.entry_point!r} of {self.distribution} is broken: {self.cause}"


class PluginManager:
    """Typed access to pluggy: what is registered under which name, and the observer hooks."""

    def __init__(self, entry_point_group: str = hookspecs.PROJECT_NAME) -> None:
        self._group = entry_point_group
        self._pluggy = pluggy.PluginManager(hookspecs.PROJECT_NAME)
        self._pluggy.add_hookspecs(hookspecs)
        self._distributions: dict[str, str] = {}
        self.broken: list[BrokenPlugin] = []
        self._loaded = False

    def register(self, plugin: object, name: str, distribution: str) -> None:
        """Register a module or object that implements hooks."""
        self._distributions[name] = distribution
        self._pluggy.register(plugin, name)

    def entry_points(self) -> Sequence[EntryPoint]:
        """Return the installed plugins' entry points, importing none of them."""
        return sorted(entry_points(group=self._group), key=lambda point: (point.name, point.value))

    @cached_property
    def graders(self) -> Mapping[str, Registered[Grader[Any]]]:
        """The registered graders by name."""
        return self._collect("rft_register_graders", "grader")

    @cached_property
    def rollouts(self) -> Mapping[str, Registered[Rollout[Any]]]:
        """The registered rollouts by name."""
        return self._collect("rft_register_rollouts", "rollout")

    @cached_property
    def reward_shapers(self) -> Mapping[str, Registered[RewardShaper[Any]]]:
        """The registered reward shapers by name."""
        return self._collect("rft_register_reward_shapers", "reward shaper")

    @cached_property
    def executors(self) -> Mapping[str, Registered[Executor]]:
        """The registered executors by name."""
        return self._collect("rft_register_executors", "executor")

    @cached_property
    def packs(self) -> Mapping[str, Sequence[Path]]:
        """The registered folders of reward specs, by distribution."""
        found: dict[str, list[Path]] = {}
        for owner, paths in self._each("rft_register_packs", lambda o, paths: (o, list(paths))):
            found.setdefault(owner, []).extend(map(Path, paths))
        return found

    def commands(self) -> Mapping[str, Any]:
        """Return the command groups that plugins add, by name."""
        found: dict[str, Any] = {}
        owners: dict[str, str] = {}
        for owner, commands in self._each("rft_register_commands", lambda o, c: (o, dict(c))):
            for name, command in commands.items():
                if name in found:
                    raise PluginError(
                        f"two plugins add a command {name!r}: {owners[name]} and {owner}",
                        hint="Uninstall one of the two distributions.",
                    )
                found[name], owners[name] = command, owner
        return found

    def select(self, kind: str, known: Mapping[str, Registered[T]], name: str) -> Registered[T]:
        """Return what is registered as `name`.

        Raises `PluginError`, with the closest name and any broken plugin, if there is no such.
        """
        if name in known:
            return known[name]
        hints = [did_you_mean(name, known), *(str(broken) for broken in self.broken)]
        hint = "\n  ".join(hint for hint in hints if hint)
        raise PluginError(f"no installed plugin provides the {kind} {name!r}", hint=hint or None)

    def resolve_spec(self, reference: str, folder: Path, where: str) -> Resolved:
        """Return the shared spec that a task file in `folder` names at `where`.

        Raises `UsageError` if it cannot be had.
        """
        self._load()
        found: Resolved | None = self._pluggy.hook.rft_resolve_spec(
            reference=reference, folder=folder
        )
        if found is None:
            broken = "\n  ".join(map(str, self.broken))
            raise PluginError(
                f"no installed plugin finds the shared spec {reference!r}",
                where=where,
                hint=broken or None,
            )
        return found

    def observe(self, hook: str, **facts: Any) -> list[str]:
        """Call every implementation of an observer hook; return complaints about those that fail.

        An observer's failure is its own: it neither stops the run nor the other observers.
        """
        self._load()
        complaints: list[str] = []
        for implementation in getattr(self._pluggy.hook, hook).get_hookimpls():
            arguments = [facts[name] for name in implementation.argnames]
            try:
                implementation.function(*arguments)
            except Exception as error:  # noqa: BLE001 - the boundary to other people's code
                owner = self._distributions[implementation.plugin_name]
                complaints.append(f"{hook} of {owner} failed: {type(error).__name__}: {error}")
        return complaints

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        builtin = importlib.import_module(BUILTIN_MODULE)
        self.register(builtin, BUILTIN_MODULE, f"rft-core {version('rft-core')}")
        for point in self.entry_points():
            self._load_entry_point(point)

    def _load_entry_point(self, point: EntryPoint) -> None:
        owner = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
        try:
            plugin = point.load()
            if not self._pluggy.is_registered(plugin):  # two entry points may name one module
                self.register(plugin, f"{owner}:{point.name}", owner)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - other people's import code
            cause = f"{type(error).__name__}: {error}"
            self._remember(BrokenPlugin(point.name, owner, cause))

    def _each(self, hook: str, read: Callable[[str, Any], T]) -> list[T]:
        """Call each implementation by itself, so that a failing one leaves the others alone.

        `read` turns the owner and what the hook returned into something checked.
        """
        self._load()
        results: list[T] = []
        for implementation in getattr(self._pluggy.hook, hook).get_hookimpls():
            owner = self._distributions[implementation.plugin_name]
            try:
                results.append(read(owner, implementation.function()))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - other people's code
                cause = f"{hook}: {type(error).__name__}: {error}"
                name = implementation.plugin_name.rpartition(":")[2]
                self._remember(BrokenPlugin(name, owner, cause))
        return results

    def _remember(self, broken: BrokenPlugin) -> None:
        if broken not in self.broken:
            self.broken.append(broken)

    def _collect(self, hook: str, kind: str) -> dict[str, Registered[Any]]:
        found: dict[str, Registered[Any]] = {}
        for registered in chain.from_iterable(self._each(hook, _registered)):
            _refuse_duplicate(kind, found.get(registered.name), registered)
            found[registered.name] = registered
        return dict(sorted(found.items()))


def _registered(owner: str, classes: Any) -> list[Registered[Any]]:
    """Return what a registration hook returned, checked."""
    registered: list[Registered[Any]] = []
    for cls in classes:
        name = getattr(cls, "name", None)
        if not isinstance(cls, type) or not isinstance(name, str):
            raise TypeError(f"{cls!r} is no class with a name")
        registered.append(Registered(name, cls, owner))
    return registered


def _refuse_duplicate(kind: str, taken: Registered[Any] | None, new: Registered[Any]) -> None:
    if taken is not None and taken.cls is not new.cls:
        raise PluginError(
            f"two plugins register a {kind} named {new.name!r}: {taken.distribution} "
            f"({taken.cls.__module__}) and {new.distribution} ({new.cls.__module__})",
            hint="Uninstall one of the two distributions.",
        )


_manager: PluginManager | None = None


def plugin_manager() -> PluginManager:
    """Return the process-wide plugin manager."""
    global _manager  # noqa: PLW0603 - one per process, made on first use
    if _manager is None:
        _manager = PluginManager()
    return _manager
