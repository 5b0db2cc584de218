"""Short texts that say why a completion scored what it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

SHOWN: Final = 5
SHOWN_CHARS: Final = 40


def listing(what: str, values: Sequence[Any]) -> list[str]:
    """Return `["what: a, b and 3 more"]`, or nothing if there are no values."""
    if not values:
        return []
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return [f"{what}: {', '.join(map(shown, values[:SHOWN]))}{more}"]


def shown(value: Any) -> str:
    """Return a value of a completion as a log can hold it: short, with nothing invisible."""
    if not isinstance(value, str):
        kinds = {list: "a list", dict: "an object", bool: "a boolean", type(None): "null"}
        return f"({kinds.get(type(value), 'a number')})"
    cut = value[:SHOWN_CHARS] + ("…" if len(value) > SHOWN_CHARS else "")
    return cut if cut.isprintable() else cut.encode("unicode_escape").decode("ascii")
