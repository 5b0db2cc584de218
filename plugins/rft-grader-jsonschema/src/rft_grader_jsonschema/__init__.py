"""The grader `json_schema`, for completions that have to be JSON conforming to a schema.

How a completion becomes a grade:

    text --extract--> JSON text --parse--> document --engine--> verdict --points--> score
"""

from rft_grader_jsonschema.config import JsonSchemaConfig
from rft_grader_jsonschema.grader import JsonSchemaGrader

__all__ = ["JsonSchemaConfig", "JsonSchemaGrader"]
