"""How a reply is asked for: by JSON schema, in one of two dialects, or as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from rft_grader_judge.errors import EndpointError

ReplyFormat: TypeAlias = Literal["json_schema", "json_object", "text"]
"""`json_schema` is OpenAI's and most servers', `json_object` with a schema llama-cpp-python's."""

_NEXT: Final[dict[ReplyFormat, ReplyFormat]] = {
    "json_schema": "json_object",
    "json_object": "text",
}
_REFUSALS: Final = frozenset({400, 404, 415, 422, 500, 501})
"""llama-cpp-python answers 500 to a format that it does not know."""
_ABOUT_FORMATS: Final = re.compile("response_format|json_schema|json_object|grammar", re.IGNORECASE)


class FormatChoice:
    """The format in use; where it was left open, a refused one gives way to the next.

    Only until a request succeeds: later refusals are about the request, and may quote a text that
    speaks of formats.
    """

    def __init__(self, configured: ReplyFormat | None) -> None:
        self.current: ReplyFormat = configured or "json_schema"
        self._open = configured is None

    def worked(self) -> None:
        """Settle on the format in use."""
        self._open = False

    def gives_way(self, tried: ReplyFormat, error: EndpointError) -> bool:
        """Whether the endpoint refused the format that was tried, and another one is there."""
        if not self._open or tried not in _NEXT or error.status not in _REFUSALS:
            return False
        if not _ABOUT_FORMATS.search(error.said):
            return False
        if tried == self.current:  # else another request in flight was refused before
            self.current = _NEXT[tried]
        return True


def response_format(name: ReplyFormat, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the request's `response_format`, None for text."""
    if name == "json_schema":
        named = {"name": "verdict", "strict": True, "schema": schema}
        return {"type": "json_schema", "json_schema": named}
    return {"type": "json_object", "schema": schema} if name == "json_object" else None
