"""Short texts that say why a completion scored what it did.

One is built for every completion that is not fully right, so texts for sets of labels are kept:
the samples of one item miss the same labels over and over.
"""

from __future__ import annotations

from typing import Any, Final

SHOWN_LABELS: Final = 5
SHOWN_CHARS: Final = 60
KEPT_TEXTS: Final = 4096


class Listings(dict[frozenset[Any], str]):
    """`listings[labels]` is the text `a, b, c and 2 more`, in alphabetical order.

    Labels are cut to a few characters, and characters that cannot be seen are escaped.
    """

    def __missing__(self, labels: frozenset[Any]) -> str:
        text = listing(labels)
        if len(labels) <= SHOWN_LABELS and all(isinstance(x, str) for x in labels):
            if len(self) >= KEPT_TEXTS:
                self.clear()
            self[labels] = text
        return text


def listing(labels: frozenset[Any]) -> str:
    """Return the text that `Listings` keeps."""
    try:
        ordered = sorted(labels)
    except TypeError:  # values that are no labels have no order
        ordered = sorted(labels, key=str)
    text = ", ".join(map(shown, ordered[:SHOWN_LABELS]))
    more = len(ordered) - SHOWN_LABELS
    return f"{text} and {more} more" if more > 0 else text


def shown(label: Any) -> str:
    """Return the label as a reader can see it, whole if it is short."""
    text = str(label)
    cut = text[:SHOWN_CHARS] if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…"
    return cut if cut.isprintable() else "".join(map(_visible, cut))


def _visible(char: str) -> str:
    """Escape what a reader cannot see or a log cannot hold: zero-width, control, surrogates."""
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
