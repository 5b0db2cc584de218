"""From a completion to its one JSON document, by the policy the task chose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

from rft_core.errors import OutputParseError
from rft_grader_jsonschema.parse import DuplicateKeys, NotJSONError, parse_json
from rft_grader_jsonschema.scan import is_value, read_value

ExtractPolicy: TypeAlias = Literal["strict", "fenced", "last"]

_OPENER: Final = re.compile(r"[\[{]")
_FENCE: Final = re.compile(r"`{3,}[ \t]*([\w+-]*)\s*")
_FENCE_CLOSES: Final = re.compile(r"\s*(?:`{3,}|\Z)")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the JSON document of a completion.

    `reasoning_tag` names the tags (`<think>…</think>`) between which nothing counts, None: none.
    """

    policy: ExtractPolicy
    duplicate_keys: DuplicateKeys
    max_depth: int
    reasoning_tag: str | None

    def read(self, text: str) -> Any:
        """Return the document; raise `OutputParseError` if there is none or it is refused."""
        pieces = self._pieces(text)
        if len(pieces) == 1:
            return self._read_piece(pieces[0])
        if self.policy == "strict":
            raise NotJSONError("not JSON: text on both sides of the reasoning")
        for piece in reversed(pieces):
            try:
                return self._read_piece(piece)
            except NoDocumentError as error:
                missing = error
        raise missing

    def _pieces(self, text: str) -> Sequence[str]:
        tag = self.reasoning_tag
        if tag is None or tag not in text:
            return [text]
        if f"<{tag}>" not in text and f"</{tag}>" not in text:
            return [text]
        if is_value(text, self.max_depth):  # the tag is inside a string
            return [text]
        return outside_reasoning(text, tag)

    def _read_piece(self, text: str) -> Any:
        try:
            return self._parse(text)
        except NotJSONError:
            if self.policy == "strict":
                raise
        start, end = _FINDERS[self.policy](text, self.max_depth)
        return self._parse(text[start:end])

    def _parse(self, text: str) -> Any:
        return parse_json(text, duplicate_keys=self.duplicate_keys, max_depth=self.max_depth)


class NoDocumentError(OutputParseError):
    """The text holds nothing that the policy looks for."""


def outside_reasoning(text: str, tag: str) -> Sequence[str]:
    """Return the pieces of `text` that lie outside of `<tag>…</tag>`, at least one.

    What precedes a closing tag without an opening one is reasoning, too (the prompt opened it),
    and so is everything after an opening tag that is never closed.
    """
    *closed, rest = text.split(f"</{tag}>")
    opening = f"<{tag}>"
    before = [piece.partition(opening)[0] for piece in closed if opening in piece]
    pieces = [*before, rest.partition(opening)[0]]
    return [piece for piece in pieces if piece.strip()] or [""]


def last_document(text: str, max_depth: int) -> tuple[int, int]:
    """Return start and end of the last complete JSON object or array.

    Where an attempt fails, the search goes on at the failing place: what lay before it was part
    of a malformed document, and a part of one is not the answer.
    """
    found: tuple[int, int] | None = None
    position = 0
    while opener := _OPENER.search(text, position):
        position, complete = read_value(text, opener.start(), max_depth)
        if complete:
            found = opener.start(), position
    if found is None:
        raise NoDocumentError("the completion holds no complete JSON object or array")
    return found


def last_fenced(text: str, max_depth: int) -> tuple[int, int]:
    """Return start and end of the content of the last code block that is meant to be JSON."""
    *_, found = None, *_json_blocks(text, max_depth)
    if found is None:
        raise NoDocumentError("the completion is not JSON and holds no JSON code block")
    return found


def _json_blocks(text: str, max_depth: int) -> Iterator[tuple[int, int]]:
    """Yield the contents of blocks labelled json, and of unlabelled ones that start like JSON."""
    position = 0
    while fence := _FENCE.search(text, position):
        start, label = fence.end(), fence[1].lower()
        bracket = text[start : start + 1] in {"[", "{"}
        end, complete = read_value(text, start, max_depth) if bracket else (start, False)
        closing = _FENCE_CLOSES.match(text, end) if complete else None
        if closing is None:  # not JSON alone: the block ends at the next fence
            end = _next_fence(text, end)
            closing = _FENCE_CLOSES.match(text, end)
        if label.startswith("json") or (not label and bracket):
            yield start, end
        position = closing.end() if closing else len(text)


def _next_fence(text: str, position: int) -> int:
    found = text.find("```", position)
    return len(text) if found < 0 else found


class _Finder(Protocol):
    def __call__(self, text: str, max_depth: int) -> tuple[int, int]: ...


_FINDERS: Final[Mapping[str, _Finder]] = {"fenced": last_fenced, "last": last_document}
