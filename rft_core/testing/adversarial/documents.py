"""The JSON document of an honest completion."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_FENCED: Final = re.compile(r"```(?:json)?\s*\n(.*?)\n?\s*```", re.DOTALL | re.IGNORECASE)
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object or array, its text in the completion, and what stands around it."""

    prefix: str
    text: str
    suffix: str
    value: Any

    @property
    def is_alone(self) -> bool:
        """Whether the completion is the document and nothing else."""
        return not (self.prefix.strip() or self.suffix.strip())

    def replaced(self, text: str) -> str:
        """Return the completion with other text in the document's place."""
        return f"{self.prefix}{text}{self.suffix}"

    def with_value(self, value: Any) -> str:
        """Return the completion with another document."""
        return self.replaced(write(value))


def find_document(completion: str) -> Document | None:
    """Return the document that a completion is, or that its last code block or its end holds."""
    for start, end in _spans(completion):
        text = completion[start:end]
        try:
            value = _DECODER.decode(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict | list):
            return Document(completion[:start], text, completion[end:], value)
    return None


def _spans(completion: str) -> Iterator[tuple[int, int]]:
    start = len(completion) - len(completion.lstrip())
    yield start, start + len(completion.strip())
    yield from (found.span(1) for found in reversed(list(_FENCED.finditer(completion))))
    end = max(completion.rfind("}"), completion.rfind("]")) + 1
    for bracket in re.finditer(r"[\[{]", completion):
        yield bracket.start(), end


def write(value: Any) -> str:
    """Return a document as JSON."""
    return json.dumps(value, ensure_ascii=False)


def with_leaf(value: Any, kind: type | tuple[type, ...], new: Any) -> tuple[Any, bool]:
    """Return a copy whose first leaf of this kind is another one, and whether there was any."""
    if not isinstance(value, dict | list):
        fits = isinstance(value, kind) and not isinstance(value, bool)
        return (new, True) if fits else (value, False)
    for key, child in list(value.items() if isinstance(value, dict) else enumerate(value)):
        changed, done = with_leaf(child, kind, new)
        if done:
            return with_child(value, key, changed), True
    return value, False


def with_child(value: Any, key: Any, child: Any) -> Any:
    """Return a copy of an object or a list with another child at the key or place."""
    copy = value.copy()
    copy[key] = child
    return copy
