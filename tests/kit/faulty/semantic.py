"""Graders that keep the contract and reward the wrong thing."""

from __future__ import annotations

import re
from typing import Any

from rft_core import Grade, Grader, Sample


class Substring(Grader):
    name = "substring"
    family = "answer"

    def grade(self, sample: Sample) -> Any:
        return float(sample.item.fields["answer"].lower() in sample.text.lower())


class FirstVerdict(Grader):
    """The row's answer is "yes" or "no"."""

    name = "first_verdict"
    family = "answer"

    def grade(self, sample: Sample) -> Any:
        found = re.search(r"\b(yes|no)\b", sample.text.lower())
        return float(found is not None and found.group() == sample.item.fields["answer"])


class FirstNumber(Grader):
    name = "first_number"
    family = "answer"

    def grade(self, sample: Sample) -> Any:
        found = re.search(r"\d+", sample.text[:100_000])
        return float(found is not None and found.group() == sample.item.fields["answer"])


class LongerIsBetter(Grader):
    name = "longer_is_better"
    family = "similarity"

    def grade(self, sample: Sample) -> Any:
        return min(len(sample.text) / 40, 1.0)


class AlwaysOne(Grader):
    name = "always_one"

    def grade(self, sample: Sample) -> Any:
        return Grade(1.0)


class WordOverlap(Grader):
    name = "word_overlap"
    family = "similarity"

    def grade(self, sample: Sample) -> Any:
        wanted = set(sample.item.fields["answer"].lower().split())
        return len(wanted & set(sample.text.lower().split())) / len(wanted)


class RecallOfLabels(Grader):
    name = "recall_of_labels"
    family = "label_set"

    def grade(self, sample: Sample) -> Any:
        answer = sample.json
        named = answer.get("labels") if isinstance(answer, dict) else None
        if not isinstance(named, list):
            return 0.0
        wanted = sample.item.fields["labels"]
        return sum(label in named for label in wanted) / len(wanted)
