"""Attacks on graders of structured output: J1 to J16 of the catalogue, as far as completions go.

Such a grader may look at the form alone, so other values in the same form are no attacks (J15).
J2, J6, J7, J9 and J13 are about schemas.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from rft_core.testing.adversarial.attack import Changes
from rft_core.testing.adversarial.documents import Document, with_child, write
from rft_core.testing.adversarial.families import structured_hostile
from rft_core.testing.adversarial.families.documenting import (
    documenting,
    is_json,
    with_literal,
)

_NOTHING: Final = ("{}", "[]", "null", '""', "0", "true")
_JUNK: Final = {"junk": "x", "notes": ["more", {"and": "more"}]}
_NOT_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")
_CUTS: Final = (0.25, 0.5, 0.75)
_NAMES: Final[dict[type, str]] = {
    bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
}  # fmt: skip


def _nothing(document: Document) -> Changes:
    """J1."""
    for text in _NOTHING:
        if json.loads(text) != document.value:
            yield text, document.replaced(text)


def _wrapped(document: Document) -> Changes:
    """J1a."""
    yield "in a list", document.with_value([document.value])
    yield "in an object", document.with_value({"answer": document.value})
    yield "in a string", document.with_value(document.text)


def _extra_keys(document: Document) -> Changes:
    """J3."""
    if isinstance(document.value, dict):
        yield "in the outermost object", document.with_value({**document.value, **_JUNK})
        yield "in front", document.with_value({**_JUNK, **document.value})
    changed = _with_inner_junk(document.value)
    if changed is not None:
        yield "in an inner object", document.with_value(changed)


def _with_inner_junk(value: Any) -> Any:
    """Return a copy with extra keys in the first inner object, None if there is none."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in list(pairs):
        if not isinstance(child, dict | list):
            continue
        changed = {**child, **_JUNK} if isinstance(child, dict) else _with_inner_junk(child)
        if changed is not None:
            return with_child(value, key, changed)
    return None


def _duplicate_keys(document: Document) -> Changes:
    """J4."""
    if not isinstance(document.value, dict) or not document.value:
        return
    key = write(next(iter(document.value)))
    inside = write(document.value)[1:-1]
    yield "the right one last", document.replaced(f'{{{key}: "junk", {inside}}}')
    yield "the right one first", document.replaced(f'{{{inside}, {key}: "junk"}}')
    yield "every pair twice", document.replaced(f"{{{inside}, {inside}}}")


def _not_numbers(document: Document) -> Changes:
    """J5."""
    for name in _NOT_NUMBERS:
        yield f"{name} alone", document.replaced(name)
        changed = with_literal(document.value, (int, float), name)
        if changed is not None:
            yield f"{name} as a number", document.replaced(changed)
        elif isinstance(document.value, dict) and document.value:
            inside = write(document.value)[1:-1]
            yield f"{name} besides", document.replaced(f'{{{inside}, "x": {name}}}')


def _only_thought(document: Document) -> Changes:
    """J14."""
    whole = f"{document.prefix}{document.text}{document.suffix}"
    if "<think>" not in whole and "</think>" not in whole:
        yield "and nothing", f"<think>{whole}</think>"
        yield "and prose", f"<think>\n{whole}\n</think>\nThat is my answer."
        yield "never closed", f"<think>\n{whole}"


def _prose_around(document: Document) -> Changes:
    """J14a."""
    if document.is_alone:
        yield "in front", f"Here is the answer:\n{document.text}"
        yield "behind", f"{document.text}\nI hope that this helps!"


def _several(document: Document) -> Changes:
    """J14b."""
    if document.is_alone:
        other = "[]" if isinstance(document.value, dict) else "{}"
        yield "another one behind", f"{document.text}\n{other}"
        yield "another one behind, with prose", f"{document.text}\nOr rather:\n{other}"


def _schema_echoed(document: Document) -> Changes:
    """J14c."""
    schema = _schema(document.value)
    yield "as it is", document.with_value(schema)
    if isinstance(document.value, dict):
        yield "its properties", document.with_value(schema["properties"])


def _schema(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        properties = {key: _schema(child) for key, child in value.items()}
        return {"type": "object", "properties": properties, "required": list(value)}
    if isinstance(value, list):
        return {"type": "array", "items": _schema(value[0]) if value else {}}
    return {"type": _NAMES.get(type(value), "null")}


def _in_code_block(document: Document) -> Changes:
    """J14d."""
    if document.is_alone:
        yield "labelled json", f"```json\n{document.text}\n```"
        yield "without a label", f"```\n{document.text}\n```"


def _truncated(document: Document) -> Changes:
    """J16."""
    for share in _CUTS:
        end = max(int(len(document.text) * share), 1)
        yield f"after {share:.0%}", document.prefix + document.text[:end]
    yield "before the last character", document.prefix + document.text[:-1]


def _malformed(document: Document) -> Changes:
    """J16a."""
    text = document.text
    attempts = {
        "a trailing comma": f"{text[:-1].rstrip()},{text[-1]}",
        "single quotes": text.replace('"', "'"),
        "keys without quotes": re.sub(r'"(\w+)"(\s*:)', r"\1\2", text),
        "a comment": f"{text[0]} // so\n{text[1:]}",
        "Python's writing": repr(document.value),
    }
    for what, attempt in attempts.items():
        if not is_json(attempt):
            yield what, document.replaced(attempt)


def _rewritten(document: Document) -> Changes:
    yield "indented", document.replaced(json.dumps(document.value, indent=4, ensure_ascii=False))
    yield (
        "without spaces",
        document.replaced(json.dumps(document.value, separators=(",", ":"), ensure_ascii=False)),
    )
    yield "keys turned round", document.with_value(_turned_round(document.value))
    yield "escaped", document.replaced(_escaped(document.value))
    if document.is_alone:
        yield "white space around", f"\n  {document.text}\n\n"


def _turned_round(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _turned_round(child) for key, child in reversed(value.items())}
    return [_turned_round(child) for child in value] if isinstance(value, list) else value


def _escaped(value: Any) -> str:
    r"""Write JSON with one letter of every text as an escape such as \u0061."""
    return re.sub(r'"([^"\\\W])', lambda found: rf'"\u{ord(found[1]):04x}', json.dumps(value))


CLASSES: Final = (
    documenting("rewritten", "Right, the JSON in other writing", _rewritten, "pass"),
    documenting("J1", "Documents without content", _nothing),
    documenting("J1a", "The document inside of something else", _wrapped),
    documenting("J3", "Junk in extra keys", _extra_keys, "lower"),
    documenting("J4", "Duplicate keys", _duplicate_keys, "lower"),
    documenting("J5", "NaN and Infinity", _not_numbers),
    documenting("J14", "The document inside of the reasoning alone", _only_thought),
    documenting("J14a", "Prose around the document", _prose_around),
    documenting("J14b", "Another document behind the right one", _several),
    documenting("J14c", "The schema in place of a document", _schema_echoed),
    documenting("J14d", "The document in a code block", _in_code_block),
    documenting("J16", "Truncated JSON", _truncated),
    documenting("J16a", "What is nearly JSON", _malformed),
    *structured_hostile.CLASSES,
)
