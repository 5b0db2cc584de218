"""What a project's pyproject.toml says about testing its graders and rewards.

    [tool.rft.graders.acme_keyword]
    cases = "cases.jsonl"                     # relative to the pyproject, as all files
    config = {case_sensitive = true}          # or the name of a YAML or JSON file
    setup = "tests/kit_setup.py:service"      # a context manager (folder) -> further options
    note = "Tested against the scripted server."
    [tool.rft.graders.acme_keyword.thresholds]
    false_fails = 1                           # see `Thresholds`
    [tool.rft.graders.acme_keyword.accept]
    M5 = "unevaluated arithmetic is paid: require_simplified is off"

`[tool.rft.rewards."task.yaml"]` does the same for a composed reward, without config and setup.
Graders that cost money are tried sparingly, unless `setup` brings the service that they need.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pydantic import BaseModel, ConfigDict, Field

from rft_core.errors import UsageError
from rft_core.suggest import did_you_mean
from rft_core.task.source import Location, Place, Source, read_text, read_yaml
from rft_core.task.validation import validate
from rft_core.testing.thresholds import Thresholds
from rft_core.wrapping import load_callable

Kind: TypeAlias = Literal["graders", "rewards"]

_KINDS: Final = ("graders", "rewards")
_ROOT: Final = ("tool", "rft")
_FILE: Final = "pyproject.toml"

Reason: TypeAlias = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A table `[tool.rft.graders.NAME]` or `[tool.rft.rewards."task.yaml"]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cases: str | None = None
    note: str | None = None
    thresholds: Thresholds = Thresholds()
    accept: dict[str, Reason] = {}


class GraderSection(Section):
    """A table `[tool.rft.graders.NAME]`."""

    config: dict[str, Any] | str = {}
    setup: str | None = Field(default=None, pattern=r"^[^:]+:[A-Za-z_][\w.]*$")


@dataclass(frozen=True)
class Project:
    """A section and the pyproject that it stands in; the defaults, where there is none."""

    section: Section
    place: Place | None = None

    @property
    def folder(self) -> Path:
        """The folder that the section's files are relative to."""
        return self.place.source.path.parent if self.place else Path()

    def cases(self) -> Path | None:
        """Return the file of cases. Raises `UsageError` if it is not there."""
        name = self.section.cases
        if name is None or self.place is None:
            return None
        path = self.folder / name
        if not path.is_file():
            raise (self.place / "cases").error(f"no such file: {path}")
        return path

    def config(self) -> Place | None:
        """Return the place of the grader's options. Raises `UsageError`."""
        if self.place is None or not isinstance(self.section, GraderSection):
            return None
        if isinstance(self.section.config, str):
            return Place(read_yaml(self.folder / self.section.config))
        place = self.place / "config"
        return place if "config" in self.section.model_fields_set else None

    @property
    def has_service(self) -> bool:
        """Whether the project brings the service that the grader needs: it costs nothing then."""
        return isinstance(self.section, GraderSection) and self.section.setup is not None

    @contextmanager
    def service(self) -> Iterator[dict[str, Any]]:
        """Run what the section's `setup` names, and yield the options that it adds; {} for none.

        Raises `UsageError` if it fails to start.
        """
        setup = self.section.setup if isinstance(self.section, GraderSection) else None
        if self.place is None or setup is None:
            yield {}
            return
        with ExitStack() as stack:
            yield _started(setup, self.place / "setup", self.folder, stack)


def _started(setup: str, place: Place, folder: Path, stack: ExitStack) -> dict[str, Any]:
    module, _, name = setup.rpartition(":")
    located = str((folder / module).resolve()) if module.endswith(".py") else module
    try:
        options = stack.enter_context(load_callable(f"{located}:{name}")(folder))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the project's own code
        raise place.error(f"{type(error).__name__}: {error}") from None
    if not isinstance(options, dict):
        raise place.error(
            f"the context manager yields {type(options).__name__}, not a dict of options"
        )
    return options


