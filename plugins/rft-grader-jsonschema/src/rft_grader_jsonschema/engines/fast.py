"""jsonschema-rs: fast, and bounded in time for any pattern."""

from __future__ import annotations

from typing import Any, Final

import jsonschema_rs

from rft_grader_jsonschema.drafts import Schema
from rft_grader_jsonschema.engines import Violation
from rft_grader_jsonschema.source import SchemaSource

BACKTRACK_LIMIT: Final = 100_000
"""Steps for a pattern with look-around or back-references; others are matched in linear time.

A string that needs more does not match. Steps, not seconds: the verdict is the same anywhere.
"""


class FastJudge:
    """A schema compiled by jsonschema-rs."""

    def __init__(self, validator: jsonschema_rs.Validator) -> None:
        self._validator = validator
        self.is_valid = validator.is_valid

    def violations(self, document: Any) -> list[Violation]:
        """Return all violations."""
        return [
            Violation(tuple(error.instance_path), error.kind.name, error.message)
            for error in self._validator.iter_errors(document)
        ]


def compile_fast(source: SchemaSource, schema: Schema) -> FastJudge:
    """Compile `schema`, whose references go to `source`; `ValueError` if it cannot be."""
    draft = source.draft.rust
    validator: type[jsonschema_rs.Validator] = getattr(jsonschema_rs, f"{draft}Validator")
    try:
        return FastJudge(
            validator(
                schema,
                registry=jsonschema_rs.Registry(
                    source.documents.items(), draft=getattr(jsonschema_rs, draft)
                ),
                offline=True,
                validate_formats=source.check_formats,
                pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACK_LIMIT),
                keywords={"contentEncoding": _Annotation, "contentMediaType": _Annotation},
            )
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise ValueError(f"jsonschema-rs refuses the schema: {error.message}") from None


class _Annotation:
    """Draft 7 leaves it open whether content is checked; jsonschema does not, so neither do we."""

    def __init__(self, parent_schema: Any, value: Any, schema_path: Any) -> None:
        """Take what every custom keyword is given."""

    def validate(self, instance: Any) -> None:
        """Accept everything."""
