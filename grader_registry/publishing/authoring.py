"""The YAML file that an author writes, as plain data for a document.

What it names lies in its own folder or below. The texts of `files` and the cases are taken into the
document, so that nothing else is needed to grade with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from grader_registry.canonical import MAX_BYTES
from grader_registry.document import Document, SharedSpec, Text
from grader_registry.publishing.installed import Installed, installed_for
from rft_core.cases import read_cases
from rft_core.configurable import Permissions
from rft_core.suggest import did_you_mean
from rft_core.task.build import plan_grader, plan_reward
from rft_core.task.data import read_jsonl
from rft_core.task.source import Place, Source, read_yaml
from rft_core.task.validation import validate
from rft_core.testing.adversarial.library import SCOPES, classes_of_scopes
from rft_core.testing.thresholds import Thresholds

_OF_THE_DOCUMENT: Final = (
    *("name", "version", "description", "owners", "license", "keywords", "notes", "columns"),
    *("reward", "grader", "requires"),
)
"""Keys that a document has too. Its others are measured, or made of the author's own keys."""

Reason = Annotated[str, StringConstraints(min_length=1)]


class AuthorsPart(BaseModel):
    """What an authoring file has and a document has not, or has in another form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    cases: str | None = None
    thresholds: Thresholds = Thresholds()
    accept: dict[str, Reason] = {}
    changes: Annotated[Text, StringConstraints(min_length=1)]


_OWN: Final = tuple(AuthorsPart.model_fields)


@dataclass(frozen=True)
class Authoring:
    """A checked authoring file. `plain` is a document's data without what is measured."""

    source: Source
    own: AuthorsPart
    plain: Mapping[str, Any]
    spec: SharedSpec
    installed: Installed

    def document(self, **measured: Any) -> Document:
        """Return the document, with what was measured. Raises `DocumentError`."""
        return Document.write({**self.plain, **measured}, str(self.source.path))

    @cached_property
    def draft(self) -> Document:
        """The document without anything measured."""
        return self.document()


def read_authoring(path: Path, permissions: Permissions | None = None) -> Authoring:
    """Read an authoring file, and check that the installed plugins take its configs.

    `permissions` are the project's. Raises `UsageError` with file and line.
    """
    source = read_yaml(path)
    root = Place(source)
    own = _own(root)
    plain = {key: source.data[key] for key in _OF_THE_DOCUMENT if key in source.data}
    files = {name: _text(root, index, name) for index, name in enumerate(own.files)}
    plain |= {"files": files} if files else {}
    plain |= {"cases": _cases(root / "cases", own.cases)} if own.cases is not None else {}
    spec = validate(SharedSpec, plain, root)
    _check_configs(spec, source, permissions or Permissions())
    installed = installed_for(spec, root)
    plain |= {"version": spec.version, "license": spec.license, **installed.plain()}
    return Authoring(source, own, plain, spec, installed)


def _own(root: Place) -> AuthorsPart:
    """Return the author's own keys. Raises `TaskFileError` for those that are not there."""
    data = root.value()
    if not isinstance(data, dict):
        raise root.error("an authoring file is a mapping of keys", "See publishing-a-spec.md.")
    known = (*_OF_THE_DOCUMENT, *_OWN)
    for key in data:
        if key not in known:
            raise (root / key).error("there is no such key", did_you_mean(key, known))
    own = validate(AuthorsPart, {key: data[key] for key in _OWN if key in data}, root)
    classes = [one.cls for one in classes_of_scopes(SCOPES)] if own.accept else []
    for cls in own.accept:
        if cls not in classes:
            raise (root / "accept" / cls).error(
                "there is no such class of attacks", did_you_mean(cls, classes)
            )
    return own


def _text(root: Place, index: int, name: str) -> str:
    """Return the text of a file, as it is. Raises `TaskFileError`."""
    place = root / "files" / index
    if name in root.value()["files"][:index]:
        raise place.error(f"{name!r} is there twice")
    try:
        return _file(place, name).read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise place.error(f"{name!r} is not UTF-8 text") from None


def _cases(place: Place, name: str) -> list[Any]:
    """Return the cases of a file. Raises `TaskFileError` and, with its line, `DatasetError`."""
    path = _file(place, name)
    read_cases(path, (-inf, inf))
    return [dict(row.data) for row in read_jsonl(path)]


def _file(place: Place, name: str) -> Path:
    """Return the path of a file below the authoring file's folder, reached by no link."""
    folder = place.source.path.resolve().parent
    path = folder / name
    steps = [one for one in (path, *path.parents) if one != folder and one.is_relative_to(folder)]
    if not steps or ".." in Path(name).parts:
        raise place.error(f"{name!r} does not lie below this file's folder")
    if any(step.is_symlink() for step in steps):
        raise place.error(f"{name!r} is a link, or lies behind one", "Put the file itself there.")
    if not path.is_file():
        raise place.error(f"no such file: {path}")
    if path.stat().st_size > MAX_BYTES:
        raise place.error(f"{name!r} has more than {MAX_BYTES} bytes, too many for a document")
    return path


def _check_configs(spec: SharedSpec, source: Source, permissions: Permissions) -> None:
    """Have the installed plugins take the configs. Raises `TaskFileError` with the line."""
    place = Place(replace(source, permissions=permissions))
    if spec.grader is not None:
        plan_grader(spec.name.rpartition("/")[2], spec.grader, place / "grader")
    if spec.reward is not None:
        plan_reward(spec.reward, place / "reward")
