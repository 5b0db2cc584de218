"""A shared spec: one canonical JSON document with all that a reward or a grader needs.

It names installed plugins and carries data: options, files, cases, the grade card. It carries no
code, and reading it runs none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Any, Final, Literal, Self

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from grader_registry.canonical import decode, digest, encode
from grader_registry.errors import DocumentError
from grader_registry.naming import check_name, parse_version, shown
from rft_core.task.spec import GraderSpec, RewardSpec

FORMAT: Final = "rft-spec/1"
SPEC_FILE: Final = "spec.json"
"""What a document is called in a folder with its files."""
MAX_FILES: Final = 50
MAX_CASES: Final = 5_000
MAX_GRADERS: Final = 200
"""And shapers. Configuring so many takes a part of a second, and nobody composes more by hand."""
MAX_FILE_NAME: Final = 120
_STEP: Final = r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*"
_FILE: Final = re.compile(rf"{_STEP}(?:/{_STEP}){{0,3}}")


def _plain(text: str) -> str:
    """Refuse what a terminal or a reader would take for something else than it is."""
    if not all(one.isprintable() or one == "\n" for one in text):
        raise ValueError("holds control characters, or others that are not seen")
    return text


def _version(text: str) -> str:
    parse_version(text)
    return text


def _licence(text: str) -> str:
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        raise ValueError(f"{shown(text)} is no SPDX licence expression") from None


def _distribution(name: str) -> str:
    try:
        bare = Requirement(name)
    except InvalidRequirement:
        raise ValueError(f"{shown(name)} is no name of a distribution") from None
    if bare.name != name:
        raise ValueError(f"{shown(name)}: give the name alone, the versions as its value")
    return name


def _specifier(text: str) -> str:
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier:
        raise ValueError(f"{shown(text)} is no version specifier such as >=1.2,<2") from None


def _file_name(name: str) -> str:
    if not _FILE.fullmatch(name) or len(name) > MAX_FILE_NAME:
        raise ValueError(
            f"{shown(name)} is no name of a file here: use letters, digits, - _ . and /, "
            "and stay below the spec's folder"
        )
    return name


Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=300, pattern=r"^[^\n]*$"),
    AfterValidator(_plain),
]
Text = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_plain)]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
SemanticVersion = Annotated[str, AfterValidator(_version)]
Bump = Literal["patch", "minor", "major"]


def _clash(names: Sequence[str]) -> str | None:
    """Return why files cannot all lie in one folder, whatever the system; None if they can."""
    lowered = {name.lower() for name in names}
    if len(lowered) < len(names):
        return f"two names differ by upper and lower case alone, or one is {SPEC_FILE}"
    folders = {str(parent) for name in lowered for parent in PurePosixPath(name).parents}
    if both := sorted(lowered & folders):
        return f"{both[0]} is a file and a folder"
    return None


class Part(BaseModel):
    """Base of the parts of a document: immutable, unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, protected_namespaces=()
    )


class Change(Part):
    """What one version changed."""

    version: SemanticVersion
    date: Day
    changes: Text
    bump: Bump | None = None
    """What the measured scores called for; None for the first version."""
    overruled: Line | None = None
    """Why the version says something else than `bump`, where it does."""