def find_project(name: str, *, start: Path, owner: str | None = None) -> Project:
    """Return the grader's section that is nearest to the folder `start`, going upwards.

    Where there is none, that of the folder from which the distribution `owner` ("acme 0.1") was
    installed as editable; else the defaults. Raises `UsageError` for a section that is wrong.
    """
    installed = _editable_folder(owner) if owner else None
    for folder in [*_upwards(start), *([installed] if installed else [])]:
        found = _section("graders", name, folder)
        if found is not None:
            return found
    return Project(GraderSection())


def find_reward_project(task: Path) -> Project:
    """Return the section of a task file's reward, from the file's folder upwards.

    It is called after the file, relative to the pyproject. Raises `UsageError` if it is wrong.
    """
    file = task.resolve()
    for folder in _upwards(file.parent):
        found = _section("rewards", file.relative_to(folder).as_posix(), folder)
        if found is not None:
            return found
    return Project(Section())


def read_project(name: str, folder: Path) -> Project:
    """Return the grader's section of the folder's pyproject. Raises `UsageError`."""
    found = _section("graders", name, folder)
    if found is None:
        source = _read(folder / _FILE)
        raise UsageError(
            f"there is no [tool.rft.graders.{_key(name)}]",
            where=str(source.path),
            hint=did_you_mean(name, _names("graders", source))
            or 'Add one, with `cases = "cases.jsonl"`.',
        )
    return found


def similar(name: str, start: Path) -> str | None:
    """Return a hint if a pyproject from `start` upwards has graders, but none called `name`."""
    for folder in _upwards(start):
        names = _names("graders", _read(folder / _FILE)) if (folder / _FILE).is_file() else []
        if names:
            return f"{folder / _FILE} has none of that name. {did_you_mean(name, names) or ''}"
    return None


def _upwards(folder: Path) -> list[Path]:
    return [folder.resolve(), *folder.resolve().parents]


def _section(kind: Kind, name: str, folder: Path) -> Project | None:
    if not (folder / _FILE).is_file():
        return None
    source = _read(folder / _FILE)
    if name not in _names(kind, source):
        return None
    place = Place(source, (*_ROOT, kind, name))
    model = GraderSection if kind == "graders" else Section
    return Project(validate(model, place.value(), place), place)


def _names(kind: Kind, source: Source) -> list[str]:
    """Return the names of the sections. Raises `UsageError` if `[tool.rft]` is wrong."""
    found = source.data.get("tool", {}).get("rft", {})
    place = Place(source, _ROOT)
    if not isinstance(found, dict):
        raise place.error("is not a table")
    for key in found:
        if key not in _KINDS:
            raise (place / key).error("there is no such table", did_you_mean(key, _KINDS))
    sections = found.get(kind, {})
    if not isinstance(sections, dict):
        raise (place / kind).error("is not a table")
    return list(sections)


def _read(path: Path) -> Source:
    text = read_text(path)
    try:
        return Source(path, tomllib.loads(text), dict(_lines(text)))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not TOML: {error}", where=str(path)) from None


def _lines(text: str) -> Iterator[tuple[Location, int]]:
    """Yield the lines of tables and of keys that are written on one line."""
    table: Location = ()
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            found = _only_path(tomllib.loads(line))
        except tomllib.TOMLDecodeError:
            continue
        if line.lstrip().startswith("["):
            table = found
            yield table, number
        elif found:
            yield (*table, *found[:1]), number


def _only_path(document: Any) -> Location:
    """Return the keys that lead through tables of one key each."""
    keys: list[str] = []
    while isinstance(document, dict) and len(document) == 1:
        ((key, document),) = document.items()
        keys.append(key)
    return tuple(keys)


def _key(name: str) -> str:
    return name if name.replace("-", "_").isidentifier() else json.dumps(name)


def _editable_folder(owner: str) -> Path | None:
    """Return the folder from which "name version" was installed as editable."""
    try:
        text = distribution(owner.rpartition(" ")[0]).read_text("direct_url.json")
    except (PackageNotFoundError, ValueError):
        return None
    found = json.loads(text) if text else {}
    if not found.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlsplit(found["url"]).path))
