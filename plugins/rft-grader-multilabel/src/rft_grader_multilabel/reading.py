"""Where labels are: under a path in JSON, or in text cut by a delimiter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from rft_core.errors import OutputParseError
from rft_core.paths import Finder, compile_path
from rft_core.types import MAX_JSON_CHARS, Sample
from rft_grader_multilabel.normalise import LabelMemo, kind_of

Reader: TypeAlias = Callable[[Sample], list[Any]]
"""Returns the values that a completion names as labels; raises `OutputParseError`."""

_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_SEVERAL: Final = ("*", "?", "..", ":", ",")


class LabelsNotFoundError(Exception):
    """A document has no labels where they have to be; the text says what is there instead."""


class LabelPath:
    """A JSONPath to labels.

    A path that selects one list means the elements of that list. Otherwise the selected values are
    the labels, if the path can select several. No labels at all must be said, by an empty list:
    `{}` has no labels at `$.labels`, nor at `$.labels[*]`, while `{"labels": []}` has none to name.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.find = compile_path(path)
        self.several = path.startswith("$") and _selects_several(path)
        self._lists = list(_list_finders(path))

    def read(self, document: Any) -> list[Any]:
        """Return the values that stand for labels; raise `LabelsNotFoundError`."""
        return self.labels_among(self.find(document), document)

    def labels_among(self, found: list[Any], document: Any) -> list[Any]:
        """Return the labels that the values `found` in the document stand for."""
        if len(found) == 1 and isinstance(found[0], list):
            return found[0]
        if not self.several:
            raise LabelsNotFoundError(self._wrong(found))
        if not found and not self._is_said_empty(document):
            raise LabelsNotFoundError(f"{self.path} selects nothing")
        return found

    def _wrong(self, found: list[Any]) -> str:
        if not found:
            return f"{self.path} selects nothing"
        return f"{self.path} is {kind_of(found[0])} where a list of labels is expected"

    def _is_said_empty(self, document: Any) -> bool:
        """Whether the list that the path runs through is there and empty."""
        if not self._lists:
            return True  # a filter, slice or search: selecting nothing is a legitimate result
        found = next((found for find in self._lists if (found := find(document))), [])
        return bool(found) and all(value == [] for value in found)


def _selects_several(path: str) -> bool:
    bare = _QUOTED.sub("", path)
    return any(mark in bare for mark in _SEVERAL)


def _list_finders(path: str) -> Iterable[Finder]:
    """Yield finders of the lists that `[*]` runs through, the innermost first."""
    head, wildcard, _ = path.rpartition("[*]")
    while wildcard:
        try:
            yield compile_path(head)
        except ValueError:  # the `[*]` stands inside a quoted name
            return
        head, wildcard, _ = head.rpartition("[*]")


def bounded(labels: list[Any], max_labels: int) -> list[Any]:
    """Return `labels`; raise `OutputParseError` if they are too many."""
    if len(labels) > max_labels:
        raise OutputParseError(f"{len(labels)} labels, more than max_labels ({max_labels})")
    return labels


class JsonLabels:
    """Reads at most `max_labels` labels under a path in a completion that is JSON."""

    def __init__(self, path: str, max_labels: int) -> None:
        self._path = LabelPath(path)
        self._find = self._path.find
        self._max_labels = max_labels
        self._max_plain = max_labels if self._path.several else 0

    def read(self, sample: Sample) -> list[Any]:
        """Return the values that stand for labels; raise `OutputParseError`."""
        try:
            found = self._find(sample.json)
        except RecursionError:  # a search (`$..code`) in a document that is nested very deeply
            raise OutputParseError("the completion's JSON is nested too deeply") from None
        size = len(found)
        if 1 < size <= self._max_plain or (size == 1 and type(found[0]) is str and self._max_plain):
            return found  # most completions: the rest of the rules cannot matter
        return self._settled(found, sample)

    def _settled(self, found: list[Any], sample: Sample) -> list[Any]:
        try:
            labels = self._path.labels_among(found, sample.json)
        except LabelsNotFoundError as error:
            raise OutputParseError(str(error)) from None
        return bounded(labels, self._max_labels)


class DelimitedLabels:
    """Reads at most `max_labels` labels from text cut at a delimiter; blank pieces are dropped.

    A delimiter inside a vocabulary label does not cut it: at each place the longest vocabulary
    label wins.
    """

    def __init__(
        self, delimiter: str, max_labels: int, vocabulary: Iterable[str], memo: LabelMemo
    ) -> None:
        self._delimiter = delimiter
        self._max_labels = max_labels
        self._memo = memo
        self._joined = {key: label for label in vocabulary if len(key := self._key(label)) > 1}
        self._sizes = sorted({len(key) for key in self._joined}, reverse=True)
        self._max_pieces = max_labels * max(self._sizes, default=1)

    def read(self, sample: Sample) -> list[Any]:
        """Return the labels as written; raise `OutputParseError`."""
        if len(sample.text) > MAX_JSON_CHARS:
            raise OutputParseError(f"the completion is longer than {MAX_JSON_CHARS} characters")
        pieces = bounded(self._pieces(sample.text), self._max_pieces)
        return bounded(self._rejoined(pieces), self._max_labels) if self._joined else pieces

    def _pieces(self, text: str) -> list[Any]:
        return [piece for part in text.split(self._delimiter) if (piece := part.strip())]

    def _key(self, label: str) -> tuple[Any, ...]:
        return tuple(self._memo.normalise_all(self._pieces(label)))

    def _rejoined(self, pieces: list[Any]) -> list[Any]:
        normalised = tuple(self._memo.normalise_all(pieces))
        labels = []
        start = 0
        while start < len(pieces):
            size = self._size_at(normalised, start)
            key = normalised[start : start + size]
            labels.append(self._joined[key] if size > 1 else pieces[start])
            start += size
        return labels

    def _size_at(self, normalised: tuple[Any, ...], start: int) -> int:
        """Return how many pieces the longest vocabulary label at `start` takes; 1 if none does."""
        matches = (n for n in self._sizes if normalised[start : start + n] in self._joined)
        return next(matches, 1)
