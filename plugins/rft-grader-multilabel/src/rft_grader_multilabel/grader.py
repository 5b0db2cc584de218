"""The grader `multilabel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from rft_core.configurable import PluginConfig
from rft_core.errors import OutputParseError
from rft_core.grader import Grader
from rft_core.types import Grade, Item, Sample
from rft_grader_multilabel.config import MultilabelConfig
from rft_grader_multilabel.normalise import LabelMemo
from rft_grader_multilabel.policies import make_reader
from rft_grader_multilabel.reasons import Listings
from rft_grader_multilabel.references import References
from rft_grader_multilabel.report import LabelReport
from rft_grader_multilabel.scoring import Scores, make_metric
from rft_grader_multilabel.writing import write_json, write_text

ALL_RIGHT: Final = "all labels right"


class MultilabelGrader(Grader[MultilabelConfig]):
    """Compares the labels that a completion names with those that the row expects.

    Labels are compared whole, after normalisation. A completion without usable labels (no JSON,
    a string in place of the list, too many labels) is graded 0.0 with the reason.
    """

    name = "multilabel"
    version = "1"
    family = "label_set"
    Config: ClassVar[type[PluginConfig]] = MultilabelConfig

    def __init__(self, config: MultilabelConfig) -> None:
        super().__init__(config)
        self._memo = LabelMemo(config.normaliser())
        self._label = self._memo.__getitem__
        self._listings = Listings()
        self._vocabulary = {self._memo[label]: label for label in config.vocabulary or ()}
        self._references = References(config, self._memo, self._vocabulary)
        self._known = frozenset(self._vocabulary)
        self._scores = Scores(make_metric(config.metric, config.beta))
        self._read = make_reader(config, self._memo, self._vocabulary)
        self._repeats_count = config.duplicates != "ignore"

    def __reduce__(self) -> tuple[type[MultilabelGrader], tuple[MultilabelConfig]]:
        return type(self), (self.config,)

    def check_item(self, item: Item) -> None:
        """Raise `ValueError` unless the reference is a list of labels, of the vocabulary if any."""
        self._references.read(item)

    def warnings(self) -> Sequence[str]:
        """Return what is suspicious about the configuration."""
        return self.config.suspicions()

    def grade_batch(self, samples: Sequence[Sample]) -> list[Grade]:
        """Grade the samples one by one; raise `ValueError` for a row without a usable reference."""
        return [self._graded(sample) for sample in samples]

    def reference_completion(self, item: Item) -> str | None:
        """Return a completion that names the reference's labels, if `labels` tells its form."""
        labels = list(self._references.read(item).values())
        source = self.config.labels
        if isinstance(source, str):
            text = write_json(source, labels)
        else:
            text = write_text(source.split, labels)
        return text if text is not None and self._says(text, item) else None

    def _says(self, text: str, item: Item) -> bool:
        """Whether the completion is read as naming the reference's labels and no others."""
        named = self._named(Sample(item, text))
        return named is not None and set(named) == self._references.of(item)

    def report(self, samples: Sequence[Sample], grades: Sequence[Grade]) -> Mapping[str, Any]:
        """Return support, precision, recall and F1 of each label, and macro and micro averages.

        The labels are those of the vocabulary, or without one those that the references hold.
        """
        report = LabelReport()
        labels = dict(self._vocabulary)
        for sample in samples:
            expected = self._references.read(sample.item)
            report.add(self._named(sample), expected)
            for label, spelling in expected.items():
                labels.setdefault(label, spelling)
        return report.summary(dict(sorted(labels.items())))

    def _named(self, sample: Sample) -> list[Any] | None:
        """Return the normalised labels as the metrics count them; None if they are not usable."""
        try:
            values = self._read(sample)
        except OutputParseError:
            return None
        named = self._memo.normalise_all(values)
        return named if self._repeats_count else list(set(named))

    def _graded(self, sample: Sample) -> Grade:
        """Grade one sample; it runs for every completion, so what is seldom needed stands apart."""
        expected = self._references.of(sample.item)
        try:
            values = self._read(sample)
        except OutputParseError as error:
            return _failed(str(error))
        try:
            distinct = frozenset(map(self._label, values))
        except TypeError:  # lists and objects cannot be looked up
            distinct = frozenset(self._memo.normalise_all(values))
        named = len(values) if self._repeats_count else len(distinct)
        if not (named and expected):
            return self._empty(distinct, expected)
        missed = expected - distinct
        wrong = distinct - expected
        score, metrics = self._scores[len(expected) - len(missed), named, len(expected)]
        if named > len(distinct) or (self._known and not wrong <= self._known):
            reason = self._long_reason(values, missed, wrong)
        elif missed and wrong:
            reason = f"missed: {self._listings[missed]}; wrong: {self._listings[wrong]}"
        elif missed:
            reason = f"missed: {self._listings[missed]}"
        else:
            reason = f"wrong: {self._listings[wrong]}" if wrong else ALL_RIGHT
        return Grade(score, reason, metrics)

    def _empty(self, distinct: frozenset[Any], expected: frozenset[str]) -> Grade:
        """Grade a sample that names no labels, or of which none are expected."""
        if distinct:
            return _failed(f"no labels are expected; wrong: {self._listings[distinct]}")
        if expected:
            return _failed(f"no labels; missed: {self._listings[expected]}")
        score = self.config.both_empty
        metrics = {"precision": score, "recall": score, "f1": score}
        return Grade(score, "no labels, as expected", metrics)

    def _long_reason(self, values: list[Any], missed: frozenset[str], wrong: frozenset[Any]) -> str:
        """Return a reason that says also which labels are unknown or repeated."""
        unknown = wrong - self._known if self._known else frozenset()
        parts = {
            "missed": missed,
            "wrong": wrong - unknown,
            "unknown": unknown,
            "repeated": self._memo.repeated(values) if self._repeats_count else frozenset(),
        }
        texts = [f"{what}: {self._listings[which]}" for what, which in parts.items() if which]
        return "; ".join(texts) or ALL_RIGHT


def _failed(reason: str) -> Grade:
    return Grade(0.0, reason, {"precision": 0.0, "recall": 0.0, "f1": 0.0})
