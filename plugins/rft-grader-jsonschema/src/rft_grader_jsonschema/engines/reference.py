"""jsonschema, the reference engine, with the few keywords replaced that it judges inexactly.

* `multipleOf` divides decimals, so that 0.29 is a multiple of 0.01;
* `uniqueItems` hashes instead of comparing each item with each;
* `dependencies` is still obeyed in the later drafts, as jsonschema-rs does;
* `pattern` and `format` are judged by jsonschema-rs: Python's `re` may take exponential time and
  reads patterns differently from ECMA 262.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, TypeAlias

import jsonschema
from jsonschema.exceptions import FormatError, ValidationError

from rft_grader_jsonschema.drafts import Draft, Schema
from rft_grader_jsonschema.engines import (
    INSTALL_HINT,
    Violation,
    fast_engine_installed,
    load_engine,
)
from rft_grader_jsonschema.references import reachable
from rft_grader_jsonschema.source import SchemaSource, make_source

_Keyword: TypeAlias = Callable[[Any, Any, Any, Mapping[str, Any]], Iterator[ValidationError]]

_FAST_ONLY: Final = ("patternProperties", "unevaluatedProperties", "unevaluatedItems")
"""jsonschema matches, or searches, in time that no bound on the document keeps in check."""


class ReferenceJudge:
    """A schema as jsonschema judges by it."""

    def __init__(self, validator: Any) -> None:
        self._validator = validator

    def is_valid(self, document: Any) -> bool:
        """Whether the document conforms."""
        return bool(self._validator.is_valid(document))

    def violations(self, document: Any) -> list[Violation]:
        """Return all violations."""
        return [
            Violation(tuple(error.absolute_path), error.validator or "falseSchema", error.message)
            for error in self._validator.iter_errors(document)
        ]


def compile_reference(source: SchemaSource, schema: Schema) -> ReferenceJudge:
    """Prepare to judge by `schema`; `ValueError` if it needs jsonschema-rs."""
    _refuse_unbounded(source)
    validator = _validator_class(source.draft)
    checker = _FormatChecker(source.draft) if source.check_formats else None
    return ReferenceJudge(
        validator(schema, registry=source.registry, format_checker=checker),
    )


def _refuse_unbounded(source: SchemaSource) -> None:
    shared = ("pattern", "format") if source.check_formats else ("pattern",)
    needed = {*_FAST_ONLY, *(() if fast_engine_installed() else shared)}
    for node in reachable(source):
        for keyword in sorted(needed & node.keys()):
            raise ValueError(
                f"the schema's {keyword} {str(node[keyword])[:80]!r} needs jsonschema-rs, since"
                f" jsonschema gives no bound on its time: {INSTALL_HINT}, and leave engine at auto"
            )


@lru_cache
def _validator_class(draft: Draft) -> type[Any]:
    replaced: dict[str, _Keyword] = {
        "multipleOf": _multiple_of,
        "uniqueItems": _unique_items,
        "pattern": _pattern(draft),
        "dependencies": jsonschema.Draft7Validator.VALIDATORS["dependencies"],
    }
    extended: type[Any] = jsonschema.validators.extend(draft.validator, replaced)  # type: ignore[no-untyped-call]
    return extended


def _multiple_of(
    validator: Any, divisor: Any, instance: Any, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "number"):
        return
    # repr is the shortest decimal that reads back as the same float: what the author wrote.
    if (Fraction(repr(instance)) / Fraction(repr(divisor))).denominator != 1:
        yield ValidationError(f"{instance!r} is not a multiple of {divisor!r}")


def _unique_items(
    validator: Any, wanted: Any, instance: Any, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not wanted or not validator.is_type(instance, "array"):
        return
    if len({_key(item) for item in instance}) != len(instance):
        yield ValidationError("the items are not unique")


def _key(value: Any) -> Any:
    """Return something hashable that is equal for equal JSON values: 1 and 1.0, not 1 and true."""
    if isinstance(value, dict):
        return dict, frozenset((key, _key(item)) for key, item in value.items())
    if isinstance(value, list):
        return list, tuple(map(_key, value))
    return (type(value), value) if isinstance(value, bool) else value


def _pattern(draft: Draft) -> _Keyword:
    def keyword(
        validator: Any, pattern: Any, instance: Any, _schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        if not validator.is_type(instance, "string"):
            return
        if not _borrowed(draft.name, "pattern", pattern)(instance):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")

    return keyword


@lru_cache(maxsize=1024)
def _borrowed(draft: Any, keyword: str, value: str) -> Callable[[Any], bool]:
    """Return jsonschema-rs's verdict on a single keyword."""
    source = make_source({keyword: value}, draft=draft, check_formats=True)
    return load_engine("jsonschema-rs")(source, source.root).is_valid


class _FormatChecker(jsonschema.FormatChecker):
    """Checks formats as jsonschema-rs does."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(formats=())
        self._draft = draft

    def check(self, instance: object, format: str) -> None:  # noqa: A002 - jsonschema's own name
        """Raise `FormatError` if the instance is not of the format."""
        if not _borrowed(self._draft.name, "format", format)(instance):
            raise FormatError(f"{instance!r} is not a {format!r}")
