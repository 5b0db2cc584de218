"""Printing what others wrote: no markup of rich's, no control characters, nothing unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from rft_core.cli.common import console
from rft_core.errors import UsageError


class Out:
    """A console for untrusted text."""

    def __init__(self) -> None:
        self.console: Console = console()

    def line(self, text: str, style: str | None = None) -> None:
        """Print text as it is; its lines stay lines."""
        self.console.print(
            plain(text), style=style, markup=False, highlight=False, emoji=False, soft_wrap=True
        )

    def warn(self, text: str) -> None:
        """Print a warning."""
        self.line(f"warning: {text}", "yellow")

    @contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Show that something goes on, where there is a terminal."""
        with self.console.status(plain(text).replace("[", "(")):
            yield


def plain(text: str) -> str:
    """Return text of which everything can be seen: other characters are shown by their codes."""
    return "".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in text)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Let errors name what others wrote without control characters."""
    try:
        yield
    except UsageError as error:
        parts = (error.message, error.where, error.hint)
        message, where, hint = (None if one is None else plain(one) for one in parts)
        if (message, where, hint) == parts:
            raise
        raise type(error)(message or "", where=where, hint=hint) from None
