"""Templates over a row: `{{ item.text_input }}`.

As in OpenAI's graders: dots and zero-based indexes, strings as they are, other values as JSON; text
that is put in is never expanded again. There is no logic, so a template cannot run code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_VARIABLE: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_PATH: Final = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[\d+\])*")
_STEP: Final = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d+)\]")


@dataclass(frozen=True)
class Template:
    """A parsed template: literal text and paths in turn."""

    parts: tuple[str | tuple[str | int, ...], ...]

    def render(self, namespaces: Mapping[str, Any]) -> str:
        """Return the text for given values. Raises `LookupError` naming a path without value."""
        return "".join(text for _, text in self.pieces(namespaces))

    def pieces(self, namespaces: Mapping[str, Any]) -> list[tuple[str | None, str]]:
        """Return the text in pieces: the path (`item.key`) of each value, None for literal text.

        Raises `LookupError` naming a path without value.
        """
        return [
            (None, part)
            if isinstance(part, str)
            else (_written(part), _text(_look_up(namespaces, part)))
            for part in self.parts
        ]


def parse_template(text: str, namespaces: frozenset[str]) -> Template:
    """Parse a template. Raises `ValueError` for a wrong path or an unknown namespace."""
    parts: list[str | tuple[str | int, ...]] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        parts += [text[end : match.start()], _parse_path(match[1], namespaces)]
        end = match.end()
    parts.append(text[end:])
    return Template(tuple(parts))


def _parse_path(path: str, namespaces: frozenset[str]) -> tuple[str | int, ...]:
    if not _PATH.fullmatch(path):
        raise ValueError(f"{{{{ {path} }}}} is no path such as item.key or item.list[0]")
    steps = tuple(
        name or int(index) for name, index in (step.groups() for step in _STEP.finditer(path))
    )
    if steps[0] not in namespaces:
        known = " or ".join(sorted(namespaces))
        raise ValueError(f"{{{{ {path} }}}} starts with {steps[0]!r}; it must start with {known}")
    return steps


def _look_up(namespaces: Mapping[str, Any], path: tuple[str | int, ...]) -> Any:
    value: Any = namespaces
    for step in path:
        try:
            if isinstance(value, str):
                raise TypeError  # noqa: TRY301 - a text has no parts
            value = value[step]
        except (KeyError, IndexError, TypeError):
            raise LookupError(f"{{{{ {_written(path)} }}}} has no value in this row") from None
    return value


def _written(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
