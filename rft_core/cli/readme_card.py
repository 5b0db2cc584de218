"""The block of a README that holds a grade card."""

from __future__ import annotations

import re
from pathlib import Path

from rft_core.errors import UsageError
from rft_core.run.directory import write_atomically
from rft_core.task.source import read_text

_END = "<!-- end of grade card -->"


class ReadmeCard:
    """The lines of a README from `<!-- grade card: NAME -->` to `<!-- end of grade card -->`."""

    def __init__(self, path: Path, name: str) -> None:
        """Look the block up, before any work is done for it. Raises `UsageError`."""
        self.path = path
        begin = f"<!-- grade card: {name} -->"
        self._block = re.compile(
            rf"^{re.escape(begin)}[ \t]*\n(?P<card>.*?)^{re.escape(_END)}[ \t]*$",
            re.DOTALL | re.MULTILINE,
        )
        if self._block.search(read_text(path)) is None:
            raise UsageError(
                f"there is no grade card of {name!r} to rewrite",
                where=str(path),
                hint=f"Add these two lines where it is to stand:\n  {begin}\n  {_END}",
            )

    def read(self) -> str:
        """Return the card that is there."""
        found = self._block.search(read_text(self.path))
        return found["card"] if found else ""

    def write(self, card: str) -> None:
        """Put another card in its place. Raises `UsageError` if the file cannot be written."""
        text = read_text(self.path)
        found = self._block.search(text)
        if found is None:
            raise UsageError("the grade card is gone", where=str(self.path))
        begin, end = found.span("card")
        try:
            whole = f"{text[:begin]}\n{card}\n{text[end:]}"
            write_atomically(self.path, whole.removesuffix("\n").split("\n"))
        except OSError as error:
            raise UsageError(error.strerror or str(error), where=str(self.path)) from None
