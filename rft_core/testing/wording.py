"""Texts for grade cards: short, the same on every machine, and nothing that cannot be written."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rft_core.types import Grade

MAX_COMPLETION: Final = 200
MAX_REASON: Final = 300

_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]{6,}\b")


class Wording:
    """Takes out of texts what is of one machine only: folders, and addresses in memory."""

    def __init__(self, folder: Path) -> None:
        """Texts name files of `folder` without it."""
        folders = {folder.resolve(): "", Path.home(): "~/", Path(tempfile.gettempdir()): "…/"}
        self._prefixes = {f"{path}/": short for path, short in folders.items() if path.name}

    def text(self, text: str, limit: int = MAX_REASON) -> str:
        """Return a text, shortened; characters that no file can hold are escaped."""
        for prefix, short in self._prefixes.items():
            text = text.replace(prefix, short)
        text = _ADDRESS.sub("0x…", text)
        cut = text if len(text) <= limit else text[:limit] + "…"
        return cut.encode(errors="backslashreplace").decode()

    def completion(self, text: str) -> str:
        """Return a completion, shortened; it is no machine's, so nothing is taken out."""
        cut = text if len(text) <= MAX_COMPLETION else text[:MAX_COMPLETION] + "…"
        return cut.encode(errors="backslashreplace").decode()

    def reason(self, grade: Grade) -> str | None:
        """Return why the grade is what it is: its reason, or the error's message."""
        text = grade.error.message if grade.error is not None else grade.reason
        return None if text is None else self.text(text)

    def config(self, value: Any) -> Any:
        """Return options with all their texts."""
        if isinstance(value, Mapping):
            return {str(key): self.config(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.config(one) for one in value]
        return self.text(value) if isinstance(value, str) else value


def outcome(grade: Grade) -> str:
    """Return the score, or the outcome that is none."""
    if grade.score is not None and grade.error is None:
        return f"{grade.score:.4g}"
    kind = grade.error.kind if grade.error is not None else None
    return grade.outcome.replace("_", " ") + (f" ({kind})" if kind else "")


def one_line(text: str) -> str:
    """Return a text on one line; what cannot be seen is escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
