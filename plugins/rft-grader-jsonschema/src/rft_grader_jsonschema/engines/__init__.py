"""The two validators behind one interface, and the choice between them."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

from rft_grader_jsonschema.drafts import Schema
from rft_grader_jsonschema.source import SchemaSource

EngineName: TypeAlias = Literal["jsonschema", "jsonschema-rs"]
EngineChoice: TypeAlias = Literal["auto", "jsonschema", "jsonschema-rs"]

INSTALL_HINT: Final = "pip install 'rft-grader-jsonschema[fast]'"


class Violation(NamedTuple):
    """One reason why a document does not conform: where, which keyword, what is wrong."""

    path: tuple[str | int, ...]
    keyword: str
    message: str


class Judge(Protocol):
    """A compiled schema."""

    def is_valid(self, document: Any) -> bool:
        """Whether the document conforms."""

    def violations(self, document: Any) -> Sequence[Violation]:
        """Return why it does not, in no particular order."""


class Compile(Protocol):
    """Makes judges for a schema: the whole of it, or another schema that refers to its parts."""

    def __call__(self, source: SchemaSource, schema: Schema) -> Judge:
        """Raise `ValueError` if the engine cannot judge by the schema."""


def fast_engine_installed() -> bool:
    """Whether jsonschema-rs is there."""
    return importlib.util.find_spec("jsonschema_rs") is not None


def choose_engine(choice: EngineChoice) -> EngineName:
    """Return the engine to use; `ValueError` if the one asked for is not installed."""
    if choice == "jsonschema-rs" and not fast_engine_installed():
        raise ValueError(f"engine jsonschema-rs is not installed: {INSTALL_HINT}")
    if choice == "auto":
        return "jsonschema-rs" if fast_engine_installed() else "jsonschema"
    return choice


def load_engine(name: EngineName) -> Compile:
    """Import an engine."""
    if name == "jsonschema-rs":
        from rft_grader_jsonschema.engines.fast import compile_fast

        return compile_fast
    from rft_grader_jsonschema.engines.reference import compile_reference

    return compile_reference
