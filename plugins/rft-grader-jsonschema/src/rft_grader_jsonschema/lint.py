"""What is suspicious about a schema that is used to reward a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from rft_core.suggest import did_you_mean
from rft_grader_jsonschema.drafts import known_keywords
from rft_grader_jsonschema.engines import Judge
from rft_grader_jsonschema.source import SchemaSource
from rft_grader_jsonschema.walk import Steps, pointer, walk

_TRIVIAL: Final[Sequence[Any]] = ({}, [], None, "", 0)
_SHOWN: Final = 3


def lint(source: SchemaSource, judge: Judge) -> Iterator[str]:
    """Yield warnings about what the schema lets pass, probably without its author knowing."""
    trivial = [json.dumps(document) for document in _TRIVIAL if judge.is_valid(document)]
    if trivial:
        yield (
            f"the schema accepts {', '.join(trivial)}: a completion without content passes; "
            "say type, required and minItems or minLength"
        )
    yield from _unknown_keywords(source)
    yield from _places(source, _is_open, "lets unknown properties pass; say additionalProperties")
    yield from _places(source, _is_unanchored, "is found anywhere in the string; say ^ and $")
    if not source.check_formats:
        yield from _places(
            source,
            lambda node: "format" if "format" in node else None,
            "is not checked; set check_formats",
        )


def _unknown_keywords(source: SchemaSource) -> Iterator[str]:
    known = known_keywords(source.draft.name)
    for document in source.documents.values():
        for steps, node in walk(document):
            for keyword in sorted(node.keys() - known):
                if not keyword.startswith(("x-", "$")):
                    hint = did_you_mean(keyword, known) or ""
                    at = pointer((*steps, keyword))
                    yield f"{at} is no keyword of draft {source.draft.name}. {hint}".rstrip()


def _places(
    source: SchemaSource, suspect: Callable[[dict[str, Any]], str | None], complaint: str
) -> Iterator[str]:
    """Yield one warning that names the first places where `suspect` names a keyword."""
    places = list(_suspects(source, suspect))
    if places:
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        yield f"{', '.join(map(pointer, places[:_SHOWN]))}{more} {complaint}"


def _suspects(
    source: SchemaSource, suspect: Callable[[dict[str, Any]], str | None]
) -> Iterator[Steps]:
    for document in source.documents.values():
        for steps, node in walk(document):
            keyword = suspect(node)
            if keyword is not None:
                yield (*steps, keyword)


def _is_open(node: dict[str, Any]) -> str | None:
    closed = "additionalProperties" in node or "unevaluatedProperties" in node
    return "properties" if "properties" in node and not closed else None


def _is_unanchored(node: dict[str, Any]) -> str | None:
    pattern = node.get("pattern")
    if not isinstance(pattern, str) or (pattern.startswith("^") and pattern.endswith("$")):
        return None
    return "pattern"
