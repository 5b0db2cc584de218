"""The labels of an honest completion: a list in its JSON, or text between delimiters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from rft_core.testing.adversarial.documents import Document, find_document, with_child
from rft_core.types import Item

Path: TypeAlias = tuple[str | int, ...]
DELIMITERS: Final = ("\n", ";", "|", ",")


class Labels(ABC):
    """The labels of a completion, and how to write others in their place."""

    labels: Sequence[str]

    @abstractmethod
    def written(self, labels: Sequence[Any]) -> str:
        """Return the completion with other labels."""

    @abstractmethod
    def read(self, completion: str) -> list[str]:
        """Return the labels of a completion of the same form, [] if it has none."""


@dataclass(frozen=True)
class JsonLabels(Labels):
    """A list of texts at `path` in a document, or of objects that have one under `key`."""

    document: Document
    path: Path
    key: str | None
    labels: Sequence[str]

    def written(self, labels: Sequence[Any]) -> str:
        """See `Labels.written`."""
        if self.key is None:
            return self.with_list(list(labels))
        elements = _at(self.document.value, self.path)
        known = {element[self.key]: element for element in elements}
        return self.with_list(
            [{**known.get(label, elements[0]), self.key: label} for label in labels]
        )

    def with_list(self, value: Any) -> str:
        """Return the completion with any value in place of the list of labels."""
        return self.document.with_value(_replaced(self.document.value, self.path, value))

    def read(self, completion: str) -> list[str]:
        """See `Labels.read`."""
        document = find_document(completion)
        if document is None:
            return []
        lists = {(path, key): labels for path, key, labels in _lists(document.value)}
        return lists.get((self.path, self.key), [])


@dataclass(frozen=True)
class TextLabels(Labels):
    """Labels in plain text; `joint` stands between two of them."""

    joint: str
    labels: Sequence[str]

    def written(self, labels: Sequence[Any]) -> str:
        """See `Labels.written`."""
        return self.joint.join(map(str, labels))

    def read(self, completion: str) -> list[str]:
        """See `Labels.read`."""
        return _pieces(completion, self.joint.strip(" ") or self.joint)


def find_labels(item: Item, completion: str) -> Labels | None:
    """Return the labels of a right completion, at least one; None if they are not to be seen.

    In JSON, it is the list that agrees best with a list of the item's row; in text, the delimiter
    is the one that cuts it into such labels.
    """
    expected = [frozenset(labels) for _, _, labels in _lists(dict(item.fields)) if labels]
    document = find_document(completion)
    if document is None:
        return _in_text(expected, completion)
    found = [one for one in _lists(document.value) if one[2]]
    best = max(found, key=lambda one: _agreement(one[2], expected), default=None)
    return None if best is None else JsonLabels(document, *best)


def _in_text(expected: Sequence[frozenset[str]], completion: str) -> TextLabels | None:
    for delimiter in DELIMITERS:
        labels = _pieces(completion, delimiter)
        if labels and frozenset(labels) in expected:
            spaced = f"{delimiter} "
            return TextLabels(spaced if spaced in completion else delimiter, labels)
    return None


def _pieces(text: str, delimiter: str) -> list[str]:
    return [piece.strip() for piece in text.split(delimiter) if piece.strip()]


def _agreement(labels: Sequence[str], expected: Sequence[frozenset[str]]) -> float:
    named = frozenset(labels)
    return max((len(named & one) / len(named | one) for one in expected), default=0.0)


def _lists(value: Any, path: Path = ()) -> Iterator[tuple[Path, str | None, list[str]]]:
    """Yield path, key and texts of every list of texts, or of objects with texts."""
    if isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            yield path, None, value
        elif all(isinstance(one, dict) for one in value):
            for key in value[0]:
                texts = [one[key] for one in value if isinstance(one.get(key), str)]
                if len(texts) == len(value):
                    yield path, key, texts
    if isinstance(value, dict | list):
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in children:
            yield from _lists(child, (*path, key))


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _replaced(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    first, *rest = path
    return with_child(value, first, _replaced(value[first], tuple(rest), new))