class SharedSpec(Part):
    """A document. Either `reward` or `grader` is there."""

    format: Literal["rft-spec/1"] = FORMAT
    name: Annotated[str, AfterValidator(check_name)]
    """`team/name`."""
    version: SemanticVersion
    """A semantic version."""
    description: Line
    """What is rewarded, in a line."""
    owners: Annotated[tuple[Line, ...], Field(min_length=1, max_length=20)]
    """Who answers for it: names or addresses."""
    license: Annotated[str, StringConstraints(max_length=200), AfterValidator(_licence)]
    """An SPDX expression."""
    keywords: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    notes: Text = ""
    """What a user has to know."""
    columns: Annotated[dict[Line, Line], Field(max_length=100)] = {}
    """The columns of a row that are graded against, and what stands in them."""
    reward: RewardSpec | None = None
    """As in a task file; stands where a reward may."""
    grader: GraderSpec | None = None
    """As in a task file; stands where a grader may."""
    requires: Annotated[
        dict[
            Annotated[str, StringConstraints(max_length=100), AfterValidator(_distribution)],
            Annotated[str, StringConstraints(max_length=100), AfterValidator(_specifier)],
        ],
        Field(max_length=50),
    ] = {}
    """The distributions that the graders and shapers come from, with their versions (PEP 440)."""
    graders: Annotated[dict[Line, Line], Field(max_length=50)] = {}
    """The versions of the graders and shapers that the cases were scored with, by name."""
    files: Annotated[
        dict[Annotated[str, AfterValidator(_file_name)], str], Field(max_length=MAX_FILES)
    ] = {}
    """Texts of files that configs name: schemas, prompts."""
    cases: Annotated[tuple[dict[str, Any], ...], Field(max_length=MAX_CASES)] = ()
    """As in a file of cases."""
    scores: Annotated[tuple[float | str | None, ...], Field(max_length=MAX_CASES)] = ()
    """What the cases scored when the version was published, in their order: a number, null for not
    applicable, or "error"."""
    card: dict[str, Any] | None = None
    """The grade card, as `rft graders test --card` writes it."""
    changelog: Annotated[tuple[Change, ...], Field(max_length=1_000)] = ()
    """The newest first."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.reward is None) == (self.grader is None):
            raise ValueError("give either reward or grader")
        if self.grader is not None and (self.grader.weight is not None or self.grader.gate):
            raise ValueError("grader: weight and gate are the user's to set")
        uses = self.uses()
        if len(uses) > MAX_GRADERS:
            raise ValueError(f"has {len(uses)} graders and shapers, more than {MAX_GRADERS}")
        for use in uses:
            if "/" in use:
                raise ValueError(f"{shown(use)}: a shared spec names installed plugins alone")
        if self.scores and len(self.scores) != len(self.cases):
            raise ValueError("scores: there is one for each case")
        if (problem := _clash([SPEC_FILE, *self.files])) is not None:
            raise ValueError(f"files: {problem}")
        return self

    def uses(self) -> list[str]:
        """Return the names of graders and shapers that it selects."""
        if self.grader is not None:
            return [self.grader.use]
        if self.reward is not None:
            graders = [one.use for one in self.reward.graders.values()]
            return graders + [one.use for one in self.reward.shapers]
        return []

    @property
    def kind(self) -> Literal["reward", "grader"]:
        """Where it may stand."""
        return "grader" if self.reward is None else "reward"


@dataclass(frozen=True)
class Document:
    """A shared spec with the canonical bytes that it was read from, or is written as."""

    spec: SharedSpec
    data: bytes

    @classmethod
    def write(cls, plain: Mapping[str, Any], where: str) -> Self:
        """Write plain data; `where` stands in messages. Raises `DocumentError`."""
        return cls.read(encode({"format": FORMAT, **plain}), where)

    @classmethod
    def read(cls, data: bytes, where: str) -> Self:
        """Read canonical bytes; `where` stands in messages. Raises `DocumentError`."""
        return cls(validate(decode(data, where), where), data)

    @cached_property
    def digest(self) -> str:
        """The identity: `sha256:…`."""
        return digest(self.data)

    @property
    def title(self) -> str:
        """`team/name@1.2.0`."""
        return f"{self.spec.name}@{self.spec.version}"


def validate(document: Mapping[str, Any], where: str) -> SharedSpec:
    """Return plain data as a spec. Raises `DocumentError` that names the place in it."""
    try:
        return SharedSpec.model_validate(document)
    except ValidationError as error:
        first, *others = problems(error)
        also = f" ({len(others)} more)" if others else ""
        raise DocumentError(f"{first}{also}", where=where) from None


def problems(error: ValidationError, *above: str | int) -> list[str]:
    """Return what is wrong with untrusted data, each with its place; `above` are steps to it."""
    found: list[str] = []
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(shown(str(step))[1:-1] for step in (*above, *one["loc"]))
        message = one["msg"].removeprefix("Value error, ")
        found.append(f"{place}: {message}" if place else message)
    return found


def json_schema() -> str:
    """Return the JSON Schema of documents, as the package ships it in `spec.schema.json`."""
    return json.dumps(SharedSpec.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
