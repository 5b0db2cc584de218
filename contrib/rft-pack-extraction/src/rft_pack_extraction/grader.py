"""The grader `record`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rft_core import Grade, Grader, Item, PluginConfig, Sample, compile_path
from rft_core.errors import OutputParseError
from rft_pack_extraction.compare import Comparer, Comparison, Expected, expect
from rft_pack_extraction.config import RecordConfig
from rft_pack_extraction.exact_json import read_exactly


class RecordGrader(Grader[RecordConfig]):
    """The share of a JSON record's fields that are those of the row's record.

    Each field is compared by its declared type: texts, sets of texts, numbers, amounts of money,
    dates, booleans, and records of these. Missing fields are wrong, extra ones cost something.
    A completion that is no JSON object, or has a key twice, is graded 0.0 with the reason.
    """

    name = "record"
    version = "1"
    family = "structured"
    deterministic = True
    Config: ClassVar[type[PluginConfig]] = RecordConfig

    def __init__(self, config: RecordConfig) -> None:
        super().__init__(config)
        self._find = compile_path(config.reference)
        self._comparer = Comparer(config.extra)

    def __reduce__(self) -> tuple[type[RecordGrader], tuple[RecordConfig]]:
        return type(self), (self.config,)

    def check_item(self, item: Item) -> None:
        """Raise `ValueError` unless the row has a record of the declared fields and types."""
        self._expected(item)

    def warnings(self) -> Sequence[str]:
        """Return what is suspicious about the configuration."""
        return self.config.suspicions()

    def reference_completion(self, item: Item) -> str | None:
        """Return the row's record, without what is null in it."""
        self._expected(item)
        return json.dumps(_without_nulls(self._record(item)), ensure_ascii=False)

    def grade(self, sample: Sample) -> Grade:
        """Grade a sample; raise `ValueError` for a row without a usable record."""
        expected = self._expected(sample.item)
        try:
            answer = read_exactly(sample, self.config.max_chars)
        except OutputParseError as error:
            return Grade(0.0, str(error), {"exact": 0.0})
        found = Comparison()
        score = self._comparer.share(self.config.fields, expected, answer, found)
        return Grade(min(score, 1.0), found.reason(), {"exact": float(score >= 1.0)})

    def report(self, samples: Sequence[Sample], grades: Sequence[Grade]) -> Mapping[str, Any]:
        """Return how often each declared field was right, wrong, missing and extra."""
        counts: dict[str, Counter[str]] = {}
        unread = extra = 0
        for sample in samples:
            found = Comparison()
            try:
                answer = read_exactly(sample, self.config.max_chars)
            except OutputParseError:
                unread += 1
                continue
            self._comparer.share(self.config.fields, self._expected(sample.item), answer, found)
            for path, state, _ in found.findings:
                if state == "extra":
                    extra += 1
                else:
                    counts.setdefault(path, Counter())[state] += 1
        fields = {path: dict(sorted(count.items())) for path, count in sorted(counts.items())}
        return {"samples": len(samples), "no_record": unread, "extra": extra, "fields": fields}

    def _record(self, item: Item) -> Any:
        found = self._find(item.fields)
        if len(found) != 1:
            raise ValueError(f"{self.config.reference} selects {len(found)} values, not one record")
        return found[0]

    def _expected(self, item: Item) -> Expected:
        return expect(self.config.fields, self._record(item))


def _without_nulls(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_nulls(value) if isinstance(value, dict) else value
        for name, value in record.items()
        if value is not None
    }
