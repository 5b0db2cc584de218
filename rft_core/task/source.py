"""Reading a YAML file so that every value still knows its line.

The scalars are those of YAML 1.2's core schema: `1e-5` is a number, `no` and `on` are strings.
Tags, duplicate keys and documents that grow by aliases are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from rft_core.configurable import Permissions
from rft_core.errors import TaskFileError

Location: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the root of the document to a value."""

MAX_BYTES: Final = 5_000_000
MAX_VALUES: Final = 100_000
MAX_DEPTH: Final = 50
MAX_NUMBER_CHARS: Final = 1_000

_TAG: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Source:
    """A parsed file: its data, and the line (from 1) of every value in it.

    `permissions` and `work_dir` are there for shared specs: what their configs may do, and the
    folder of the task file that uses them.
    """

    path: Path
    data: Any
    lines: Mapping[Location, int] = field(default_factory=dict)
    permissions: Permissions | None = None
    work_dir: Path | None = None

    def context(self) -> dict[str, Any]:
        """Return what configs in the file are validated with; see `rft_core.configurable`."""
        base_dir = self.path.resolve().parent
        work_dir = self.work_dir or base_dir
        return {"base_dir": base_dir, "work_dir": work_dir, "permissions": self.permissions}

    def where(self, location: Location = ()) -> str:
        """Return `file:line` of a value, or of the closest value around it."""
        if not self.lines:  # not YAML: places are told by their names
            return str(self.path)
        while location and location not in self.lines:
            location = location[:-1]
        return f"{self.path}:{self.lines.get(location, 1)}"

    def error(
        self, message: str, location: Location = (), hint: str | None = None
    ) -> TaskFileError:
        """Return an error that points at a value."""
        name = ".".join(map(str, location))
        text = f"{name}: {message}" if name else message
        return TaskFileError(text, where=self.where(location), hint=hint)


@dataclass(frozen=True)
class Place:
    """A value of a file, for messages about it: `place / "key"` is a value inside of it."""

    source: Source
    location: Location = ()

    def __truediv__(self, step: str | int) -> Place:
        return Place(self.source, (*self.location, step))

    def where(self) -> str:
        """Return `file:line` of the value."""
        return self.source.where(self.location)

    def value(self) -> Any:
        """Return the value itself."""
        found = self.source.data
        for step in self.location:
            found = found[step]
        return found

    def error(self, message: str, hint: str | None = None) -> TaskFileError:
        """Return an error that points at the value."""
        return self.source.error(message, self.location, hint)


class _Loader(yaml.SafeLoader):
    """A loader that resolves the core schema's scalars only."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the base class's attribute


class _Dumper(yaml.SafeDumper):
    """A dumper that quotes what either YAML 1.1 or the core schema would read as no string."""


_SCALARS: Final = {
    "bool": r"true|True|TRUE|false|False|FALSE",
    "null": r"~|null|Null|NULL|",
    "int": r"[-+]?[0-9]+",
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
    ),
}
_FIRST: Final = {"bool": "tTfF", "null": ["~", "n", "N", ""]}
_COLLECTIONS: Final = frozenset({_TAG + "map", _TAG + "seq"})

for _name, _pattern in _SCALARS.items():
    _first = list(_FIRST.get(_name, "-+.0123456789"))
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_TAG + _name, re.compile(f"^(?:{_pattern})$"), _first)


def _scalar_value(kind: str, text: str) -> Any:
    match kind:
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text)
        case "float":
            return float(re.sub(r"\.(?=inf|nan)", "", text.lower()))
    return None


def read_yaml(path: Path) -> Source:
    """Read a task file. Raises `TaskFileError`, with the line, for anything that is no YAML."""
    return parse_yaml(read_text(path), path)


def parse_yaml(text: str, path: Path) -> Source:
    """Read the text of a task file; `path` stands in messages."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise TaskFileError(_yaml_problem(error), where=_yaml_where(path, error)) from None
    except RecursionError:
        raise TaskFileError("nested too deeply", where=str(path)) from None
    if node is None:
        raise TaskFileError("the file is empty", where=str(path), hint="See README.md.")
    reader = _Reader(path)
    data = reader.value(node, ())
    return Source(path, data, reader.lines)


def write_yaml(data: Mapping[str, Any]) -> str:
    """Return plain data as YAML that `read_yaml` reads as the same data."""
    return yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def read_text(path: Path) -> str:
    """Return the text of a file. Raises `TaskFileError` if there is none."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TaskFileError(f"the file is larger than {MAX_BYTES} bytes", where=str(path))
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TaskFileError("no such file", where=str(path)) from None
    except UnicodeDecodeError:
        raise TaskFileError("the file is not UTF-8 text", where=str(path)) from None
    except OSError as error:
        raise TaskFileError(error.strerror or str(error), where=str(path)) from None


def _yaml_problem(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    return f"not YAML: {problem}" + (f" ({context})" if context else "")


def _yaml_where(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return str(path) if mark is None else f"{path}:{mark.line + 1}"


class _Reader:
    """Turns nodes into plain data and notes their lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Location, int] = {}

    def value(self, node: yaml.Node, location: Location) -> Any:
        """Return a node's data."""
        self.lines.setdefault(location, node.start_mark.line + 1)
        if len(self.lines) > MAX_VALUES or len(location) > MAX_DEPTH:
            raise self._error(node, "too many or too deeply nested values")
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTIONS:
            raise self._error(node, f"the tag {node.tag} is not allowed")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*location, i)) for i, child in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error(key_node, "a key must be a word")
            key = str(key_node.value)
            if key in data:
                raise self._error(key_node, f"the key {key!r} is there twice")
            self.lines[(*location, key)] = key_node.start_mark.line + 1
            data[key] = self.value(child, (*location, key))
        return data

    def _scalar(self, node: yaml.Node) -> Any:
        text = str(node.value)
        kind = node.tag.removeprefix(_TAG)
        if kind == "str":
            return text
        fits = len(text) <= MAX_NUMBER_CHARS
        if kind in _SCALARS and fits and re.fullmatch(_SCALARS[kind], text):
            return _scalar_value(kind, text)
        raise self._error(node, f"the value {text[:40]!r} with tag {node.tag} is not allowed")

    def _error(self, node: yaml.Node, message: str) -> TaskFileError:
        return TaskFileError(message, where=f"{self.path}:{node.start_mark.line + 1}")
