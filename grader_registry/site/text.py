"""Untrusted text as it may stand on a page.

Templates escape what is markup. What is left are characters that are not seen, or that turn the
text around them: these are written out.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of controls, marks of direction, lone surrogates, and lines' ends."""
_LINK: Final = re.compile(r"""https?://[!#-&*-;=?-Z_a-z~]+""")
"""ASCII alone, so that the address is the one that is read, without quotes and brackets."""
_END: Final = ".,;:!?*"


def visible(text: str) -> str:
    """Return a text in which what is not seen stands as `[U+202E]`; lines and tabs stay."""
    if text.isprintable():
        return text
    return "".join(_visible(one) for one in text)


def _visible(one: str) -> str:
    if one in "\n\t" or unicodedata.category(one) not in _UNSEEN:
        return one
    return f"[U+{ord(one):04X}]"


def shorten(text: str, limit: int) -> str:
    """Return at most `limit` characters, the last an ellipsis where some are missing."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def linked(text: str) -> str:
    """Return a text as HTML in which http(s) addresses are links."""
    return "".join(_pieces(visible(text)))


def _pieces(text: str) -> Iterator[str]:
    done = 0
    for found in _LINK.finditer(text):
        address = found.group().rstrip(_END)
        if not _is_plain(address):
            continue
        yield html.escape(text[done : found.start()])
        shown = html.escape(address)
        yield f'<a href="{shown}" rel="noopener noreferrer nofollow">{shown}</a>'
        done = found.start() + len(address)
    yield html.escape(text[done:])


def _is_plain(address: str) -> bool:
    """Whether the address has a host, and no user whose name may pass for one."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def as_json(value: Any) -> str:
    """Return a value as JSON for people: indented, in order, with its letters as they are."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def as_line(value: Any) -> str:
    """Return a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def number(value: float) -> str:
    """Return a number of at most six digits."""
    return f"{value:.6g}"
