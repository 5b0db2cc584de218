"""What attacks on JSON documents share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from rft_core.testing.adversarial.attack import AttackClass, Changes, Honest, Wanted, generator
from rft_core.testing.adversarial.documents import Document, find_document, with_leaf, write

_MARK: Final = "\N{OBJECT REPLACEMENT CHARACTER}"


def documenting(
    cls: str, title: str, change: Callable[[Document], Changes], wanted: Wanted = "fail"
) -> AttackClass:
    """Return the class of attacks on completions that hold a JSON document."""

    def take_apart(honest: Honest) -> Document | None:
        return find_document(honest.completion)

    made = generator(cls, wanted, take_apart, lambda document, _: change(document))
    return AttackClass(cls, title, "structured", made)


def with_literal(value: Any, kind: type | tuple[type, ...], literal: str) -> str | None:
    """Return JSON, or not, with a literal in place of the first value of this kind; None if none.

    The literal is written as it is.
    """
    changed, done = with_leaf(value, kind, _MARK)
    return write(changed).replace(json.dumps(_MARK, ensure_ascii=False), literal) if done else None


def is_json(text: str) -> bool:
    """Whether a text is JSON, as RFC 8259 has it."""
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(name: str) -> None:
    raise ValueError(name)
