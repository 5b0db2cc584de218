"""The grader `json_schema`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rft_core.configurable import PluginConfig
from rft_core.errors import OutputParseError
from rft_core.grader import Grader
from rft_core.types import Grade, Sample
from rft_grader_jsonschema.config import JsonSchemaConfig
from rft_grader_jsonschema.engines import choose_engine, load_engine
from rft_grader_jsonschema.extract import Reader
from rft_grader_jsonschema.lint import lint
from rft_grader_jsonschema.points import Point, fraction, required_points
from rft_grader_jsonschema.reasons import explain


class JsonSchemaGrader(Grader[JsonSchemaConfig]):
    """Grades 1.0 what is JSON and conforms to the schema, else 0.0 or the fraction that does.

    Every completion gets a score: one without JSON, or with JSON that is refused, is wrong, and
    its reason says how.
    """

    name = "json_schema"
    version = "1"
    family = "structured"
    Config: ClassVar[type[PluginConfig]] = JsonSchemaConfig

    def __init__(self, config: JsonSchemaConfig) -> None:
        super().__init__(config)
        self._source = config.source()
        compile_schema = load_engine(choose_engine(config.engine))
        self._judge = compile_schema(self._source, self._source.root)
        self._points: Sequence[Point] = ()
        if config.score == "fraction":
            self._points = required_points(self._source, compile_schema)
        self._max_chars = config.max_chars
        self._reader = Reader(
            config.extract, config.duplicate_keys, config.max_depth, config.reasoning_tag
        )

    def __reduce__(self) -> tuple[type[JsonSchemaGrader], tuple[JsonSchemaConfig]]:
        return type(self), (self.config,)

    def warnings(self) -> Sequence[str]:
        """Return what the schema lets pass, probably without its author knowing."""
        return list(lint(self._source, self._judge))

    def grade_batch(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade the samples one by one."""
        return [self._graded(sample.text) for sample in samples]

    def _graded(self, text: str) -> Grade:
        if len(text) > self._max_chars:
            return Grade(0.0, f"longer than {self._max_chars} characters (max_chars)")
        try:
            document = self._reader.read(text)
        except OutputParseError as error:
            return Grade(0.0, str(error))
        return self._judged(document)

    def _judged(self, document: Any) -> Grade:
        if self._judge.is_valid(document):
            return Grade(1.0)
        reason = explain(self._judge.violations(document))
        return Grade(fraction(self._points, document), reason)
