r"""Where in an honest completion the answer stands.

Attacks keep the form that a grader may ask for (`\boxed{…}`, `#### …`, `{"answer": …}`) and change
the answer alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from rft_core.types import Item

Form: TypeAlias = Literal["boxed", "hashes", "json", "marker", "whole", "field"]
Span: TypeAlias = tuple[int, int]

MAX_ANSWER: Final = 80
"""Longer texts are not taken for final answers."""

_BODIES: Final = (
    re.compile(r"</(?:think|reasoning)>(.*)\Z", re.DOTALL),
    re.compile(r"<answer>(.*?)</answer>(?!.*<answer>)", re.DOTALL),
)
_BOX: Final = re.compile(r"\\f?box(?:ed)?\s*\{")
_HASHES: Final = re.compile(r"####[ \t]*(\S[^\n]*)")
_MARKER: Final = re.compile(
    r"\banswer(?:\s+is)?\s*[:=]?[\s*]*([^\s*][^\n]*?)(?=\**\.?\s*(?:\n|\Z)|\.\s)", re.IGNORECASE
)
_WRAPPING: Final = (("$", "$"), ("**", "**"), (r"\(", r"\)"), ("`", "`"))


@dataclass(frozen=True, slots=True)
class Slot:
    """The answer of a completion and what stands before and behind it.

    In JSON the answer is the value; `quoted` says whether it is a string there, and the quotes
    belong to neither side.
    """

    prefix: str
    answer: str
    suffix: str
    form: Form
    quoted: bool = False

    def filled(self, answer: str) -> str:
        """Return the completion with another answer, which is quoted where JSON needs it."""
        if self.form == "json" and (self.quoted or not _is_json_number(answer)):
            answer = json.dumps(answer, ensure_ascii=False)
        return f"{self.prefix}{answer}{self.suffix}"


def find_slot(item: Item, completion: str) -> Slot | None:
    """Return the answer's place in a right completion, None if it is not to be seen."""
    known = known_values(item)
    start, end = _body(completion)
    body = completion[start:end]
    in_json = _json_slot(completion, start, end, known)
    if in_json is not None:
        return in_json
    for form, find in _FINDERS.items():
        span = find(body, known)
        if span is None:
            continue
        first, last = _bare(body, *span)
        if 0 < last - first <= MAX_ANSWER and any(map(str.isalnum, body[first:last])):
            first, last = first + start, last + start
            return Slot(completion[:first], completion[first:last], completion[last:], form)
    return None


def known_values(item: Item) -> frozenset[str]:
    """Return the short values of the item's fields, one of which may be its answer."""
    return frozenset(value for value in _scalars(item.fields) if 0 < len(value) <= MAX_ANSWER)


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value).strip()
    elif isinstance(value, dict | list | tuple):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _scalars(child)


def _body(completion: str) -> Span:
    """Return where the completion answers: behind the reasoning, inside of the answer's tags."""
    start, end = 0, len(completion)
    for pattern in _BODIES:
        found = pattern.search(completion, start, end)
        if found:
            start, end = found.span(1)
    return start, end


def _json_slot(completion: str, start: int, end: int, known: Collection[str]) -> Slot | None:
    try:
        document = json.loads(completion[start:end])
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    values = [value for value in _leaves(document) if 0 < len(str(value)) <= MAX_ANSWER]
    expected = [value for value in values if str(value).strip() in known]
    chosen = expected or (values if len(values) == 1 else [])
    for value in chosen[-1:]:
        for literal in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
            at = completion.rfind(literal, start, end)
            if at >= 0:
                before, behind = completion[:at], completion[at + len(literal) :]
                return Slot(before, str(value), behind, "json", isinstance(value, str))
    return None


def _leaves(value: Any) -> Iterator[str | int | float]:
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _leaves(child)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield value


def _boxed(body: str, _: Collection[str]) -> Span | None:
    spans = [(box.end(), _closing(body, box.end())) for box in _BOX.finditer(body)]
    closed = [(start, end) for start, end in spans if end is not None]
    return closed[-1] if closed else None


def _closing(text: str, start: int) -> int | None:
    """Return where the brace is that closes the one before `start`."""
    depth = 1
    for brace in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.start()
    return None


def _after_hashes(body: str, _: Collection[str]) -> Span | None:
    found = list(_HASHES.finditer(body))
    return found[-1].span(1) if found else None


def _announced(body: str, known: Collection[str]) -> Span | None:
    found = list(_MARKER.finditer(body))
    if not found:
        return None
    start, end = found[-1].span(1)
    # "B, since …": of what follows the announcement, the part that the row knows is the answer.
    starting = [value for value in known if body.startswith(value, start)]
    whole = [len(value) for value in starting if not body[start + len(value) :][:1].isalnum()]
    return start, start + max(whole) if whole else end


def _whole(body: str, known: Collection[str]) -> Span | None:
    text = body.strip()
    alone = text in known or (len(text.split()) == 1 and len(text) <= MAX_ANSWER)
    start = body.find(text)
    return (start, start + len(text)) if alone and any(map(str.isalnum, text)) else None


def _known_value(body: str, known: Collection[str]) -> Span | None:
    """Return the last place of a value of the row."""
    spans = [
        found.span()
        for value in known
        for found in re.finditer(rf"(?<![\w.]){re.escape(value)}(?!\w|\.\d)", body)
    ]
    return max(spans, key=lambda span: (span[1], -span[0]), default=None)


def _bare(body: str, start: int, end: int) -> Span:
    """Leave out white space, dollar signs and bold around an answer."""
    while start < end and body[start].isspace():
        start += 1
    while start < end and body[end - 1].isspace():
        end -= 1
    for opening, closing in _WRAPPING:
        inner = body[start:end]
        wrapped = inner.startswith(opening) and inner.endswith(closing)
        if wrapped and len(inner) > len(opening) + len(closing):
            return _bare(body, start + len(opening), end - len(closing))
    return start, end


def _is_json_number(text: str) -> bool:
    return re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?", text) is not None


_FINDERS: Final[dict[Form, Callable[[str, Collection[str]], Span | None]]] = {
    "boxed": _boxed,
    "hashes": _after_hashes,
    "marker": _announced,
    "whole": _whole,
    "field": _known_value,
}
