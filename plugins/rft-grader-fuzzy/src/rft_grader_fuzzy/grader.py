"""The grader `fuzzy`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from rft_core.configurable import PluginConfig
from rft_core.errors import OutputParseError
from rft_core.grader import Grader
from rft_core.types import Grade, Item, Sample
from rft_grader_fuzzy.comparing import Comparer, Result, merged, zero
from rft_grader_fuzzy.config import SIMILARITY, FieldConfig, FuzzyConfig
from rft_grader_fuzzy.guards import Fired
from rft_grader_fuzzy.items import Expected, Items
from rft_grader_fuzzy.reading import make_reader
from rft_grader_fuzzy.reasons import PLAIN, described
from rft_grader_fuzzy.references import Reference
from rft_grader_fuzzy.report import SimilarityReport
from rft_grader_fuzzy.resolved import suspicions
from rft_grader_fuzzy.writing import write_completion

WHOLE: Final = ""
"""The name of the only field where the config has no `fields`."""


class FuzzyGrader(Grader[FuzzyConfig]):
    """Compares text with the row's reference, tolerant of spelling and not of meaning.

    The similarity (RapidFuzz's) is rescaled so that random letters earn 0. Guards score an answer
    0 where it is similar and still wrong, or where it earns by form alone: other numbers, an added
    "not", shuffled or repeated words, another length, the prompt repeated.
    """

    name = "fuzzy"
    version = "2"
    family = "similarity"
    Config: ClassVar[type[PluginConfig]] = FuzzyConfig

    def __init__(self, config: FuzzyConfig) -> None:
        super().__init__(config)
        fields: Mapping[str, FuzzyConfig | FieldConfig] = config.field_settings() or {WHOLE: config}
        self._fields = fields
        self._comparers = {name: _comparer(name, field) for name, field in fields.items()}
        self._readers = {
            name: None if field.answer is None else make_reader(field.answer)
            for name, field in fields.items()
        }
        self._weights = {
            name: field.weight if isinstance(field, FieldConfig) else 1.0
            for name, field in fields.items()
        }
        self._items = Items({name: one.references for name, one in self._comparers.items()})

    def __reduce__(self) -> tuple[type[FuzzyGrader], tuple[FuzzyConfig]]:
        return type(self), (self.config,)

    def check_item(self, item: Item) -> None:
        """Raise `ValueError` unless the row has references that can be compared with."""
        self._items.read(item)

    def warnings(self) -> Sequence[str]:
        """Return what is suspicious about the configuration."""
        found: dict[str, None] = {}
        for name, field in self._fields.items():
            for text in suspicions(field):
                found[f"field {name!r}: {text}" if name else text] = None
        return list(found)

    def reference_completion(self, item: Item) -> str | None:
        """Return a completion with the row's references, if the paths tell its form."""
        expected = self._items.read(item)
        answers = {
            self._fields[name].answer: references[0].spelling
            for name, references in expected.items()
        }
        text = write_completion(answers)
        if text is None or self._grades([Sample(item, text)], expected)[0].score != 1.0:
            return None
        return text

    def report(self, samples: Sequence[Sample], grades: Sequence[Grade]) -> Mapping[str, Any]:
        """Return how similarities are spread, and which guards scored how many answers 0.

        With `fields`, that is an object per field.
        """
        reports = {name: SimilarityReport() for name in self._fields}
        for sample in samples:
            for name, (result,) in self._results([sample], self._items.of(sample.item)).items():
                reports[name].add(result)
        summaries = {name: report.summary() for name, report in reports.items()}
        if WHOLE in summaries:
            return summaries[WHOLE]
        return summaries

    def grade_batch(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade the samples; equal answers to one item once.

        Raises `ValueError` for a row without a usable reference.
        """
        groups: dict[int, dict[str, Sample]] = {}
        for sample in samples:
            key = id(sample.item)
            group = groups.get(key)
            if group is None:
                group = groups[key] = {}
            group[sample.text] = sample
        graded = {key: self._graded(group) for key, group in groups.items()}
        return [graded[id(sample.item)][sample.text] for sample in samples]

    def _graded(self, group: Mapping[str, Sample]) -> dict[str, Grade]:
        """Return the grades of different answers to one item, by text."""
        samples = list(group.values())
        expected = self._items.of(samples[0].item)
        return dict(zip(group, self._grades(samples, expected), strict=True))

    def _grades(self, samples: Sequence[Sample], expected: Expected) -> list[Grade]:
        results = self._results(samples, expected)
        if WHOLE not in expected:
            return [
                self._mean({name: column[row] for name, column in results.items()})
                for row in range(len(samples))
            ]
        references = len(expected[WHOLE])
        grades = []
        for result in results[WHOLE]:
            score, similarity, *_ = result
            reason, metrics = PLAIN[int(similarity * 1000 + 0.5)]
            if score == 0.0 or references > 1:
                reason = described(result, references)
            grades.append(Grade(score, reason, metrics))
        return grades

    def _results(self, samples: Sequence[Sample], expected: Expected) -> dict[str, list[Result]]:
        """Return for each field the results of answers to one item."""
        return {
            name: self._field_results(name, samples, references)
            for name, references in expected.items()
        }

    def _field_results(
        self, name: str, samples: Sequence[Sample], references: Sequence[Reference]
    ) -> list[Result]:
        read = self._readers[name]
        compare = self._comparers[name].compare
        if read is None:
            return compare([sample.text for sample in samples], references)
        answers: list[str] = []
        unreadable: dict[int, Result] = {}
        for position, sample in enumerate(samples):
            try:
                answers.append(read(sample))
            except OutputParseError as error:
                unreadable[position] = zero(Fired("unreadable", str(error)))
        return merged(compare(answers, references), unreadable)

    def _mean(self, results: Mapping[str, Result]) -> Grade:
        if not results:
            return Grade(None, "no field applies to the row")
        total = sum(self._weights[name] for name in results)
        score = sum(self._weights[name] * one.score for name, one in results.items()) / total
        similarity = sum(self._weights[name] * r.similarity for name, r in results.items()) / total
        metrics = {name: result.score for name, result in results.items()}
        reason = "; ".join(f"{name}: {described(result)}" for name, result in results.items())
        return Grade(min(score, 1.0), reason, {**metrics, SIMILARITY: similarity})


def _comparer(name: str, field: FuzzyConfig | FieldConfig) -> Comparer:
    try:
        return Comparer(field)
    except ValueError as error:
        raise ValueError(f"field {name!r}: {error}" if name else str(error)) from None
