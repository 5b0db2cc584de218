"""The report of an evaluation: every label's precision, recall and F1, and their averages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from statistics import fmean
from typing import Any

from rft_grader_multilabel import scoring


class LabelReport:
    """Adds up samples; `summary` then gives the numbers."""

    def __init__(self) -> None:
        self.samples = 0
        self.unusable = 0
        self._hits: Counter[str] = Counter()
        self._named: Counter[Any] = Counter()
        self._support: Counter[str] = Counter()

    def add(self, named: Iterable[Any] | None, expected: Collection[str]) -> None:
        """Count one sample; `named` is None if its labels could not be used.

        A label that `named` holds twice was named twice.
        """
        self.samples += 1
        self._support.update(list(expected))
        if named is None:
            self.unusable += 1
            return
        counted = Counter(named)
        self._named.update(counted)
        self._hits.update(counted.keys() & set(expected))

    def summary(self, labels: dict[str, str]) -> dict[str, Any]:
        """Return the report for `labels`, which maps normalised labels to their spelling.

        Macro averages run over the labels that the references hold: the others have no recall.
        """
        rows = {spelling: self._row(label) for label, spelling in labels.items()}
        supported = [row for row in rows.values() if row["support"]]
        return {
            "samples": self.samples,
            "unusable": self.unusable,
            "labels": rows,
            "macro": {
                name: fmean(row[name] for row in supported) if supported else 0.0
                for name in ("precision", "recall", "f1")
            },
            "micro": _numbers(self._hits.total(), self._named.total(), self._support.total()),
            "other_labels_named": sum(n for label, n in self._named.items() if label not in labels),
        }

    def _row(self, label: str) -> dict[str, Any]:
        named, support = self._named[label], self._support[label]
        return {
            "support": support,
            "named": named,
            **_numbers(self._hits[label], named, support),
        }


def _numbers(hits: int, named: int, support: int) -> dict[str, float]:
    return {
        "precision": scoring.precision(hits, named, support),
        "recall": scoring.recall(hits, named, support),
        "f1": scoring.f1(hits, named, support) if named or support else 0.0,
    }
