"""What this distribution registers with rft-core."""

from __future__ import annotations

from typing import Any

from rft_core.grader import Grader
from rft_core.hookspecs import hookimpl
from rft_grader_jsonschema.grader import JsonSchemaGrader


@hookimpl
def rft_register_graders() -> list[type[Grader[Any]]]:
    """Register the grader `json_schema`."""
    return [JsonSchemaGrader]
