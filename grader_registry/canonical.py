"""The canonical form of a document, and its identity.

The form is RFC 8785's: one document has one sequence of bytes, so its sha256 is its name. What is
read has to be in that form already, byte for byte: no reader may see another document in it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import rfc8785

from grader_registry.errors import DocumentError

MAX_BYTES: Final = 2_000_000
"""Of a document, with its files and cases."""
MAX_VALUES: Final = 100_000
MAX_DEPTH: Final = 40


def encode(document: Any) -> bytes:
    """Return the canonical bytes. Raises `DocumentError` for what has none."""
    try:
        data: bytes = rfc8785.dumps(document)
    except rfc8785.CanonicalizationError as error:
        raise DocumentError(
            f"not to be written as canonical JSON: {error}",
            hint="Whole numbers beyond 2**53, NaN and infinity stand as text in JSON.",
        ) from None
    if len(data) > MAX_BYTES:
        raise DocumentError(f"the document has {len(data)} bytes, more than {MAX_BYTES}")
    return data


def decode(data: bytes, where: str) -> dict[str, Any]:
    """Read canonical bytes. Raises `DocumentError` for any others; `where` stands in messages."""
    if len(data) > MAX_BYTES:
        raise DocumentError(f"the document has more than {MAX_BYTES} bytes", where=where)
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_VALUES:
        raise DocumentError(f"the document has more than {MAX_VALUES} values", where=where)
    try:
        document = json.loads(data.decode("utf-8"))
        again: bytes = rfc8785.dumps(document) if _depth(document) <= MAX_DEPTH else b""
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise DocumentError(f"no JSON document: {error}"[:200], where=where) from None
    if not again:
        raise DocumentError(f"nested more deeply than {MAX_DEPTH} levels", where=where)
    if again != data:
        raise DocumentError(
            "not in canonical form: it was edited, or a key is there twice",
            where=where,
            hint="What is published never changes; publish a new version.",
        )
    if not isinstance(document, dict):
        raise DocumentError("a shared spec is a JSON object", where=where)
    return document


def strict_json(data: bytes) -> Any:
    """Read JSON that can be read in one way only. Raises `ValueError` for any other."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def digest(data: bytes) -> str:
    """Return the identity of canonical bytes: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is there twice")
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _depth(document: Any) -> int:
    """Return how deeply a document nests, without recursion."""
    depth, level = 0, [document]
    while level:
        depth += 1
        level = [
            value
            for one in level
            if isinstance(one, dict | list)
            for value in (one.values() if isinstance(one, dict) else one)
        ]
    return depth
