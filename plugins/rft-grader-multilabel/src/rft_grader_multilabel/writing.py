"""Completions that name given labels: the reading of labels, turned round."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\['([^'\\]*)'\]|\[(\*)\]")


def write_json(path: str, labels: Sequence[str]) -> str | None:
    """Return JSON in which `path` selects `labels`, or None for paths that do not tell its form.

    Names and one `[*]` do, as in `$.level1[*].code`.
    """
    steps = _steps(path)
    if steps is None or steps.count("*") > 1:
        return None
    at = steps.index("*") if "*" in steps else len(steps)
    document: Any = [_nested(label, steps[at + 1 :]) for label in labels]
    return json.dumps(_nested(document, steps[:at]), ensure_ascii=False)


def write_text(delimiter: str, labels: Sequence[str]) -> str:
    """Return `labels` as text, cut by the delimiter."""
    return (delimiter if delimiter.endswith((" ", "\n")) else f"{delimiter} ").join(labels)


def _steps(path: str) -> list[str] | None:
    if not path.startswith("$"):
        return [path] if path != "*" else None
    rest = path[1:]
    if _STEP.sub("", rest):
        return None
    return [name or quoted or star for name, quoted, star in _STEP.findall(rest)]


def _nested(value: Any, names: Sequence[str]) -> Any:
    for name in reversed(names):
        value = {name: value}
    return value
