"""Looks in one place after another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from rft_grader_math.bounds import MAX_ANSWER_CHARS, MAX_COMPLETION_CHARS
from rft_grader_math.extraction.boxes import boxed
from rft_grader_math.extraction.found import NOTHING, Extraction
from rft_grader_math.extraction.markers import hashes, marker, template
from rft_grader_math.extraction.prose import formula, number, whole
from rft_grader_math.policy import DEFAULT, Policy

_PLACES: Final[dict[str, Callable[[str], Extraction | None]]] = {
    "template": template,
    "boxed": boxed,
    "hashes": hashes,
    "marker": marker,
    "whole": whole,
    "math": formula,
    "number": number,
}
_GOLD_PLACES: Final = (template, boxed, hashes)


def extract(text: str, policy: Policy = DEFAULT) -> Extraction:
    """Return the final answer of a completion: what the first place that has one says.

    Never raises; linear in the length of the text.
    """
    if len(text) > MAX_COMPLETION_CHARS:
        return Extraction(None, problem=f"longer than {MAX_COMPLETION_CHARS} characters")
    if policy.reasoning_tag is not None:
        text = without_reasoning(text, policy.reasoning_tag)
    if policy.answer_tag is not None:
        text = last_tagged(text, policy.answer_tag)
    for place in policy.extract:
        found = json_field(text, policy.field) if place == "json" else _PLACES[place](text)
        if found is not None:
            return _accepted(found, policy)
    return NOTHING if text.strip() else Extraction(None, problem="empty")


def _accepted(found: Extraction, policy: Policy) -> Extraction:
    if found.problem and found.answer is not None and policy.hedged == "accept":
        return Extraction(found.answer, found.place, "", found.in_prose)
    return found


def extract_gold(text: str) -> str:
    """Return the answer of a gold text: what is boxed or marked, else all of it."""
    for place in _GOLD_PLACES:
        found = place(text)
        if found is not None and found.answer is not None:
            return found.answer
    return text


def without_reasoning(text: str, tag: str) -> str:
    """Return the text outside of `<tag>…</tag>`.

    A closing tag without an opening one ends reasoning that the prompt began; an opening tag that
    is never closed begins reasoning up to the end.
    """
    if "<" not in text:
        return text
    outside: list[str] = []
    position, inside = 0, False
    for match in _tags(tag).finditer(text):
        closes = match[0].startswith("</")
        if not closes and not inside:
            outside.append(text[position : match.start()])
        inside = not closes
        position = match.end()
    if not inside:
        outside.append(text[position:])
    return "\n".join(outside)


def last_tagged(text: str, tag: str) -> str:
    """Return the text in the last `<tag>…</tag>`; all of it if there is none."""
    end = text.rfind(f"</{tag}>")
    start = text.rfind(f"<{tag}>", 0, end) if end >= 0 else -1
    return text[start + len(tag) + 2 : end] if start >= 0 else text


@lru_cache(maxsize=16)
def _tags(tag: str) -> re.Pattern[str]:
    return re.compile(f"</?{re.escape(tag)}>", re.IGNORECASE)


def json_field(text: str, path: str) -> Extraction | None:
    """Return the value at a dotted path of a completion that is a JSON object."""
    try:
        value = _decoder().decode(text.strip())
    except (ValueError, RecursionError):
        return Extraction(None, "json", "the completion is not JSON")
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return Extraction(None, "json", f"the completion has no field {path!r}")
        value = value[key]
    if isinstance(value, bool) or not isinstance(value, str) or len(value) > MAX_ANSWER_CHARS:
        return Extraction(None, "json", f"the field {path!r} holds no answer")
    return Extraction(value, "json")


@lru_cache(maxsize=1)
def _decoder() -> json.JSONDecoder:
    """Return a decoder that keeps numbers as they are written, so that no digit is lost."""
    return json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
