"""Making untrusted text harmless to a judge's chat template and visible to its reader.

Nothing is taken away that a reader could see. What control tokens begin with gets a space behind
it, so that no tokenizer takes it for one; characters that cannot be seen are written as escapes;
each line is quoted, so that no line can pass for one of the prompt's own, or for the role header
that some templates begin a turn with.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

QUOTE: Final = "| "
"""Begins each line of untrusted text."""

_OTHER: Final = "ª"
"""Stands for all characters beyond ASCII that look like none of ASCII's, accents among them."""

# By shape, since every model has tokens of its own; one that looks like a plain word stays whole.
# The tails are possessive and leave out what the heads begin with, so that searching takes linear
# time.
_CONTROL: Final = re.compile(
    r"""
      [<\[](?=ª*+\|)                           # <|im_end|>, full-width ones, [|user|]
    | <(?=[^\s<>]++>)                          # <s>, </think>, <seed:bos>, <<SYS>>
    | >(?=ª*+>\w++<ª*+<)                       # >>TITLE<<
    | [\[|](?=ª*+/?+ª*+[^\W\d]\w++[\]|])       # [INST], [/INST], [gMASK], |ENDOFTEXT|
    | [\[\]](?=ª*+~) | ~(?=ª*+[\[\]])          # ]~b], [e~[
    | "(?=verdict")                            # the key of a judge's own reply
    """,
    re.VERBOSE,
)
_LINE_ENDS: Final = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)
_SYMBOLS: Final = "\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_JOINED: Final = "\u0600-\u1aff\ua800-\uabff"
"""Scripts that need joiners: Arabic, the Indian ones and their kin."""
_IN_CONTEXT: Final = frozenset("\u200c\u200d\ufe0f")
# A joiner or a selector in its place changes what is seen; anywhere else it can hide something.
_LOOSE_SELECTOR: Final = re.compile(f"\ufe0f{{2,}}|(?<![#*0-9©®‼⁉™ℹ{_SYMBOLS}])\ufe0f")  # noqa: RUF001
_LOOSE_JOINER: Final = re.compile(
    "[\u200c\u200d]{2,}"
    f"|(?!(?<=[{_JOINED}])[\u200c\u200d](?=[{_JOINED}])"
    f"|(?<=[{_SYMBOLS}\ufe0f])\u200d(?=[{_SYMBOLS}]))[\u200c\u200d]"
)


def neutralise(text: str) -> str:
    """Return `text` with control tokens broken and unseen characters escaped.

    Line ends of all kinds become line feeds. Doing it twice changes nothing more.
    """
    return _broken(show_hidden(_LINE_ENDS.sub("\n", text)))


def quote(text: str) -> str:
    """Begin each line with the quoting mark."""
    return QUOTE + text.replace("\n", f"\n{QUOTE}")


def is_hidden(c: str) -> bool:
    """Whether a character cannot be seen by itself; blanks and line ends do not count."""
    if c in "\n\t":
        return False
    return unicodedata.category(c) in _HIDDEN or _BLANK.match(c) is not None


def show_hidden(text: str) -> str:
    """Return the text with everything escaped that cannot be seen, lone surrogates too."""
    hidden = {c for c in set(text) if is_hidden(c)}
    if not hidden:
        return text
    text = _escape(text, hidden - _IN_CONTEXT)
    text = _LOOSE_SELECTOR.sub(lambda found: _escape(found[0], _IN_CONTEXT), text)
    return _LOOSE_JOINER.sub(lambda found: _escape(found[0], _IN_CONTEXT), text)


def _escape(text: str, characters: Iterable[str]) -> str:
    return text.translate({ord(c): f"\\u{{{ord(c):x}}}" for c in characters})


def _broken(text: str) -> str:
    """Return the text with a space behind everything that control tokens begin with."""
    ends = [found.end() for found in _CONTROL.finditer(_skeleton(text))]
    return " ".join(text[start:end] for start, end in pairwise([0, *ends, len(text)]))


def _skeleton(text: str) -> str:
    """Return what normalising tokenizers may make of each character, one for one.

    That is the character of ASCII that it is a variant of, with or without accents, if any.
    """
    if text.isascii():
        return text
    return text.translate({ord(c): _plain(c) for c in set(text) if not c.isascii()})


def _plain(c: str) -> str:
    if c.isspace():
        return " "
    parts = [part for part in unicodedata.normalize("NFKD", c) if not unicodedata.combining(part)]
    return parts[0] if len(parts) == 1 and parts[0].isascii() else _OTHER
