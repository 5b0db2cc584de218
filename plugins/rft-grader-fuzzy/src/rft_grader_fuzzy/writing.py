"""Completions in which given paths select given texts: the reading of answers, turned round."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\['([^'\\]*)'\]")


def write_completion(answers: Mapping[str | None, str]) -> str | None:
    """Return a completion with the answers, by path; None if a path does not tell its form.

    The path None is the whole completion. Paths of names tell, as `$.summary.title` does.
    """
    if not answers:
        return None
    if None in answers:
        return answers[None]
    document: dict[str, Any] = {}
    for path, text in answers.items():
        steps = _steps(path or "")
        if not steps or not _put(document, steps, text):
            return None
    return json.dumps(document, ensure_ascii=False)


def _put(document: dict[str, Any], steps: Sequence[str], text: str) -> bool:
    """Put `text` where the steps lead; False if another text stands in the way."""
    node: Any = document
    for step in steps[:-1]:
        node = node.setdefault(step, {})
        if not isinstance(node, dict):
            return False
    return bool(node.setdefault(steps[-1], text) == text)


def _steps(path: str) -> list[str] | None:
    if not path.startswith("$"):
        return [path]
    rest = path[1:]
    if _STEP.sub("", rest):
        return None
    return [name or quoted for name, quoted in _STEP.findall(rest)]
